/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall that follows a guest pointer, given pointers into the hypervisor, at the edges of both halves,
 * beyond the canonical addresses, and to nothing. A hypervisor that writes its answer there corrupts itself; one that
 * reads tells secrets. Each call must fail (or have nothing to copy), and the M2P, which we can see, must not change.
 */
#include "abi/mca.h"
#include "guest.h"

const char test_title[] = "bad-pointers: guest pointers into the hypervisor";

static const uint64_t places[] = {
	0xffff800000000000, 0xffff800000001000, 0xffff807ffffffff0, 0xffff808000000000, 0xffff820000000000,
	0xffff828000000000, 0xffff82d040200000, 0xffff82e000000000, 0xffff830000000000, 0xffff830000100000,
	0xffff87fffffffff8, 0x00007ffffffffff8, 0x0000800000000000, 0xffff7ffffffffff8, 0x8000000000000000,
	0x0000555555555000, 0xffff880000000000 - 4, 0xfffffffffffffff8, 0xffffffffffffffff,
};

/* cmd, and where the pointer goes: argument 1, 2 or 3. */
static const struct {
	const char *what;
	uint8_t nr;
	uint8_t pointer_arg;
	uint64_t a1, a2, a3, a4;
} calls[] = {
	{ "set_trap_table", __HYPERVISOR_set_trap_table, 1, 0, 0, 0, 0 },
	{ "mmu_update", __HYPERVISOR_mmu_update, 1, 0, 1, 0, DOMID_SELF },
	{ "set_gdt", __HYPERVISOR_set_gdt, 1, 0, 512, 0, 0 },
	{ "platform_op", __HYPERVISOR_platform_op, 1, 0, 0, 0, 0 },
	{ "memory_op increase", __HYPERVISOR_memory_op, 2, XENMEM_increase_reservation, 0, 0, 0 },
	{ "memory_op decrease", __HYPERVISOR_memory_op, 2, XENMEM_decrease_reservation, 0, 0, 0 },
	{ "memory_op populate", __HYPERVISOR_memory_op, 2, XENMEM_populate_physmap, 0, 0, 0 },
	{ "memory_op exchange", __HYPERVISOR_memory_op, 2, XENMEM_exchange, 0, 0, 0 },
	{ "memory_op current_reservation", __HYPERVISOR_memory_op, 2, XENMEM_current_reservation, 0, 0, 0 },
	{ "memory_op maximum_reservation", __HYPERVISOR_memory_op, 2, XENMEM_maximum_reservation, 0, 0, 0 },
	{ "memory_op machphys_mfn_list", __HYPERVISOR_memory_op, 2, XENMEM_machphys_mfn_list, 0, 0, 0 },
	{ "memory_op machphys_mapping", __HYPERVISOR_memory_op, 2, XENMEM_machphys_mapping, 0, 0, 0 },
	{ "memory_op memory_map", __HYPERVISOR_memory_op, 2, XENMEM_memory_map, 0, 0, 0 },
	{ "memory_op machine_memory_map", __HYPERVISOR_memory_op, 2, XENMEM_machine_memory_map, 0, 0, 0 },
	{ "memory_op add_to_physmap", __HYPERVISOR_memory_op, 2, XENMEM_add_to_physmap, 0, 0, 0 },
	{ "multicall", __HYPERVISOR_multicall, 1, 0, 1, 0, 0 },
	{ "xen_version extraversion", __HYPERVISOR_xen_version, 2, XENVER_extraversion, 0, 0, 0 },
	{ "xen_version compile_info", __HYPERVISOR_xen_version, 2, XENVER_compile_info, 0, 0, 0 },
	{ "xen_version capabilities", __HYPERVISOR_xen_version, 2, XENVER_capabilities, 0, 0, 0 },
	{ "xen_version changeset", __HYPERVISOR_xen_version, 2, XENVER_changeset, 0, 0, 0 },
	{ "xen_version platform_parameters", __HYPERVISOR_xen_version, 2, XENVER_platform_parameters, 0, 0, 0 },
	{ "xen_version get_features", __HYPERVISOR_xen_version, 2, XENVER_get_features, 0, 0, 0 },
	{ "xen_version guest_handle", __HYPERVISOR_xen_version, 2, XENVER_guest_handle, 0, 0, 0 },
	{ "xen_version commandline", __HYPERVISOR_xen_version, 2, XENVER_commandline, 0, 0, 0 },
	{ "xen_version build_id", __HYPERVISOR_xen_version, 2, XENVER_build_id, 0, 0, 0 },
	{ "console_io write", __HYPERVISOR_console_io, 3, CONSOLEIO_write, 8, 0, 0 },
	{ "grant map", __HYPERVISOR_grant_table_op, 2, GNTTABOP_map_grant_ref, 0, 1, 0 },
	{ "grant unmap", __HYPERVISOR_grant_table_op, 2, GNTTABOP_unmap_grant_ref, 0, 1, 0 },
	{ "grant setup_table", __HYPERVISOR_grant_table_op, 2, GNTTABOP_setup_table, 0, 1, 0 },
	{ "grant transfer", __HYPERVISOR_grant_table_op, 2, GNTTABOP_transfer, 0, 1, 0 },
	{ "grant copy", __HYPERVISOR_grant_table_op, 2, GNTTABOP_copy, 0, 1, 0 },
	{ "grant query_size", __HYPERVISOR_grant_table_op, 2, GNTTABOP_query_size, 0, 1, 0 },
	{ "grant unmap_and_replace", __HYPERVISOR_grant_table_op, 2, GNTTABOP_unmap_and_replace, 0, 1, 0 },
	{ "vcpu_op initialise", __HYPERVISOR_vcpu_op, 3, VCPUOP_initialise, 1, 0, 0 },
	{ "vcpu_op get_runstate_info", __HYPERVISOR_vcpu_op, 3, VCPUOP_get_runstate_info, 0, 0, 0 },
	{ "vcpu_op register_runstate", __HYPERVISOR_vcpu_op, 3, VCPUOP_register_runstate_memory_area, 0, 0, 0 },
	{ "vcpu_op register_vcpu_info", __HYPERVISOR_vcpu_op, 3, VCPUOP_register_vcpu_info, 0, 0, 0 },
	{ "vcpu_op register_time", __HYPERVISOR_vcpu_op, 3, VCPUOP_register_vcpu_time_memory_area, 0, 0, 0 },
	{ "vcpu_op set_periodic", __HYPERVISOR_vcpu_op, 3, VCPUOP_set_periodic_timer, 0, 0, 0 },
	{ "vcpu_op set_singleshot", __HYPERVISOR_vcpu_op, 3, VCPUOP_set_singleshot_timer, 0, 0, 0 },
	{ "mmuext_op", __HYPERVISOR_mmuext_op, 1, 0, 1, 0, DOMID_SELF },
	{ "nmi_op register", __HYPERVISOR_nmi_op, 2, 0, 0, 0, 0 },
	{ "sched_op shutdown", __HYPERVISOR_sched_op, 2, SCHEDOP_shutdown, 0, 0, 0 },
	{ "sched_op poll", __HYPERVISOR_sched_op, 2, SCHEDOP_poll, 0, 0, 0 },
	{ "sched_op remote_shutdown", __HYPERVISOR_sched_op, 2, SCHEDOP_remote_shutdown, 0, 0, 0 },
	{ "sched_op watchdog", __HYPERVISOR_sched_op, 2, SCHEDOP_watchdog, 0, 0, 0 },
	{ "callback_op register", __HYPERVISOR_callback_op, 2, CALLBACKOP_register, 0, 0, 0 },
	{ "event send", __HYPERVISOR_event_channel_op, 2, EVTCHNOP_send, 0, 0, 0 },
	{ "event alloc_unbound", __HYPERVISOR_event_channel_op, 2, EVTCHNOP_alloc_unbound, 0, 0, 0 },
	{ "event bind_virq", __HYPERVISOR_event_channel_op, 2, EVTCHNOP_bind_virq, 0, 0, 0 },
	{ "event bind_ipi", __HYPERVISOR_event_channel_op, 2, EVTCHNOP_bind_ipi, 0, 0, 0 },
	{ "event status", __HYPERVISOR_event_channel_op, 2, EVTCHNOP_status, 0, 0, 0 },
	{ "event init_control", __HYPERVISOR_event_channel_op, 2, EVTCHNOP_init_control, 0, 0, 0 },
	{ "physdev get_free_pirq", __HYPERVISOR_physdev_op, 2, PHYSDEVOP_get_free_pirq, 0, 0, 0 },
	{ "physdev irq_status_query", __HYPERVISOR_physdev_op, 2, PHYSDEVOP_irq_status_query, 0, 0, 0 },
	{ "physdev apic_read", __HYPERVISOR_physdev_op, 2, PHYSDEVOP_apic_read, 0, 0, 0 },
	{ "physdev set_iopl", __HYPERVISOR_physdev_op, 2, PHYSDEVOP_set_iopl, 0, 0, 0 },
	{ "physdev map_pirq", __HYPERVISOR_physdev_op, 2, PHYSDEVOP_map_pirq, 0, 0, 0 },
	{ "sysctl", __HYPERVISOR_sysctl, 1, 0, 0, 0, 0 },
	{ "domctl", __HYPERVISOR_domctl, 1, 0, 0, 0, 0 },
	{ "mca", __HYPERVISOR_mca, 1, 0, 0, 0, 0 },
	{ "xenpmu_op", __HYPERVISOR_xenpmu_op, 2, 4, 0, 0, 0 },
	{ "hvm_op", __HYPERVISOR_hvm_op, 2, 0, 0, 0, 0 },
	{ "kexec_op", __HYPERVISOR_kexec_op, 2, 3, 0, 0, 0 },
	{ "dm_op", __HYPERVISOR_dm_op, 3, 0, 1, 0, 0 },
};

static uint64_t m2p_sum(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 1024; i++)
		sum = sum * 31 + m2p[i];
	return sum;
}

/* A runstate or time area may be registered anywhere; the hypervisor then must not be able to write there. */
static bool may_succeed(size_t i)
{
	return calls[i].nr == __HYPERVISOR_vcpu_op;
}

/* These answer how many extents they did, which is none. */
static bool counts(size_t i)
{
	return calls[i].nr == __HYPERVISOR_memory_op &&
	       (calls[i].a1 == XENMEM_increase_reservation || calls[i].a1 == XENMEM_decrease_reservation ||
		calls[i].a1 == XENMEM_populate_physmap);
}

void test_main(void)
{
	uint64_t before = m2p_sum();

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
			uint64_t a[4] = { calls[i].a1, calls[i].a2, calls[i].a3, calls[i].a4 };
			long r;

			if (places[p] - MACH2PHYS_VIRT_START < 0x10000)
				continue;		/* readable: see below */
			a[calls[i].pointer_arg - 1] = places[p];
			r = hypercall_page_call(calls[i].nr, a[0], a[1], a[2], a[3], 0);
			if (!may_succeed(i))
				CHECK(r < 0 || (r == 0 && counts(i)), "%s with pointer %#lx gave %ld", calls[i].what,
				      places[p], r);
		}
	}
	/* The M2P can be read by us, so reading from it is no harm; writing would be. */
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint64_t a[4] = { calls[i].a1, calls[i].a2, calls[i].a3, calls[i].a4 };

		if (calls[i].nr == __HYPERVISOR_sched_op || calls[i].nr == __HYPERVISOR_set_gdt ||
		    calls[i].nr == __HYPERVISOR_callback_op || calls[i].nr == __HYPERVISOR_set_trap_table)
			continue;
		a[calls[i].pointer_arg - 1] = MACH2PHYS_VIRT_START + 0x40;
		hypercall_page_call(calls[i].nr, a[0], a[1], a[2], a[3], 0);
	}
	CHECK(m2p_sum() == before, "the M2P has changed");
}
