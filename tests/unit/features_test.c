/* SPDX-License-Identifier: MIT */
/*
 * Processors as firmware and other hypervisors show them: CPUID that contradicts itself, leaves and a local APIC that a
 * register hides, a second processor with less than the first.
 */
#include "unit.h"

#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/fpu.h"

#define YMM_FIRST	576u
#define ZMM_FIRST	1088u

struct host_cpu host_cpu;

/* The processor that is asked. */
static struct {
	const char *vendor;
	u32 max_leaf, c1, d1, b7, e1d;
	u32 components;			/* leaf 0xd; a size and a place for each */
	u32 size[10], offset[10];
	u32 phys_bits;
	u64 misc_enable, apic_base;
	bool apic_stays_off, no_xsaveopt, tcg;
} cpu;

static u32 last_leaf(void)
{
	return cpu.misc_enable & MISC_ENABLE_LIMIT_CPUID ? 3 : cpu.max_leaf;
}

static void state_leaf(u32 subleaf, struct cpuid_regs *r)
{
	*r = (struct cpuid_regs){ 0 };
	if (subleaf == 0)
		r->eax = cpu.components;
	else if (subleaf == 1)
		r->eax = cpu.no_xsaveopt ? 0 : 1;
	else if (subleaf < ARRAY_SIZE(cpu.size))
		*r = (struct cpuid_regs){ cpu.size[subleaf], cpu.offset[subleaf], 0, 0 };
}

static void on_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	*r = (struct cpuid_regs){ 0 };
	if (leaf == 0) {
		r->eax = last_leaf();
		memcpy(&r->ebx, cpu.vendor, 4);
		memcpy(&r->edx, cpu.vendor + 4, 4);
		memcpy(&r->ecx, cpu.vendor + 8, 4);
	} else if (leaf == 1) {
		*r = (struct cpuid_regs){ 0x000306a9, 0, cpu.c1,
					  cpu.d1 & ~(cpu.apic_base & APIC_BASE_ENABLE ? 0u : 1u << 9) };
	} else if (leaf == 7 && leaf <= last_leaf()) {
		r->ebx = cpu.b7;
	} else if (leaf == 0xd && leaf <= last_leaf()) {
		state_leaf(subleaf, r);
	} else if (leaf == 0x40000000 && cpu.tcg) {
		*r = (struct cpuid_regs){ 0x40000001, 0x54474354, 0x43544743, 0x47435447 };
	} else if (leaf == 0x80000000) {
		r->eax = 0x80000008;
	} else if (leaf == 0x80000001) {
		r->edx = cpu.e1d;
	} else if (leaf == 0x80000008) {
		r->eax = cpu.phys_bits;
	} else if (leaf > last_leaf() && leaf < 0x80000000) {
		*r = (struct cpuid_regs){ 7, 7, 7, 7 };		/* as Intel's do: what some other leaf holds */
	}
}

static u64 on_rdmsr(u32 msr)
{
	return msr == MSR_MISC_ENABLE ? cpu.misc_enable : msr == MSR_APIC_BASE ? cpu.apic_base : 0;
}

static void on_wrmsr(u32 msr, u64 value)
{
	if (msr == MSR_MISC_ENABLE)
		cpu.misc_enable = value;
	if (msr == MSR_APIC_BASE && !cpu.apic_stays_off)
		cpu.apic_base = value;
}

/* A sound one, with AVX512. */
static void sound(void)
{
	host_cpu = (struct host_cpu){ .rdmsr = on_rdmsr, .wrmsr = on_wrmsr, .cpuid = on_cpuid };
	memset(&cpu, 0, sizeof(cpu));
	cpu.vendor = "GenuineIntel";
	cpu.max_leaf = 0xd;
	cpu.c1 = 1u << 26 | 1u << 28;
	cpu.d1 = 1u << 26 | 1u << 24 | 1u << 9;
	cpu.b7 = 1u << 7;
	cpu.e1d = 1u << 29 | 1u << 20 | 1u << 11;
	cpu.components = 0xe7;
	cpu.size[2] = 256, cpu.offset[2] = YMM_FIRST;
	cpu.size[5] = 64, cpu.offset[5] = ZMM_FIRST;
	cpu.size[6] = 512, cpu.offset[6] = ZMM_FIRST + 64;
	cpu.size[7] = 1024, cpu.offset[7] = ZMM_FIRST + 64 + 512;
	cpu.phys_bits = 40;
	cpu.apic_base = 0xfee00000 | APIC_BASE_ENABLE;
	memset(&cpu_features, 0, sizeof(cpu_features));
	fpu_area_size = 512;
	fpu_xcr0_all = XCR0_X87 | XCR0_SSE;
}

static const char *detect(void)
{
	const char *missing = features_detect();

	fpu_init();
	return missing;
}

TEST(a_sound_processor)
{
	sound();
	CHECK(!detect());
	CHECK(cpu_features.xsave && cpu_features.xsaveopt && cpu_features.smep && !cpu_features.xsave_unused);
	CHECK_EQ(fpu_xcr0_all, 0xe7);
	CHECK_EQ(fpu_area_size, ZMM_FIRST + 64 + 512 + 1024);
	CHECK_EQ(cpu_features.phys_bits, 40);
	CHECK(!features_check_cpu());
}

/* XSAVE without a word on what it saves is not used, and nothing of what stands on it. */
TEST(xsave_must_be_described)
{
	for (u32 i = 0; i < 3; i++) {
		sound();
		if (i == 0)
			cpu.max_leaf = 7;
		else
			cpu.components = i == 1 ? 0 : 5;
		CHECK(!detect());
		CHECK(cpu_features.xsave_unused && strstr(cpu_features.xsave_unused, "leaf 0xd"));
		CHECK(!cpu_features.xsave && !cpu_features.xsaveopt);
		CHECK_EQ(fpu_xcr0_all, XCR0_X87 | XCR0_SSE);
		CHECK_EQ(fpu_area_size, 512);
		CHECK(!features_check_cpu());
	}
	sound();
	cpu.max_leaf = 7;
	cpu.c1 = 0;
	CHECK(!detect());
	CHECK(!cpu_features.xsave_unused);
}

/* QEMU's emulator hangs with XSAVE where it has nothing beyond it; real processors of that kind do not. */
TEST(xsave_alone_is_for_real_processors)
{
	for (u32 i = 0; i < 4; i++) {
		sound();
		cpu.tcg = i & 1;
		cpu.no_xsaveopt = i & 2;
		cpu.c1 |= cpu.tcg ? 1u << 31 : 0;
		CHECK(!detect());
		CHECK_EQ(cpu_features.xsave, i != 3);
		CHECK_EQ(cpu_features.xsave_unused != NULL, i == 3);
		CHECK_EQ(fpu_xcr0_all, i != 3 ? 0xe7 : 3);
	}
}

/* A component with no place or an absurd one is left out, and what needs it. */
TEST(components_must_make_sense)
{
	static const struct { u32 component, size, offset; u64 left; u32 area; } tries[] = {
		{ 2, 0, YMM_FIRST, 3, 576 },
		{ 2, 256, 0, 3, 576 },
		{ 2, 256, 575, 3, 576 },
		{ 2, ~0u, YMM_FIRST, 3, 576 },
		{ 2, 256, ~0u, 3, 576 },
		{ 2, 256, ~255u, 3, 576 },
		{ 2, 2, 8191, 3, 576 },
		{ 6, 0, 0, 7, 832 },
		{ 7, 1024, ~0u, 7, 832 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(tries); i++) {
		sound();
		cpu.size[tries[i].component] = tries[i].size;
		cpu.offset[tries[i].component] = tries[i].offset;
		CHECK(!detect());
		CHECK(cpu_features.xsave);
		CHECK_EQ(fpu_xcr0_all, tries[i].left);
		CHECK_EQ(fpu_area_size, tries[i].area);
	}
}

/* The firmware's "limit CPUID" is taken back, on each processor. */
TEST(hidden_leaves_are_uncovered)
{
	sound();
	cpu.misc_enable = MISC_ENABLE_LIMIT_CPUID | 1;
	CHECK(!detect());
	CHECK_EQ(cpu.misc_enable, 1);
	CHECK_EQ(cpu_features.max_leaf, 0xd);
	CHECK(cpu_features.xsave && cpu_features.smep);
	cpu.misc_enable |= MISC_ENABLE_LIMIT_CPUID;
	CHECK(!features_check_cpu());
	sound();
	cpu.vendor = "AuthenticAMD";
	cpu.misc_enable = MISC_ENABLE_LIMIT_CPUID;	/* another register there, if any */
	CHECK(!detect());
	CHECK_EQ(cpu.misc_enable, MISC_ENABLE_LIMIT_CPUID);
}

TEST(a_local_apic_left_off_is_switched_on)
{
	sound();
	cpu.apic_base = 0xfee00000;
	CHECK(!detect());
	CHECK_EQ(cpu.apic_base, 0xfee00000 | APIC_BASE_ENABLE);
	sound();
	cpu.apic_base = 0xfee00000;
	cpu.apic_stays_off = true;
	CHECK_STR(detect(), "a local APIC");
}

TEST(physical_addresses_have_a_sane_width)
{
	for (u32 bits = 0; bits < 256; bits++) {
		sound();
		cpu.phys_bits = bits;
		CHECK(!detect());
		CHECK_EQ(cpu_features.phys_bits, bits >= 32 && bits <= 52 ? bits : 36);
	}
}

TEST(what_nothing_goes_without_is_missed_by_name)
{
	sound();
	cpu.e1d &= ~(1u << 11);
	CHECK_STR(detect(), "SYSCALL");
	sound();
	cpu.e1d &= ~(1u << 20);
	CHECK(!strncmp(detect(), "NX (", 4));
	sound();
	cpu.d1 &= ~(1u << 26);
	CHECK_STR(detect(), "SSE2");
	sound();
	CHECK(!detect());
	cpu.d1 &= ~(1u << 24);
	CHECK_STR(features_check_cpu(), "FXSAVE");
}

TEST(another_processor_with_less_is_refused)
{
	sound();
	CHECK(!detect());
	cpu.components = 7;
	CHECK_STR(features_check_cpu(), "a component of xsave");
	cpu.components = 0x2e7;		/* more does no harm */
	CHECK(!features_check_cpu());
	cpu.b7 = 0;
	CHECK_STR(features_check_cpu(), "smep");
}

int main(void)
{
	RUN(a_sound_processor);
	RUN(xsave_must_be_described);
	RUN(xsave_alone_is_for_real_processors);
	RUN(components_must_make_sense);
	RUN(hidden_leaves_are_uncovered);
	RUN(a_local_apic_left_off_is_switched_on);
	RUN(physical_addresses_have_a_sane_width);
	RUN(what_nothing_goes_without_is_missed_by_name);
	RUN(another_processor_with_less_is_refused);
	return unit_end();
}
