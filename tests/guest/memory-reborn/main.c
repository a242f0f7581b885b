/* SPDX-License-Identifier: MIT */
/*
 * Memory that was another domain's comes to us when that domain has ended. What it held must not come along (XSA-100
 * and others like it): not in frames one by one, nor in blocks, nor in what an exchange gives.
 */
#include "guest.h"


const char test_title[] = "memory-reborn: nothing of a domain that has ended is found by others";

#define FRAMES		32U
#define SECRET		0x5ec4e7da7a11dea5UL

static uint8_t spare[2 * FRAMES][PAGE_SIZE] PAGE;
static volatile uint64_t window[512] PAGE;
static uint64_t list[2 * FRAMES], theirs[FRAMES];

static long reserve(unsigned int cmd, domid_t id, unsigned int n, unsigned int order)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)list, .nr_extents = n, .extent_order = order,
					    .domid = id };

	return hypercall(memory_op, cmd, &r);
}

/* Our own pages make room: `spare` is mapped nowhere afterwards. */
static void make_room(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(spare); i++) {
		list[i] = va_to_mfn(spare[i]);
		unmapped(spare[i]);
	}
	EXPECT(ARRAY_SIZE(spare), reserve(XENMEM_decrease_reservation, DOMID_SELF, ARRAY_SIZE(spare), 0));
}

/* A domain whose every word is the secret lives, and ends. */
static void live_and_die(void)
{
	domid_t id;

	ctl.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = 1, .max_evtchn_port = 100, .max_grant_frames = 1, .max_maptrack_frames = 1,
		.grant_opts = 1,
	};
	domain_do(XEN_DOMCTL_createdomain, 0);
	id = ctl.domain;
	ctl.u.max_mem.max_memkb = FRAMES * 4;
	domain_do(XEN_DOMCTL_max_mem, id);
	for (unsigned int i = 0; i < FRAMES; i++)
		list[i] = i;
	EXPECT(FRAMES, reserve(XENMEM_populate_physmap, id, FRAMES, 0));
	memcpy(theirs, list, sizeof(theirs));
	for (unsigned int i = 0; i < FRAMES; i++) {
		EXPECT(0, hypercall(update_va_mapping_otherdomain, window, theirs[i] << 12 | PTE_DATA, UVMF_INVLPG,
				    id));
		for (int k = 0; k < 512; k++)
			window[k] = SECRET;
	}
	EXPECT(0, map_at(window, 0, UVMF_INVLPG));
	domain_do(XEN_DOMCTL_destroydomain, id);
}

static bool was_theirs(uint64_t mfn)
{
	for (unsigned int i = 0; i < FRAMES; i++)
		if (theirs[i] == mfn)
			return true;
	return false;
}

/* Looks into `n` frames; how many of them the other had. */
static unsigned int search(const uint64_t *frames, unsigned int n, const char *how)
{
	unsigned int known = 0;

	for (unsigned int i = 0; i < n; i++) {
		known += was_theirs(frames[i]);
		EXPECT(0, map_at(window, frames[i] << 12 | PTE_DATA, UVMF_INVLPG));
		for (int k = 0; k < 512; k++)
			if (window[k] == SECRET) {
				test_failure("frame %#lx, got %s, holds what another domain left", frames[i], how);
				break;
			}
	}
	EXPECT(0, map_at(window, 0, UVMF_INVLPG));
	return known;
}

static void give_back(unsigned int n)
{
	EXPECT(n, reserve(XENMEM_decrease_reservation, DOMID_SELF, n, 0));
}

static unsigned int one_by_one(void)
{
	unsigned int known;

	live_and_die();
	EXPECT(2 * FRAMES, reserve(XENMEM_populate_physmap, DOMID_SELF, 2 * FRAMES, 0));
	known = search(list, 2 * FRAMES, "one by one");
	give_back(2 * FRAMES);
	return known;
}

static unsigned int in_a_block(void)
{
	unsigned int known;

	live_and_die();
	EXPECT(1, reserve(XENMEM_increase_reservation, DOMID_SELF, 1, 5));
	for (unsigned int i = 1; i < FRAMES; i++)
		list[i] = list[0] + i;
	known = search(list, FRAMES, "in a block");
	give_back(FRAMES);
	return known;
}

static unsigned int by_exchange(void)
{
	static uint64_t in[FRAMES], out[FRAMES];
	struct xen_memory_exchange e = {
		.in = { .extent_start = (uint64_t)in, .nr_extents = FRAMES, .domid = DOMID_SELF },
		.out = { .extent_start = (uint64_t)out, .nr_extents = FRAMES, .domid = DOMID_SELF },
	};
	unsigned int known;

	EXPECT(FRAMES, reserve(XENMEM_populate_physmap, DOMID_SELF, FRAMES, 0));
	memcpy(in, list, sizeof(in));
	for (unsigned int i = 0; i < FRAMES; i++)
		out[i] = i;
	live_and_die();
	EXPECT(0, hypercall(memory_op, XENMEM_exchange, &e));
	known = search(out, FRAMES, "by an exchange");
	memcpy(list, out, sizeof(out));
	give_back(FRAMES);
	return known;
}

void test_main(void)
{
	unsigned int known;

	make_room();
	known = one_by_one();
	known += in_a_block();
	known += by_exchange();
	printk("%u frames of others came to us\n", known);
	CHECK(known, "no frame was ever another's: nothing has been tried");
}
