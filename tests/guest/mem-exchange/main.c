/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange writes frame numbers to a guest array at an index that comes from the guest, too: nr_exchanged. In
 * XSA-212 the array's start was checked and the index was not, so the write went anywhere. Here come arrays in the
 * hypervisor, indices that wrap around to it, counts that overflow, orders beyond the machine; and last one exchange
 * that must work.
 */
#include "guest.h"

const char test_title[] = "mem-exchange: exchange of memory, right and wrong";

static uint64_t in_frame, out_frame;

static struct xen_memory_exchange make(uint64_t in, uint64_t nr_in, uint64_t out, uint64_t nr_out, uint64_t done)
{
	return (struct xen_memory_exchange) {
		.in = { .extent_start = in, .nr_extents = nr_in, .domid = DOMID_SELF },
		.out = { .extent_start = out, .nr_extents = nr_out, .domid = DOMID_SELF },
		.nr_exchanged = done,
	};
}

static void refuse(const char *what, struct xen_memory_exchange x)
{
	long r = hypercall(memory_op, XENMEM_exchange, &x);

	CHECK(r < 0 || x.nr_exchanged == 0, "%s: %ld, %lu exchanged", what, r, x.nr_exchanged);
}

static uint8_t spare[PAGE_SIZE] PAGE;

static void hostile(void)
{
	static const uint64_t targets[] = {
		0xffff800000000000, 0xffff804000000000, 0xffff82d040200000, 0xffff830000000000, 0xffff87fffffffff8,
		0xffff8000000000f0, 0x0000800000000000, 0xfffffffffffffff8,
	};
	uint64_t in = (uint64_t)&in_frame, out = (uint64_t)&out_frame;
	struct xen_memory_exchange x;

	in_frame = (uint64_t)spare >> 12;
	in_frame = pfn_to_mfn(in_frame);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		refuse("output into the hypervisor", make(in, 1, targets[i], 1, 0));
		refuse("input from the hypervisor", make(targets[i], 1, out, 1, 0));
		/* The index makes the address: out + 8 * nr_exchanged. */
		refuse("output by a wild index",
		       make(in - 8 * ((targets[i] - out) / 8), 1 + (targets[i] - out) / 8, out,
						      1 + (targets[i] - out) / 8, (targets[i] - out) / 8));
	}
	refuse("more done than there are", make(in, 1, out, 1, 2));
	refuse("unequal sizes", make(in, 1, out, 2, 0));
	refuse("2^61 extents", make(in, 1UL << 61, out, 1UL << 61, 0));
	refuse("2^64 - 1 extents", make(in, ~0UL, out, ~0UL, 0));
	x = make(in, 1, out, 1, 0);
	x.in.extent_order = 60;
	x.out.extent_order = 60;
	refuse("order 60", x);
	x.in.extent_order = 0;
	x.out.extent_order = 63;
	refuse("order 0 for order 63", x);
	x.out.extent_order = 0;
	x.in.domid = 0x7ff1;
	refuse("of DOMID_IO", x);
	x.in.domid = DOMID_SELF;
	x.out.domid = 0x7ff2;
	refuse("to DOMID_XEN", x);
	x = make(in, 1, out, 1, 0);
	in_frame = 0x123456789abcUL;
	refuse("of no frame", x);
	in_frame = start_info->shared_info >> 12;
	refuse("of the shared info page", x);
	in_frame = root_mfn();
	refuse("of the L4", x);
}

/* A page in exchange for another: the old one unmapped first, the new one ours, with the pfn asked for. */
static void rightly(void)
{
	uint64_t pfn = (uint64_t)spare >> 12, old = va_to_mfn(spare);
	struct xen_memory_exchange x = make((uint64_t)&in_frame, 1, (uint64_t)&out_frame, 1, 0);

	in_frame = old;
	out_frame = pfn;
	unmapped(spare);
	EXPECT(0, hypercall(memory_op, XENMEM_exchange, &x));
	CHECK(x.nr_exchanged == 1, "%lu exchanged", x.nr_exchanged);
	CHECK(out_frame != pfn, "no new frame told");
	CHECK(m2p[out_frame] == pfn, "the M2P gives the new frame %#lx to %#lx", out_frame, m2p[out_frame]);
	EXPECT(0, map_at(spare, out_frame << 12 | PTE_DATA, UVMF_INVLPG));
	CHECK(spare[0] == 0 && spare[4095] == 0, "the new page is not clean");
	CHECK(old == out_frame || map_at(spare, old << 12 | PTE_DATA, UVMF_INVLPG) < 0, "the old frame is still ours");
}

void test_main(void)
{
	hostile();
	rightly();
}
