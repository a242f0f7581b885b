/* SPDX-License-Identifier: MIT */
/*
 * When the hypervisor cannot load a segment register of the guest on its way back to it (the guest has meanwhile taken
 * the descriptor away), it calls the failsafe callback instead of faulting. And each entry of the guest masks events
 * exactly when it was registered to.
 */
#include "guest.h"

const char test_title[] = "failsafe: segments gone while away; masks on entry";

static uint64_t gdt[512] PAGE;
static volatile int failsafes, seen_mask = -1;

static bool hook(struct regs *regs)
{
	if (regs->vector == VECTOR_FAILSAFE) {
		failsafes++;
		return true;		/* rip is where we were going; the bad segment is gone */
	}
	if (regs->vector == 128) {
		seen_mask = shared_info->vcpu_info[0].evtchn_upcall_mask;
		return true;
	}
	return false;
}

static void segment_gone(void)
{
	uint64_t frame = va_to_mfn(gdt);
	uint16_t es = 1;

	gdt[20] = 0x00cff3000000ffffUL;
	read_only(gdt);
	EXPECT(0, hypercall(set_gdt, &frame, 512));
	__asm__ volatile("mov %0, %%es" : : "r" (20 * 8 + 3));
	EXPECT(0, hypercall(update_descriptor, (frame << 12) + 20 * 8, 0));
	/* The next turn of another vCPU or domain reloads it. */
	for (int i = 0; i < 3; i++) {
		struct sched_poll p = { .timeout = system_time() + 2000000 };

		hypercall(sched_op, SCHEDOP_poll, &p);
	}
	__asm__ volatile("mov %%es, %0" : "=r" (es));
	printk("%d failsafe callbacks; es is %#x\n", failsafes, es);
	CHECK(es == 0 || es == 20 * 8 + 3, "es is %#x", es);
	__asm__ volatile("mov %0, %%es" : : "r" (0));
}

static void masks(void)
{
	struct trap_info t[2] = { { .vector = 128, .flags = 3, .cs = FLAT_KERNEL_CS } };
	extern const char trap_stub_128[];

	t[0].address = (uint64_t)trap_stub_128;
	EXPECT(0, hypercall(set_trap_table, t));
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	barrier();
	__asm__ volatile("int $128" : : : "rcx", "r11", "memory");
	CHECK(seen_mask == 0, "an open gate masks events");
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_mask == 0, "the mask is not restored");
	t[0].flags |= 4;
	EXPECT(0, hypercall(set_trap_table, t));
	seen_mask = -1;
	__asm__ volatile("int $128" : : : "rcx", "r11", "memory");
	CHECK(seen_mask == 1, "a masking gate leaves events on (%d)", seen_mask);
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_mask == 0, "the mask is not restored by iret");
	events_off();
	__asm__ volatile("int $128" : : : "rcx", "r11", "memory");
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_mask == 1, "iret unmasks what was masked");
}

void test_main(void)
{
	trap_hook = hook;
	segment_gone();
	masks();
}
