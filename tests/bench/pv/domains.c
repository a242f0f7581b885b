/* SPDX-License-Identifier: MIT */
/* Rows: the way from reset to here, and what a toolstack asks for: domains that come and go, and memory for them. */
#include "abi/domctl.h"

#include "pv.h"

#define EXTENTS	8

static struct xen_domctl d;
static uint64_t frames[EXTENTS];
static uint16_t domain;
static uint64_t entered;

/* As early as a kernel of ours can look: the TSC counts from reset. */
void domains_note_start(void)
{
	entered = rdtsc();
}

static void reset_to_kernel(uint64_t n)
{
	own_ticks = entered * n;
}

static void control(uint32_t cmd)
{
	d.cmd = cmd;
	d.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	d.domain = domain;
	if (hypercall(domctl, &d))
		test_error("domctl %u is refused", cmd);
}

static void create(void)
{
	domain = 0;
	d.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 4, .grant_opts = 1,
	};
	control(XEN_DOMCTL_createdomain);
	domain = d.domain;
	d.u.max_vcpus.max = 1;
	control(XEN_DOMCTL_max_vcpus);
}

static void destroy(void)
{
	control(XEN_DOMCTL_destroydomain);
	hypercall(sched_op, SCHEDOP_yield, NULL);
}

static void come_and_go(uint64_t n)
{
	while (n--) {
		create();
		destroy();
	}
}

static void memory(uint32_t cmd)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)frames, .nr_extents = EXTENTS, .domid = domain };

	if (hypercall(memory_op, cmd, &r) != EXTENTS)
		test_error("memory_op %u is refused", cmd);
}

/* A new domain each time, so that the pages are not the ones that it has just given back. */
static void populate(uint64_t n)
{
	uint64_t ticks = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t before;

		create();
		d.u.max_mem.max_memkb = EXTENTS * 8;
		control(XEN_DOMCTL_max_mem);
		for (int j = 0; j < EXTENTS; j++)
			frames[j] = j;
		before = rdtsc();
		memory(XENMEM_populate_physmap);
		ticks += rdtsc() - before;
		destroy();
	}
	own_ticks = ticks;
}

const struct row domain_rows[] = {
	{ "reset_to_kernel", reset_to_kernel, NULL, 1, 1 },
	{ "domain_come_and_go", come_and_go, NULL, 20, 1 },
	{ "populate_page", populate, NULL, 10, EXTENTS },
	{ NULL, NULL, NULL, 0, 0 }
};
