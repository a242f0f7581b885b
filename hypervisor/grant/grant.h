/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: a domain lets another map or copy a frame of its own. Hypercall decoding is in
 * hypercall/grant_table_op.c. Mapping into page tables goes through struct grant_map_ops, set by pv/ (and hvm/).
 */
#ifndef GRANT_GRANT_H
#define GRANT_GRANT_H

#include "abi/grant_table.h"
#include "domain/domain.h"

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack);
int grant_domain_destroy(struct domain *d);	/* releases mappings it made; -ERESTART for more */
void grant_domain_free(struct domain *d);

/* Sub-operations on one element, already copied in; GNTST_* status is written to the element. */
void grant_map_ref(struct domain *d, struct gnttab_map_grant_ref *op);
void grant_unmap_ref(struct domain *d, struct gnttab_unmap_grant_ref *op);
void grant_unmap_and_replace(struct domain *d, struct gnttab_unmap_and_replace *op);
void grant_copy(struct domain *d, struct gnttab_copy *op);
void grant_transfer(struct domain *d, struct gnttab_transfer *op);
int grant_setup_table(struct domain *d, struct gnttab_setup_table *op);	/* writes op->frame_list through guest_copy */
int grant_query_size(struct domain *d, struct gnttab_query_size *op);
int grant_set_version(struct domain *d, struct gnttab_set_version *op);
int grant_get_version(struct domain *d, struct gnttab_get_version *op);
int grant_swap_ref(struct domain *d, struct gnttab_swap_grant_ref *op);
int grant_cache_flush(struct domain *d, struct gnttab_cache_flush *op);

/* For XENMEM_acquire_resource and add_to_physmap: the frames of the table itself; grows it if allowed. */
int grant_table_frame(struct domain *d, u32 index, mfn_t *mfn);
void grant_dump(struct domain *d);

/*
 * How a mapping gets into the guest's page tables. Called with the grant-table locks not held. The frame is already
 * referenced for the mapping (and typed writable if !readonly). `flags` are GNTMAP_*.
 */
struct grant_map_ops {
	/* addr: machine address of the PTE (GNTMAP_contains_pte) or guest virtual address. GNTST_okay or an error. */
	int (*map)(struct domain *d, u64 addr, mfn_t frame, u32 flags, u32 cache);
	/* Replaces a mapping of `frame` at addr by nothing or by the mapping at new_addr (unmap_and_replace). */
	int (*unmap)(struct domain *d, u64 addr, mfn_t frame, u32 flags, u64 new_addr);
};
extern const struct grant_map_ops *grant_map_ops[2];	/* by enum domain_kind */

#endif
