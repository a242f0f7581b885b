/* SPDX-License-Identifier: MIT */
/*
 * A hypercall that works on long lists must give way: while it does not, its CPU hears neither timers nor other guests. A
 * timer is set to strike in the midst of each, at many places, and the time until its event is heard is what the hypervisor
 * took to notice. One instruction is one nanosecond here (-icount).
 */
#include "guest.h"

const char test_title[] = "latency: long hypercalls give way";

#define PIECES		24
#define LIMIT		100000UL	/* what all are to keep */
#define LIMIT_2M	450000UL	/* an extent of 2 MiB is cleared in one go */

static uint64_t deadline, latest;
static uint32_t port;

static void struck(uint32_t p)
{
	(void)p;
	if (deadline && system_time() > deadline && system_time() - deadline > latest)
		latest = system_time() - deadline;
	deadline = 0;
}

static void strike_within(const char *what, void (*fn)(void), uint64_t limit)
{
	uint64_t start = system_time(), whole;

	fn();
	whole = system_time() - start;
	latest = 0;
	for (unsigned int i = 0; i < PIECES; i++) {
		deadline = system_time() + 2000 + whole * i / PIECES;
		hypercall(set_timer_op, deadline);
		fn();
		hypercall(set_timer_op, 0);
		deadline = 0;
	}
	printk("%s: %lu instructions, gives way within %lu\n", what, whole, latest);
	CHECK(latest <= limit, "%s: gives way after %lu instructions", what, latest);
}

#define MANY	512

static uint8_t spare[4][PAGE_SIZE] PAGE;
static uint64_t table[512] PAGE, frames[MANY] PAGE;
static struct mmu_update updates[2 * MANY];
static struct mmuext_op exts[MANY];
static struct gnttab_copy copies[MANY];
static struct multicall_entry calls[MANY];
static struct trap_info traps[257];

static void entries(void)
{
	uint64_t maddr;

	pte_of((uint64_t)spare[0], 1, &maddr);
	for (unsigned int i = 0; i < ARRAY_SIZE(updates); i++)
		updates[i] = (struct mmu_update){ maddr, va_to_mfn(spare[1 + i % 2]) << 12 | PTE_DATA };
	EXPECT(0, hypercall(mmu_update, updates, ARRAY_SIZE(updates), NULL, DOMID_SELF));
}

static void pins(void)
{
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(table)));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(table)));
}

static void pages(void)
{
	for (unsigned int i = 0; i < MANY; i++)
		exts[i] = (struct mmuext_op){ .cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = va_to_mfn(spare[3]) };
	EXPECT(0, hypercall(mmuext_op, exts, MANY, NULL, DOMID_SELF));
}

static void copying(void)
{
	for (unsigned int i = 0; i < MANY; i++)
		copies[i] = (struct gnttab_copy){
			.source = { .u.gmfn = va_to_mfn(spare[i % 2]), .domid = DOMID_SELF },
			.dest = { .u.gmfn = va_to_mfn(spare[2 + i % 2]), .domid = DOMID_SELF }, .len = 4096,
		};
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, copies, MANY));
}

static void multicalls(void)
{
	for (unsigned int i = 0; i < MANY; i++)
		calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { XENVER_extraversion, (uint64_t)spare[3] } };
	EXPECT(0, hypercall(multicall, calls, MANY));
}

static long reserve(unsigned int cmd, uint64_t n, unsigned int order)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)frames, .nr_extents = n, .extent_order = order, .domid = DOMID_SELF };

	return hypercall(memory_op, cmd, &r);
}

/* Memory that nobody uses goes first: else there is no room for more. */
static void make_room(void)
{
	for (unsigned int half = 0; half < 2; half++) {
		for (unsigned int i = 0; i < MANY; i++)
			frames[i] = pfn_to_mfn(start_info->nr_pages - 1 - half * MANY - i);
		EXPECT(MANY, reserve(XENMEM_decrease_reservation, MANY, 0));
	}
}

static void balloon(void)
{
	EXPECT(MANY, reserve(XENMEM_increase_reservation, MANY, 0));
	EXPECT(MANY, reserve(XENMEM_decrease_reservation, MANY, 0));
}

static void big_extent(void)
{
	EXPECT(1, reserve(XENMEM_increase_reservation, 1, 9));
	EXPECT(1, reserve(XENMEM_decrease_reservation, 1, 9));
}

static void channels(void)
{
	struct evtchn_alloc_unbound open = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_reset reset = { .dom = DOMID_SELF };

	for (unsigned int i = 0; i < 1000; i++)
		EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &open));
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &reset));
	port = bind_virq(VIRQ_TIMER, 0);
	event_handlers[port] = struck;
	event_unmask(port);
}

static void handlers(void)
{
	for (unsigned int i = 0; i < 256; i++)
		traps[i] = (struct trap_info){ .vector = 200 + i % 50, .cs = FLAT_KERNEL_CS, .address = (uint64_t)entries };
	EXPECT(0, hypercall(set_trap_table, traps));
}

void test_main(void)
{
	port = bind_virq(VIRQ_TIMER, 0);
	event_handlers[port] = struck;
	event_unmask(port);
	events_on();
	for (unsigned int i = 0; i < 512; i++)
		table[i] = va_to_mfn(spare[i % 2]) << 12 | PTE_RO;
	read_only(table);
	make_room();
	strike_within("1,024 page-table entries", entries, LIMIT);
	strike_within("pin and unpin of 512 entries", pins, LIMIT);
	strike_within("512 pages cleared", pages, LIMIT);
	strike_within("512 pages copied between grants", copying, LIMIT);
	strike_within("a multicall of 512", multicalls, LIMIT);
	strike_within("512 frames out and in", balloon, LIMIT);
	strike_within("an extent of 2 MiB out and in", big_extent, LIMIT_2M);
	strike_within("256 handlers", handlers, LIMIT);
	strike_within("1,000 event channels", channels, LIMIT);
}
