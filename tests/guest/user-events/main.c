/* SPDX-License-Identifier: MIT */
/*
 * Events that arrive while the guest is in user mode: the kernel's handler runs on the kernel's stack, with the user's
 * registers in the frame and the mask as the interface says, and user mode goes on where it was with nothing changed.
 */
#include "guest.h"

const char test_title[] = "user-events: events in user mode";

static uint32_t port;
static volatile uint64_t from_user, from_kernel, bad_frames;
static volatile uint64_t counter;
extern const char kernel_stack_top[], spin_loop[], spin_end[];

static void tick(uint32_t p)
{
	(void)p;
	hypercall(set_timer_op, system_time() + 200000);
}

static bool hook(struct regs *regs)
{
	if (regs->vector != VECTOR_EVENT)
		return false;
	if ((regs->cs & 3) == 3) {
		from_user++;
		if (regs->rip < (uint64_t)spin_loop || regs->rip >= (uint64_t)spin_end)
			return false;		/* its registers are not set yet */
		bad_frames += (regs->cs & 0xffff) != FLAT_USER_CS || (regs->ss & 0xffff) != FLAT_USER_SS ||
			      !(regs->rflags & EFLAGS_IF) || regs->rbx != 0x1234567 || regs->r15 != 0x7654321 ||
			      (uint64_t)regs > (uint64_t)kernel_stack_top || (regs->cs >> 32 & 0xff) != 0;
	} else {
		from_kernel++;
	}
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_mask == 1, "the handler runs with events on");
	return false;
}

/* Counts a while with known registers, then checks them itself. */
static USER_FN void spin(uint64_t arg)
{
	__asm__ volatile(
		"mov $0x1234567, %%rbx; mov $0x7654321, %%r15; mov %0, %%r12\n"
		".globl spin_loop, spin_end\n"
		"spin_loop: incq (%1)\n"
		"cmp $0x1234567, %%rbx; jne 2f; cmp $0x7654321, %%r15; jne 2f\n"
		"dec %%r12; jnz spin_loop\n"
		"spin_end: ud2\n"
		"2: int3\n"
		: : "r" (arg), "r" (&counter) : "rbx", "r15", "r12", "memory", "cc");
}

void test_main(void)
{
	struct regs end;

	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	port = bind_virq(VIRQ_TIMER, 0);
	event_handlers[port] = tick;
	event_unmask(port);
	trap_hook = hook;
	tick(port);
	user_run(spin, 3000000, &end);
	CHECK(end.vector == X86_UD, "user mode ended by %ld: registers were changed under it", end.vector);
	CHECK(counter == 3000000, "it counted to %lu", counter);
	CHECK(from_user >= 3, "%lu events came in user mode", from_user);
	CHECK(!bad_frames, "%lu frames were wrong", bad_frames);
	printk("%lu events in user mode, %lu in the kernel\n", from_user, from_kernel);
	/* user_run went in with IF, so after its trap events are as they were before: masked by hand now. */
	events_off();
}
