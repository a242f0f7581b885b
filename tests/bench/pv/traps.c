/* SPDX-License-Identifier: MIT */
/* Rows: hypercalls that do nothing or little, traps and system calls there and back, emulated instructions. */
#include "pv.h"

static uint64_t hole[512] PAGE;
static struct multicall_entry batch[16];

void set_trap(unsigned int vector, const char *handler)
{
	struct trap_info t[2] = { { vector, 0, FLAT_KERNEL_CS, (uint64_t)handler }, { 0 } };

	if (hypercall(set_trap_table, t))
		test_error("cannot set the handler of trap %u", vector);
}

void set_callback_to(unsigned int type, const char *handler)
{
	struct callback_register cb = { type, CALLBACKF_mask_events, (uint64_t)handler };

	if (hypercall(callback_op, CALLBACKOP_register, &cb))
		test_error("cannot set callback %u", type);
}

#define LOOP(n)	for (uint64_t i_ = 0; i_ < (n); i_++)
#define ROW_FN(name, body)	static void name(uint64_t n) { LOOP(n) { body; barrier(); } }

ROW_FN(null_hypercall, hc(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0))
ROW_FN(absent_hypercall, hc(63, 0, 0, 0, 0))
ROW_FN(stack_switch, hc(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, 0x200000, 0, 0))
ROW_FN(segment_base, hc(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x1000, 0, 0))
ROW_FN(fpu_switch, hc(__HYPERVISOR_fpu_taskswitch, 1, 0, 0, 0); hc(__HYPERVISOR_fpu_taskswitch, 0, 0, 0, 0))
ROW_FN(multicall, hc(__HYPERVISOR_multicall, (uint64_t)batch, ARRAY_SIZE(batch), 0, 0))
ROW_FN(read_cr0, uint64_t x_; __asm__ volatile("mov %%cr0, %0" : "=r" (x_)))
ROW_FN(read_msr, __asm__ volatile("rdmsr" : : "c" (0xc0000080) : "eax", "edx"))
ROW_FN(read_port, __asm__ volatile("inb $0x80, %%al" : : : "eax"))
ROW_FN(fault_kernel, __asm__ volatile("movb (%0), %%al" : : "D" (hole) : "eax"))
ROW_FN(ud_kernel, __asm__ volatile("ud2"))
ROW_FN(bp_kernel, __asm__ volatile("int3"))

static void prepare_multicall(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(batch); i++)
		batch[i] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .args = { XENVER_version } };
}

static void prepare_iopl(void)
{
	struct physdev_set_iopl iopl = { 1 };

	if (hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl))
		test_error("cannot set the IOPL");
}

static void prepare_fault(void)
{
	unmapped(hole);
	set_trap(X86_PF, lean_fault);
}

static void prepare_ud(void)
{
	set_trap(X86_UD, lean_skip2);
}

static void prepare_bp(void)
{
	set_trap(X86_BP, lean_plain);
}

static void prepare_syscall(void)
{
	set_callback_to(CALLBACKTYPE_syscall, lean_syscall);
}

/* In user mode: takes the time itself, and ends by a trap that the library knows. */
USER_FN static void user_syscalls(uint64_t n)
{
	uint64_t before = rdtsc();

	while (n--)
		__asm__ volatile("syscall" : : : "rax", "rcx", "r11", "memory");
	own_ticks = rdtsc() - before;
	__asm__ volatile("ud2");
}

USER_FN static void user_faults(uint64_t n)
{
	uint64_t before = rdtsc();

	while (n--)
		__asm__ volatile("movb (%0), %%al" : : "D" (hole) : "eax", "memory");
	own_ticks = rdtsc() - before;
	__asm__ volatile("ud2");
}

static void run_user(void (*fn)(uint64_t), uint64_t n)
{
	struct regs end;

	user_run(fn, n, &end);
	if (end.vector != X86_UD)
		test_error("user mode ended by trap %lu at %#lx", end.vector, end.rip);
	own_ticks -= 2 * n;		/* its loop */
}

static void syscall_trip(uint64_t n)
{
	run_user(user_syscalls, n);
}

static void fault_user(uint64_t n)
{
	run_user(user_faults, n);
}

const struct row trap_rows[] = {
	{ "null_hypercall", null_hypercall, NULL, 4000, 1 },
	{ "absent_hypercall", absent_hypercall, NULL, 4000, 1 },
	{ "multicall_entry", multicall, prepare_multicall, 500, ARRAY_SIZE(batch) },
	{ "syscall_round_trip", syscall_trip, prepare_syscall, 2000, 1 },
	{ "fault_user", fault_user, prepare_fault, 2000, 1 },
	{ "fault_kernel", fault_kernel, prepare_fault, 2000, 1 },
	{ "ud_kernel", ud_kernel, prepare_ud, 2000, 1 },
	{ "bp_kernel", bp_kernel, prepare_bp, 2000, 1 },
	{ "stack_switch", stack_switch, NULL, 2000, 1 },
	{ "set_segment_base", segment_base, NULL, 2000, 1 },
	{ "fpu_taskswitch_pair", fpu_switch, NULL, 2000, 1 },
	{ "emulated_read_cr0", read_cr0, NULL, 1000, 1 },
	{ "emulated_rdmsr", read_msr, NULL, 1000, 1 },
	{ "port_in", read_port, prepare_iopl, 1000, 1 },
	{ NULL, NULL, NULL, 0, 0 }
};
