/* SPDX-License-Identifier: MIT */
/*
 * The hypercall layer: decodes what a guest asks, then has the rooms below perform it. One function a hypercall,
 * all of one type; hypercall/table.c lists them with who may call.
 */
#ifndef HYPERCALL_HYPERCALL_H
#define HYPERCALL_HYPERCALL_H

#include "domain/domain.h"

struct multicall_entry;
long hypercall_call_entry(struct vcpu *v, const struct multicall_entry *e);

/*
 * Makes the guest execute hypercall `nr` again with these arguments once the CPU has done its other work; inside a
 * multicall the entry is changed instead. Return its result from the handler. All arguments must be
 * passed as 64-bit values: HC_ARG() casts.
 */
#define HC_ARG(x)	((u64)(x))
long hypercall_restart(u32 nr, u32 nargs, ...);

long do_set_trap_table(u64 traps);
long do_mmu_update(u64 reqs, u32 count, u64 done_p, u32 foreign);
long do_set_gdt(u64 frames, u32 entries);
long do_stack_switch(u64 ss, u64 sp);
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall);
long do_fpu_taskswitch(int set);
long do_sched_op_compat(int cmd, u64 arg);
long do_platform_op(u64 op);
long do_set_debugreg(int reg, u64 value);
long do_get_debugreg(int reg);
long do_update_descriptor(u64 maddr, u64 desc);
long do_memory_op(u64 cmd, u64 arg);
long do_multicall(u64 calls, u32 count);
long do_update_va_mapping(u64 va, u64 val, u64 flags);
long do_set_timer_op(s64 timeout);
long do_event_channel_op_compat(u64 op);
long do_xen_version(int cmd, u64 arg);
long do_console_io(u32 cmd, u32 count, u64 buf);
long do_physdev_op_compat(u64 op);
long do_grant_table_op(u32 cmd, u64 uop, u32 count);
long do_vm_assist(u32 cmd, u32 type);
long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u32 domid);
long do_iret(void);
long do_vcpu_op(int cmd, u32 vcpu, u64 arg);
long do_set_segment_base(u32 which, u64 base);
long do_mmuext_op(u64 ops, u32 count, u64 done_p, u32 foreign);
long do_nmi_op(u32 cmd, u64 arg);
long do_sched_op(u32 cmd, u64 arg);
long do_callback_op(int cmd, u64 arg);
long do_event_channel_op(u32 cmd, u64 arg);
long do_physdev_op(u32 cmd, u64 arg);
long do_sysctl(u64 op);
long do_domctl(u64 op);
long do_xenpmu_op(u32 cmd, u64 arg);
long do_mca(u64 op);
long do_hypfs_op(u32 cmd, u64 path, u64 path_len, u64 buf, u64 size);

#endif
