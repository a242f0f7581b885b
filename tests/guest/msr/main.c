/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers hold the hypervisor's own entry points and modes. Writes of the guest to those must fault or
 * be dropped, without changing anything: after each we make a hypercall, take a trap and read memory, which would end
 * badly had it gone through. Bases of FS and GS are the guest's own and must work.
 */
#include "guest.h"

const char test_title[] = "msr: model-specific registers";

static bool rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t lo = 0, hi = 0;

	PROBE("rdmsr", : "+a" (lo), "+d" (hi) : "c" (msr));
	*value = (uint64_t)hi << 32 | lo;
	return trap_last.vector == -1;
}

static bool wrmsr(uint32_t msr, uint64_t value)
{
	PROBE("wrmsr", : : "a" ((uint32_t)value), "d" ((uint32_t)(value >> 32)), "c" (msr));
	CHECK(trap_last.vector == -1 || trap_last.vector == X86_GP, "wrmsr of %#x met trap %ld", msr, trap_last.vector);
	return trap_last.vector == -1;
}

static void alive(uint32_t msr)
{
	CHECK(hypercall(xen_version, XENVER_version, NULL) >> 16 == 4, "no hypercalls after a write to MSR %#x", msr);
	PROBE("ud2");
	CHECK(trap_last.vector == X86_UD, "no traps after a write to MSR %#x", msr);
}

static void dangerous(void)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
	} writes[] = {
		{ 0xc0000080, 0 }, { 0xc0000080, 0x1500 }, { 0xc0000081, 0 }, { 0xc0000082, 0x1234 },
		{ 0xc0000083, 0x1234 }, { 0xc0000084, 0 }, { 0x174, 8 }, { 0x175, 0x1000 }, { 0x176, 0x1000 },
		{ 0x1b, 0 }, { 0x1b, 0xfee00c00 }, { 0x277, 0 }, { 0x2ff, 0 }, { 0x200, 0 }, { 0x1d9, 3 },
		{ 0xc0010117, 0x1000 }, { 0xc0010114, 0 }, { 0x3a, 5 }, { 0x1a0, 0 }, { 0x17, 0 },
		{ 0x79, 0xffff830000000000 }, { 0xc0010020, 0 }, { 0xc0010015, 0 }, { 0x48, 0 }, { 0x49, 1 },
		{ 0x10, 0 }, { 0x40000000, 0x1000 }, { 0x808, 0xff }, { 0x830, 0x4500 }, { 0xc0011022, 0 },
		{ 0x6e0, 1 }, { 0xda0, 1 }, { 0x38f, 7 }, { 0x600, 0xffff830000000000 },
	};
	uint64_t before, after;

	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		bool readable = rdmsr(writes[i].msr, &before);

		wrmsr(writes[i].msr, writes[i].value);
		alive(writes[i].msr);
		if (readable && rdmsr(writes[i].msr, &after) && writes[i].msr != 0x10 && before != writes[i].value)
			CHECK(before == after, "MSR %#x was %#lx and is %#lx", writes[i].msr, before, after);
	}
}

static void every_low_msr(void)
{
	unsigned int readable = 0;
	uint64_t v;

	for (uint32_t msr = 0; msr < 0x1000; msr++)
		readable += rdmsr(msr, &v);
	for (uint32_t msr = 0xc0000000; msr < 0xc0000200; msr++)
		readable += rdmsr(msr, &v);
	for (uint32_t msr = 0xc0010000; msr < 0xc0010200; msr++)
		readable += rdmsr(msr, &v);
	printk("%u MSRs can be read\n", readable);
}

static void bases(void)
{
	static uint64_t a = 0xaaaa, b = 0xbbbb;
	uint64_t v;

	CHECK(wrmsr(0xc0000100, (uint64_t)&a), "FS base cannot be written");
	__asm__ volatile("mov %%fs:0, %0" : "=r" (v));
	CHECK(v == 0xaaaa, "fs:0 reads %#lx", v);
	CHECK(rdmsr(0xc0000100, &v) && v == (uint64_t)&a, "FS base reads %#lx", v);
	CHECK(wrmsr(0xc0000101, (uint64_t)&b), "GS base cannot be written");
	__asm__ volatile("mov %%gs:0, %0" : "=r" (v));
	CHECK(v == 0xbbbb, "gs:0 reads %#lx", v);
	CHECK(wrmsr(0xc0000102, (uint64_t)&a), "the other GS base cannot be written");
	CHECK(rdmsr(0xc0000102, &v) && v == (uint64_t)&a, "the other GS base reads %#lx", v);
	CHECK(!wrmsr(0xc0000100, 0x0000800000000000), "FS base takes a non-canonical address");
	CHECK(!wrmsr(0xc0000101, 0x0000800000000000), "GS base takes a non-canonical address");
	CHECK(!wrmsr(0xc0000102, 0x0000800000000000), "the other GS base takes a non-canonical address");
	CHECK(rdmsr(0xc0000080, &v) && (v & 0x501) == 0x501, "EFER reads %#lx", v);
}

void test_main(void)
{
	bases();
	dangerous();
	every_low_msr();
	bases();
}
