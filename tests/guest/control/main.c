/* SPDX-License-Identifier: MIT */
/*
 * domctl and sysctl as dom0 may call them: versions checked, facts about ourselves right, domains that do not exist
 * refused, and a domain made and destroyed a few times leaves as many free pages as before.
 */
#include "abi/sysctl.h"
#include "guest.h"

const char test_title[] = "control: domctl and sysctl";

static struct xen_sysctl s;

static long sys(uint32_t cmd)
{
	s.cmd = cmd;
	s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall(sysctl, &s);
}

static uint64_t free_pages(void)
{
	memset(&s, 0, sizeof(s));
	EXPECT(0, sys(XEN_SYSCTL_physinfo));
	return s.u.physinfo.free_pages + s.u.physinfo.scrub_pages;
}

static void facts(void)
{
	struct xen_domctl_getdomaininfo *info = &ctl.u.getdomaininfo;

	memset(&ctl, 0, sizeof(ctl));
	EXPECT(0, domain_try(XEN_DOMCTL_getdomaininfo, 0));
	CHECK(info->domain == 0 && (info->flags & XEN_DOMINF_running), "flags %#x", info->flags);
	CHECK(info->tot_pages >= start_info->nr_pages, "%lu pages, start info says %lu", info->tot_pages,
	      start_info->nr_pages);
	CHECK(info->nr_online_vcpus >= 1 && info->cpu_time, "%u vCPUs, %lu ns", info->nr_online_vcpus, info->cpu_time);
	CHECK(!(info->flags & XEN_DOMINF_hvm_guest), "flags %#x say HVM", info->flags);
	memset(&s, 0, sizeof(s));
	EXPECT(0, sys(XEN_SYSCTL_physinfo));
	CHECK(s.u.physinfo.nr_cpus >= 1 && s.u.physinfo.total_pages > 10000 && s.u.physinfo.cpu_khz > 1000,
	      "%u CPUs, %lu pages, %u kHz", s.u.physinfo.nr_cpus, s.u.physinfo.total_pages, s.u.physinfo.cpu_khz);
}

static void refusals(void)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.cmd = XEN_DOMCTL_getdomaininfo;
	ctl.interface_version = 0x14;
	EXPECT(-XEN_EACCES, hypercall(domctl, &ctl));
	s.cmd = XEN_SYSCTL_physinfo;
	s.interface_version = 0x14;
	EXPECT(-XEN_EACCES, hypercall(sysctl, &s));
	EXPECT(-XEN_ESRCH, domain_try(XEN_DOMCTL_pausedomain, 77));
	CHECK(domain_try(XEN_DOMCTL_destroydomain, 0) < 0, "dom0 destroys itself");
	CHECK(domain_try(XEN_DOMCTL_pausedomain, 0) < 0, "dom0 pauses itself");
	CHECK(domain_try(99999, 0) < 0, "domctl 99999");
	CHECK(sys(99999) < 0, "sysctl 99999");
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.createdomain.flags = 0xffffffff;
	CHECK(domain_try(XEN_DOMCTL_createdomain, 0) < 0, "a domain with all flags is made");
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.createdomain.max_vcpus = 0xffffffff;
	CHECK(domain_try(XEN_DOMCTL_createdomain, 0) < 0, "a domain of 2^32 vCPUs is made");
}

static long create(void)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 4, .max_maptrack_frames = 4,
		.grant_opts = 1,
	};
	return domain_try(XEN_DOMCTL_createdomain, 0);
}

/* What tools that save or restore a guest ask first, of one that has said nothing yet. */
static void save_and_restore_ask(domid_t id)
{
	static uint8_t msrs[8 * 16];
	struct xen_vnuma_topology_info vnuma = { .domid = id };
	struct xen_mem_acquire_resource grants = { .domid = id, .type = XENMEM_resource_grant_table };
	static uint64_t list[4];

	EXPECT(0, hypercall(memory_op, XENMEM_maximum_gpfn, &id));
	EXPECT(-XEN_EOPNOTSUPP, hypercall(memory_op, XENMEM_get_vnumainfo, &vnuma));
	vnuma.domid = 4242;
	EXPECT(-XEN_ESRCH, hypercall(memory_op, XENMEM_get_vnumainfo, &vnuma));
	EXPECT(0, hypercall(memory_op, XENMEM_acquire_resource, &grants));
	CHECK(grants.nr_frames == 4, "%u grant frames, not 4", grants.nr_frames);
	grants.frame_list = (uint64_t)list;
	EXPECT(0, hypercall(memory_op, XENMEM_acquire_resource, &grants));
	grants.frame = 1;
	EXPECT(-XEN_EINVAL, hypercall(memory_op, XENMEM_acquire_resource, &grants));
	memset(&ctl, 0, sizeof(ctl));
	EXPECT(0, domain_try(XEN_DOMCTL_get_cpu_policy, id));
	CHECK(ctl.u.cpu_policy.nr_msrs >= 2 && ctl.u.cpu_policy.nr_msrs <= 8, "policy with %u registers",
	      ctl.u.cpu_policy.nr_msrs);
	ctl.u.cpu_policy = (struct xen_domctl_cpu_policy){ .nr_msrs = 8, .msrs = (uint64_t)msrs, .nr_leaves = 0,
							 .leaves = 0 };
	EXPECT(0, domain_try(XEN_DOMCTL_get_cpu_policy, id));
	ctl.u.cpu_policy.nr_leaves = 0;
	EXPECT(0, domain_try(XEN_DOMCTL_set_cpu_policy, id));
	((uint32_t *)msrs)[0] = 0x1234;
	CHECK(domain_try(XEN_DOMCTL_set_cpu_policy, id) < 0, "a policy with an unknown register is taken");
	CHECK(ctl.u.cpu_policy.err_msr == 0x1234, "refused is register %#x", ctl.u.cpu_policy.err_msr);
}

/* Counters that grow by what is done, and start anew when reset; nothing is asked that is not there. */
static void counters(void)
{
	static struct xen_sysctl_perfc_desc desc[64];
	static uint32_t val[4096];
	unsigned int at = 0;

	memset(&s, 0, sizeof(s));
	s.u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_query;
	if (sys(XEN_SYSCTL_perfc_op) == -XEN_ENOSYS) {
		printk("no performance counters here\n");
		return;
	}
	CHECK(s.u.perfc_op.nr_counters <= 64 && s.u.perfc_op.nr_vals <= 4096, "%u counters", s.u.perfc_op.nr_counters);
	s.u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_reset;
	EXPECT(0, sys(XEN_SYSCTL_perfc_op));
	for (int i = 0; i < 50; i++)
		hypercall(xen_version, XENVER_version, NULL);
	s.u.perfc_op = (struct xen_sysctl_perfc_op){ XEN_SYSCTL_PERFCOP_query, 0, 0, (uint64_t)desc, (uint64_t)val };
	EXPECT(0, sys(XEN_SYSCTL_perfc_op));
	for (unsigned int i = 0; i < s.u.perfc_op.nr_counters; i++) {
		if (!memcmp(desc[i].name, "hypercalls", 11))
			CHECK(val[at + __HYPERVISOR_xen_version] == 50, "%u calls counted of 50",
			      val[at + __HYPERVISOR_xen_version]);
		at += desc[i].nr_vals;
	}
	CHECK(at == s.u.perfc_op.nr_vals, "%u values described, %u there", at, s.u.perfc_op.nr_vals);
	s.u.perfc_op.desc = 1ul << 63;
	EXPECT(-XEN_EFAULT, sys(XEN_SYSCTL_perfc_op));
	s.u.perfc_op.cmd = 99;
	CHECK(sys(XEN_SYSCTL_perfc_op) < 0, "perfc_op 99");
}

static void idle_states(void)
{
	static uint64_t triggers[8], residencies[8];

	memset(&s, 0, sizeof(s));
	s.u.get_pmstat = (struct xen_sysctl_get_pmstat){ .type = PMSTAT_get_max_cx };
	EXPECT(0, sys(XEN_SYSCTL_get_pmstat));
	CHECK(s.u.get_pmstat.u.getcx.nr >= 2 && s.u.get_pmstat.u.getcx.nr <= 8, "%u states", s.u.get_pmstat.u.getcx.nr);
	s.u.get_pmstat.type = PMSTAT_get_cxstat;
	s.u.get_pmstat.u.getcx.triggers = (uint64_t)triggers;
	s.u.get_pmstat.u.getcx.residencies = (uint64_t)residencies;
	EXPECT(0, sys(XEN_SYSCTL_get_pmstat));
	CHECK(residencies[0], "the CPU has never run");
	s.u.get_pmstat.cpuid = 4000;
	CHECK(sys(XEN_SYSCTL_get_pmstat) < 0, "states of CPU 4000");
}

static long move_to_pool(uint32_t domain, uint32_t pool)
{
	memset(&s, 0, sizeof(s));
	s.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN;
	s.u.cpupool_op.domid = domain;
	s.u.cpupool_op.cpupool_id = pool;
	return sys(XEN_SYSCTL_cpupool_op);
}

/* A domain goes where it is, or nowhere. */
static void pools(domid_t id)
{
	EXPECT(0, move_to_pool(id, 0));
	EXPECT(-XEN_ENOENT, move_to_pool(id, 7));
	EXPECT(-XEN_ESRCH, move_to_pool(77, 0));
	EXPECT(-XEN_EPERM, move_to_pool(0, 0));
}

/* A new domain with a vCPU and 16 pages; create()'s error. */
static long create_with_memory(domid_t *id)
{
	static uint64_t frames[16];
	struct xen_memory_reservation r = { .extent_start = (uint64_t)frames, .nr_extents = 16 };
	long rc = create();

	if (rc)
		return rc;
	*id = r.domid = ctl.domain;
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.max_vcpus.max = 1;
	EXPECT(0, domain_try(XEN_DOMCTL_max_vcpus, *id));
	ctl.u.max_mem.max_memkb = 4096;
	EXPECT(0, domain_try(XEN_DOMCTL_max_mem, *id));
	for (int i = 0; i < 16; i++)
		frames[i] = i;
	EXPECT(16, hypercall(memory_op, XENMEM_populate_physmap, &r));
	return 0;
}

static long destroy(domid_t id)
{
	long rc;

	while ((rc = domain_try(XEN_DOMCTL_destroydomain, id)) == -XEN_EAGAIN)
		;
	return rc;
}

/* Time for memory that comes back late. */
static void wait_a_little(void)
{
	struct sched_poll p = { .timeout = system_time() + 2000000 };

	hypercall(sched_op, SCHEDOP_poll, &p);
}

static void life_cycle(void)
{
	uint64_t before = 0, after;

	for (int round = 0; round < 5; round++) {
		domid_t id;
		long rc = create_with_memory(&id);

		if (rc) {
			test_failure("createdomain gave %ld", rc);
			return;
		}
		memset(&ctl, 0, sizeof(ctl));
		EXPECT(0, domain_try(XEN_DOMCTL_getdomaininfo, 1));
		CHECK(ctl.u.getdomaininfo.domain == id && ctl.domain == id, "the first domain after 0 is %u, not %u",
		      ctl.domain, id);
		EXPECT(-XEN_ESRCH, domain_try(XEN_DOMCTL_getdomaininfo, id + 1));
		memset(&ctl, 0, sizeof(ctl));
		EXPECT(0, domain_try(XEN_DOMCTL_getdomaininfo, id));
		CHECK(ctl.u.getdomaininfo.tot_pages == 16, "the new domain has %lu pages",
		      ctl.u.getdomaininfo.tot_pages);
		CHECK(ctl.u.getdomaininfo.flags & XEN_DOMINF_paused, "the new domain is not paused: %#x",
		      ctl.u.getdomaininfo.flags);
		save_and_restore_ask(id);
		pools(id);
		check_result("destroydomain", destroy(id), 0);
		for (int i = 0; i < 10; i++)
			wait_a_little();
		memset(&ctl, 0, sizeof(ctl));
		EXPECT(-XEN_ESRCH, domain_try(XEN_DOMCTL_pausedomain, id));
		after = free_pages();
		if (round == 1)			/* the first rounds may fill caches */
			before = after;
	}
	CHECK(before == after, "%ld pages are lost by making and destroying three domains", (long)(before - after));
}

/* A domain with memory, channels and grants, made and destroyed; without waiting for anything. */
static bool one_life(void)
{
	static uint64_t grant_frames[2];
	struct evtchn_alloc_unbound open = { .remote_dom = 0 };
	struct gnttab_setup_table setup = { .nr_frames = 2, .frame_list = (uint64_t)grant_frames };
	domid_t id;

	if (create_with_memory(&id))
		return false;
	open.dom = setup.dom = id;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &open));
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &setup, 1));
	return destroy(id) == 0;
}

/* A thousand lives leave nothing behind: not a frame, nor a number that cannot be used again. */
static void a_thousand_lives(void)
{
	uint64_t before = 0;
	int n;

	for (n = 0; n < 1000 && one_life(); n++)
		if (n == 9)
			before = free_pages();
	for (int i = 0; i < 50 && free_pages() != before; i++)
		wait_a_little();
	CHECK(n == 1000, "domain %d of 1,000 could not be made and destroyed", n);
	CHECK(free_pages() == before, "%ld pages are lost by 990 domains", (long)(before - free_pages()));
}

void test_main(void)
{
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	facts();
	refusals();
	counters();
	idle_states();
	life_cycle();
	a_thousand_lives();
}
