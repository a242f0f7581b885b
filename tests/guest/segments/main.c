/* SPDX-License-Identifier: MIT */
/*
 * Segment bases and selectors: FS, the kernel's GS and the user's GS are set by hypercall, the two GS change places
 * with the mode, and all survive traps, events and time slices. Bases that are not canonical and selectors that are
 * none must not break the hypervisor's own use of GS.
 */
#include "guest.h"

const char test_title[] = "segments: bases of FS and GS";

static uint64_t fs_word = 0xf5f5, kernel_word = 0x6b6b, user_word = 0x7575;

static uint64_t read_fs(void)
{
	uint64_t v;

	__asm__ volatile("mov %%fs:0, %0" : "=r" (v));
	return v;
}

static uint64_t read_gs(void)
{
	uint64_t v;

	__asm__ volatile("mov %%gs:0, %0" : "=r" (v));
	return v;
}

static USER_FN void user_read(uint64_t arg)
{
	uint64_t gs, fs;

	(void)arg;
	__asm__ volatile("mov %%gs:0, %0; mov %%fs:0, %1; mov %0, %%rbx; mov %1, %%r12; ud2"
			 : "=&r" (gs), "=&r" (fs) : : "rbx", "r12");
}

static void bases(void)
{
	struct regs end;

	EXPECT(0, hypercall(set_segment_base, SEGBASE_FS, &fs_word));
	EXPECT(0, hypercall(set_segment_base, SEGBASE_GS_KERNEL, &kernel_word));
	EXPECT(0, hypercall(set_segment_base, SEGBASE_GS_USER, &user_word));
	CHECK(read_fs() == 0xf5f5, "fs:0 is %#lx", read_fs());
	CHECK(read_gs() == 0x6b6b, "gs:0 in kernel mode is %#lx", read_gs());
	user_run(user_read, 0, &end);
	CHECK(end.vector == X86_UD && end.rbx == 0x7575, "gs:0 in user mode is %#lx (trap %ld)", end.rbx, end.vector);
	CHECK(end.r12 == 0xf5f5, "fs:0 in user mode is %#lx", end.r12);
	CHECK(read_gs() == 0x6b6b, "gs:0 back in kernel mode is %#lx", read_gs());
	PROBE("ud2");
	hypercall(sched_op, SCHEDOP_yield, NULL);
	CHECK(read_fs() == 0xf5f5 && read_gs() == 0x6b6b, "after a trap and a yield: fs:0 %#lx, gs:0 %#lx", read_fs(),
	      read_gs());
}

static void bad_bases(void)
{
	for (int which = 0; which < 3; which++) {
		CHECK(hypercall(set_segment_base, which, 0x0000800000000000) < 0,
		      "base %d takes a non-canonical address", which);
		CHECK(hypercall(set_segment_base, which, 0x8000000000000000) < 0,
		      "base %d takes a non-canonical address", which);
	}
	EXPECT(-XEN_EINVAL, hypercall(set_segment_base, 9, &fs_word));
	/* An address of the hypervisor is canonical; reading there is a fault of the guest. */
	hypercall(set_segment_base, SEGBASE_FS, 0xffff830000000000);
	PROBE("mov %%fs:0, %%rax", : : : "rax");
	EXPECT_TRAP("read through FS into the hypervisor", X86_PF, -1);
	EXPECT(0, hypercall(set_segment_base, SEGBASE_FS, &fs_word));
}

static void selectors(void)
{
	static const uint16_t bad[] = { 0xe008, 0xe010, 0xfff8, 0xe041, 0xe7fb };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		/* a process may have chosen it; Linux' kernel stops (BUG) when this fails */
		EXPECT(0, hypercall(set_segment_base, SEGBASE_GS_USER_SEL, bad[i]));
		PROBE("mov %0, %%gs", : : "r" (bad[i]));
		CHECK(trap_last.vector == X86_GP || trap_last.vector == X86_NP || trap_last.vector == -1,
		      "load of %#x to gs met %ld", bad[i], trap_last.vector);
		CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "no hypercalls after %#x in gs", bad[i]);
	}
	EXPECT(0, hypercall(set_segment_base, SEGBASE_GS_USER_SEL, 0));
	PROBE("mov %0, %%gs", : : "r" (0));
	PROBE("mov %0, %%fs", : : "r" (0));
	PROBE("mov %0, %%ds", : : "r" (FLAT_USER_DS32));
	EXPECT_TRAP("load of a flat segment to ds", -1, -1);
	EXPECT(0, hypercall(set_segment_base, SEGBASE_GS_KERNEL, &kernel_word));
	CHECK(read_gs() == 0x6b6b, "gs:0 is %#lx at the end", read_gs());
}

void test_main(void)
{
	bases();
	bad_bases();
	selectors();
}
