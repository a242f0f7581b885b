/* SPDX-License-Identifier: MIT */
/*
 * The attack surface on one page: every hypercall that exists, its handler, how many arguments it takes, and who may
 * call it. What is not listed answers -ENOSYS. The handler checks everything else.
 */
#include "abi/xen.h"
#include "core/percpu.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "pv/pv.h"

typedef long (*hypercall_fn)(u64, u64, u64, u64, u64, u64);

enum who { NOBODY, ANYONE, PRIVILEGED };

struct hypercall {
	hypercall_fn fn;
	u8 nargs;
	u8 who;
};

/* Handlers take as many arguments of at most 64 bits as they need; in registers, so the rest does not matter. */
#define CALL(name, nargs, who)	[__HYPERVISOR_##name] = { (hypercall_fn)(void (*)(void))do_##name, nargs, who }

static const struct hypercall hypercalls[] = {
	CALL(set_trap_table,			1, ANYONE),
	CALL(mmu_update,			4, ANYONE),
	CALL(set_gdt,				2, ANYONE),
	CALL(stack_switch,			2, ANYONE),
	CALL(set_callbacks,			3, ANYONE),
	CALL(fpu_taskswitch,			1, ANYONE),
	CALL(sched_op_compat,			2, ANYONE),
	CALL(platform_op,			1, PRIVILEGED),
	CALL(set_debugreg,			2, ANYONE),
	CALL(get_debugreg,			1, ANYONE),
	CALL(update_descriptor,			2, ANYONE),
	CALL(memory_op,				2, ANYONE),
	CALL(multicall,				2, ANYONE),
	CALL(update_va_mapping,			3, ANYONE),
	CALL(set_timer_op,			1, ANYONE),
	CALL(event_channel_op_compat,		1, ANYONE),
	CALL(xen_version,			2, ANYONE),
	CALL(console_io,			3, ANYONE),
	CALL(physdev_op_compat,			1, ANYONE),
	CALL(grant_table_op,			3, ANYONE),
	CALL(vm_assist,				2, ANYONE),
	CALL(update_va_mapping_otherdomain,	4, PRIVILEGED),
	CALL(iret,				0, ANYONE),
	CALL(vcpu_op,				3, ANYONE),
	CALL(set_segment_base,			2, ANYONE),
	CALL(mmuext_op,				4, ANYONE),
	CALL(nmi_op,				2, ANYONE),
	CALL(sched_op,				2, ANYONE),
	CALL(callback_op,			2, ANYONE),
	CALL(event_channel_op,			2, ANYONE),
	CALL(physdev_op,			2, ANYONE),
	CALL(xenpmu_op,				2, ANYONE),
	CALL(sysctl,				1, PRIVILEGED),
	CALL(domctl,				1, PRIVILEGED),
	[__HYPERVISOR_arch_0] = { (hypercall_fn)(void (*)(void))do_mca, 1, PRIVILEGED },
};

static long call(struct vcpu *v, u64 nr, const u64 *a)
{
	const struct hypercall *h;

	if (unlikely(nr >= ARRAY_SIZE(hypercalls)))
		return -ENOSYS;
	h = &hypercalls[nr];
	if (unlikely(h->who != ANYONE))
		return !h->fn ? -ENOSYS : v->domain->is_privileged ? h->fn(a[0], a[1], a[2], a[3], a[4], a[5]) : -EPERM;
	return h->fn(a[0], a[1], a[2], a[3], a[4], a[5]);
}

void hypercall_dispatch(struct vcpu *v)
{
	struct regs *r = &v->regs;
	u64 args[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };

	r->rax = call(v, (u32)r->rax, args);
}

/* One entry of a multicall: not another multicall, and not what leaves the hypercall another way. */
long hypercall_call_entry(struct vcpu *v, const struct multicall_entry *e)
{
	if (e->op == __HYPERVISOR_multicall)
		return -EINVAL;
	if (e->op == __HYPERVISOR_iret)
		return -ENOSYS;
	return call(v, e->op, (const u64 *)e->args);
}

long do_iret(void)
{
	return pv_iret(current);
}
