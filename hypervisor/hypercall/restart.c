/* SPDX-License-Identifier: MIT */
/* Having the guest repeat its hypercall: the arguments are changed, and the SYSCALL (2 bytes) is executed again. */
#include <stdarg.h>

#include "abi/xen.h"
#include "core/percpu.h"
#include "hypercall/hypercall.h"
#include "x86/perfc.h"

#define SYSCALL_LENGTH	2

long hypercall_restart(u32 nr, u32 nargs, ...)
{
	struct vcpu *v = current;
	struct regs *r = &v->regs;
	u64 *const reg[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };
	va_list ap;

	va_start(ap, nargs);
	perfc_inc(restarts);
	for (u32 i = 0; i < nargs && i < ARRAY_SIZE(reg); i++) {
		u64 arg = va_arg(ap, u64);

		if (v->multicall)
			v->multicall->args[i] = arg;
		else
			*reg[i] = arg;
	}
	va_end(ap);
	if (v->multicall)
		v->multicall_restart = true;
	else
		r->rip -= SYSCALL_LENGTH;
	return nr;
}
