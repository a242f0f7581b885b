/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall there is, with arguments from nowhere: the answer is an error or harmless, nothing is left held, and
 * what only the privileged may do is refused to others. Then multicalls, and devices that are none.
 */
#include "two_guests.h"
#include "abi/memory.h"
#include "abi/physdev.h"
#include "abi/platform.h"
#include "abi/sysctl.h"
#include "abi/version.h"
#include "mm/pt.h"
#include "sched/sched.h"

static const u64 nowhere[] = {
	0, 1, 0x1000, 0x800000000000, HV_VIRT_START, HV_VIRT_END - 8, ~0ul, ~0ul - 7, GUEST_BASE + (1ul << 30),
	GUEST_BASE + 60 * PAGE_SIZE,
};

/* The caller lives on, or its domain is made anew. */
static struct vcpu *alive(struct machine_guest **who, bool privileged)
{
	struct vcpu *v = (*who)->d->vcpu[0];

	if (v->pause_flags & (VPF_BLOCKED | VPF_POLL))
		sched_vcpu_unblock(v);
	if (!v->pause_flags)
		return v;
	machine_settle();
	machine_guest_end(*who);
	*who = machine_guest(privileged ? 1 : 2, privileged, 2);
	return (*who)->d->vcpu[0];
}

static void call_everything(struct machine_guest **who, bool privileged)
{
	for (u32 nr = 0; nr < 64; nr++) {
		for (u32 i = 0; i < 60 * ARRAY_SIZE(nowhere); i++) {
			u64 bad = nowhere[i % ARRAY_SIZE(nowhere)], cmd = i / ARRAY_SIZE(nowhere);

			if (nr == __HYPERVISOR_iret)
				break;
			(void)machine_call(alive(who, privileged), nr, cmd, bad, bad, bad);
			(void)machine_call(alive(who, privileged), nr, bad, cmd, bad, DOMID_SELF);
		}
		CHECK(oracle_check());
	}
}

TEST(arguments_from_nowhere)
{
	start();
	call_everything(&g, false);
	call_everything(&lord, true);
	end();
}

TEST(privilege)
{
	static const u8 calls[] = {
		__HYPERVISOR_platform_op, __HYPERVISOR_sysctl, __HYPERVISOR_domctl, __HYPERVISOR_arch_0,
		__HYPERVISOR_update_va_mapping_otherdomain,
	};

	start();
	for (u32 i = 0; i < ARRAY_SIZE(calls); i++)
		CHECK_EQ(machine_call(V, calls[i], guest_va(0), 0, 0, 0), -EPERM);
	CHECK_EQ(machine_call(V, 1000, 0, 0, 0, 0), -ENOSYS);
	CHECK_EQ(machine_call(V, ~0ul, 0, 0, 0, 0), -ENOSYS);
	CHECK_EQ(machine_call(V, __HYPERVISOR_console_io, 0, 1, guest_va(0), 0), -EPERM);
	end();
}

/* In calls that are open to all, what is for the domain that drives the hardware, or that makes others (XSA-87). */
TEST(privileged_operations_of_open_calls)
{
	static const struct {
		u8 call, op;
	} refused[] = {
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_apic_read }, { __HYPERVISOR_physdev_op, PHYSDEVOP_apic_write },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_alloc_irq_vector },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq }, { __HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_setup_gsi }, { __HYPERVISOR_physdev_op, PHYSDEVOP_manage_pci_add },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_manage_pci_remove },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_manage_pci_add_ext },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_restore_msi },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_restore_msi_ext },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_pci_mmcfg_reserved },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_add },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_remove },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_prepare_msix },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_release_msix }, { __HYPERVISOR_physdev_op, PHYSDEVOP_dbgp_op },
		{ __HYPERVISOR_memory_op, XENMEM_machine_memory_map },
		{ __HYPERVISOR_memory_op, XENMEM_set_memory_map }, { __HYPERVISOR_memory_op, XENMEM_claim_pages },
		{ __HYPERVISOR_memory_op, XENMEM_acquire_resource },
	};
	u8 nothing[256] = { 0 };

	start();
	CHECK(!machine_store(V, guest_va(0), nothing, sizeof(nothing)));
	for (u32 i = 0; i < ARRAY_SIZE(refused); i++)
		CHECK_EQ(machine_call(V, refused[i].call, refused[i].op, guest_va(0), 0, 0), -EPERM);
	end();
}

/* Numbers of operations that stand in memory: each, and some beyond every table. */
TEST(operations_in_structures)
{
	struct mmuext_op ext = { .cmd = 0 };
	struct xen_sysctl sys = { .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	struct xen_platform_op plat = { .interface_version = XENPF_INTERFACE_VERSION };

	start();
	for (u32 cmd = 0; cmd < 100; cmd++) {
		ext.cmd = sys.cmd = plat.cmd = cmd;
		CHECK(!machine_store(V, guest_va(0), &ext, sizeof(ext)));
		CHECK(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF) != -ENOSYS ||
		      cmd > MMUEXT_INVLPG_ALL);
		CHECK(!machine_store(LORD, guest_va(0), &sys, sizeof(sys)));
		(void)machine_call(LORD, __HYPERVISOR_sysctl, guest_va(0), 0, 0, 0);
		CHECK(!machine_store(LORD, guest_va(0), &plat, sizeof(plat)));
		(void)machine_call(LORD, __HYPERVISOR_platform_op, guest_va(0), 0, 0, 0);
		CHECK(oracle_check());
	}
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_platform_op, guest_va(0), 0, 0, 0), -ENOSYS);
	end();
}

TEST(multicalls)
{
	struct multicall_entry e[3] = {
		{ .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
		{ .op = __HYPERVISOR_multicall, .args = { guest_va(0), 1 } },
		{ .op = __HYPERVISOR_update_va_mapping, .args = { guest_va(20), 0, 0 } },
	};

	start();
	CHECK(!machine_store(V, guest_va(0), e, sizeof(e)));
	machine_preempt_after(1);
	CHECK_EQ(machine_call(V, __HYPERVISOR_multicall, guest_va(0), 3, 0, 0), 0);
	CHECK(!machine_load(V, e, guest_va(0), sizeof(e)));
	CHECK_EQ(e[0].result, 4 << 16 | 17);
	CHECK_EQ((long)e[1].result, -EINVAL);
	CHECK_EQ(e[2].result, 0);
	CHECK(machine_load(V, e, guest_va(20), 1));
	/* a number that would be another's if only its low half counted: iret among them, which ends a multicall */
	e[0] = (struct multicall_entry){ .op = 1ul << 32 | __HYPERVISOR_iret };
	e[1] = (struct multicall_entry){ .op = 1ul << 63 | __HYPERVISOR_xen_version };
	CHECK(!machine_store(V, guest_va(0), e, sizeof(e)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_multicall, guest_va(0), 2, 0, 0), 0);
	CHECK(!machine_load(V, e, guest_va(0), sizeof(e)));
	CHECK_EQ((long)e[0].result, -ENOSYS);
	CHECK_EQ((long)e[1].result, -ENOSYS);
	CHECK_EQ(machine_call(V, __HYPERVISOR_multicall, guest_va(60), 3, 0, 0), -EFAULT);
	CHECK_EQ(machine_call(V, __HYPERVISOR_multicall, guest_va(0), ~0u, 0, 0), -EFAULT);
	end();
}

/* Numbers of devices that are none: whatever their signs. */
TEST(interrupts_of_wild_devices)
{
	static const int wild[] = { -1, 0x7fffffff, -0x7fffffff - 1, 0x10000, 255 };

	start();
	for (u32 i = 0; i < 6 * ARRAY_SIZE(wild); i++) {
		int w = wild[i % ARRAY_SIZE(wild)];
		struct physdev_map_pirq map = { .domid = DOMID_SELF, .type = i / ARRAY_SIZE(wild), .index = w,
						.pirq = w, .bus = w, .devfn = w, .entry_nr = w, .table_base = i };

		(void)machine_op(LORD, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &map, sizeof(map));
		CHECK(oracle_check());
	}
	end();
}

int main(void)
{
	machine_start();
	RUN(arguments_from_nowhere);
	RUN(privilege);
	RUN(privileged_operations_of_open_calls);
	RUN(operations_in_structures);
	RUN(multicalls);
	RUN(interrupts_of_wild_devices);
	return unit_end();
}
