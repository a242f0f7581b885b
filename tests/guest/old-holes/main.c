/* SPDX-License-Identifier: MIT */
/*
 * Small published attacks, one function each, named by their advisory: each once leaked, hung or took over a hypervisor
 * with a call or two. ../ATTACKS.md says where the others are.
 */
#include "guest.h"

const char test_title[] = "old-holes: small attacks of the past";

static uint8_t buffer[2 * PAGE_SIZE] PAGE;
static uint64_t table[512] PAGE;

static bool rdmsr_works(uint32_t msr)
{
	uint32_t lo = 0, hi = 0;

	PROBE("rdmsr", : "=a" (lo), "=d" (hi) : "c" (msr));
	return trap_last.vector == -1;
}

static bool wrmsr_works(uint32_t msr, uint64_t value)
{
	PROBE("wrmsr", : : "a" ((uint32_t)value), "d" ((uint32_t)(value >> 32)), "c" (msr));
	return trap_last.vector == -1;
}

/* PIRQ numbers and indices far out of range, as numbers of both signs; timers at the end of time. */
static void xsa_13_16_20_21(void)
{
	static const int32_t odd[] = { -2, 1 << 16, 0x7fffffff, (int32_t)0x80000000 };
	static const uint64_t times[] = { 1, 1UL << 62, (1UL << 63) - 1, 1UL << 63, ~0UL - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		for (uint32_t type = 0; type < 6; type++) {
			struct physdev_map_pirq m = { .domid = DOMID_SELF, .type = type, .index = odd[i],
						      .pirq = odd[i] };
			struct physdev_unmap_pirq u = { .domid = DOMID_SELF, .pirq = odd[i] };
			struct physdev_get_free_pirq g = { .type = odd[i] };

			CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &m) < 0, "PIRQ %d, type %u", odd[i], type);
			CHECK(hypercall(physdev_op, PHYSDEVOP_unmap_pirq, &u) < 0, "PIRQ %d can be unmapped", odd[i]);
			hypercall(physdev_op, PHYSDEVOP_get_free_pirq, &g);
		}
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct vcpu_set_periodic_timer p = { times[i] };
		struct vcpu_set_singleshot_timer s = { times[i], 0 };

		hypercall(vcpu_op, VCPUOP_set_periodic_timer, 0, &p);
		hypercall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &s);
		hypercall(set_timer_op, times[i]);
		hypercall(sched_op, SCHEDOP_yield, NULL);
	}
	EXPECT(0, hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL));
	EXPECT(0, hypercall(vcpu_op, VCPUOP_stop_singleshot_timer, 0, NULL));
}

/* Text in a buffer of fixed size: what follows it must not be the hypervisor's stack. */
static void xsa_122(void)
{
	static const struct {
		unsigned int op, size;
	} texts[] = {
		{ XENVER_extraversion, XEN_EXTRAVERSION_LEN }, { XENVER_capabilities, XEN_CAPABILITIES_INFO_LEN },
		{ XENVER_changeset, XEN_CHANGESET_INFO_LEN }, { XENVER_commandline, 1024 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		memset(buffer, 0xa5, sizeof(buffer));
		EXPECT(0, hypercall(xen_version, texts[i].op, buffer));
		for (unsigned int n = strlen((char *)buffer); n < texts[i].size; n++)
			if (buffer[n] && buffer[n] != 0xa5)
				test_failure("byte %u after text %u is %#x", n, texts[i].op, buffer[n]);
		CHECK(buffer[texts[i].size] == 0xa5, "text %u is longer than its type", texts[i].op);
	}
}

/* An operand-size prefix before cmpxchg8b once wrote four bytes too many from the hypervisor's stack. */
static void xsa_200(void)
{
	static uint64_t window[512] PAGE;
	volatile uint64_t *pte = pte_of((uint64_t)window, 1, NULL);
	uint64_t before[2] = { pte[0], pte[1] };
	uint32_t a = before[0], d = before[0] >> 32;

	EXPECT(0, hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables));
	PROBE(".byte 0x66; lock cmpxchg8b (%2)",
	      : "+a" (a), "+d" (d)
	      : "r" (pte), "b" ((uint32_t)before[0]), "c" ((uint32_t)(before[0] >> 32)) : "memory");
	CHECK(((pte[0] ^ before[0]) & ~(PTE_A | PTE_D)) == 0, "the entry is %#lx, was %#lx", pte[0], before[0]);
	CHECK(((pte[1] ^ before[1]) & ~(PTE_A | PTE_D)) == 0, "the next entry is %#lx, was %#lx", pte[1], before[1]);
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables));
}

/* Polling ports that are closed, 0, or beyond the table. */
static void xsa_221(void)
{
	static const uint32_t ports[] = { 0, 77, 4095, 4096, 131071, 131072, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		uint32_t port = ports[i];
		struct sched_poll p = { .ports = (uint64_t)&port, .nr_ports = 1, .timeout = 1 };

		CHECK(hypercall(sched_op, SCHEDOP_poll, &p) <= 0, "polling port %u", port);
	}
}

/* INVLPG and its kin with addresses that are not canonical, or the hypervisor's. */
static void xsa_279(void)
{
	static const uint64_t where[] = { 0x0000800000000000, 0xffff7fffffffffff, 1UL << 63, 0xffff830000000000 };
	uint64_t own = va_to_mfn(table) << 12 | PTE_DATA;

	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		mmuext_two(MMUEXT_INVLPG_LOCAL, where[i], 0);
		mmuext_two(MMUEXT_INVLPG_ALL, where[i], 0);
		mmuext_two(MMUEXT_INVLPG_MULTI, where[i], (uint64_t)buffer);
		CHECK(map_at((void *)where[i], own, UVMF_INVLPG) < 0, "%#lx can be mapped", where[i]);
		PROBE("invlpg (%0)", : : "r" (where[i]) : "memory");
	}
}

/* Far calls by an LDT selector while there is no LDT: whatever lies at address 0 is none. */
static void xsa_298(void)
{
	static struct {
		uint64_t offset;
		uint16_t selector;
	} __attribute__((packed)) far = { 0, 0x1007 };

	EXPECT(0, mmuext_two(MMUEXT_SET_LDT, 0, 0));
	PROBE("rex64 lcall *%0", : : "m" (far) : "memory");
	EXPECT_TRAP("a far call without LDT", X86_GP, -1);
}

/* Registers that leak (power meters), that crashed the hypervisor by being read, or that move its own breakpoints. */
static void xsa_333_351_444(void)
{
	static const uint32_t meters[] = { 0x610, 0x611, 0x613, 0x619, 0x639, 0x641, 0xc001029a, 0xc001029b };
	static const uint32_t masks[] = { 0xc0011027, 0xc0011019, 0xc001101a, 0xc001101b };

	rdmsr_works(0x1a0);
	for (size_t i = 0; i < ARRAY_SIZE(meters); i++)
		CHECK(!rdmsr_works(meters[i]), "power meter %#x can be read", meters[i]);
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
		CHECK(!wrmsr_works(masks[i], 0xfff), "address mask %#x can be written", masks[i]);
}

/* Errors of acquire_resource, twice each: a lock left locked would hang the second. */
static void xsa_334(void)
{
	uint64_t frames[2];

	for (uint32_t type = 0; type < 4; type++)
		for (uint32_t id = 0; id < 3; id++)
			for (int again = 0; again < 2; again++) {
				struct xen_mem_acquire_resource r = {
					.domid = DOMID_SELF, .type = type, .id = id, .nr_frames = 2, .frame = ~0UL,
					.frame_list = (uint64_t)frames,
				};

				CHECK(hypercall(memory_op, XENMEM_acquire_resource, &r) < 0, "frame ~0 of resource %u",
				      type);
				r.frame_list = 0xffff830000000000;
				r.frame = 0;
				CHECK(hypercall(memory_op, XENMEM_acquire_resource, &r) < 0, "resource %u went astray",
				      type);
			}
}

/* Thousands of ports reset at once; then they can be opened anew. */
static void xsa_343_344(void)
{
	struct evtchn_reset reset = { DOMID_SELF };
	uint32_t port;

	for (int i = 0; i < 4000; i++) {
		struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };

		if (hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a))
			break;
	}
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &reset));
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &reset));
	port = bind_ipi(0);
	EXPECT(0, event_send(port));
	close_port(port);
}

void test_main(void)
{
	xsa_13_16_20_21();
	xsa_122();
	xsa_200();
	xsa_221();
	xsa_279();
	xsa_298();
	xsa_333_351_444();
	xsa_334();
	xsa_343_344();
}
