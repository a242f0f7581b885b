/* SPDX-License-Identifier: MIT */
/*
 * From a number and its arguments to the handler: one bound, one row, one privilege, one indirect call. The rows are in
 * table.c. Hot, so in a header: entry/ has the arguments in registers, and they stay there.
 */
#ifndef HYPERCALL_TABLE_H
#define HYPERCALL_TABLE_H

#include "domain/domain.h"
#include "lib/errno.h"

enum hypercall_who { NOBODY, ANYONE, PRIVILEGED };	/* NOBODY: there is no such hypercall */

struct hypercall {
	long (*fn)(u64, u64, u64, u64, u64, u64);
	u8 nargs;
	u8 who;
};

#define HYPERCALLS	49u
static_assert(HYPERCALLS <= ARRAY_SIZE(((struct vcpu *)0)->hypercalls), "each is counted");

extern const struct hypercall hypercalls[HYPERCALLS];

/* What v's domain gets instead of row h; 0: it may have it. */
static inline long hypercall_refuse(const struct vcpu *v, const struct hypercall *h)
{
	if (h->who == NOBODY)
		return -ENOSYS;
	return v->domain->is_privileged ? 0 : -EPERM;
}

/* In rax a number has 32 bits, in a multicall 64: whoever calls has cut it, or has not. */
static __always_inline long hypercall_call(struct vcpu *v, u64 nr, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	const struct hypercall *h;
	long rc;

	if (unlikely(nr >= HYPERCALLS))
		return -ENOSYS;
	v->hypercalls[nr]++;
	h = &hypercalls[nr];
	if (unlikely(h->who != ANYONE)) {
		rc = hypercall_refuse(v, h);
		if (rc)
			return rc;
	}
	return h->fn(a1, a2, a3, a4, a5, a6);
}

#endif
