/* SPDX-License-Identifier: MIT */
/*
 * The segment in which a process runs is taken away by another vCPU, and only then is the process interrupted: the way
 * back to it is by a frame that the processor refuses. Whatever interrupted it, the guest's failsafe handler hears of
 * that. With the word "nmi" tests/boot/run sends the interrupt, as a hardware NMI.
 */
#include "guest.h"

const char test_title[] = "ldt-taken: a code segment goes while its process runs";

#define CODE64	0x00affb000000ffffUL
#define PRESENT	(1UL << 47)
#define SLOT	7
#define LATER	200000000UL	/* ns */

static uint64_t ldt[512] PAGE;
static volatile uint32_t runs, hardware;

static USER_FN void spin(uint64_t arg)
{
	*(volatile uint32_t *)arg = 1;
	for (;;)
		__asm__ volatile("pause");
}

static void take_away(unsigned int cpu)
{
	uint64_t said;
	long rc;

	(void)cpu;
	while (!runs)
		__asm__ volatile("pause");
	if (hardware)
		printk("waiting for an NMI\n");
	/* the serial line's interrupts, which come to the process, are over then */
	said = system_time();
	while (hardware && system_time() - said < LATER)
		;
	rc = hypercall(update_descriptor, va_to_mfn(ldt) << 12 | SLOT * 8, CODE64 & ~PRESENT);
	CHECK(!rc, "the descriptor cannot be changed: %ld", rc);
}

static void nothing(uint32_t port)
{
	(void)port;
}

/* dom0 hears of the NMI first, and goes back to the process. */
static bool hook(struct regs *regs)
{
	return regs->vector == 2;
}

void test_main(void)
{
	uint32_t port = bind_virq(VIRQ_TIMER, 0);
	struct regs end;

	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("needs a second CPU");
	event_handlers[port] = nothing;
	event_unmask(port);
	events_on();
	trap_hook = hook;
	hardware = has_word("nmi");
	ldt[SLOT] = CODE64;
	read_only(ldt);
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, (uint64_t)ldt, 512));
	EXPECT(0, vcpu_run(1, take_away));
	if (!hardware)
		EXPECT(0, hypercall(set_timer_op, system_time() + LATER));
	user_run_at((uint64_t)spin, SLOT * 8 + 4 + 3, FLAT_USER_SS, EFLAGS_IF, (uint64_t)&runs, &end);
	CHECK(runs && end.vector == VECTOR_FAILSAFE, "the process ended by %#lx at %#lx, cs %#lx", end.vector, end.rip,
	      end.cs);
}
