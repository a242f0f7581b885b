/* SPDX-License-Identifier: MIT */
/*
 * Who gets how much of the CPUs: by weight, by cap, and with one of eight guests misbehaving. Guests are a page of code
 * each: they spin, ask without end, yield, send events to dom0, nap to look poor, or spin on four vCPUs at once. None
 * of that may bring a guest more than its share, or another one less.
 *
 * Weights and caps are held to 3 per cent over half a second, eight guests to 3 per cent and one slice. Debian's Xen
 * (credit2) gives each vCPU of a guest the guest's whole weight, so there the guest with four vCPUs gets four shares;
 * see README.md.
 */
#include "abi/sysctl.h"
#include "guest.h"

const char test_title[] = "shares: weights, caps, and guests that want more";

#define MS		1000000UL
#define GUESTS		8
#define VCPUS		4
#define SPAN		(500 * MS)
#define SLICE		(10 * MS)	/* what one may be ahead or behind at the end of a span */
#define CODE_VA		0x400000UL
#define DATA_VA		0x401000UL

enum { L4, L3, L2, L1, CODE, DATA, FRAMES };

/* ---- what guests do; position-independent, no stack ---- */
/* %rbx: the data page, %r12: ns to add to the TSC for system time */

extern const uint8_t guest_code[], guest_code_end[];
extern const uint8_t do_spin[], do_ask[], do_yield[], do_send[], do_nap[];

__asm__(".pushsection .rodata\n"
	"guest_code:\n"
	"do_spin:	jmp do_spin\n"
	"do_ask:	mov $17, %eax\n"			/* xen_version */
	"		xor %edi, %edi\n"
	"		xor %esi, %esi\n"
	"		syscall\n"
	"		jmp do_ask\n"
	"do_yield:	mov $29, %eax\n"			/* sched_op: yield */
	"		xor %edi, %edi\n"
	"		xor %esi, %esi\n"
	"		syscall\n"
	"		jmp do_yield\n"
	"do_send:	mov $32, %eax\n"			/* event_channel_op: send; the port is in the page */
	"		mov $4, %edi\n"
	"		mov %rbx, %rsi\n"
	"		syscall\n"
	"		jmp do_send\n"
	/* Works 900 us, sleeps 100 us in SCHEDOP_poll without ports. */
	"do_nap:	call now\n"
	"		lea 900000(%rax), %r13\n"
	"1:		call now\n"
	"		cmp %r13, %rax\n"
	"		jb 1b\n"
	"		add $100000, %rax\n"
	"		movq $0, (%rbx)\n"
	"		movl $0, 8(%rbx)\n"
	"		mov %rax, 16(%rbx)\n"
	"		mov $29, %eax\n"
	"		mov $3, %edi\n"
	"		mov %rbx, %rsi\n"
	"		syscall\n"
	"		jmp do_nap\n"
	"now:		rdtsc\n"
	"		shl $32, %rdx\n"
	"		or %rdx, %rax\n"
	"		add %r12, %rax\n"
	"		ret\n"
	"guest_code_end:\n"
	".popsection\n");
_Static_assert(__HYPERVISOR_xen_version == 17 && __HYPERVISOR_sched_op == 29 && __HYPERVISOR_event_channel_op == 32,
	       "numbers in the code");
_Static_assert(EVTCHNOP_send == 4 && SCHEDOP_yield == 0 && SCHEDOP_poll == 3, "numbers in the code");
_Static_assert(offsetof(struct sched_poll, nr_ports) == 8 && offsetof(struct sched_poll, timeout) == 16,
	       "layout in the code");

/* ---- making them ---- */

static struct guest {
	domid_t id;
	uint64_t frames[FRAMES];
	uint64_t began, used;		/* ns of CPU time */
} guests[GUESTS];
static uint8_t window[PAGE_SIZE] PAGE;
static unsigned int cpus;

/* A frame of a guest's, shown at `window` until the next one is. */
static uint8_t *show(const struct guest *g, unsigned int frame)
{
	struct mmu_update u = { 0, g->frames[frame] << 12 | PTE_DATA };

	pte_of((uint64_t)window, 1, &u.ptr);
	if (hypercall(mmu_update, &u, 1, NULL, g->id))
		test_error("cannot map a frame of domain %u", g->id);
	mmuext_one(MMUEXT_INVLPG_LOCAL, (uint64_t)window);
	return window;
}

static void entry(const struct guest *g, unsigned int table, unsigned int slot, unsigned int to, uint64_t flags)
{
	((uint64_t *)show(g, table))[slot] = g->frames[to] << 12 | flags;
}

static void fill_memory(struct guest *g)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)g->frames, .nr_extents = FRAMES, .domid = g->id };
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };
	unsigned int i;

	ctl.u.max_mem.max_memkb = 1024;
	domain_do(XEN_DOMCTL_max_mem, g->id);
	for (i = 0; i < FRAMES; i++)
		g->frames[i] = i;
	if (hypercall(memory_op, XENMEM_populate_physmap, &r) != FRAMES)
		test_error("no memory for a guest");
	for (i = 0; i < FRAMES; i++)
		memset(show(g, i), 0, PAGE_SIZE);
	entry(g, L4, 0, L3, PTE_TABLE);
	entry(g, L3, 0, L2, PTE_TABLE);
	entry(g, L2, CODE_VA >> 21, L1, PTE_TABLE);
	entry(g, L1, 0, CODE, PTE_RO);
	entry(g, L1, 1, DATA, PTE_DATA);
	memcpy(show(g, CODE), guest_code, guest_code_end - guest_code);
	unmapped(window);
	pin.arg1.mfn = g->frames[L4];
	if (hypercall(mmuext_op, &pin, 1, NULL, g->id))
		test_error("the tables of a guest are refused");
}

static void start_vcpu(const struct guest *g, unsigned int vcpu, const uint8_t *what)
{
	static struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = CODE_VA + (what - guest_code);
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.user_regs.rflags = EFLAGS_IF;
	c.user_regs.rsp = DATA_VA + PAGE_SIZE - 256 * vcpu;
	c.user_regs.rbx = DATA_VA + 64 * vcpu;
	c.user_regs.r12 = system_time() - rdtsc();
	c.kernel_ss = FLAT_KERNEL_SS;
	c.kernel_sp = c.user_regs.rsp;
	c.ctrlreg[0] = 0x80010033;
	c.ctrlreg[3] = g->frames[L4] << 12;
	c.ctrlreg[4] = 0x6a0;
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.vcpucontext = (struct xen_domctl_vcpucontext){ vcpu, (uint64_t)&c };
	domain_do(XEN_DOMCTL_setvcpucontext, g->id);
}

/* A port of the guest's whose events come to us; nobody takes them, so each send does all that a send can do. */
static void give_port(const struct guest *g)
{
	struct evtchn_alloc_unbound a = { .dom = g->id, .remote_dom = 0 };
	struct evtchn_bind_interdomain b = { .remote_dom = g->id };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a));
	b.remote_port = a.port;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b));
	*(uint32_t *)show(g, DATA) = a.port;
	unmapped(window);
	event_unmask(b.local_port);
}

static void make(struct guest *g, const uint8_t *what, unsigned int vcpus)
{
	unsigned int i;

	memset(&ctl, 0, sizeof(ctl));
	ctl.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = vcpus, .max_evtchn_port = 1023, .max_grant_frames = 4, .max_maptrack_frames = 4,
		.grant_opts = 1,
	};
	domain_do(XEN_DOMCTL_createdomain, 0);
	g->id = ctl.domain;
	ctl.u.max_vcpus.max = vcpus;
	domain_do(XEN_DOMCTL_max_vcpus, g->id);
	fill_memory(g);
	if (what == do_send)
		give_port(g);
	for (i = 0; i < vcpus; i++)
		start_vcpu(g, i, what);
	domain_do(XEN_DOMCTL_unpausedomain, g->id);
}

static void destroy(struct guest *g)
{
	domain_do(XEN_DOMCTL_destroydomain, g->id);
}

static void tune(const struct guest *g, unsigned int weight, unsigned int cap)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.scheduler_op = (struct xen_domctl_scheduler_op){ .sched_id = XEN_SCHEDULER_CREDIT2,
							     .cmd = XEN_DOMCTL_SCHEDOP_putinfo };
	ctl.u.scheduler_op.u.credit2.weight = weight;
	ctl.u.scheduler_op.u.credit2.cap = cap;
	domain_do(XEN_DOMCTL_scheduler_op, g->id);
}

/* ---- measuring ---- */

static uint64_t cpu_time(domid_t id)
{
	memset(&ctl, 0, sizeof(ctl));
	domain_do(XEN_DOMCTL_getdomaininfo, id);
	return ctl.u.getdomaininfo.cpu_time;
}

static void sleep(uint64_t ns)
{
	struct sched_poll p = { .timeout = system_time() + ns };

	EXPECT(0, hypercall(sched_op, SCHEDOP_poll, &p));
}

/* Sleeps while the first n guests work; gives how long it was. dom0's own time goes to *own. */
static uint64_t measure(unsigned int n, uint64_t *own)
{
	uint64_t t = system_time(), o = cpu_time(0);
	unsigned int i;

	for (i = 0; i < n; i++)
		guests[i].began = cpu_time(guests[i].id);
	while (system_time() - t < SPAN)
		sleep(t + SPAN - system_time());
	for (i = 0; i < n; i++)
		guests[i].used = cpu_time(guests[i].id) - guests[i].began;
	*own = cpu_time(0) - o;
	return system_time() - t;
}

static bool near(uint64_t a, uint64_t b)
{
	return a * 100 >= b * 97 && a * 100 <= b * 103;
}

static void weights(void)
{
	static const unsigned int weight[] = { 256, 512, 1024 };
	unsigned int i, n = ARRAY_SIZE(weight);
	uint64_t t, own;

	/* As many of each as there are CPUs, so that no guest's share is more than a CPU. */
	for (i = 0; i < n * cpus; i++) {
		make(&guests[i], do_spin, 1);
		tune(&guests[i], weight[i % n], 0);
	}
	sleep(50 * MS);
	t = measure(n * cpus, &own) * cpus - own;
	for (i = 0; i < n * cpus; i++)
		CHECK(near(guests[i].used, t * weight[i % n] / (1792 * cpus)), "weight %u: %lu us of %lu",
		      weight[i % n], guests[i].used / 1000, t / 1000);
	for (i = 0; i < n * cpus; i++)
		destroy(&guests[i]);
}

static void caps(void)
{
	static const unsigned int cap[] = { 10, 25, 50 };
	unsigned int i, n = ARRAY_SIZE(cap);
	uint64_t t, own;

	for (i = 0; i < n; i++) {
		make(&guests[i], i ? do_spin : do_ask, 1);
		tune(&guests[i], 256, cap[i]);
	}
	sleep(50 * MS);
	t = measure(n, &own);
	for (i = 0; i < n; i++)
		CHECK(near(guests[i].used, t * cap[i] / 100), "cap %u: %lu us of %lu", cap[i], guests[i].used / 1000,
		      t / 1000);
	for (i = 0; i < n; i++)
		destroy(&guests[i]);
}

/* Seven work, the eighth does what is named. A share is an eighth of what dom0 leaves; dom0 may have one of nine. */
static void attack(const char *name, const uint8_t *what, unsigned int vcpus)
{
	uint64_t t, own, share, least = ~0UL, most = 0;
	unsigned int i;

	for (i = 0; i < GUESTS; i++)
		make(&guests[i], i ? do_spin : what, i ? 1 : vcpus);
	sleep(50 * MS);
	t = measure(GUESTS, &own) * cpus;
	for (i = 1; i < GUESTS; i++) {
		least = guests[i].used < least ? guests[i].used : least;
		most = guests[i].used > most ? guests[i].used : most;
	}
	share = (t - own) / GUESTS;
	printk("%s: share %lu us, workers %lu to %lu, the offender %lu, dom0 %lu\n", name, share / 1000, least / 1000,
	       most / 1000, guests[0].used / 1000, own / 1000);
	CHECK(least + SLICE >= share * 97 / 100, "%s: a worker got %lu us of its share of %lu", name, least / 1000,
	      share / 1000);
	CHECK(guests[0].used <= share * 103 / 100 + SLICE, "%s: the offender got %lu us, its share is %lu", name,
	      guests[0].used / 1000, share / 1000);
	CHECK(own * 100 <= t * 103 / 9, "%s: dom0 was made to work %lu of %lu us", name, own / 1000, t / 1000);
	for (i = 0; i < GUESTS; i++)
		destroy(&guests[i]);
}

static unsigned int count_cpus(void)
{
	static struct xen_sysctl s = { .cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	if (hypercall(sysctl, &s))
		test_error("physinfo");
	return s.u.physinfo.nr_cpus;
}

void test_main(void)
{
	cpus = count_cpus();
	if (cpus > 2)
		test_skip("%u CPUs", cpus);
	events_on();
	weights();
	caps();
	attack("spin", do_spin, 1);
	attack("ask", do_ask, 1);
	attack("yield", do_yield, 1);
	attack("send", do_send, 1);
	attack("nap", do_nap, 1);
	attack("four vCPUs", do_spin, VCPUS);
}
