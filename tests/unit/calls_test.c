/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall there is, with arguments from nowhere: the answer is an error or harmless, nothing is left held, and
 * what only the privileged may do is refused to others. Then each group once as it is meant.
 */
#include "abi/domctl.h"
#include "abi/event_channel.h"
#include "abi/memory.h"
#include "abi/nmi.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/version.h"
#include "abi/physdev.h"
#include "event/event.h"
#include "fake.h"
#include "hypercall/domctl.h"
#include "machine.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "pv/pv.h"
#include "sched/sched.h"
#include "unit.h"
#include "x86/fpu.h"

static struct machine_guest *lord, *g;

#define LORD	(lord->d->vcpu[0])
#define V	(g->d->vcpu[0])

static void start(void)
{
	lord = machine_guest(1, true, 1);
	g = machine_guest(2, false, 2);
}

static void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(lord);
	if (g)
		machine_guest_end(g);
	CHECK(oracle_check());
	if (!machine_is_clean()) {
		CHECK(false);
		machine_remember();
	}
}

static const u64 nowhere[] = {
	0, 1, 0x1000, 0x800000000000, HV_VIRT_START, HV_VIRT_END - 8, ~0ul, ~0ul - 7, GUEST_BASE + (1ul << 30), GUEST_BASE + 60 * PAGE_SIZE,
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
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_alloc_irq_vector }, { __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq }, { __HYPERVISOR_physdev_op, PHYSDEVOP_setup_gsi },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_manage_pci_add }, { __HYPERVISOR_physdev_op, PHYSDEVOP_manage_pci_remove },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_manage_pci_add_ext }, { __HYPERVISOR_physdev_op, PHYSDEVOP_restore_msi },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_restore_msi_ext }, { __HYPERVISOR_physdev_op, PHYSDEVOP_pci_mmcfg_reserved },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_add }, { __HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_remove },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_prepare_msix }, { __HYPERVISOR_physdev_op, PHYSDEVOP_release_msix },
		{ __HYPERVISOR_physdev_op, PHYSDEVOP_dbgp_op }, { __HYPERVISOR_memory_op, XENMEM_machine_memory_map },
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
	CHECK_EQ(machine_call(V, __HYPERVISOR_multicall, guest_va(60), 3, 0, 0), -EFAULT);
	CHECK_EQ(machine_call(V, __HYPERVISOR_multicall, guest_va(0), ~0u, 0, 0), -EFAULT);
	end();
}

/* The new place may overlap the old one: what stood in the old one comes over whole. */
TEST(vcpu_info_moves_a_little)
{
	struct vcpu_register_vcpu_info r = { .offset = 8 };
	u8 *page, old[16];

	start();
	page = (u8 *)g->d->shared_info;
	r.mfn = mfn_x(g->d->shared_info_mfn);
	for (u32 i = 0; i < sizeof(old); i++)
		page[16 + i] = old[i] = (u8)(0x31 + i);		/* arch: cr2 and what follows it */
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), 0);
	CHECK_EQ(memcmp(page + 24, old, sizeof(old)), 0);
	end();
}

TEST(vcpu_areas)
{
	struct vcpu_register_vcpu_info r = { .mfn = 0, .offset = 64 };
	struct vcpu_register_runstate_memory_area area = { .addr.v = guest_va(10) };
	struct vcpu_runstate_info info;

	start();
	r.mfn = mfn_x(g->page[9]);
	r.offset = 4090;
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), -EINVAL);
	r.offset = 64;
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), 0);
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), -EINVAL);
	CHECK(oracle_check());
	r.mfn = mfn_x(g->l1);
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 1, guest_va(0), 0), -EINVAL);
	CHECK(!machine_store(V, guest_va(0), &area, sizeof(area)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, guest_va(0), 0), 0);
	CHECK(!machine_load(V, &info, guest_va(10), sizeof(info)));
	/* nothing of the hypervisor's stack comes out in the gap behind the first word */
	memset(&info, 0xff, sizeof(info));
	CHECK(!machine_store(V, guest_va(10), &info, sizeof(info)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 1, guest_va(10), 0), 0);
	CHECK(!machine_load(V, &info, guest_va(10), sizeof(info)));
	CHECK_EQ(((u32 *)&info)[1], 0);
	area.addr.v = HV_VIRT_START;
	CHECK(!machine_store(V, guest_va(0), &area, sizeof(area)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, guest_va(0), 0), -EFAULT);
	end();
}

static long domctl(u32 cmd, domid_t id, struct xen_domctl *op)
{
	long rc;

	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = id;
	CHECK(!machine_store(LORD, guest_va(0), op, sizeof(*op)));
	rc = machine_call(LORD, __HYPERVISOR_domctl, guest_va(0), 0, 0, 0);
	CHECK(!machine_load(LORD, op, guest_va(0), sizeof(*op)));
	return rc;
}

/* As a toolstack: made, given vCPUs and memory, started, looked at, destroyed. */
TEST(a_domain_by_domctl)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 2, .max_evtchn_port = 100, .max_grant_frames = 4,
						     .max_maptrack_frames = 4, .grant_opts = 1 } };
	struct xen_memory_reservation r = { .extent_start = guest_va(1), .nr_extents = 8, .domid = 40 };

	start();
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	CHECK_EQ(op.domain, 40);
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), -EEXIST);
	memset(&op, 0, sizeof(op));
	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, 40, &op), 0);
	op.u.max_mem.max_memkb = 64;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, 40, &op), 0);
	CHECK_EQ(machine_op(LORD, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 8);
	CHECK(oracle_check());
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 40, &op), 0);
	CHECK_EQ(op.u.getdomaininfo.tot_pages, 8);
	CHECK_EQ(op.u.getdomaininfo.max_vcpu_id, 1);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, 40, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, 40, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, lord->d->id, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, lord->d->id, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 40, &op), -ESRCH);
	op.interface_version++;
	end();
}

/* A context set by tools is the one they get back, field by field, in kernel mode and in user mode. */
static void context_comes_back(u64 flags)
{
	struct vcpu_guest_context *c = calloc(1, sizeof(*c)), *back = calloc(1, sizeof(*back));
	struct xen_domctl op = { 0 };

	pv_vcpu_get_context(V, c);
	for (u32 i = 0; i < offsetof(struct cpu_user_regs, error_code) / 8; i++)
		((u64 *)&c->user_regs)[i] = 0x1111 * (i + 1);
	c->user_regs.rip = guest_va(3), c->user_regs.rsp = guest_va(5);
	c->user_regs.cs = flags & VGCF_in_kernel ? PV_CS64 & ~3u : PV_CS64, c->user_regs.ss = PV_SS;
	c->user_regs.ds = 0x1b, c->user_regs.es = 0x2b, c->user_regs.fs = 0x33, c->user_regs.gs = 0x3b;
	c->user_regs.rflags = 0x246;
	c->trap_ctxt[3] = (struct trap_info){ .vector = 3, .flags = 7, .cs = PV_CS64, .address = guest_va(6) };
	c->trap_ctxt[14] = (struct trap_info){ .vector = 14, .flags = 0, .cs = PV_CS64, .address = guest_va(7) };
	c->kernel_sp = guest_va(9), c->kernel_ss = PV_SS;
	c->event_callback_eip = guest_va(10), c->failsafe_callback_eip = guest_va(11), c->syscall_callback_eip = guest_va(12);
	c->fs_base = 0x1000, c->gs_base_kernel = guest_va(0), c->gs_base_user = 0x2000;
	c->debugreg[0] = guest_va(1), c->debugreg[7] = 0x401;
	c->vm_assist = V->domain->pv.vm_assist = 1ul << VMASST_TYPE_writable_pagetables;
	c->ctrlreg[1] = mfn_x(g->user_l4) << PAGE_SHIFT;
	c->flags = flags | VGCF_online | VGCF_i387_valid;
	V->regs.error_code = 99;
	V->regs.vector = REGS_VEC_SYSCALL;		/* else rcx and r11 would not be those given */
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	op.u.vcpucontext.ctxt = guest_va(4);
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, g->d->id, &op), 0);
	CHECK_EQ(V->regs.error_code, 0);
	CHECK_EQ(V->regs.vector, 0);
	CHECK_EQ(V->pv.kernel_mode, !!(flags & VGCF_in_kernel));
	CHECK(oracle_check());
	op.u.vcpucontext.ctxt = guest_va(8);
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, g->d->id, &op), 0);
	CHECK(!machine_load(LORD, back, guest_va(8), sizeof(*back)));
	/* the event mask is the vCPU's own, and shows as the interrupt flag */
	back->user_regs.rflags = (back->user_regs.rflags & ~0x200ul) | 0x200;
	for (u32 i = 0; i < sizeof(*c) / 8; i++)
		if (((u64 *)c)[i] != ((u64 *)back)[i]) {
			printf("    word %u of the context (of %zu)\n", i, sizeof(*c) / 8);
			CHECK_EQ(((u64 *)c)[i], ((u64 *)back)[i]);
		}
	/* without a floating-point state it starts with the one after reset, not with the last one's */
	memset(V->fpu, 0x5a, fpu_area_size);
	c->flags &= ~VGCF_i387_valid;
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	op.u.vcpucontext.ctxt = guest_va(4);
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, g->d->id, &op), 0);
	CHECK(!memchr(V->fpu, 0x5a, fpu_area_size));
	CHECK_EQ(V->xcr0, 1);
	free(c);
	free(back);
}

TEST(a_context_comes_back)
{
	start();
	context_comes_back(VGCF_in_kernel);
	context_comes_back(VGCF_in_kernel | VGCF_failsafe_disables_events);
	context_comes_back(VGCF_syscall_disables_events);
	context_comes_back(0);
	end();
}

/* What happens to a domain that others look at while it goes. */
TEST(the_dying_get_nothing_new)
{
	struct xen_memory_reservation claim = { .nr_extents = 20 };
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE };
	struct xen_domctl op = { 0 };
	struct vcpu_guest_context *c = calloc(1, sizeof(*c));
	struct domain *d;

	start();
	d = g->d;
	pv_vcpu_get_context(V, c);
	/* a page of it is mapped, so that it stays */
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20),
			      pte_make(g->page[5], PTE_PRESENT | PTE_USER), 0, d->id), 0);
	c->ctrlreg[3] = mfn_x(g->page[5]) << PAGE_SHIFT;
	c->ctrlreg[1] = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, d->id, &op), 0);
	CHECK(oracle_check());
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	op.u.vcpucontext.ctxt = guest_va(4);
	CHECK(domctl(XEN_DOMCTL_setvcpucontext, d->id, &op) < 0);
	CHECK(oracle_check());
	pin.arg1.mfn = mfn_x(g->page[5]);
	CHECK(!machine_store(LORD, guest_va(0), &pin, sizeof(pin)));
	CHECK(machine_call(LORD, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, d->id) < 0);
	claim.domid = d->id;
	CHECK(machine_op(LORD, __HYPERVISOR_memory_op, XENMEM_claim_pages, &claim, sizeof(claim)) < 0);
	CHECK(oracle_check());
	free(c);
	free(g);
	g = NULL;
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping, guest_va(20), 0, UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
	end();
}

/* All that names a domain, about one of no use: no vCPUs yet, or none of what it had any more. */
static void ask_everything_about(domid_t id)
{
	static const u8 calls[] = { __HYPERVISOR_memory_op, __HYPERVISOR_event_channel_op, __HYPERVISOR_grant_table_op,
				    __HYPERVISOR_physdev_op };
	static const u32 domid_at[] = { 0, 2, 28 };
	struct xen_domctl op;
	u8 arg[64];

	for (u32 i = 0; i < 3 * 40 * ARRAY_SIZE(calls); i++) {
		memset(arg, i & 1, sizeof(arg));
		memcpy(arg + domid_at[i % 3], &id, sizeof(id));
		CHECK(!machine_store(LORD, guest_va(0), arg, sizeof(arg)));
		(void)machine_call(LORD, calls[i / 120], i / 3 % 40, guest_va(0), 1, 0);
	}
	for (u32 i = 0; i < 3 * 90; i++) {
		if (i / 3 == XEN_DOMCTL_destroydomain)
			continue;
		memset(&op, 0, sizeof(op));
		op.u.vcpucontext.vcpu = i % 3 == 1;
		if (i % 3 == 2)
			memset(&op.u, 1, sizeof(op.u));
		(void)domctl(i / 3, id, &op);
	}
	CHECK(oracle_check());
}

TEST(questions_about_the_dying_and_the_unborn)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 2, .max_grant_frames = 4 } };
	struct domain *d;

	start();
	d = g->d;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	ask_everything_about(40);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20),
			      pte_make(g->page[5], PTE_PRESENT | PTE_USER), 0, d->id), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, d->id, &op), 0);
	ask_everything_about(d->id);
	free(g);
	g = NULL;
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping, guest_va(20), 0, UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
	machine_idle();
	machine_renew_dom0();	/* some of it was about domain 0 */
	end();
}

TEST(the_end_of_the_machine)
{
	struct sched_remote_shutdown s = { .domain_id = 0, .reason = SHUTDOWN_poweroff };
	u32 before = machine_stops;

	start();
	CHECK_EQ(machine_op(LORD, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &s, sizeof(s)), 0);
	CHECK_EQ(machine_stops, before + 1);
	CHECK_EQ(machine_op(V, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &s, sizeof(s)), -EPERM);
	end();
}

/* Numbers of devices that are none: whatever their signs. */
TEST(interrupts_of_wild_devices)
{
	static const int wild[] = { -1, 0x7fffffff, -0x7fffffff - 1, 0x10000, 255 };

	start();
	for (u32 i = 0; i < 6 * ARRAY_SIZE(wild); i++) {
		int w = wild[i % ARRAY_SIZE(wild)];
		struct physdev_map_pirq map = { .domid = DOMID_SELF, .type = i / ARRAY_SIZE(wild), .index = w, .pirq = w, .bus = w,
						.devfn = w, .entry_nr = w, .table_base = i };

		(void)machine_op(LORD, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &map, sizeof(map));
		CHECK(oracle_check());
	}
	end();
}

TEST(a_watchdog_of_weeks)
{
	struct sched_watchdog w = { .timeout = 4294968 };	/* milliseconds do not fit 32 bits */

	start();
	CHECK_EQ(machine_op(V, __HYPERVISOR_sched_op, SCHEDOP_watchdog, &w, sizeof(w)), 1);
	CHECK(g->d->watchdog[0].expires_ns >= 4294968 * 1000000000ul);
	end();
}

/* All that a new domain is to have takes long, and stops between two vCPUs. */
static u32 looks;

static bool every_time(void)
{
	return ++looks;
}

TEST(many_vcpus_in_turns)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 20 } };
	const u64 args[6] = { guest_va(0) };
	long rc;

	start();
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	op = (struct xen_domctl){ .cmd = XEN_DOMCTL_max_vcpus, .interface_version = XEN_DOMCTL_INTERFACE_VERSION, .domain = 40,
				  .u.max_vcpus.max = 20 };
	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	machine_preempt_by(every_time);
	if (machine_call_once(LORD, __HYPERVISOR_domctl, args, &rc))
		while (machine_repeat(LORD, &rc))
			machine_preempt_by(every_time);
	machine_preempt_by(NULL);
	CHECK_EQ(rc, 0);
	CHECK(looks >= 19);
	CHECK(domain_lookup(40)->vcpu[19]);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	end();
}

TEST(a_guest_ends_itself)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_crash };

	start();
	CHECK(!machine_store(V, guest_va(0), &s, sizeof(s)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_sched_op, SCHEDOP_shutdown, guest_va(0), 0, 0), 0);
	CHECK(g->d->is_shut_down);
	CHECK_EQ(g->d->shutdown_code, SHUTDOWN_crash);
	CHECK(V->pause_flags & VPF_SHUTDOWN);
	machine_settle();
	CHECK(machine_current(0)->is_idle);
	end();
}

/* The NMI's handler by its own call is the trap table's; one that cannot be read changes nothing. */
TEST(an_nmi_handler_by_call)
{
	struct xennmi_callback cb = { .handler_address = guest_va(3), .pad = 0 };
	const struct pv_trap *t;

	start();
	t = &V->pv.traps[X86_VEC_NMI];
	CHECK_EQ(machine_call(V, __HYPERVISOR_nmi_op, XENNMI_register_callback, HV_VIRT_START, 0, 0), -EFAULT);
	CHECK_EQ(t->address, 0);
	CHECK_EQ(machine_op(V, __HYPERVISOR_nmi_op, XENNMI_register_callback, &cb, sizeof(cb)), 0);
	CHECK_EQ(t->address, guest_va(3));
	cb.handler_address = 1ul << 47;
	CHECK_EQ(machine_op(V, __HYPERVISOR_nmi_op, XENNMI_register_callback, &cb, sizeof(cb)), -EINVAL);
	CHECK_EQ(t->address, guest_va(3));
	CHECK_EQ(machine_call(V, __HYPERVISOR_nmi_op, XENNMI_unregister_callback, 0, 0, 0), 0);
	CHECK_EQ(t->address, 0);
	end();
}

/* Another domain than dom0 hears of the machine's events, until it ends or another is named. */
TEST(a_virq_for_another_domain)
{
	struct xen_domctl op = { .u.set_virq_handler.virq = VIRQ_TIMER };
	struct evtchn_bind_virq bind = { .virq = VIRQ_DOM_EXC };

	start();
	CHECK_EQ(machine_op(V, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &bind, sizeof(bind)), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 2, &op), -EINVAL);
	op.u.set_virq_handler.virq = 77;
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 2, &op), -EINVAL);
	event_send_virq_global(VIRQ_DOM_EXC);
	CHECK(!event_port_is_pending(g->d, bind.port));
	op.u.set_virq_handler.virq = VIRQ_DOM_EXC;
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 77, &op), -ESRCH);
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 2, &op), 0);
	event_send_virq_global(VIRQ_DOM_EXC);
	CHECK(event_port_is_pending(g->d, bind.port));
	end();		/* and holds no domain that has ended */
}

/* True: the call asks to be repeated. */
static bool fall_asleep_once(long *rc)
{
	struct xen_platform_op op = {
		.cmd = XENPF_enter_acpi_sleep, .interface_version = XENPF_INTERFACE_VERSION,
		.u.enter_acpi_sleep.sleep_state = 3,
	};
	const u64 args[6] = { guest_va(0) };

	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	return machine_call_once(LORD, __HYPERVISOR_platform_op, args, rc);
}

static void fall_asleep(void)
{
	long rc;

	CHECK(!fall_asleep_once(&rc));
	CHECK_EQ(rc, 0);
}

/* While the machine sleeps nobody runs; afterwards all do that did before, and what came meanwhile is as it came. */
TEST(sleep_pauses_who_is_there)
{
	struct machine_guest *late;

	start();
	fall_asleep();
	CHECK(LORD->pause_flags & VPF_PAUSED);
	CHECK(V->pause_flags & VPF_PAUSED);
	machine_settle();
	late = machine_guest(3, false, 1);
	domain_pause_nosync(late->d);
	fake_advance(5000000);
	CHECK(!(LORD->pause_flags & VPF_PAUSED));
	CHECK(!(V->pause_flags & VPF_PAUSED));
	CHECK(late->d->vcpu[0]->pause_flags & VPF_PAUSED);
	domain_unpause(late->d);
	CHECK_EQ(late->d->pause_count, 0);
	CHECK_EQ(g->d->pause_count, 0);
	machine_guest_end(late);
	fall_asleep();
	machine_settle();
	fake_advance(5000000);
	end();
}

/* The control lock is another vCPU's: the call comes again, and nobody is paused. */
TEST(sleep_waits_for_control)
{
	long rc;

	start();
	CHECK(domctl_lock_try());
	CHECK(fall_asleep_once(&rc));
	CHECK(!(V->pause_flags & VPF_PAUSED));
	domctl_unlock();
	CHECK(!machine_repeat(LORD, &rc));
	CHECK_EQ(rc, 0);
	CHECK(V->pause_flags & VPF_PAUSED);
	machine_settle();
	fake_advance(5000000);
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
	RUN(vcpu_info_moves_a_little);
	RUN(vcpu_areas);
	RUN(a_domain_by_domctl);
	RUN(a_context_comes_back);
	RUN(the_dying_get_nothing_new);
	RUN(questions_about_the_dying_and_the_unborn);
	RUN(the_end_of_the_machine);
	RUN(interrupts_of_wild_devices);
	RUN(a_watchdog_of_weeks);
	RUN(many_vcpus_in_turns);
	RUN(a_guest_ends_itself);
	RUN(an_nmi_handler_by_call);
	RUN(a_virq_for_another_domain);
	RUN(sleep_pauses_who_is_there);
	RUN(sleep_waits_for_control);
	return unit_end();
}
