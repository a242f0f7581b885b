/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: a domain lets another map or copy a frame of its own. Hypercall decoding is in
 * hypercall/grant_table_op.c. Mapping into page tables goes through struct grant_map_ops, set by pv/.
 */
#ifndef GRANT_GRANT_H
#define GRANT_GRANT_H

#include "abi/grant_table.h"
#include "domain/domain.h"

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack);
/* Gives the table's frames back and lets go of what it had mapped of others; -ERESTART for more. */
int grant_domain_destroy(struct domain *d);
void grant_domain_free(struct domain *d);

/* Sub-operations on one element, already copied in; GNTST_* status is written to the element. */
void grant_transfer(struct domain *d, struct gnttab_transfer *op);
/* Writes op->frame_list through guest_copy. */
int grant_setup_table(struct domain *d, struct gnttab_setup_table *op);
int grant_query_size(struct domain *d, struct gnttab_query_size *op);
int grant_set_version(struct domain *d, struct gnttab_set_version *op);
int grant_get_version(struct domain *d, struct gnttab_get_version *op);
int grant_swap_ref(struct domain *d, struct gnttab_swap_grant_ref *op);
int grant_cache_flush(struct domain *d, struct gnttab_cache_flush *op);

/*
 * Mapping and unmapping in batches of at most GRANT_BATCH: locks are taken, and TLBs flushed, once for many.
 * `replace`: the elements are unmap_and_replace's.
 */
#define GRANT_BATCH	32u

union grant_unmap_op {
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_unmap_and_replace replace;	/* address, handle and status stand where unmap has them */
};

/* Hot. -ERESTART: other work on d's page tables must go on first, and nothing was done. */
int __must_check grant_map_refs(struct domain *d, struct gnttab_map_grant_ref *ops, u32 n);
int __must_check grant_unmap_refs(struct domain *d, union grant_unmap_op *ops, u32 n, bool replace);

/*
 * Copying: a run of copies often uses the same frames, so the two ends in use are kept until another is
 * needed. grant_copy_finish() lets go of them; nothing may be kept across a return to the guest.
 */
struct grant_copy_end {
	struct domain *domain;		/* NULL: none; a reference */
	struct frame *frame;		/* NULL: none; held, and its entry pinned */
	u64 number;			/* grant reference or frame number */
	domid_t domid;			/* as the guest named it */
	bool is_ref, writable;
};

struct grant_copier {
	struct domain *d;
	struct grant_copy_end source, dest;
};
void grant_copy_begin(struct grant_copier *c, struct domain *d);
void grant_copy(struct grant_copier *c, struct gnttab_copy *op);		/* hot */
void grant_copy_finish(struct grant_copier *c);

/*
 * For XENMEM_acquire_resource: a frame of the table itself, which grows if it may. 0, -EINVAL, -ENOSPC, -ENOMEM,
 * -ESRCH.
 */
int grant_table_frame(struct domain *d, u32 index, mfn_t *mfn);
/* A grant by the domain's builder: entry `ref` of d gives frame `gfn` to `to` (console, store). */
int grant_preset(struct domain *d, u32 ref, domid_t to, u32 gfn);
void grant_dump(struct domain *d);

/*
 * How a mapping gets into the guest's page tables. Called with no lock of grant/ held. Of the frame there is
 * one reference, and one writable type reference if !readonly, that belongs to the mapping: the PTE carries
 * it like any other PTE would, so that an ordinary page-table update or the end of the page table gives it
 * back. unmap takes the PTE away and hands the reference to grant/, which gives it back after flush.
 */
struct grant_cursor {
	u64 base;			/* the address space from here on that `table` maps */
	u64 *table;			/* NULL: none yet */
};

struct grant_map_ops {
	/* Around a run of map or unmap: their lock, and room for what they remember from one to the next. -ERESTART. */
	int (*begin)(struct domain *d, struct grant_cursor *c);
	void (*end)(struct domain *d);
	/*
	 * addr: machine address of the PTE (GNTMAP_contains_pte) or guest virtual address. GNTST_okay or an
	 * error.
	 */
	int (*map)(struct domain *d, struct grant_cursor *c, u64 addr, mfn_t frame, u32 flags);
	/*
	 * Replaces a mapping of `frame` at addr by nothing, or if new_addr is not 0 by the mapping at
	 * new_addr (unmap_and_replace). GNTST_okay, or an error and nothing has changed: also if the PTE is
	 * not what map made.
	 */
	int (*unmap)(struct domain *d, struct grant_cursor *c, u64 addr, mfn_t frame, u32 flags, u64 new_addr);
	/* No CPU's TLB has any longer what unmap took away. */
	void (*flush)(struct domain *d);
};
extern const struct grant_map_ops *grant_map_ops[2];	/* by enum domain_kind */

#endif
