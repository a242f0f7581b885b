/* SPDX-License-Identifier: MIT */
/*
 * CPUID by the emulated prefix: the hypervisor's own leaves, and host leaves with what a PV guest cannot have taken
 * out. The prefix must be exact: near misses are an undefined opcode.
 */
#include "abi/cpuid.h"
#include "guest.h"

const char test_title[] = "cpuid: the hypervisor's leaves and the guest's features";

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct leaf l = { .a = leaf, .c = subleaf };

	__asm__ volatile(XEN_CPUID : "+a" (l.a), "=b" (l.b), "+c" (l.c), "=d" (l.d));
	return l;
}

static void hypervisor_leaves(void)
{
	struct leaf l = cpuid(XEN_CPUID_LEAF(0), 0);

	CHECK(l.b == XEN_CPUID_SIGNATURE_EBX && l.c == XEN_CPUID_SIGNATURE_ECX && l.d == XEN_CPUID_SIGNATURE_EDX,
	      "signature %x %x %x", l.b, l.c, l.d);
	CHECK(l.a >= XEN_CPUID_LEAF(2) && l.a <= XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES), "highest leaf %#x", l.a);
	l = cpuid(XEN_CPUID_LEAF(1), 0);
	CHECK(l.a == (uint32_t)hypercall(xen_version, XENVER_version, NULL), "version leaf %#x", l.a);
	l = cpuid(XEN_CPUID_LEAF(2), 0);
	CHECK(l.a == 1, "%u hypercall pages", l.a);
	CHECK(l.c & XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, "features %#x lack PRESERVE_AD", l.c);
	l = cpuid(XEN_CPUID_LEAF(3), 0);
	printk("time leaf: %x %x %x %x\n", l.a, l.b, l.c, l.d);
}

static void guest_features(void)
{
	struct leaf one = cpuid(1, 0), ext = cpuid(0x80000001, 0), zero = cpuid(0, 0);

	CHECK(zero.a >= 1 && zero.a < 0x100, "highest leaf %#x", zero.a);
	CHECK(ext.d & 1U << 29, "no long mode: %#x", ext.d);
	CHECK(ext.d & 1U << 20, "no NX: %#x", ext.d);
	CHECK(ext.d & 1U << 11, "no syscall: %#x", ext.d);
	CHECK(!(ext.c & 1U << 2), "SVM is offered to a PV guest");
	CHECK(!(one.c & 1U << 5), "VMX is offered to a PV guest");
	CHECK(!(one.d & 1U << 3), "PSE is offered to a PV guest");
	CHECK(!(one.c & 1U << 3), "MONITOR is offered");
	for (uint32_t i = 1; i < 20; i++) {
		struct leaf basic = cpuid(zero.a + i, 0), extended = cpuid(cpuid(0x80000000, 0).a + i, 0);

		CHECK(!(basic.a | basic.b | basic.c | basic.d), "leaf %#x, beyond the last, is not empty", zero.a + i);
		CHECK(!(extended.a | extended.b | extended.c | extended.d),
		      "extended leaf %u beyond the last is not empty", i);
	}
	CHECK(zero.b != 0x68747541 || !(one.d & 1U << 11), "SYSENTER is offered by AMD's, which has none in long mode");
	CHECK(one.d & 1U << 6, "no PAE");
	CHECK(one.c & 1U << 31, "the hypervisor bit is not set");
}

static void prefix(void)
{
	PROBE(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x90");		/* the prefix before a nop */
	EXPECT_TRAP("prefix before another instruction", X86_UD, 0);
	PROBE(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6f, 0x0f, 0xa2");	/* one letter wrong */
	EXPECT_TRAP("wrong prefix", X86_UD, 0);
}

static USER_FN void user_cpuid(uint64_t arg)
{
	uint32_t a = 0x40000000, b, c = 0, d;

	(void)arg;
	__asm__ volatile(XEN_CPUID "; ud2" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
}

static void from_user(void)
{
	struct regs end;

	user_run(user_cpuid, 0, &end);
	CHECK(end.vector == X86_UD, "user mode: trap %ld", end.vector);
	CHECK(end.rbx == XEN_CPUID_SIGNATURE_EBX, "user mode: ebx %#lx", end.rbx);
}

void test_main(void)
{
	hypervisor_leaves();
	guest_features();
	prefix();
	from_user();
}
