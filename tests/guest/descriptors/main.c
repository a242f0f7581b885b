/* SPDX-License-Identifier: MIT */
/*
 * GDT and LDT belong to the guest, but may hold only code and data segments for rings above 0: no call, task or
 * interrupt gates, no TSS, nothing with DPL 0 (in a 64-bit guest's kernel there is nothing below ring 3 at all). One
 * gate that leads to ring 0 is the whole machine.
 */
#include "guest.h"

const char test_title[] = "descriptors: GDT, LDT, update_descriptor";

static uint64_t gdt[512] PAGE, ldt[512] PAGE, gates[512] PAGE;

#define CODE64(dpl)	(0x00af9b000000ffffUL | (uint64_t)(dpl) << 45)
#define CODE32(dpl)	(0x00cf9b000000ffffUL | (uint64_t)(dpl) << 45)
#define DATA(dpl)	(0x00cf93000000ffffUL | (uint64_t)(dpl) << 45)
#define SYSTEM(type)	(0x0000e00000000000UL | (uint64_t)(type) << 40 | 0xe0330000UL | 0x1000)

static long set(uint64_t *table, unsigned int slot, uint64_t desc)
{
	return hypercall(update_descriptor, va_to_mfn(table) << 12 | slot * 8, desc);
}

static void loads(void)
{
	EXPECT(0, set(gdt, 20, DATA(3)));
	PROBE("mov %0, %%es", : : "r" (20 * 8 + 3));
	EXPECT_TRAP("load of a good data segment", -1, -1);
	EXPECT(0, set(gdt, 20, 0));
	PROBE("mov %0, %%es", : : "r" (20 * 8 + 3));
	EXPECT_TRAP("load of an empty descriptor", X86_GP, 20 * 8);
	PROBE("mov %0, %%es", : : "r" (0));
	EXPECT_TRAP("load of the null selector", -1, -1);
	EXPECT(0, set(gdt, 21, DATA(3) & ~(1UL << 47)));
	PROBE("mov %0, %%es", : : "r" (21 * 8 + 3));
	EXPECT_TRAP("load of an absent segment", X86_NP, 21 * 8);
}

static const struct {
	uint32_t offset;
	uint16_t selector;
} __attribute__((packed)) through_gate = { 0, 30 * 8 + 3 };

static void refused(void)
{
	static const struct {
		const char *what;
		uint64_t desc;
	} bad[] = {
		{ "a call gate", SYSTEM(0xc) }, { "an interrupt gate", SYSTEM(0xe) }, { "a trap gate", SYSTEM(0xf) },
		{ "a TSS", SYSTEM(0x9) }, { "a busy TSS", SYSTEM(0xb) }, { "an LDT", SYSTEM(0x2) },
		{ "a task gate", SYSTEM(0x5) }, { "a 16-bit call gate", SYSTEM(0x4) }, { "a 16-bit TSS", SYSTEM(0x1) },
	};
	static const struct {
		const char *what;
		uint64_t desc;
	} ring0[] = { { "ring 0 code", CODE64(0) }, { "ring 0 data", DATA(0) }, { "ring 0 32-bit code", CODE32(0) },
		      { "conforming ring 0 code", CODE64(0) | 1UL << 42 } };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		long r = set(gdt, 30, bad[i].desc);

		/* A 32-bit call gate may be kept for emulation, with DPL 0, which ring 3 cannot use. */
		CHECK(r < 0 || (i == 0 && !(gdt[30] >> 45 & 3)), "%s is taken into the GDT as %#lx", bad[i].what,
		      gdt[30]);
		CHECK(r == 0 || gdt[30] == 0, "the GDT holds %#lx after %s was refused", gdt[30], bad[i].what);
		if (r == 0) {
			PROBE("lcall *(%0)", : : "r" (&through_gate) : "memory");
			CHECK(trap_last.vector == X86_GP || trap_last.vector == X86_PF, "call by a gate met %ld",
			      trap_last.vector);
			EXPECT(0, set(gdt, 30, 0));
		}
	}
	/* These may be taken, if they are made harmless. */
	for (size_t i = 0; i < ARRAY_SIZE(ring0); i++) {
		long r = set(gdt, 31, ring0[i].desc);

		CHECK(r < 0 || (gdt[31] >> 45 & 3) != 0 || !(gdt[31] >> 47 & 1), "%s is taken as %#lx", ring0[i].what,
		      gdt[31]);
		set(gdt, 31, 0);
	}
	CHECK(set(gdt, 32, CODE32(3)) == 0, "32-bit ring 3 code is refused");
	CHECK(set(gdt, 33, CODE64(3)) == 0, "64-bit ring 3 code is refused");
}

/* A GDT page that holds something bad cannot be installed. */
static void bad_tables(void)
{
	static uint64_t page[512] PAGE;
	uint64_t frame = va_to_mfn(page), frames[2];

	page[40] = SYSTEM(0xe);
	read_only(page);
	CHECK(hypercall(set_gdt, &frame, 512) < 0, "a GDT with an interrupt gate is installed");
	writable(page);
	page[40] = 0;
	read_only(page);
	EXPECT(0, hypercall(set_gdt, &frame, 512));
	frame = va_to_mfn(gdt);
	EXPECT(0, hypercall(set_gdt, &frame, 512));
	EXPECT(-XEN_EINVAL, hypercall(set_gdt, &frame, FIRST_RESERVED_GDT_ENTRY + 1));
	frame = root_mfn();
	CHECK(hypercall(set_gdt, &frame, 512) < 0, "the L4 is installed as GDT");
	frame = 0xfffffff;
	CHECK(hypercall(set_gdt, &frame, 512) < 0, "no frame at all is installed as GDT");
	frames[0] = va_to_mfn(gdt);
	frames[1] = start_info->shared_info >> 12;
	CHECK(hypercall(set_gdt, frames, 600) < 0, "the shared info page is installed as GDT");
	writable(page);
	CHECK(hypercall(update_descriptor, root_mfn() << 12, DATA(3)) < 0, "a descriptor is written into the L4");
	CHECK(hypercall(update_descriptor, 0x000fffffff000000UL, DATA(3)) < 0, "a descriptor is written to no frame");
	CHECK(hypercall(update_descriptor, (va_to_mfn(gdt) << 12) + 3, DATA(3)) < 0, "an odd address is taken");
}

static void local(void)
{
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, (uint64_t)ldt, 512));
	PROBE("mov %0, %%es", : : "r" (5 * 8 + 4 + 3));
	EXPECT_TRAP("load from the LDT", -1, -1);
	CHECK(set(ldt, 6, SYSTEM(0xe)) < 0, "an interrupt gate is taken into a live LDT");
	CHECK(map_at(ldt, va_to_mfn(ldt) << 12 | PTE_DATA, UVMF_INVLPG) < 0, "a live LDT page is mapped writable");
	PROBE("mov %0, %%es", : : "r" (0));
	/* A page with a gate in it is no LDT page: loads fault as if it were absent. */
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, (uint64_t)gates, 512));
	PROBE("mov %0, %%es", : : "r" (5 * 8 + 4 + 3));
	CHECK(trap_last.vector == X86_PF || trap_last.vector == X86_GP, "load from a page with a gate met %ld",
	      trap_last.vector);
	PROBE("mov %0, %%es", : : "r" (6 * 8 + 4 + 3));
	CHECK(trap_last.vector == X86_PF || trap_last.vector == X86_GP, "load of a gate met %ld", trap_last.vector);
	EXPECT(-XEN_EINVAL, mmuext_two(MMUEXT_SET_LDT, (uint64_t)ldt + 8, 512));
	EXPECT(-XEN_EINVAL, mmuext_two(MMUEXT_SET_LDT, 0xffff830000000000, 512));
	CHECK(mmuext_two(MMUEXT_SET_LDT, (uint64_t)ldt, 8193) < 0, "an LDT of 8193 entries is taken");
	/* An LDT in absent memory: each load faults, as the guest's own access would. */
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, 0x0000600000000000, 512));
	PROBE("mov %0, %%es", : : "r" (5 * 8 + 4 + 3));
	CHECK(trap_last.vector == X86_PF || trap_last.vector == X86_GP, "load from an absent LDT met %ld",
	      trap_last.vector);
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, 0, 0));
	PROBE("mov %0, %%es", : : "r" (5 * 8 + 4 + 3));
	EXPECT_TRAP("load without an LDT", X86_GP, 5 * 8 + 4);
}

static USER_FN void user_trap(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

/*
 * A process whose code or stack lies in its LDT is entered by iret before anything has touched the table: that the
 * hypervisor has not mapped it yet is no fault of the frame.
 */
static void entered(void)
{
	struct regs end;

	EXPECT(0, set(ldt, 7, CODE64(3)));
	EXPECT(0, set(ldt, 8, DATA(3)));
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, (uint64_t)ldt, 512));
	user_run_at((uint64_t)user_trap, 7 * 8 + 4 + 3, FLAT_USER_SS, EFLAGS_IF, 0, &end);
	CHECK(end.vector == X86_UD && (uint16_t)end.cs == 7 * 8 + 4 + 3, "code in the LDT met %#lx at %#lx, cs %#lx",
	      end.vector, end.rip, end.cs);
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, (uint64_t)ldt, 512));
	user_run_at((uint64_t)user_trap, FLAT_USER_CS, 8 * 8 + 4 + 3, EFLAGS_IF, 0, &end);
	CHECK(end.vector == X86_UD && (uint16_t)end.ss == 8 * 8 + 4 + 3, "a stack in the LDT met %#lx at %#lx, ss %#lx",
	      end.vector, end.rip, end.ss);
	/* where there is no table, it is the frame's fault */
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, 0x0000600000000000, 512));
	user_run_at((uint64_t)user_trap, 7 * 8 + 4 + 3, FLAT_USER_SS, EFLAGS_IF, 0, &end);
	CHECK(end.vector == VECTOR_FAILSAFE, "code in an absent LDT met %#lx", end.vector);
	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, 0, 0));
}

void test_main(void)
{
	uint64_t frame = va_to_mfn(gdt);

	read_only(gdt);
	EXPECT(0, hypercall(set_gdt, &frame, 512));
	loads();
	refused();
	bad_tables();
	ldt[5] = DATA(3);
	read_only(ldt);
	gates[5] = DATA(3);
	gates[6] = SYSTEM(0xe);
	read_only(gates);
	local();
	entered();
}
