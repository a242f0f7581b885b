/* SPDX-License-Identifier: MIT */
/*
 * The sixteen YMM registers of a vCPU are its own: through hypercalls, traps and the turns of others, on whatever CPU
 * it comes to run; saved into a tool's image and given back from one, in another domain too. Components that a guest
 * has switched on anew hold nothing of anybody else's (the state a lazy or half switch would leave: XSA-267,
 * CVE-2018-3665).
 *
 * A guest here is a page of code that loads its registers from its data page once and then compares them for ever.
 */
#include "abi/sysctl.h"
#include "guest.h"

const char test_title[] = "vectors: YMM registers through switches, migration, saving and restoring";

#define CODE_VA		0x400000UL
#define DATA_VA		0x401000UL
#define CR4_OSXSAVE	0x40000UL
#define XCR0_AVX	7
#define YMM_BYTES	32
#define ALL_BYTES	(16 * YMM_BYTES)

enum { L4, L3, L2, L1, CODE, DATA, FRAMES };

/* The data page, as guest_code knows it. */
struct data {
	uint8_t pattern[ALL_BYTES];	/* what the registers should hold */
	uint8_t seen[ALL_BYTES];	/* what they held at the last look */
	uint8_t anew[ALL_BYTES];	/* and when AVX had just been switched on */
	uint64_t looks, wrong;
};

/* All sixteen, from and to such a page at %rbx. */
#define EACH16(op)	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) \
			op(14) op(15)
#define LOAD(n)		"vmovdqu " #n "*32(%rbx), %ymm" #n "\n"
#define STORE_SEEN(n)	"vmovdqu %ymm" #n ", 512+" #n "*32(%rbx)\n"
#define STORE_ANEW(n)	"vmovdqu %ymm" #n ", 1024+" #n "*32(%rbx)\n"

extern const uint8_t guest_code[], guest_code_end[];
void load_registers(const struct data *d);
void store_registers(struct data *d);

__asm__(".pushsection .rodata\n"
	"guest_code:	xor %ecx, %ecx\n"
	"		xor %edx, %edx\n"
	"		mov $3, %eax\n"
	"		xsetbv\n"
	"		mov $29, %eax\n"		/* sched_op: yield; others have their turns */
	"		xor %edi, %edi\n"
	"		xor %esi, %esi\n"
	"		syscall\n"
	"		xor %ecx, %ecx\n"
	"		xor %edx, %edx\n"
	"		mov $7, %eax\n"
	"		xsetbv\n"
	EACH16(STORE_ANEW)
	EACH16(LOAD)
	"1:"
	EACH16(STORE_SEEN)
	"		mov %rbx, %rsi\n"
	"		lea 512(%rbx), %rdi\n"
	"		mov $64, %ecx\n"
	"		cld\n"
	"		repe cmpsq\n"
	"		setne %al\n"
	"		movzbl %al, %eax\n"
	"		add %rax, 1544(%rbx)\n"
	"		incq 1536(%rbx)\n"
	"		jmp 1b\n"
	"guest_code_end:\n"
	".popsection\n"
	"load_registers:\n"
	"		push %rbx\n"
	"		mov %rdi, %rbx\n"
	EACH16(LOAD)
	"		pop %rbx\n"
	"		ret\n"
	"store_registers:\n"
	"		push %rbx\n"
	"		mov %rdi, %rbx\n"
	EACH16(STORE_SEEN)
	"		pop %rbx\n"
	"		ret\n");
_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_yield == 0, "numbers in the code");
_Static_assert(offsetof(struct data, seen) == 512 && offsetof(struct data, anew) == 1024 &&
	       offsetof(struct data, looks) == 1536 &&
	       offsetof(struct data, wrong) == 1544, "layout in the code");

/* ---- our own registers ---- */

static struct data own;

static void fill(uint8_t *pattern, unsigned int seed)
{
	for (unsigned int i = 0; i < ALL_BYTES; i++)
		pattern[i] = seed * 37 + i * 11 + (i >> 5);
}

static void load_own(unsigned int seed)
{
	fill(own.pattern, seed);
	load_registers(&own);
}

static void expect_own(const char *when)
{
	store_registers(&own);
	for (unsigned int i = 0; i < ALL_BYTES; i++)
		if (own.seen[i] != own.pattern[i]) {
			test_failure("%s: byte %u of our ymm%u is %#x, not %#x", when, i % YMM_BYTES, i / YMM_BYTES,
				     own.seen[i], own.pattern[i]);
			load_own(1);
			return;
		}
}

static uint32_t cpuid(uint32_t leaf, uint32_t sub, int reg)
{
	uint32_t r[4];

	/* "ud2a; .ascii xen; cpuid": as seen by a PV guest */
	__asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]),
			 "=d" (r[3]) : "a" (leaf), "c" (sub));
	return r[reg];
}

static void switch_on(void)
{
	uint64_t cr4;

	if ((cpuid(1, 0, 2) >> 26 & 5) != 5)		/* XSAVE, AVX */
		test_skip("no AVX");
	__asm__ volatile("mov %%cr4, %0" : "=r" (cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_OSXSAVE));
	__asm__ volatile("xsetbv" : : "a" (XCR0_AVX), "d" (0), "c" (0));
}

/* ---- guests ---- */

struct guest {
	domid_t id;
	uint64_t frames[FRAMES];
};
static uint8_t window[PAGE_SIZE] PAGE;
static uint8_t data_window[PAGE_SIZE] PAGE;

static void *show_at(void *where, const struct guest *g, unsigned int frame)
{
	struct mmu_update u = { 0, g->frames[frame] << 12 | PTE_DATA };

	pte_of((uint64_t)where, 1, &u.ptr);
	if (hypercall(mmu_update, &u, 1, NULL, g->id))
		test_error("cannot map a frame of domain %u", g->id);
	mmuext_one(MMUEXT_INVLPG_LOCAL, (uint64_t)where);
	return where;
}

static volatile struct data *data_of(const struct guest *g)
{
	return show_at(data_window, g, DATA);
}

static void entry(const struct guest *g, unsigned int table, unsigned int slot, unsigned int to, uint64_t flags)
{
	((uint64_t *)show_at(window, g, table))[slot] = g->frames[to] << 12 | flags;
}

static void fill_memory(struct guest *g, unsigned int seed)
{
	struct xen_memory_reservation r = { .extent_start = (uint64_t)g->frames, .nr_extents = FRAMES, .domid = g->id };
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };

	ctl.u.max_mem.max_memkb = 1024;
	domain_do(XEN_DOMCTL_max_mem, g->id);
	for (unsigned int i = 0; i < FRAMES; i++)
		g->frames[i] = i;
	if (hypercall(memory_op, XENMEM_populate_physmap, &r) != FRAMES)
		test_error("no memory for a guest");
	for (unsigned int i = 0; i < FRAMES; i++)
		memset(show_at(window, g, i), 0, PAGE_SIZE);
	entry(g, L4, 0, L3, PTE_TABLE);
	entry(g, L3, 0, L2, PTE_TABLE);
	entry(g, L2, CODE_VA >> 21, L1, PTE_TABLE);
	entry(g, L1, 0, CODE, PTE_RO);
	entry(g, L1, 1, DATA, PTE_DATA);
	memcpy(show_at(window, g, CODE), guest_code, guest_code_end - guest_code);
	fill(show_at(window, g, DATA), seed);
	unmapped(window);
	pin.arg1.mfn = g->frames[L4];
	if (hypercall(mmuext_op, &pin, 1, NULL, g->id))
		test_error("the tables of a guest are refused");
}

static void make(struct guest *g, unsigned int seed)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.createdomain = (struct xen_domctl_createdomain) {
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 4, .max_maptrack_frames = 4,
		.grant_opts = 1,
	};
	domain_do(XEN_DOMCTL_createdomain, 0);
	g->id = ctl.domain;
	ctl.u.max_vcpus.max = 1;
	domain_do(XEN_DOMCTL_max_vcpus, g->id);
	fill_memory(g, seed);
}

static struct vcpu_guest_context context;

static void set_context(const struct guest *g)
{
	context.ctrlreg[3] = g->frames[L4] << 12;
	context.flags |= VGCF_online;
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.vcpucontext = (struct xen_domctl_vcpucontext){ 0, (uint64_t)&context };
	domain_do(XEN_DOMCTL_setvcpucontext, g->id);
}

static void start(const struct guest *g)
{
	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel;
	context.user_regs.rip = CODE_VA;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = FLAT_KERNEL_SS;
	context.user_regs.rflags = EFLAGS_IF;
	context.user_regs.rsp = DATA_VA + PAGE_SIZE;
	context.user_regs.rbx = DATA_VA;
	context.kernel_ss = FLAT_KERNEL_SS;
	context.kernel_sp = DATA_VA + PAGE_SIZE;
	context.ctrlreg[0] = 0x80010033;
	context.ctrlreg[4] = 0x6a0 | CR4_OSXSAVE;
	set_context(g);
	domain_do(XEN_DOMCTL_unpausedomain, g->id);
}

static void run_on(domid_t id, unsigned int cpu)
{
	static uint64_t map;

	map = 1ul << cpu;
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	ctl.u.vcpuaffinity.cpumap_hard = (struct xenctl_bitmap){ (uint64_t)&map, 64 };
	domain_do(XEN_DOMCTL_setvcpuaffinity, id);
}

/* Lets the guest look at its registers 20 times more, and us at ours meanwhile. */
static void both_look(const struct guest *g, const char *when)
{
	volatile struct data *p = data_of(g);
	uint64_t from = p->looks, end = system_time() + 20000000000;

	while (p->looks < from + 20 && system_time() < end) {
		hypercall(sched_op, SCHEDOP_yield, NULL);
		expect_own(when);
	}
	CHECK(p->looks >= from + 20, "%s: the guest stands still", when);
	CHECK(!p->wrong, "%s: the guest's registers were wrong in %lu of %lu looks", when, p->wrong, p->looks);
	p->wrong = 0;
}

static void nothing_of_ours(const struct guest *g)
{
	volatile struct data *p = data_of(g);

	for (unsigned int i = 0; i < ALL_BYTES; i++)
		if (p->anew[i]) {
			test_failure("AVX switched on shows the guest %#x in byte %u of ymm%u", p->anew[i],
				     i % YMM_BYTES, i / YMM_BYTES);
			return;
		}
}

/* ---- images ---- */

static struct {
	uint64_t xcr0, ever;
	uint8_t area[4 * PAGE_SIZE - 16];
} image PAGE;

static uint64_t features;	/* as the hypervisor named them; tools give them back with every image */

static long ext_state(const struct guest *g, uint32_t cmd, uint64_t size)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.vcpuextstate = (struct xen_domctl_vcpuextstate){ .xfeature_mask = size ? features : 0, .size = size,
							     .buffer = (uint64_t)&image };
	return domain_try(cmd, g->id);
}

/* Where the image has a byte of a register: lower halves in the legacy part, upper halves where CPUID says. */
static uint8_t *in_image(unsigned int byte)
{
	static uint32_t upper;
	unsigned int reg = byte / YMM_BYTES, at = byte % YMM_BYTES;

	upper = upper ? upper : cpuid(0xd, 2, 1);
	return &image.area[at < 16 ? 160 + reg * 16 + at : upper + reg * 16 + at - 16];
}

/* The size of the image that is got: what was asked for is room for any. */
static uint64_t get_image(const struct guest *g)
{
	EXPECT(0, ext_state(g, XEN_DOMCTL_getvcpuextstate, 0));
	CHECK(ctl.u.vcpuextstate.size >= 16 + 832 && ctl.u.vcpuextstate.size <= sizeof(image), "images of %lu bytes",
	      ctl.u.vcpuextstate.size);
	features = ctl.u.vcpuextstate.xfeature_mask;
	CHECK((features & XCR0_AVX) == XCR0_AVX, "features %#lx", features);
	memset(&image, 0, sizeof(image));
	EXPECT(0, ext_state(g, XEN_DOMCTL_getvcpuextstate, ctl.u.vcpuextstate.size));
	CHECK(image.xcr0 == XCR0_AVX, "the guest's XCR0 is saved as %#lx", image.xcr0);
	return ctl.u.vcpuextstate.size;
}

/* The registers of a paused guest are in the image; others are put there, and the guest finds those. */
static void exchange(const struct guest *g)
{
	volatile struct data *p;
	uint64_t size;

	domain_do(XEN_DOMCTL_pausedomain, g->id);
	size = get_image(g);
	p = data_of(g);
	for (unsigned int i = 0; i < ALL_BYTES; i++)
		if (*in_image(i) != p->pattern[i]) {
			test_failure("byte %u of ymm%u is saved as %#x, not %#x", i % YMM_BYTES, i / YMM_BYTES,
				     *in_image(i), p->pattern[i]);
			break;
		}
	fill((uint8_t *)p->pattern, 99);
	fill((uint8_t *)p->seen, 99);			/* it may be in the middle of a look */
	for (unsigned int i = 0; i < ALL_BYTES; i++)
		*in_image(i) = p->pattern[i];
	EXPECT(0, ext_state(g, XEN_DOMCTL_setvcpuextstate, size));
	domain_do(XEN_DOMCTL_unpausedomain, g->id);
	both_look(g, "after its image was exchanged");
}

static void refusals(const struct guest *g)
{
	uint64_t size;

	domain_do(XEN_DOMCTL_pausedomain, g->id);
	size = get_image(g);
	CHECK(ext_state(g, XEN_DOMCTL_getvcpuextstate, size - 1) < 0, "a buffer one byte too small is filled");
	CHECK(ext_state(g, XEN_DOMCTL_setvcpuextstate, sizeof(image)) < 0, "an image of %lu bytes is taken",
	      sizeof(image));
	CHECK(ext_state(g, XEN_DOMCTL_setvcpuextstate, 8) < 0, "an image of 8 bytes is taken");
	image.xcr0 = 5;			/* AVX without SSE */
	CHECK(ext_state(g, XEN_DOMCTL_setvcpuextstate, size) < 0, "XCR0 of 5 is taken");
	image.xcr0 = 1ul << 62 | XCR0_AVX;
	CHECK(ext_state(g, XEN_DOMCTL_setvcpuextstate, size) < 0, "XCR0 with bit 62 is taken");
	/* as Xen saves a guest that has never used XSAVE */
	CHECK(ext_state(g, XEN_DOMCTL_setvcpuextstate, 16) < 0, "XCR0 of something without an image is taken");
	image.xcr0 = image.ever = 0;
	EXPECT(0, ext_state(g, XEN_DOMCTL_setvcpuextstate, 16));
	domain_do(XEN_DOMCTL_unpausedomain, g->id);
	both_look(g, "after refused images");
}

/* Another domain goes on where this one stood, as a restored guest does: first its context, then its image. */
static void reborn(const struct guest *old, struct guest *new)
{
	static struct data kept;
	uint64_t size;

	domain_do(XEN_DOMCTL_pausedomain, old->id);
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.vcpucontext = (struct xen_domctl_vcpucontext){ 0, (uint64_t)&context };
	domain_do(XEN_DOMCTL_getvcpucontext, old->id);
	size = get_image(old);
	memcpy(&kept, (void *)data_of(old), sizeof(kept));
	memcpy((void *)data_of(new), &kept, sizeof(kept));
	set_context(new);
	EXPECT(0, ext_state(new, XEN_DOMCTL_setvcpuextstate, size));
	domain_do(XEN_DOMCTL_unpausedomain, new->id);
	domain_do(XEN_DOMCTL_unpausedomain, old->id);
	both_look(new, "in another domain");
	both_look(old, "after its copy went on");
}

/* ---- CPUs ---- */

static unsigned int count_cpus(void)
{
	static struct xen_sysctl s = { .cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	if (hypercall(sysctl, &s))
		test_error("physinfo");
	return s.u.physinfo.nr_cpus;
}

/* Alone on a CPU, together on one, and each where the other was. */
static void move(const struct guest *g, unsigned int cpus)
{
	for (unsigned int i = 0; i < 12; i++) {
		run_on(0, i % 3 % cpus);
		run_on(g->id, i % 4 / 2 % cpus);
		both_look(g, "while moved between CPUs");
	}
}

void test_main(void)
{
	static struct guest a, b;

	switch_on();
	load_own(1);
	PROBE("ud2");
	expect_own("after a trap");
	make(&a, 2);
	run_on(0, 0);		/* first all on one CPU, so that they have its registers by turns */
	run_on(a.id, 0);
	start(&a);
	both_look(&a, "beside a guest");
	nothing_of_ours(&a);
	exchange(&a);
	refusals(&a);
	make(&b, 3);
	run_on(b.id, 0);
	reborn(&a, &b);
	move(&a, count_cpus());
	for (unsigned int i = 0; i < 3; i++) {
		domain_do(XEN_DOMCTL_pausedomain, a.id);
		both_look(&b, "while its like is paused");
		domain_do(XEN_DOMCTL_unpausedomain, a.id);
		both_look(&a, "after a pause");
	}
	domain_do(XEN_DOMCTL_destroydomain, a.id);
	domain_do(XEN_DOMCTL_destroydomain, b.id);
	expect_own("at the end");
}
