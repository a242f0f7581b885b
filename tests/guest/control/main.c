/* SPDX-License-Identifier: MIT */
/*
 * domctl and sysctl as dom0 may call them: versions checked, facts about ourselves right, domains that do not exist
 * refused, and a domain made and destroyed a few times leaves as many free pages as before.
 */
#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "guest.h"

const char test_title[] = "control: domctl and sysctl";

static struct xen_domctl d;
static struct xen_sysctl s;

static long dom(uint32_t cmd, domid_t domain)
{
	d.cmd = cmd;
	d.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	d.domain = domain;
	return hypercall(domctl, &d);
}

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
	struct xen_domctl_getdomaininfo *info = &d.u.getdomaininfo;

	memset(&d, 0, sizeof(d));
	EXPECT(0, dom(XEN_DOMCTL_getdomaininfo, 0));
	CHECK(info->domain == 0 && (info->flags & XEN_DOMINF_running), "flags %#x", info->flags);
	CHECK(info->tot_pages >= start_info->nr_pages, "%lu pages, start info says %lu", info->tot_pages, start_info->nr_pages);
	CHECK(info->nr_online_vcpus >= 1 && info->cpu_time, "%u vCPUs, %lu ns", info->nr_online_vcpus, info->cpu_time);
	CHECK(!(info->flags & XEN_DOMINF_hvm_guest), "flags %#x say HVM", info->flags);
	memset(&s, 0, sizeof(s));
	EXPECT(0, sys(XEN_SYSCTL_physinfo));
	CHECK(s.u.physinfo.nr_cpus >= 1 && s.u.physinfo.total_pages > 10000 && s.u.physinfo.cpu_khz > 1000,
	      "%u CPUs, %lu pages, %u kHz", s.u.physinfo.nr_cpus, s.u.physinfo.total_pages, s.u.physinfo.cpu_khz);
}

static void refusals(void)
{
	memset(&d, 0, sizeof(d));
	d.cmd = XEN_DOMCTL_getdomaininfo;
	d.interface_version = 0x14;
	EXPECT(-XEN_EACCES, hypercall(domctl, &d));
	s.cmd = XEN_SYSCTL_physinfo;
	s.interface_version = 0x14;
	EXPECT(-XEN_EACCES, hypercall(sysctl, &s));
	EXPECT(-XEN_ESRCH, dom(XEN_DOMCTL_pausedomain, 77));
	CHECK(dom(XEN_DOMCTL_destroydomain, 0) < 0, "dom0 destroys itself");
	CHECK(dom(XEN_DOMCTL_pausedomain, 0) < 0, "dom0 pauses itself");
	CHECK(dom(99999, 0) < 0, "domctl 99999");
	CHECK(sys(99999) < 0, "sysctl 99999");
	memset(&d, 0, sizeof(d));
	d.u.createdomain.flags = 0xffffffff;
	CHECK(dom(XEN_DOMCTL_createdomain, 0) < 0, "a domain with all flags is made");
	memset(&d, 0, sizeof(d));
	d.u.createdomain.max_vcpus = 0xffffffff;
	CHECK(dom(XEN_DOMCTL_createdomain, 0) < 0, "a domain of 2^32 vCPUs is made");
}

static long create(void)
{
	memset(&d, 0, sizeof(d));
	d.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 4, .max_maptrack_frames = 4, .grant_opts = 1,
	};
	return dom(XEN_DOMCTL_createdomain, 0);
}

static void life_cycle(void)
{
	uint64_t before = 0, after;
	static uint64_t frames[16];

	for (int round = 0; round < 5; round++) {
		struct xen_memory_reservation r = { .extent_start = (uint64_t)frames, .nr_extents = 16 };
		domid_t id;
		long rc = create();

		if (rc) {
			test_failure("createdomain gave %ld", rc);
			return;
		}
		id = d.domain;
		memset(&d, 0, sizeof(d));
		d.u.max_vcpus.max = 1;
		EXPECT(0, dom(XEN_DOMCTL_max_vcpus, id));
		d.u.max_mem.max_memkb = 4096;
		EXPECT(0, dom(XEN_DOMCTL_max_mem, id));
		for (int i = 0; i < 16; i++)
			frames[i] = i;
		r.domid = id;
		EXPECT(16, hypercall(memory_op, XENMEM_populate_physmap, &r));
		memset(&d, 0, sizeof(d));
		EXPECT(0, dom(XEN_DOMCTL_getdomaininfo, id));
		CHECK(d.u.getdomaininfo.tot_pages == 16, "the new domain has %lu pages", d.u.getdomaininfo.tot_pages);
		CHECK(d.u.getdomaininfo.flags & XEN_DOMINF_paused, "the new domain is not paused: %#x", d.u.getdomaininfo.flags);
		while ((rc = dom(XEN_DOMCTL_destroydomain, id)) == -XEN_EAGAIN || rc == -85)
			;
		check_result("destroydomain", rc, 0);
		for (int i = 0; i < 10; i++) {
			struct sched_poll p = { .timeout = system_time() + 2000000 };

			hypercall(sched_op, SCHEDOP_poll, &p);
		}
		memset(&d, 0, sizeof(d));
		EXPECT(-XEN_ESRCH, dom(XEN_DOMCTL_pausedomain, id));
		after = free_pages();
		if (round == 1)			/* the first rounds may fill caches */
			before = after;
	}
	CHECK(before == after, "%ld pages are lost by making and destroying three domains", (long)(before - after));
}

void test_main(void)
{
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	facts();
	refusals();
	life_cycle();
}
