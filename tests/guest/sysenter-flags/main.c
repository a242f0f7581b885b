/* SPDX-License-Identifier: MIT */
/*
 * SYSENTER leaves the trap flag and the nested-task flag as they are. With TF the hypervisor would single-step itself
 * from there on, in whatever guest's name; with NT its next IRET would fault, perhaps on the way to another guest.
 * Instructions are counted by the TSC: with the flags set it must cost hardly more than without.
 */
#include "guest.h"

const char test_title[] = "sysenter-flags: the hypervisor takes neither TF nor NT from a guest";

#define EFLAGS_NT	0x4000UL

static unsigned int failsafes;

static bool hook(struct regs *regs)
{
	failsafes += regs->vector == VECTOR_FAILSAFE;
	return false;
}

static USER_FN void user_sysenter(uint64_t flags)
{
	__asm__ volatile("pushfq; or %0, (%%rsp); popfq; sysenter; ud2" : : "r" (flags));
}

static uint64_t enter(uint64_t flags)
{
	struct regs end;
	uint64_t before = __builtin_ia32_rdtsc();

	user_run(user_sysenter, flags, &end);
	if (end.vector == X86_UD)
		test_skip("no sysenter on this CPU");
	CHECK(end.vector == X86_GP, "sysenter met %#lx", end.vector);
	return __builtin_ia32_rdtsc() - before;
}

void test_main(void)
{
	static const uint64_t flags[] = { EFLAGS_TF, EFLAGS_NT, EFLAGS_TF | EFLAGS_NT };
	uint64_t plain, cost;

	trap_hook = hook;
	enter(0);
	plain = enter(0);
	printk("sysenter and back: %lu instructions\n", plain);
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		cost = enter(flags[i]);
		CHECK(cost < 2 * plain, "with flags %#lx it takes %lu instructions, not %lu", flags[i], cost, plain);
	}
	CHECK(!failsafes, "%u faults of the hypervisor's IRET", failsafes);
}
