/* SPDX-License-Identifier: MIT */
/*
 * Traps: the table given to the hypervisor, faults that a PROBE expects, and trips to user mode and back.
 */
#include "guest.h"

extern const uint64_t trap_stubs[20];
extern const char trap_stub_32[], trap_stub_128[], event_stub[], failsafe_stub[], syscall_stub[];
extern const char kernel_stack_top[], user_stack_top[];
extern const struct { uint64_t rip, fixup; } ex_table_start[], ex_table_end[];
void trap_entry(struct regs *regs);
void trap_init(void);
void event_upcall(struct regs *regs);
void user_enter(uint64_t rip, uint64_t rsp, uint64_t cs, uint64_t ss, uint64_t rflags, uint64_t rdi);
void user_leave(void) __attribute__((noreturn));

bool (*trap_hook)(struct regs *regs);
struct trap_record trap_last = { .vector = -1 };

static struct regs *user_end;		/* where user_run wants the trap that ends it, or NULL */

static void record(const struct regs *regs)
{
	trap_last = (struct trap_record) {
		.vector = (long)regs->vector,
		.error_code = regs->error_code,
		.cr2 = shared_info->vcpu_info[0].arch.cr2,
		.rip = regs->rip,
		.cs = regs->cs,
		.rflags = regs->rflags,
		.rsp = regs->rsp,
		.ss = regs->ss,
	};
}

static bool fixup(struct regs *regs)
{
	for (const typeof(ex_table_start[0]) *e = ex_table_start; e < ex_table_end; e++) {
		if (e->rip == regs->rip || (e->fixup == regs->rip && regs->vector == X86_BP)) {
			record(regs);
			regs->rip = e->fixup;
			return true;
		}
	}
	return false;
}

void trap_entry(struct regs *regs)
{
	if (trap_hook && trap_hook(regs))
		return;
	if (regs->vector == VECTOR_EVENT) {
		event_upcall(regs);
		return;
	}
	if (user_end) {
		record(regs);
		*user_end = *regs;
		user_end = NULL;
		user_leave();
	}
	if (fixup(regs))
		return;
	test_error("unexpected trap %#lx, error code %#lx, cr2 %#lx, at %#lx:%#lx, rflags %#lx, stack %#lx:%#lx",
		   regs->vector, regs->error_code, shared_info->vcpu_info[0].arch.cr2, regs->cs, regs->rip,
		   regs->rflags, regs->ss, regs->rsp);
}

static void set_callback(unsigned int type, unsigned int flags, const char *address)
{
	struct callback_register cb = { .type = type, .flags = flags, .address = (uint64_t)address };
	long r = hypercall(callback_op, CALLBACKOP_register, &cb);

	if (r)
		test_error("cannot register callback %u: %ld", type, r);
}

void trap_init(void)
{
	static struct trap_info table[32];
	unsigned int n = 0;
	long r;

	for (unsigned int v = 0; v < ARRAY_SIZE(trap_stubs); v++)
		if (trap_stubs[v])
			table[n++] = (struct trap_info) {
				.vector = v,
				.flags = v == X86_BP || v == X86_OF ? 3 : 0,
				.cs = FLAT_KERNEL_CS,
				.address = trap_stubs[v],
			};
	table[n++] = (struct trap_info) { 32, 0, FLAT_KERNEL_CS, (uint64_t)trap_stub_32 };
	table[n++] = (struct trap_info) { 128, 3, FLAT_KERNEL_CS, (uint64_t)trap_stub_128 };
	r = hypercall(set_trap_table, table);
	if (r)
		test_error("set_trap_table: %ld", r);
	set_callback(CALLBACKTYPE_event, 0, event_stub);
	set_callback(CALLBACKTYPE_failsafe, 0, failsafe_stub);
	set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, syscall_stub);
	r = hypercall(stack_switch, FLAT_KERNEL_SS, kernel_stack_top);
	if (r)
		test_error("stack_switch: %ld", r);
}

bool probe_read(const volatile void *p, uint64_t *value)
{
	uint64_t v = 0;

	PROBE("mov (%1), %0", : "+r" (v) : "r" (p) : "memory");
	if (value)
		*value = v;
	return trap_last.vector == -1;
}

bool probe_write(volatile void *p, uint64_t value)
{
	PROBE("mov %1, (%0)", : : "r" (p), "r" (value) : "memory");
	return trap_last.vector == -1;
}

void check_trap(const char *what, long vector, long error_code)
{
	if (trap_last.vector != vector)
		test_failure("%s met trap %ld (error code %#lx), wanted %ld", what, trap_last.vector,
			     trap_last.error_code, vector);
	else if (error_code != -1 && trap_last.error_code != (uint64_t)error_code)
		test_failure("%s met trap %ld with error code %#lx, wanted %#lx", what, vector,
			     trap_last.error_code, error_code);
}

void user_run_at(uint64_t rip, uint64_t cs, uint64_t ss, uint64_t rflags, uint64_t arg, struct regs *end)
{
	static bool have_tables;

	if (!have_tables) {
		long r = mmuext_one(MMUEXT_NEW_USER_BASEPTR, root_mfn());

		if (r)
			test_error("cannot set the page tables of user mode: %ld", r);
		have_tables = true;
	}
	trap_last.vector = -1;
	user_end = end;
	user_enter(rip, (uint64_t)user_stack_top - 8, cs, ss, rflags, arg);
	if (user_end) {
		user_end = NULL;
		test_error("came back from user mode without a trap");
	}
}

void user_run(void (*fn)(uint64_t arg), uint64_t arg, struct regs *end)
{
	user_run_at((uint64_t)fn, FLAT_USER_CS, FLAT_USER_SS, EFLAGS_IF, arg, end);
}
