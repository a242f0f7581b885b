/* SPDX-License-Identifier: MIT */
/*
 * Frame types of PV guests: taking and giving back type references, with the validation of page tables that this
 * implies. See mm/frame.h for the meaning of the words.
 *
 * "Holding the lock" below is the owner's mmu_lock. Functions that validate may stop half-way with -ERESTART when
 * the CPU has other work: the caller unwinds and makes the guest repeat its hypercall; what was done is kept in
 * the frame. They do so, too, where a frame first had to be taken back from another use that stopped half-way: that use
 * may have been all that made the table a table into which the caller is about to write, so it must look again.
 */
#ifndef PV_TYPE_H
#define PV_TYPE_H

#include "domain/domain.h"
#include "mm/frame.h"

/*
 * A type reference to a frame of which the caller holds a reference. Table types need the lock.
 * 0, -EINVAL (contents, or in use as something else), -EBUSY (count saturated, or PARTIAL), -ERESTART.
 */
int type_get(struct frame *f, u32 type, struct domain *d);
/* Gives one back. -ERESTART: the reference is gone, the frame is PARTIAL; type_undo() finishes. */
int type_put(struct frame *f, struct domain *d);
/* Takes a PARTIAL frame back to its beginning. 0 (also if it is not PARTIAL) or -ERESTART. */
int type_undo(struct frame *f, struct domain *d);

/* Reference and type reference together; the frame must be the domain's. */
int type_get_frame(mfn_t m, u32 type, struct domain *d);
int type_put_frame(struct frame *f, struct domain *d);

int type_pin(mfn_t m, u32 level, struct domain *d);
int type_unpin(mfn_t m, struct domain *d);

#endif
