/* SPDX-License-Identifier: MIT */
/*
 * Frame numbers and addresses of different address spaces as different types.
 *
 *   mfn    frame of the machine's memory          gfn    frame as the guest's paging sees it
 *   pfn    frame in a PV guest's own numbering    maddr  byte address in the machine's memory
 *
 * Each is a struct of one u64, which the x86-64 ABI passes in a register, so they cost nothing. `mfn(x)`
 * wraps, `mfn_x(m)` unwraps; arithmetic other than the helpers below unwraps visibly.
 */
#ifndef LIB_TYPESAFE_H
#define LIB_TYPESAFE_H

#include "lib/types.h"

#define TYPESAFE(name)									\
	typedef struct { u64 val; } name##_t;						\
	static inline name##_t name(u64 val) { return (name##_t){ val }; }		\
	static inline u64 name##_x(name##_t n) { return n.val; }			\
	static inline bool name##_eq(name##_t a, name##_t b) { return a.val == b.val; }	\
	static inline name##_t name##_add(name##_t n, u64 by) { return (name##_t){ n.val + by }; }

TYPESAFE(mfn)
TYPESAFE(gfn)
TYPESAFE(pfn)
TYPESAFE(maddr)

#define INVALID_MFN	mfn(~0UL)
#define INVALID_GFN	gfn(~0UL)
#define INVALID_PFN	pfn(~0UL)
#define INVALID_MADDR	maddr(~0UL)

static inline maddr_t mfn_to_maddr(mfn_t m)
{
	return maddr(m.val << PAGE_SHIFT);
}

static inline mfn_t maddr_to_mfn(maddr_t a)
{
	return mfn(a.val >> PAGE_SHIFT);
}

static inline u64 maddr_offset(maddr_t a)
{
	return a.val & ~PAGE_MASK;
}

#endif /* LIB_TYPESAFE_H */
