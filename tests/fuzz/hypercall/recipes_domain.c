/* SPDX-License-Identifier: MIT */
/*
 * A domain as tools make and question it, memory in larger pieces, parameters, sleep, and descriptor tables that are
 * used.
 */
#include <string.h>

#include "abi/domctl.h"
#include "abi/hypfs.h"
#include "abi/memory.h"
#include "abi/platform.h"
#include "abi/sysctl.h"
#include "fake.h"
#include "fuzz.h"
#include "mm/pt.h"
#include "pv/desc.h"
#include "pv/pv.h"
#include "sched/sched.h"

#define LIST		guest_va(CONTEXT_PAGE)		/* numbers of frames */
#define LIST_MAX	64u

static long domctl(u32 cmd, struct xen_domctl *op, domid_t id)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = id;
	return recipe_call(__HYPERVISOR_domctl, cmd, op, sizeof(*op), 0);
}

static long reserve(u32 cmd, domid_t id, u32 order, u32 n)
{
	struct xen_memory_reservation r = {
		.extent_start = LIST, .nr_extents = n, .extent_order = order, .domid = id,
		.mem_flags = in_bit() ? 0 : 16 + in_below(16),
	};

	return recipe_call(__HYPERVISOR_memory_op, cmd, &r, sizeof(r), 1);
}

static void list_pages(const struct domain *d)
{
	u64 list[LIST_MAX];
	u32 n = 0;

	for (u32 at = d->page_first; at != FRAME_NONE && n < LIST_MAX; at = frame_table[at].next)
		list[n++] = at;
	if (n)
		guest_write(LIST, list, n * sizeof(*list));
}

static void question(domid_t id)
{
	static const u32 questions[] = {
		XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_getvcpuinfo, XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_gettscinfo,
		XEN_DOMCTL_get_address_size, XEN_DOMCTL_getnodeaffinity, XEN_DOMCTL_getvcpuaffinity,
		XEN_DOMCTL_getpageframeinfo3, XEN_DOMCTL_get_ext_vcpucontext, XEN_DOMCTL_get_vcpu_msrs,
	};
	struct xen_domctl op = { 0 };		/* a vCPU's number stands in its first word */
	u32 cmd = questions[in_below(ARRAY_SIZE(questions))];

	op.u.vcpucontext.vcpu = in_below(VCPUS);
	switch (cmd) {
	case XEN_DOMCTL_getvcpucontext:
		op.u.vcpucontext.ctxt = LIST;
		break;
	case XEN_DOMCTL_getpageframeinfo3:
		op.u.getpageframeinfo3.num = in_below(LIST_MAX);
		op.u.getpageframeinfo3.array = LIST;
		break;
	case XEN_DOMCTL_getvcpuaffinity:
		op.u.vcpuaffinity.flags = 1 + in_below(3);
		op.u.vcpuaffinity.cpumap_hard = op.u.vcpuaffinity.cpumap_soft =
			(struct xenctl_bitmap){ .bitmap = LIST, .nr_bits = 8 };
		break;
	case XEN_DOMCTL_get_vcpu_msrs:
		op.u.vcpu_msrs.msr_count = in_below(16);
		op.u.vcpu_msrs.msrs = LIST;
		break;
	}
	(void)domctl(cmd, &op, id);
}

/* What the domain has for CPUID and MSRs becomes its policy, a word of it perhaps otherwise. */
void recipe_policy(domid_t id)
{
	struct xen_domctl op = { .u.cpu_policy = {
		.nr_leaves = 120, .nr_msrs = 8, .leaves = LIST, .msrs = LIST + PAGE_SIZE,
	} };
	u64 word = in_word();

	if (domctl(XEN_DOMCTL_get_cpu_policy, &op, id))
		return;
	if (in_byte() < 128)
		guest_write(LIST + in_word() % PAGE_SIZE / 4 * 4, &word, in_bit() ? 8 : 4);
	(void)domctl(XEN_DOMCTL_set_cpu_policy, &op, id);
}

/* Everything that stands between a number and a domain that could run; it stays, is asked about, or goes. */
void recipe_new_domain(void)
{
	struct xen_domctl op = { .u.createdomain = {
		.max_vcpus = 1 + in_below(3), .max_evtchn_port = in_bit() ? ~0u : in_below(64),
		.max_grant_frames = in_below(4) - 1, .max_maptrack_frames = in_below(3) - 1,
		.flags = in_byte() < 240 ? in_below(2) : in_byte(),
	} };
	struct xen_domctl vcpus = { .u.max_vcpus.max = op.u.createdomain.max_vcpus };
	struct xen_domctl mem = { .u.max_mem.max_memkb = 4 * in_below(LIST_MAX) }, plain = { 0 };
	domid_t id;

	if (!become(&slots[0]) || domctl(XEN_DOMCTL_createdomain, &op, 61 + in_below(4)))
		return;
	id = op.domain;
	if (in_byte() < 220)
		(void)domctl(XEN_DOMCTL_max_vcpus, &vcpus, id);
	if (in_byte() < 220)
		(void)domctl(XEN_DOMCTL_max_mem, &mem, id);
	if (in_bit())
		recipe_policy(id);
	list_pages(self->g->d);
	if (!reserve(XENMEM_populate_physmap, id, in_below(5), 1 + in_below(8)) && in_bit())
		(void)reserve(XENMEM_decrease_reservation, id, 0, in_below(8));
	for (u32 n = in_below(6); n; n--)
		question(id);
	if (in_bit())
		(void)domctl(in_bit() ? XEN_DOMCTL_unpausedomain : XEN_DOMCTL_pausedomain, &plain, id);
	if (in_byte() < 200)
		(void)domctl(XEN_DOMCTL_destroydomain, &plain, id);
	if (in_bit())
		question(id);
}

static void scheduling(domid_t id)
{
	struct xen_domctl op = { .u.scheduler_op = {
		.sched_id = sched_policy_id(), .cmd = in_below(4),
		.u.credit2 = { .weight = in_byte(), .cap = in_byte() },
	} };
	struct xen_sysctl all = {
		.cmd = XEN_SYSCTL_scheduler_op, .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.u.scheduler_op = { .sched_id = sched_policy_id(), .cmd = in_below(2),
				    .u.sched_credit2.ratelimit_us = 1000 * in_below(3) },
	};

	(void)domctl(XEN_DOMCTL_scheduler_op, &op, id);
	if (in_bit())
		(void)recipe_call(__HYPERVISOR_sysctl, all.cmd, &all, sizeof(all), 0);
}

/* One by one with gaps, so that the set of them has to grow; then perhaps all or some are taken. */
static void give_ports(domid_t id)
{
	struct xen_domctl op = { .u.ioport_permission = { .nr_ports = 1, .allow_access = 1 } };

	for (u32 i = 0; i < 12; i++) {
		op.u.ioport_permission.first_port = in_byte() < 240 ? 2 * i : in_below(64);
		(void)domctl(XEN_DOMCTL_ioport_permission, &op, id);
	}
	op.u.ioport_permission = (struct xen_domctl_ioport_permission){ in_below(32), 1 + in_below(32), 0, };
	if (in_bit())
		(void)domctl(XEN_DOMCTL_ioport_permission, &op, id);
}

static void place(domid_t id)
{
	struct xen_domctl op = { .u.vcpuaffinity = {
		.vcpu = in_below(VCPUS), .flags = 1 + in_below(3), .cpumap_hard = { LIST, 8 },
		.cpumap_soft = { in_byte() < 220 ? LIST : guest_va(NO_PAGE), 8 },
	} };
	struct xen_domctl_vcpu_msr msr = { .index = 0xc0000103, .value = in_byte() < 200 ? in_byte() : pick_any() };
	u64 cpus = 1 + in_below(4);

	if (in_bit()) {
		guest_write(LIST, &cpus, sizeof(cpus));
		(void)domctl(XEN_DOMCTL_setvcpuaffinity, &op, id);
		return;
	}
	op.u.vcpu_msrs = (struct xen_domctl_vcpu_msrs){ .vcpu = in_below(VCPUS), .msr_count = 1 + in_below(2),
							.msrs = LIST };
	guest_write(LIST, &msr, sizeof(msr));
	(void)domctl(XEN_DOMCTL_set_vcpu_msrs, &op, id);
	op.u.vcpu_msrs.msrs = in_byte() < 200 ? LIST : guest_va(NO_PAGE);
	(void)domctl(XEN_DOMCTL_get_vcpu_msrs, &op, id);
}

/* What ACPI lets an operating system announce. */
static void power(void)
{
	struct xen_platform_op op = {
		.cmd = XENPF_set_processor_pminfo, .interface_version = XENPF_INTERFACE_VERSION,
		.u.set_pminfo = { .type = XEN_PM_PDC, .u.pdc = in_byte() < 200 ? LIST : guest_va(ALIAS_PAGE) + 2048 },
	};
	u32 pdc[3] = { 1, in_byte() < 220, in_byte() };

	guest_write(LIST, pdc, sizeof(pdc));
	guest_write(guest_va(ARG_PAGE) + 2048, pdc, sizeof(pdc));
	(void)recipe_call(__HYPERVISOR_platform_op, op.cmd, &op, sizeof(op), 0);
}

/* What tools set and fetch of a domain while it lives. */
void recipe_tools(void)
{
	struct domain *d = slots[in_below(SLOTS)].g->d;
	struct xen_memory_reservation claim = {
		.domid = d->id, .nr_extents = in_byte() < 200 ? d->tot_pages + in_below(16) : in_below(16),
	};
	struct xen_mem_acquire_resource frames = {
		.domid = d->id, .type = XENMEM_resource_grant_table, .id = XENMEM_resource_grant_table_id_shared,
		.nr_frames = 1 + in_below(2), .frame = in_below(2), .frame_list = in_byte() < 220 ? LIST : 0,
	};
	struct xen_domctl time = { .u.tsc_info = { .tsc_mode = in_below(4), .incarnation = in_below(4) } };

	if (!become(&slots[0]))
		return;
	switch (in_below(9)) {
	case 0:
		d->max_pages = d->tot_pages + in_below(32);
		(void)recipe_call(__HYPERVISOR_memory_op, XENMEM_claim_pages, &claim, sizeof(claim), 1);
		break;
	case 1:
		(void)recipe_call(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &frames, sizeof(frames), 1);
		break;
	case 2:
		(void)domctl(XEN_DOMCTL_settscinfo, &time, d->id);
		break;
	case 3:
		scheduling(d->id);
		break;
	case 4:
		give_ports(d->id);
		break;
	case 5:
		place(d->id);
		break;
	case 6:
		power();
		break;
	default:
		question(d->id);
	}
}

/* A block comes, is exchanged for single pages or these for a block, and goes. */
void recipe_memory(void)
{
	u32 order = 1 + in_below(5), block_in = in_bit();
	struct xen_memory_exchange e = {
		.in = { .extent_start = LIST, .domid = DOMID_SELF, .extent_order = block_in ? order : 0,
			.nr_extents = block_in ? 1 : 1ul << order },
		.out = { .extent_start = LIST + 512, .domid = DOMID_SELF, .extent_order = block_in ? 0 : order,
			 .nr_extents = block_in ? 1ul << order : 1, .mem_flags = in_bit() ? 0 : 16 + in_below(16) },
	};
	u64 numbers[32] = { 0 };
	struct domain *d = self->g->d;

	d->max_pages = MAX(d->max_pages, d->tot_pages + (in_byte() < 220 ? 32 : in_below(32)));
	if (reserve(in_bit() ? XENMEM_populate_physmap : XENMEM_increase_reservation, DOMID_SELF, order, 1) != 1)
		return;
	(void)!machine_load(actor, numbers, LIST, sizeof(*numbers));
	for (u32 i = 1; i < 1u << order; i++)
		numbers[i] = numbers[0] + i;
	guest_write(LIST, numbers, sizeof(numbers));
	if (in_bit()) {
		(void)recipe_call(__HYPERVISOR_memory_op, XENMEM_exchange, &e, sizeof(e), 1);
		(void)!machine_load(actor, numbers, LIST + 512, sizeof(numbers));
		guest_write(LIST, numbers, sizeof(numbers));
		order = e.out.extent_order;
	}
	(void)reserve(XENMEM_decrease_reservation, DOMID_SELF, order, 1);
}

/* The tree of hypfs: read, or written. */
void recipe_parameters(void)
{
	static const char *const paths[] = {
		"/", "/params", "/params/loglvl", "/params/guest_loglvl", "/buildinfo/version/major",
		"/buildinfo/version/extra", "/cpupool/0", "/buildinfo/compiler", "/params/", "/none", "params",
		"/params/loglvl/x",
	};
	const char *path = paths[in_below(ARRAY_SIZE(paths))];
	u64 len = strlen(path) + 1, args[6] = { 0, LIST, 0, LIST + 512, 0 };
	char text[] = "all";
	long rc;

	if (in_byte() < 32)
		text[in_below(4)] = (char)in_byte();
	if (!become(&slots[0]))
		return;
	guest_write(args[1], path, len);
	guest_write(args[3], text, sizeof(text));
	args[0] = in_byte() < 240 ? in_below(3) : in_byte();
	args[2] = in_byte() < 220 ? len : in_byte();
	args[4] = in_bit() ? 512 : in_below(32);
	(void)machine_call_once(actor, __HYPERVISOR_hypfs_op, args, &rc);
}

/* All domains are paused until the machine wakes up, which it does as soon as time passes. */
void recipe_sleep(void)
{
	struct xen_platform_op op = {
		.cmd = XENPF_enter_acpi_sleep, .interface_version = XENPF_INTERFACE_VERSION,
		.u.enter_acpi_sleep = { .val_a = 1, .val_b = 1, .sleep_state = in_byte() < 200 ? 3 : in_below(7),
					.flags = in_byte() < 32 },
	};

	if (!become(&slots[0]))
		return;
	(void)recipe_call(__HYPERVISOR_platform_op, op.cmd, &op, sizeof(op), 0);
	machine_settle();
	machine_cpu(0);
	fake_advance(2000000);
}

/* A page becomes part of an LDT by being used through it, and cannot be written until the table changes. */
void recipe_descriptors(void)
{
	u32 page = 8 + in_below(12), entry = in_below(512);
	u64 list[2] = { mfn_x(self->g->page[8 + in_below(12)]), mfn_x(self->g->page[8 + in_below(12)]) }, d;
	struct mmuext_op ldt = { .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = guest_va(page),
				 .arg2.nr_ents = in_byte() < 220 ? 512 + in_below(512) : in_word() };
	u64 desc = in_bit() ? 0x00affb000000ffff : pick_any();

	(void)machine_call(actor, __HYPERVISOR_update_va_mapping, guest_va(page),
			   pte_make(self->g->page[page], PTE_PRESENT | PTE_USER), UVMF_ALL | UVMF_INVLPG, 0);
	if (!may_act(actor))
		return;
	guest_write(LIST, &ldt, sizeof(ldt));
	(void)machine_call(actor, __HYPERVISOR_mmuext_op, LIST, 1, 0, DOMID_SELF);
	if (may_act(actor) && in_bit())
		(void)pv_window_fault(actor, desc_ldt_va(actor) + entry * 8);
	if (may_act(actor))
		(void)machine_call(actor, __HYPERVISOR_update_descriptor,
				   (mfn_x(self->g->page[page]) << PAGE_SHIFT) + entry * 8, desc, 0, 0);
	if (may_act(actor))
		(void)!desc_read(actor, (u16)(entry << 3 | 4 | 3), &d);
	guest_write(LIST, list, sizeof(list));
	if (may_act(actor) && in_bit())
		(void)machine_call(actor, __HYPERVISOR_set_gdt, LIST, 512 * in_below(3) + in_below(2), 0, 0);
	if (may_act(actor))
		(void)!desc_read(actor, (u16)(entry << 3 | 3), &d);
}
