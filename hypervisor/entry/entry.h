/* SPDX-License-Identifier: MIT */
/* What entry/ offers to boot/ and to its own assembly. */
#ifndef ENTRY_ENTRY_H
#define ENTRY_ENTRY_H

#include "core/softirq.h"
#include "domain/domain.h"
#include "pv/pv.h"
#include "x86/cpu_ops.h"

/* On each CPU once its tables are loaded: SYSCALL entries, and the idle vCPU as `current`. */
void entry_init_cpu(u32 cpu);
/* Ends the start of a CPU: sleeps and works from now on. */
__noreturn void entry_start_idle(void);

/* Assembly. */
void syscall_stubs(void);
void cstar_stubs(void);
void sysenter_entry(void);
__noreturn void guest_return(void);
__noreturn void stack_reset_and_jump(u64 stack, void (*fn)(void));

extern struct syscall_slot {
	u64 scratch;		/* the guest's rsp */
	u64 regs_top;		/* &current->hv_stack */
} syscall_slots[];
extern u8 entry_smap;

/* C called by assembly. */
struct regs *trap_from_guest(struct regs *regs);
void trap_from_hypervisor(struct regs *regs);
void trap_on_own_stack(struct regs *regs);
void iret_fault_from_guest(struct regs *fault);
struct regs *syscall_from_guest(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6);
void syscall32_from_guest(void);
void sysenter_from_guest(void);
struct regs *move_frame_to_vcpu(const struct regs *regs);
struct regs *exit_to_guest(void);

/*
 * The quick way back: &v->regs with interrupts off if the guest may go on as it is; NULL if the CPU or the guest has
 * something else to do first (exit_to_guest).
 */
static inline struct regs *exit_if_nothing_pending(struct vcpu *v)
{
	irq_disable();
	if (unlikely(softirq_is_pending() || TEST_ONCE(v->nmi_pending) || event_vcpu_needs_upcall(v)))
		return NULL;
	return &v->regs;
}

#endif
