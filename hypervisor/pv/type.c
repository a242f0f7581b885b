/* SPDX-License-Identifier: MIT */
/*
 * One promote, one demote, for all four levels.
 *
 *            get, count 0 -> 1                       put, count 1 -> 0
 *   any type ----------------> PARTIAL, entry by entry ----> VALIDATED, counted
 *                                 ^                             |
 *        count 0, no flags <------+-----------------------------+
 *
 * While PARTIAL, entries [0, nr_validated) hold their references, the type count is 0 and one reference of the frame
 * belongs to the state itself. Both directions run under the owner's mmu_lock and may stop between two entries of
 * a level above 1, so a PARTIAL frame can be picked up by whoever comes next: promote goes on upwards, demote
 * downwards. A child that stopped half-way down stands right above its parent's prefix, at entry nr_validated.
 * FT_BUSY marks a frame that is on its way in this very call: a table that maps itself meets it and is refused.
 */
#include "pv/type.h"

#include "core/panic.h"
#include "core/softirq.h"
#include "mm/pt.h"
#include "pv/desc.h"
#include "pv/entry_ref.h"
#include "x86/tlb.h"
#include "x86/perfc.h"

static bool type_is_table(u32 x)
{
	u32 t = x & FT_MASK;

	return t >= FT_L1 && t <= FT_L4;
}

/* Hot: most tables are nearly empty, so a line of eight entries is looked at as one where it can be. */
#define LINE	8u
static_assert(HV_SLOT_FIRST % LINE == 0 && (HV_SLOT_LAST + 1) % LINE == 0, "a line is all ours or all the guest's");

static __always_inline u64 any_present(const u64 *e)
{
	return (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) & PTE_PRESENT;
}

/* The entry after i, which is absent; with a whole line of them, the one after that. */
static __always_inline u32 after_absent(const u64 *t, u32 i)
{
	if (i % LINE || any_present(t + i))
		return i + 1;
	return i + LINE;
}

/* The same downwards: entry n - 1 is absent. */
static __always_inline u32 before_absent(const u64 *t, u32 n)
{
	if (n % LINE || any_present(t + n - LINE))
		return n - 1;
	return n - LINE;
}

/* Level 1 in one go: 512 entries are little enough. Failing, the prefix says how far it came. */
static int promote_l1(struct frame *f, struct domain *d)
{
	u64 *t = mfn_to_virt(frame_to_mfn(f));

	for (u32 i = f->nr_validated; i < PT_ENTRIES;) {
		u64 e = t[i];
		int rc;

		if (!(e & PTE_PRESENT)) {
			i = after_absent(t, i);
			continue;
		}
		rc = l1_get(e, d, d);
		if (unlikely(rc)) {
			f->nr_validated = i;
			return rc;
		}
		if (unlikely(entry_adjust(e, 1) != e))
			t[i] = entry_adjust(e, 1);
		i++;
	}
	f->nr_validated = PT_ENTRIES;
	return 0;
}

static void demote_l1(struct frame *f)
{
	const u64 *t = mfn_to_virt(frame_to_mfn(f));

	for (u32 i = 0; i < f->nr_validated;) {
		u64 e = t[i];

		if (!(e & PTE_PRESENT)) {
			i = after_absent(t, i);
			continue;
		}
		l1_put(e);
		i++;
	}
	f->nr_validated = 0;
}

/* Entry by entry upwards. The frame is PARTIAL. */
static int promote(struct frame *f, u32 level, struct domain *d)
{
	u64 *t = mfn_to_virt(frame_to_mfn(f));
	u32 i = f->nr_validated;
	int rc = 0;

	perfc_inc(promoted);
	if (level == 1)
		return promote_l1(f, d);
	while (i < PT_ENTRIES && !rc) {
		u64 e = t[i];

		if (level == 4 && i == HV_SLOT_FIRST) {
			i = HV_SLOT_LAST + 1;
			f->nr_validated = i;
			continue;
		}
		if (!(e & PTE_PRESENT)) {
			i = after_absent(t, i);
			f->nr_validated = i;
			continue;
		}
		rc = table_entry_get(e, level, d);
		if (rc)
			break;
		if (entry_adjust(e, level) != e)
			t[i] = entry_adjust(e, level);
		f->nr_validated = ++i;
		if (i < PT_ENTRIES && softirq_is_pending())
			rc = -ERESTART;
	}
	if (!rc && level == 4)
		l4_fill_hv_slots(t, d);
	return rc;
}

/* A child of the entry above the prefix that stopped on its way down must get there before its parent goes on. */
static int demote_dangling(struct frame *f, u32 level, struct domain *d)
{
	u64 *t = mfn_to_virt(frame_to_mfn(f));
	struct frame *child;
	u64 e;

	if (f->nr_validated >= PT_ENTRIES)
		return 0;
	e = t[f->nr_validated];
	if (!(e & PTE_PRESENT) || !mfn_valid(pte_mfn(e)))
		return 0;
	if (level == 4 && !l4_slot_is_guest(f->nr_validated))
		return 0;
	child = mfn_to_frame(pte_mfn(e));
	/* a table of its own ancestry is on its way already, further up */
	if (child->owner != d->id || (child->type & FT_BUSY) == FT_BUSY)
		return 0;
	return type_undo(child, d);
}

/* Entry by entry downwards. The frame is PARTIAL. */
static int demote(struct frame *f, u32 level, struct domain *d)
{
	u64 *t = mfn_to_virt(frame_to_mfn(f));
	int rc;

	perfc_inc(demoted);
	if (level == 1) {
		demote_l1(f);
		return 0;
	}
	rc = demote_dangling(f, level, d);
	while (!rc && f->nr_validated) {
		u32 i = f->nr_validated - 1;

		if (level == 4 && i == HV_SLOT_LAST) {
			f->nr_validated = HV_SLOT_FIRST;
			continue;
		}
		if (!(t[i] & PTE_PRESENT)) {
			f->nr_validated = before_absent(t, i + 1);
			continue;
		}
		f->nr_validated = i;
		rc = table_entry_put(t[i], d);
		if (!rc && i && softirq_is_pending())
			rc = -ERESTART;
	}
	return rc;
}

int type_undo(struct frame *f, struct domain *d)
{
	u32 type = f->type & FT_MASK;
	int rc;

	if (!(f->type & FT_PARTIAL))
		return 0;
	if ((f->type & FT_BUSY) == FT_BUSY)
		return -EBUSY;
	store_release(&f->type, type | FT_BUSY);
	rc = demote(f, FT_LEVEL(type), d);
	if (rc) {
		store_release(&f->type, type | FT_PARTIAL);
		return rc;
	}
	f->tlb_stamp = tlb_stamp_now();
	store_release(&f->type, type);
	frame_put(f);
	return 0;
}

static int promote_or_undo(struct frame *f, u32 type, struct domain *d)
{
	int rc;

	if ((f->type & FT_BUSY) == FT_BUSY)
		return -EBUSY;
	store_release(&f->type, type | FT_BUSY);
	rc = promote(f, FT_LEVEL(type), d);
	if (!rc) {
		store_release(&f->type, type | FT_VALIDATED | 1);
		frame_put(f);
		return 0;
	}
	store_release(&f->type, type | FT_PARTIAL);
	if (rc != -ERESTART) {
		/* what does not get undone now is so when somebody next needs the frame */
		(void)!type_undo(f, d);
	}
	return rc;
}

static int type_get_table(struct frame *f, u32 type, struct domain *d)
{
	u32 x = frame_type_settled(f);

	for (;;) {
		if ((x & (FT_MASK | FT_VALIDATED)) == (type | FT_VALIDATED) && (x & FT_COUNT_MASK)) {
			if ((x & FT_COUNT_MASK) == FT_COUNT_MASK)
				return -EBUSY;
			if (try_cmpxchg(&f->type, &x, x + 1))
				return 0;
			continue;
		}
		/* what the hypervisor lends it writes itself, whatever the count says */
		if ((x & FT_COUNT_MASK) || (x & FT_MASK) == FT_SHARED)
			return -EINVAL;
		if (x & FT_PARTIAL) {
			int rc;

			if ((x & FT_MASK) == type)
				return promote_or_undo(f, type, d);
			rc = type_undo(f, d);
			return rc ? rc : -ERESTART;
		}
		/* whoever may write to it without the lock can be faster */
		if (try_cmpxchg(&f->type, &x, type | FT_PARTIAL))
			break;
	}
	frame_flush_old_use(x, f->tlb_stamp);
	f->nr_validated = 0;
	if (!frame_get_more(f)) {
		store_release(&f->type, FT_NONE);
		return -EBUSY;
	}
	return promote_or_undo(f, type, d);
}

static int type_get_desc(struct frame *f)
{
	u32 x = frame_type_settled(f);

	for (;;) {
		bool counted = (x & (FT_MASK | FT_VALIDATED)) == (FT_DESC | FT_VALIDATED);

		if (counted && (x & FT_COUNT_MASK) == FT_COUNT_MASK)
			return -EBUSY;
		if (!counted && ((x & (FT_COUNT_MASK | FT_PARTIAL)) || (x & FT_MASK) == FT_SHARED))
			return x & FT_PARTIAL ? -EBUSY : -EINVAL;
		if (try_cmpxchg(&f->type, &x, counted ? x + 1 : FT_CHANGING)) {
			if (counted)
				return 0;
			break;
		}
		x = frame_type_settled(f);
	}
	frame_flush_old_use(x, f->tlb_stamp);
	if (!desc_page_is_safe(mfn_to_virt(frame_to_mfn(f)))) {
		store_release(&f->type, FT_DESC);
		return -EINVAL;
	}
	store_release(&f->type, FT_DESC | FT_VALIDATED | 1);
	return 0;
}

int type_get(struct frame *f, u32 type, struct domain *d)
{
	if (type == FT_WRITABLE)
		return type_get_writable(f);
	if (type == FT_DESC)
		return type_get_desc(f);
	return type_get_table(f, type, d);
}

int type_put(struct frame *f, struct domain *d)
{
	u32 x = atomic_read(&f->type);

	do {
		ASSERT(x & FT_COUNT_MASK);
		if ((x & FT_COUNT_MASK) == 1) {
			if (type_is_table(x))
				break;
			frame_stamp_use(f);
		}
		if (try_cmpxchg(&f->type, &x, x - 1))
			return 0;
	} while (true);

	/* the last reference to a table: down it goes */
	if (!frame_get_reserved(f, d->id))
		panic("frame %#lx: no reference left for taking a page table down", mfn_x(frame_to_mfn(f)));
	f->nr_validated = PT_ENTRIES;
	store_release(&f->type, (x & FT_MASK) | FT_PARTIAL);
	return type_undo(f, d);
}

int type_get_frame(mfn_t m, u32 type, struct domain *d)
{
	struct frame *f;
	int rc;

	if (!mfn_valid(m))
		return -EINVAL;
	f = mfn_to_frame(m);
	if (!frame_get(f, d->id))
		return -EINVAL;
	rc = type_get(f, type, d);
	if (rc)
		frame_put(f);
	return rc;
}

int type_put_frame(struct frame *f, struct domain *d)
{
	int rc = type_put(f, d);

	frame_put(f);
	return rc;
}

int type_pin(mfn_t m, u32 level, struct domain *d)
{
	struct frame *f;
	int rc = type_get_frame(m, FT_TABLE(level), d);

	if (rc)
		return rc;
	f = mfn_to_frame(m);
	if (atomic_fetch_or(&f->type, FT_PINNED) & FT_PINNED) {
		rc = type_put_frame(f, d);	/* not the last: the pin holds one */
		return rc ? rc : -EINVAL;
	}
	return 0;
}

int type_unpin(mfn_t m, struct domain *d)
{
	struct frame *f;
	int rc;

	if (!mfn_valid(m))
		return -EINVAL;
	f = mfn_to_frame(m);
	if (!frame_get_reserved(f, d->id))
		return -EINVAL;
	if (f->type & FT_PARTIAL) {
		rc = type_undo(f, d);		/* an earlier unpin that was interrupted */
	} else if (!(atomic_fetch_and(&f->type, ~FT_PINNED) & FT_PINNED)) {
		rc = -EINVAL;
	} else {
		rc = type_put_frame(f, d);
	}
	frame_put(f);
	return rc;
}
