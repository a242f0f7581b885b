/* SPDX-License-Identifier: MIT */
/*
 * References of page-table entries. Level 1 maps memory: a writable entry needs the frame to be writable, any other
 * one just needs it to exist. Higher levels hold a type reference on the table one level down.
 */
#include "pv/entry_ref.h"

#include "core/log.h"
#include "lib/string.h"
#include "mm/hostmap.h"
#include "pv/type.h"

static bool l1_may_choose_cache(const struct domain *d)
{
	return d->is_privileged || rangeset_overlaps(d->iomem, 0, ~0ul);
}

/* An entry for something that is no RAM: device memory, which has no counts, only rights. */
static int l1_get_io(mfn_t m, struct domain *pt_owner, struct domain *pg_owner)
{
	if (!rangeset_contains(pg_owner->iomem, mfn_x(m), mfn_x(m)) &&
	    !(pt_owner->is_privileged && rangeset_contains(pt_owner->iomem, mfn_x(m), mfn_x(m))))
		return -EPERM;
	return 0;
}

/*
 * The frame is PARTIAL for the sake of an operation given up, which is undone first; then it may be written again. The
 * caller begins anew (type.h): the table it writes into may have been one for that operation alone.
 */
static int undo_first(struct frame *f, struct domain *d)
{
	int rc = type_undo(f, d);

	return rc ? rc : -ERESTART;
}

/* Whatever is not plain memory of the page owner, already known good: see l1_get(). */
int l1_get_slow(u64 e, struct domain *pt_owner, struct domain *pg_owner)
{
	mfn_t m = pte_mfn(e);
	struct frame *f;
	int rc;

	if ((e & L1_CACHE_BITS) && !l1_may_choose_cache(pt_owner))
		return -EINVAL;
	if (!mfn_valid(m))
		return l1_get_io(m, pt_owner, pg_owner);
	f = mfn_to_frame(m);
	if (!frame_get(f, pg_owner->id))
		return f->owner == OWNER_IO ? l1_get_io(m, pt_owner, pg_owner) : -EINVAL;
	if (!(e & PTE_WRITE))
		return 0;
	rc = type_get_writable(f);
	if (rc == -EBUSY && (f->type & FT_PARTIAL) && pt_owner == pg_owner)
		rc = undo_first(f, pt_owner);
	if (rc)
		frame_put(f);
	return rc;
}

int table_entry_get(u64 e, u32 level, struct domain *pt_owner)
{
	if (e & (PTE_PSE | PTE_PWT | PTE_PCD))
		return -EINVAL;
	return type_get_frame(pte_mfn(e), FT_TABLE(level - 1), pt_owner);
}

int table_entry_put(u64 e, struct domain *pt_owner)
{
	return type_put_frame(mfn_to_frame(pte_mfn(e)), pt_owner);
}

void l4_fill_hv_slots(u64 *l4, const struct domain *d)
{
	const u64 *own = maddr_to_virt(hostmap_l4_maddr);

	memcpy(l4 + HV_SLOT_FIRST, own + HV_SLOT_FIRST, (HV_SLOT_LAST - HV_SLOT_FIRST + 1) * sizeof(*l4));
	l4[PERDOMAIN_SLOT] = virt_to_maddr(d->pv.perdomain_l3) | PTE_HV_TABLE;
}
