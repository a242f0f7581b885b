/* SPDX-License-Identifier: MIT */
/*
 * One struct frame for each page of RAM: who owns it, how many hold it, and as what. The safety of PV guests rests
 * on two counts:
 *
 *   refs  how many reasons there are for the frame to exist. One is the allocation itself; each present page-table
 *         entry, grant mapping, pinned table, register of a vCPU or passing hypercall adds one. At zero the frame
 *         goes back to the allocator.
 *   type  what the frame is used as, and by how many. Types exclude one another: a frame that is a page table
 *         (level 1 to 4) or holds descriptors is never writable by a guest. The type changes only at count zero.
 *
 * A page-table type must be earned: every entry is checked and counted before VALIDATED is set. That may take long,
 * so it can stop half-way: then the frame is PARTIAL: its entries [0, nr_validated) hold references, its type count
 * is zero, and the partial state itself holds one reference. Whoever holds the owner's mmu_lock may take a PARTIAL
 * frame on to the end or back to the start (TRICKS.md, "Partial").
 *
 * Locks: refs and type are atomic words. Changes to or from a page-table type happen under the owner's mmu_lock.
 * next/prev are guarded by the owner's page_lock (or by the allocator while free). mm/ never looks at struct
 * domain: the owner is a domain number.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "lib/atomic.h"
#include "lib/errno.h"
#include "lib/typesafe.h"
#include "mm/layout.h"
#include "x86/tlb.h"

struct frame {
	union {
		struct {
			u32 refs;	/* FRAME_ALLOCATED | count */
			u32 type;	/* FT_* | flags | count; first of a free block: its order */
		};
		u64 counts;		/* both, for those who take or give back one of each in one step */
	};
	u16 owner;		/* domid; OWNER_* below */
	u16 flags;		/* FRAME_* */
	u32 next, prev;		/* frame numbers, FRAME_NONE ends the list */
	union {
		u32 tlb_stamp;		/* clock of x86/tlb.h when the last use ended; of a free block: of any in it */
		u32 nr_validated;	/* while PARTIAL */
	};
};
static_assert(sizeof(struct frame) == 24, "24 + 8 bytes of M2P a page keep us below 0.8 % of RAM");

#define FRAME_NONE		0xffffffffu

/* refs */
#define FRAME_ALLOCATED		0x80000000u	/* the allocation's own reference is not yet given back */
#define FRAME_REFS_MASK		0x7fffffffu
#define FRAME_REFS_LIMIT	0x7fff0000u	/* beyond it only frame_get_reserved() goes: some for each CPU */

/* type: what, flags, how many */
#define FT_NONE			(0u << 28)
#define FT_L1			(1u << 28)
#define FT_L2			(2u << 28)
#define FT_L3			(3u << 28)
#define FT_L4			(4u << 28)
#define FT_DESC			(5u << 28)	/* a GDT's or LDT's frame */
#define FT_WRITABLE		(6u << 28)
/* the hypervisor's own, lent to the owner: shared info, grant frames... */
#define FT_SHARED		(7u << 28)
#define FT_MASK			(7u << 28)
#define FT_LEVEL(type)		((type) >> 28 & 7)	/* 1..4 for tables */
#define FT_TABLE(level)		((u32)(level) << 28)
#define FT_PINNED		(1u << 27)
#define FT_VALIDATED		(1u << 26)
#define FT_PARTIAL		(1u << 25)
#define FT_BUSY			(FT_PARTIAL | FT_VALIDATED)	/* PARTIAL, and being worked on right now */
#define FT_COUNT_MASK		((1u << 25) - 1)
/* Somebody makes it writable, or a descriptor page: it is so when nobody can reach it by its last use any more. */
#define FT_CHANGING		(FT_NONE | 1)

/* flags: set while allocated */
#define FRAME_HEAP		(1u << 0)	/* the hypervisor's: no guest ever gets a reference */
/* the hypervisor's, mappable by the owner (type FT_SHARED or writable) */
#define FRAME_SHARED		(1u << 1)
#define FRAME_BUSY_FREE		(1u << 2)	/* on the allocator's lists */

/* owner: the published special domain numbers serve (abi/xen.h) */
#define OWNER_NONE		0x7ff4u		/* DOMID_INVALID */
#define OWNER_IO		0x7ff1u		/* DOMID_IO */
#define OWNER_XEN		0x7ff2u		/* DOMID_XEN: the hypervisor's, nobody else's */
/* the hypervisor's, which the privileged map read-only as DOMID_XEN's */
#define OWNER_LENT		0x7ff5u

extern struct frame *frame_table;
extern u64 frame_max;		/* one past the highest frame number that has a struct frame */
extern const u8 *frame_valid_map;	/* byte per 2 MiB block: not 0 if it has frames and RAM */

static inline bool mfn_valid(mfn_t m)
{
	return mfn_x(m) < frame_max && frame_valid_map[mfn_x(m) >> 9];
}

static inline struct frame *mfn_to_frame(mfn_t m)
{
	return &frame_table[mfn_x(m)];
}

static inline mfn_t frame_to_mfn(const struct frame *f)
{
	return mfn((u64)(f - frame_table));
}

#ifdef HOST_TEST
extern u8 *host_ram;
#define DIRECTMAP_BASE		((u64)host_ram)
#else
#define DIRECTMAP_BASE		DIRECTMAP_VIRT_START
#endif

static inline void *maddr_to_virt(u64 maddr)
{
	return (void *)(DIRECTMAP_BASE + maddr);
}

static inline void *mfn_to_virt(mfn_t m)
{
	return maddr_to_virt(mfn_x(m) << PAGE_SHIFT);
}

static inline u64 virt_to_maddr(const void *va)	/* of an address in the direct map */
{
	return (u64)va - DIRECTMAP_BASE;
}

static inline mfn_t virt_to_mfn(const void *va)
{
	return mfn(virt_to_maddr(va) >> PAGE_SHIFT);
}

static inline struct frame *virt_to_frame(const void *va)
{
	return mfn_to_frame(virt_to_mfn(va));
}

/* Debug keys. */
void frame_dump(void);
void memory_dump(void);

/* Another reference to a frame of which the caller holds one already; false if saturated. */
bool frame_get_more(struct frame *f);
/* As frame_get(), for the time of an operation that takes references away: not even a saturated count stops it. */
bool frame_get_reserved(struct frame *f, u16 owner);

/* Gives a reference back; the last one frees the frame through frame_release_hook. */
void frame_free_last(struct frame *f);

static inline void frame_put(struct frame *f)
{
	if (unlikely(atomic_sub_return(&f->refs, 1) == 0))
		frame_free_last(f);
}

/*
 * Takes a reference to a frame owned by `owner`. False if another owns it, it is free, or the count is saturated.
 * The frame stays valid until frame_put().
 */
static inline bool frame_get(struct frame *f, u16 owner)
{
	u32 r = atomic_read(&f->refs);

	do {
		if (unlikely(r == 0 || (r & FRAME_REFS_MASK) >= FRAME_REFS_LIMIT || f->owner != owner))
			return false;
	} while (!try_cmpxchg(&f->refs, &r, r + 1));
	if (unlikely(READ_ONCE(f->owner) != owner)) {
		frame_put(f);
		return false;
	}
	return true;
}

/*
 * Writable type references, on a frame of which the caller holds a reference. No lock. -EBUSY: the count is saturated
 * or a table is on its way (FT_PARTIAL); -EINVAL: in use as something else. Tables are pv/type.h's.
 */
int type_get_writable_slow(struct frame *f) __must_check;

/* The type once it is not FT_CHANGING. Who changes it waits at most for other CPUs' TLBs. */
u32 frame_type_settled(const struct frame *f);

static inline int __must_check type_get_writable(struct frame *f)
{
	u32 x = atomic_read(&f->type);

	/* hot: one more writable use of a frame that has been used so before */
	if (likely((x & FT_MASK) == FT_WRITABLE && (x & FT_COUNT_MASK) != FT_COUNT_MASK) &&
	    likely(try_cmpxchg(&f->type, &x, x + 1)))
		return 0;
	return type_get_writable_slow(f);
}

/*
 * Notes that a use of the frame ends now. Several may end at once: a stamp that got old between being read and being
 * stored (an interrupt came) would hide another's later one, so it is taken again. The exchange is a barrier too: the
 * clock is asked once more when the entry that the use had is gone for every processor, and the stamp is there.
 */
static inline void frame_stamp_use(struct frame *f)
{
	u32 now;

	do {
		now = tlb_stamp_now();
		(void)xchg(&f->tlb_stamp, now);
	} while (unlikely(tlb_stamp_now() != now));
}

static inline void type_put_writable(struct frame *f)
{
	frame_stamp_use(f);
	atomic_sub(&f->type, 1);
}

#define COUNTS_ONE_EACH		(1ul << 32 | 1)		/* of struct frame's counts: a reference and a type reference */
#define COUNTS_TYPE(x)		((u32)((x) >> 32))

/* Both back: the stamp is written while the references still hold the frame. */
static inline void frame_put_writable(struct frame *f)
{
	frame_stamp_use(f);
	if (unlikely(!(u32)atomic_sub_return(&f->counts, COUNTS_ONE_EACH)))
		frame_free_last(f);
}

/*
 * frame_get() and type_get_writable() in one step, for the frame that both find as they do most often. False: nothing
 * was done, and the two of them say why.
 */
static inline bool frame_get_writable(struct frame *f, u16 owner)
{
	u64 x = atomic_read(&f->counts);

	do {
		if (unlikely(!(u32)x || ((u32)x & FRAME_REFS_MASK) >= FRAME_REFS_LIMIT ||
			     (COUNTS_TYPE(x) & FT_MASK) != FT_WRITABLE ||
			     (COUNTS_TYPE(x) & FT_COUNT_MASK) == FT_COUNT_MASK || f->owner != owner))
			return false;
	} while (unlikely(!try_cmpxchg(&f->counts, &x, x + COUNTS_ONE_EACH)));
	if (likely(READ_ONCE(f->owner) == owner))
		return true;
	frame_put_writable(f);
	return false;
}

/* After a frame's type changed from `old`: nobody may still reach it by the old use, which ended at `stamp`. */
void frame_flush_old_use(u32 old, u32 stamp);

/* Set by domain/: called for the last reference of a frame that a domain owns, before the allocator gets it. */
extern void (*frame_release_hook)(struct frame *f);

#endif
