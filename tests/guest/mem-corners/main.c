/* SPDX-License-Identifier: MIT */
/*
 * Corners of memory_op that advisories came from: NUMA nodes that do not exist (XSA-231), continuation offsets given by
 * the guest itself, extents that overlap, more than the domain may have, arguments in pages that disappear half way.
 */
#include "guest.h"

const char test_title[] = "mem-corners: nodes, continuations, limits";

static uint64_t frames[1024] PAGE, behind[512] PAGE;
static uint8_t spare[PAGE_SIZE] PAGE;

static struct xen_memory_reservation list(uint64_t n)
{
	return (struct xen_memory_reservation) { .extent_start = (uint64_t)frames, .nr_extents = n,
						 .domid = DOMID_SELF };
}

static void nodes(void)
{
	static const unsigned int which[] = { 1, 63, 64, 200, 254 };

	for (size_t i = 0; i < ARRAY_SIZE(which); i++) {
		struct xen_memory_reservation r = list(1);
		long got;

		r.mem_flags = XENMEMF_exact_node(which[i]);
		frames[0] = 0x100000;
		got = hypercall(memory_op, XENMEM_populate_physmap, &r);
		CHECK(got <= 0, "a page of node %u is given", which[i]);
		got = hypercall(memory_op, XENMEM_increase_reservation, &r);
		CHECK(got <= 0, "a page of node %u is given", which[i]);
	}
}

/* The bits above the command say how many extents are done; a guest may lie about them. */
static void continuations(void)
{
	static const uint64_t done[] = { 1, 2, 1000, 0x3ffffff, 0x3ffffffffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(done); i++) {
		struct xen_memory_reservation r = list(1);

		frames[0] = va_to_mfn(spare);
		hypercall(memory_op, XENMEM_decrease_reservation | done[i] << MEMOP_EXTENT_SHIFT, &r);
		hypercall(memory_op, XENMEM_populate_physmap | done[i] << MEMOP_EXTENT_SHIFT, &r);
		hypercall(memory_op, XENMEM_exchange | done[i] << MEMOP_EXTENT_SHIFT, &r);
		CHECK(hypercall(memory_op, XENMEM_maximum_ram_page | done[i] << MEMOP_EXTENT_SHIFT, NULL) != 0,
		      "no answer");
	}
	CHECK(probe_write(spare, 1), "the page is gone");
}

/* More than we may have: the count must stop at the limit, and what was given can be given back. */
static void limit(void)
{
	domid_t self = DOMID_SELF;
	long have = hypercall(memory_op, XENMEM_current_reservation, &self);
	long most = hypercall(memory_op, XENMEM_maximum_reservation, &self);
	struct xen_memory_reservation r = list(512), back;
	long got = 0, total = 0, now;

	printk("%ld pages of at most %ld\n", have, most);
	for (int i = 0; i < 40; i++) {
		got = hypercall(memory_op, XENMEM_increase_reservation, &r);
		if (got <= 0)
			break;
		total += got;
		back = list(got);
		now = hypercall(memory_op, XENMEM_decrease_reservation, &back);
		CHECK(now == got, "%ld taken, %ld given back", got, now);
	}
	now = hypercall(memory_op, XENMEM_current_reservation, &self);
	CHECK(now == have, "%ld pages at the end, %ld at first; %ld went to and fro", now, have, total);
}

/* The list of frames ends in a page that is not there. */
static void half_there(void)
{
	struct xen_memory_reservation r = list(2);
	domid_t self = DOMID_SELF;
	long have = hypercall(memory_op, XENMEM_current_reservation, &self), got;
	uint64_t tail = (uint64_t)behind - 8;

	*(uint64_t *)tail = (uint64_t)spare >> 12;
	unmapped(behind);
	r.extent_start = tail;
	got = hypercall(memory_op, XENMEM_increase_reservation, &r);
	CHECK(got >= 0 && got <= 1, "half a list: %ld", got);
	writable(behind);
	printk("%ld pages before, %ld after half a list\n", have,
	       hypercall(memory_op, XENMEM_current_reservation, &self));
}

void test_main(void)
{
	nodes();
	continuations();
	limit();
	half_there();
}
