/* SPDX-License-Identifier: MIT */
/*
 * The attack surface on one page: every hypercall that exists, its handler, how many arguments it takes, and who may
 * call it. What is not listed answers -ENOSYS. The handler checks everything else.
 */
#include "abi/xen.h"
#include "core/percpu.h"
#include "hypercall/hypercall.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "pv/pv.h"

typedef long (*hypercall_fn)(u64, u64, u64, u64, u64, u64);

/* Handlers take as many arguments of at most 64 bits as they need; in registers, so the rest does not matter. */
#define CALL(name, nargs, who)	[__HYPERVISOR_##name] = { (hypercall_fn)(void (*)(void))do_##name, nargs, who }

const struct hypercall hypercalls[] = {
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
	CALL(console_io,			3, PRIVILEGED),
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
	CALL(hypfs_op,				5, PRIVILEGED),
	[__HYPERVISOR_arch_0] = { (hypercall_fn)(void (*)(void))do_mca, 1, PRIVILEGED },
};

/* One entry of a multicall: not another multicall; iret is do_multicall()'s. The number is a whole word here. */
long hypercall_call_entry(struct vcpu *v, const struct multicall_entry *e)
{
	if (unlikely(e->op == __HYPERVISOR_multicall))
		return -EINVAL;
	return hypercall_call(v, e->op, e->args[0], e->args[1], e->args[2], e->args[3], e->args[4], e->args[5]);
}

long do_iret(void)
{
	return pv_iret(current);
}
