/* SPDX-License-Identifier: MIT */
/*
 * A hypercall that works on long lists must give way: while it does not, its CPU hears neither timers nor other guests.
 * A timer is set to strike in the midst of each, at many places, and the time until its event is heard is what the
 * hypervisor took to notice. One instruction is one nanosecond here (-icount).
 */
#include "abi/sysctl.h"
#include "guest.h"

const char test_title[] = "latency: long hypercalls give way";

#define PIECES		24
#define LIMIT		100000UL	/* what all are to keep */
#define LIMIT_JOIN	220000UL	/* but for this one, whose 512 frames come and go together */

static uint64_t deadline, latest;
static uint32_t port;

static void struck(uint32_t p)
{
	(void)p;
	if (deadline && system_time() > deadline && system_time() - deadline > latest)
		latest = system_time() - deadline;
	deadline = 0;
}

static void nothing(void)
{
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
		calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
						     .args = { XENVER_extraversion, (uint64_t)spare[3] } };
	EXPECT(0, hypercall(multicall, calls, MANY));
}

static long reserve(unsigned int cmd, uint64_t n, unsigned int order)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)frames, .nr_extents = n, .extent_order = order,
					    .domid = DOMID_SELF };

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

/* One extent against pages, and back: what is exchanged the first time is what the second takes. */
static uint64_t big;

static void exchange(uint64_t in, uint64_t nr_in, unsigned int in_order, uint64_t out, uint64_t nr_out,
		     unsigned int out_order)
{
	struct xen_memory_exchange e = {
		.in = { .extent_start = in, .nr_extents = nr_in, .extent_order = in_order, .domid = DOMID_SELF },
		.out = { .extent_start = out, .nr_extents = nr_out, .extent_order = out_order, .domid = DOMID_SELF },
	};

	EXPECT(0, hypercall(memory_op, XENMEM_exchange, &e));
}

static void cut(void)
{
	exchange((uint64_t)&big, 1, 9, (uint64_t)frames, MANY, 0);
}

static void join(void)
{
	exchange((uint64_t)frames, MANY, 0, (uint64_t)&big, 1, 9);
}

static void one_extent(void)
{
	if (!big) {
		EXPECT(1, reserve(XENMEM_increase_reservation, 1, 9));
		big = frames[0];
	} else if (frames[0] != 0) {
		join();
	}
	for (unsigned int i = 0; i < MANY; i++)
		frames[i] = i;
}

static void rejoin(void)
{
	join();
	frames[0] = 0;
}

static void many_pages(void)
{
	if (frames[0] == 0)
		cut();
}

static void listen(void)
{
	port = bind_virq(VIRQ_TIMER, 0);
	event_handlers[port] = struck;
	event_unmask(port);
}

static void channels(void)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &reset));
	listen();
}

/*
 * The queues of events: 4,000 channels with something pending move there; then a page of event words comes for a
 * thousand channels whose events had none.
 */
static struct evtchn_fifo_control_block control[PAGE_SIZE / sizeof(struct evtchn_fifo_control_block)] PAGE;
static volatile uint32_t words[2][1024] PAGE;

static void ipis(unsigned int n)
{
	struct evtchn_bind_ipi bind = { .vcpu = 0 };

	for (unsigned int i = 0; i < n; i++)
		EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_ipi, &bind));
}

static void send(uint32_t to)
{
	struct evtchn_send s = { to };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_send, &s));
}

static void queues(void)
{
	struct evtchn_init_control c = { .control_gfn = va_to_mfn(control), .vcpu = 0, .offset = 0 };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_init_control, &c));
}

static void many_pending(void)
{
	channels();
	ipis(4000);
	for (uint32_t p = port + 1; p <= 4000; p++) {
		event_mask(p);
		send(p);
	}
}

static void words_come(unsigned int page)
{
	struct evtchn_expand_array e = { .array_gfn = va_to_mfn((void *)words[page]) };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_expand_array, &e));
}

static bool queue_hook(struct regs *r)
{
	if (r->vector != VECTOR_EVENT)
		return false;
	shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
	control[0].ready = 0;
	words[0][port] = 0;
	struck(port);
	return true;
}

static void queues_without_words(void)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	struct evtchn_set_priority first = { .priority = 0 };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &reset));
	memset((void *)words, 0, sizeof(words));
	memset(control, 0, sizeof(control));
	port = bind_virq(VIRQ_TIMER, 0);
	queues();
	words_come(0);
	first.port = port;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_set_priority, &first));
	ipis(2046);
	for (uint32_t p = 1024; p < 2048; p++)
		send(p);
	trap_hook = queue_hook;
}

static void second_page(void)
{
	words_come(1);
}

/* Frames of another domain's grant table, all named in one call; more of them than a guest has by default. */
#define NAMED	4000u

static uint64_t named[NAMED];

static void grant_table(domid_t of, uint32_t n)
{
	struct gnttab_setup_table t = { .dom = of, .nr_frames = n, .frame_list = (uint64_t)named };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	CHECK(t.status == GNTST_okay, "setup_table of %u frames: %d", n, t.status);
}

/* A domain with all sorts of things goes, the last of it with its last reference. */
static domid_t victim;

static void make_victim(void)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)frames, .nr_extents = MANY };
	struct evtchn_alloc_unbound open = { .remote_dom = DOMID_SELF };

	ctl.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = 32, .max_evtchn_port = 4095, .max_grant_frames = NAMED, .max_maptrack_frames = 1024,
		.grant_opts = 1,
	};
	domain_do(XEN_DOMCTL_createdomain, 0);
	victim = ctl.domain;
	ctl.u.max_vcpus.max = 32;
	domain_do(XEN_DOMCTL_max_vcpus, victim);
	ctl.u.max_mem.max_memkb = 16384;
	domain_do(XEN_DOMCTL_max_mem, victim);
	for (unsigned int i = 0; i < MANY; i++)
		frames[i] = i;
	r.domid = open.dom = victim;
	EXPECT(MANY, hypercall(memory_op, XENMEM_populate_physmap, &r));
	for (unsigned int i = 0; i < 4000; i++)
		EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &open));
	grant_table(victim, 1000);
}

static void destroy_victim(void)
{
	domain_do(XEN_DOMCTL_destroydomain, victim);
	victim = 0;
}

static void table_of_another(void)
{
	if (!victim)
		make_victim();
	memset(named, 0, sizeof(named));
}

static void name_frames(void)
{
	grant_table(victim, NAMED);
	for (unsigned int i = 0; i < NAMED; i++)
		if (!named[i]) {
			test_failure("frame %u of the table is not named", i);
			return;
		}
}

/* Many domains, of which all is asked at once. */
#define DOMAINS	500u

static struct xen_domctl_getdomaininfo infos[DOMAINS + 8];

static void many_domains(void)
{
	static bool made;

	for (unsigned int i = 0; i < DOMAINS && !made; i++) {
		ctl.u.createdomain = (struct xen_domctl_createdomain) { .max_vcpus = 1, .max_evtchn_port = 7,
								      .max_grant_frames = 1 };
		domain_do(XEN_DOMCTL_createdomain, 0);
	}
	made = true;
	memset(infos, 0, sizeof(infos));
}

static void list_domains(void)
{
	struct xen_sysctl s = {
		.cmd = XEN_SYSCTL_getdomaininfolist, .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.u.getdomaininfolist = { .max_domains = ARRAY_SIZE(infos), .buffer = (uint64_t)infos },
	};

	EXPECT(0, hypercall(sysctl, &s));
	CHECK(s.cmd == XEN_SYSCTL_getdomaininfolist, "the operation's number is %#x afterwards", s.cmd);
	CHECK(s.u.getdomaininfolist.num_domains >= DOMAINS, "%u domains listed", s.u.getdomaininfolist.num_domains);
	for (unsigned int i = 1; i < s.u.getdomaininfolist.num_domains; i++)
		if (infos[i].domain <= infos[i - 1].domain) {
			test_failure("domain %u is listed behind %u", infos[i].domain, infos[i - 1].domain);
			return;
		}
}

static void handlers(void)
{
	for (unsigned int i = 0; i < 256; i++)
		traps[i] = (struct trap_info){ .vector = 200 + i % 50, .cs = FLAT_KERNEL_CS,
					       .address = (uint64_t)entries };
	EXPECT(0, hypercall(set_trap_table, traps));
}

/* fn() is what is measured, after prepare(). Where all of it is short, nothing needs to give way. */
static void strike_within(const char *what, void (*prepare)(void), void (*fn)(void))
{
	uint64_t start, whole;

	prepare();
	start = system_time();
	fn();
	whole = system_time() - start;
	latest = 0;
	for (unsigned int i = 0; i < PIECES && whole > LIMIT; i++) {
		prepare();
		deadline = system_time() + 2000 + whole * i / PIECES;
		hypercall(set_timer_op, deadline);
		fn();
		hypercall(set_timer_op, 0);
		deadline = 0;
	}
	printk("%s: %lu instructions, gives way within %lu\n", what, whole, whole > LIMIT ? latest : whole);
	CHECK(latest <= (fn == rejoin ? LIMIT_JOIN : LIMIT), "%s: gives way after %lu instructions", what, latest);
}

static const struct {
	const char *what;
	void (*prepare)(void), (*fn)(void);
} rows[] = {
	{ "1,024 page-table entries", nothing, entries },
	{ "pin and unpin of 512 entries", nothing, pins },
	{ "512 pages cleared", nothing, pages },
	{ "512 pages copied between grants", nothing, copying },
	{ "a multicall of 512", nothing, multicalls },
	{ "512 frames out and in", nothing, balloon },
	{ "an extent of 2 MiB out and in", nothing, big_extent },
	{ "2 MiB exchanged for 512 pages", one_extent, cut },
	{ "512 pages exchanged for 2 MiB", many_pages, rejoin },
	{ "256 handlers", nothing, handlers },
	{ "4,000 events to the queues", many_pending, queues },
	{ "1,024 events get their words", queues_without_words, second_page },
	{ "a domain's end", make_victim, destroy_victim },
	{ "4,000 frames of a grant table", table_of_another, name_frames },
	{ "500 domains listed", many_domains, list_domains },
};

void test_main(void)
{
	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) != -XEN_ENOENT)
		test_skip("with several CPUs time does not count instructions");
	listen();
	events_on();
	for (unsigned int i = 0; i < 512; i++)
		table[i] = va_to_mfn(spare[i % 2]) << 12 | PTE_RO;
	read_only(table);
	make_room();
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		trap_hook = NULL;
		channels();
		strike_within(rows[i].what, rows[i].prepare, rows[i].fn);
	}
}
