/* SPDX-License-Identifier: MIT */
/*
 * Processors: their dense numbers, their stack blocks and descriptor pages, and INIT-SIPI-SIPI. All waiting
 * is by comparison with the clock and ends as soon as the processor answers.
 *
 * A processor starts on page tables of its own kind: the hypervisor's half as always, and the one page of the
 * trampoline at its machine address. They are static, thus below 4 GiB.
 *
 * Lock: bring_up_lock serialises bringing up and taking down; cpus[] is constant after smp_init().
 */
#include "platform/smp_boot.h"

#include "platform/ap_trampoline.h"
#include "boot/boot_info.h"
#include "core/ipi.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "core/time.h"
#include "core/timer.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "mm/page_alloc.h"
#include "platform/acpi.h"
#include "platform/irq.h"
#include "platform/machine.h"
#include "platform/nmi.h"
#include "x86/cpu_ops.h"
#include "x86/desc.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/image.h"
#include "x86/lapic.h"
#include "x86/tlb.h"

#define LOW_RAM_END	0x100000ul	/* where a startup IPI reaches */
#define SIPI_WAIT_NS	300000ul
#define ALIVE_WAIT_NS	5000000000ul	/* a virtual processor's host may have other things to do */
#define ONLINE_WAIT_NS	5000000000ul
#define STACK_ORDER	3

#define PTE_P_RW	0x3ul
#define PTE_P		0x1ul

enum ap_state { AP_IDLE, AP_RUNNING, AP_ONLINE, AP_UNFIT };

static struct {
	u32 apic_id, acpi_id;
	bool enabled;
} cpus[MAX_CPUS];
static u32 nr_cpus = 1;
static u32 max_cpus = MAX_CPUS;		/* maxcpus= */

static DEFINE_SPINLOCK(bring_up_lock, RANK_NONE);
/* bring_up_lock; ap_state is also written by the one processor that starts. */
static u32 ap_state;
static const char *ap_missing;
static u64 bsp_tsc, ap_tsc;		/* handshake for comparing the counters */
static u8 *trampoline;
static u64 trampoline_maddr;

static u64 ap_l4[512] __aligned(4096) __section(".bss.page_aligned");
static u64 ap_l3[512] __aligned(4096) __section(".bss.page_aligned");
static u64 ap_l2[512] __aligned(4096) __section(".bss.page_aligned");
static u64 ap_l1[512] __aligned(4096) __section(".bss.page_aligned");

extern u8 boot_stack[];
static u64 boot_gdt_page[512] __aligned(4096) __section(".bss.page_aligned");
static u64 boot_gdt_compat_page[512] __aligned(4096) __section(".bss.page_aligned");

void (*smp_cpu_started_hook)(u32 cpu);
void (*smp_cpu_init_hook)(u32 cpu);
void (*smp_cpu_down_hook)(u32 cpu);
int (*smp_cpu_up_hook)(u32 cpu);

static u64 image_maddr(const void *va)
{
	return (u64)va - (u64)image_start + boot_info.image_start;
}

void smp_prepare_boot_cpu(void)
{
	struct cpu_local *local = cpu_local();
	struct desc_page native = { boot_gdt_page, maddr_to_mfn(maddr(image_maddr(boot_gdt_page))) };
	struct desc_page compat = { boot_gdt_compat_page,
				   maddr_to_mfn(maddr(image_maddr(boot_gdt_compat_page))) };

	*local = (struct cpu_local){ .cpu = 0, .cr4 = read_cr4_hardware() };
	cpu_locals[0] = local;
	cpumask_set(0, &cpu_online_mask);
	cpumask_set(0, &cpu_started_mask);
	cpu_online_count = 1;
	desc_init_idt();
	desc_init_cpu(0, local, native, compat);
	desc_load_cpu(0);
}

/* The first page of RAM above page 0. mm_init() left it to dom0 like all of the first MiB; now it is ours. */
static void smp_take_trampoline(void)
{
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];
		u64 page = MAX(e->start, PAGE_SIZE);

		if (e->type != E820_RAM || page + PAGE_SIZE > MIN(e->start + e->size, LOW_RAM_END))
			continue;
		trampoline_maddr = page;
		trampoline = maddr_to_virt(page);
		mfn_to_frame(maddr_to_mfn(maddr(page)))->owner = OWNER_XEN;
		mfn_to_frame(maddr_to_mfn(maddr(page)))->flags |= FRAME_HEAP;
		return;
	}
	log_err("No RAM below 1 MiB to start other CPUs from: only one is used");
}

void smp_init(void)
{
	u32 boot_apic_id = lapic_id();

	smp_take_trampoline();
	cpu_locals[0]->apic_id = cpus[0].apic_id = boot_apic_id;
	cpus[0].acpi_id = ~0u;
	cpus[0].enabled = true;
	for (u32 i = 0; i < acpi_facts.nr_cpus; i++) {
		const struct acpi_cpu *a = &acpi_facts.cpus[i];

		if (a->apic_id == boot_apic_id) {
			cpus[0].acpi_id = a->acpi_id;
			continue;
		}
		if (!a->enabled || nr_cpus == MAX_CPUS)
			continue;
		if (a->apic_id > 254 && !lapic_x2apic) {
			log_warn("CPU with APIC id %u needs x2APIC: not used", a->apic_id);
			continue;
		}
		cpus[nr_cpus].apic_id = a->apic_id;
		cpus[nr_cpus].acpi_id = a->acpi_id;
		cpus[nr_cpus++].enabled = true;
	}
	if (hostmap_guard_page(boot_stack + CPU_GUARD_OFFSET))
		log_warn("The boot CPU's stack has no guard page");
}

u32 cpu_apic_id(u32 cpu)
{
	return cpu < nr_cpus ? cpus[cpu].apic_id : ~0u;
}

u32 cpu_acpi_id(u32 cpu)
{
	return cpu < nr_cpus ? cpus[cpu].acpi_id : ~0u;
}

bool cpu_is_present(u32 cpu)
{
	return cpu < MIN(nr_cpus, max_cpus);
}

u32 cpu_present_count(void)
{
	return MIN(nr_cpus, max_cpus);
}

static void smp_write_trampoline(struct cpu_local *local, void (*entry)(void))
{
	const u64 *hv = maddr_to_virt(hostmap_l4_maddr);

	for (u32 i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++)
		ap_l4[i] = hv[i];
	ap_l4[0] = image_maddr(ap_l3) | PTE_P_RW;
	ap_l3[0] = image_maddr(ap_l2) | PTE_P_RW;
	ap_l2[0] = image_maddr(ap_l1) | PTE_P_RW;
	ap_l1[trampoline_maddr >> PAGE_SHIFT] = trampoline_maddr | PTE_P;
	memcpy(trampoline, ap_trampoline_start, ap_trampoline_end - ap_trampoline_start);
	*(u64 *)(trampoline + AP_PARAM_CR3) = image_maddr(ap_l4);
	*(u64 *)(trampoline + AP_PARAM_STACK) = cpu_stack_top(local);
	*(u64 *)(trampoline + AP_PARAM_ENTRY) = (u64)entry;
	*(u64 *)(trampoline + AP_PARAM_ALIVE) = 0;
}

/* The other side of smp_compare_tsc(): says its time when asked. */
static void ap_answer_tsc(void)
{
	while (!load_acquire(&bsp_tsc))
		cpu_pause();
	store_release(&ap_tsc, rdtsc_ordered());
}

/* First C code of another processor, on its own stack, still on the trampoline's tables. */
static __noreturn void ap_main(void)
{
	struct cpu_local *local = cpu_local();
	u32 cpu = local->cpu;

	write_cr3(hostmap_l4_maddr);
	local->cr4 = read_cr4_hardware();
	desc_load_cpu(cpu);
	WRITE_ONCE(ap_state, AP_RUNNING);
	ap_missing = features_check_cpu();
	if (ap_missing) {
		store_release(&ap_state, AP_UNFIT);
		for (;;)
			hlt();
	}
	features_enable_cpu();
	lapic_init_cpu(false);
	mce_init_cpu();
	fpu_init_cpu();
	if (smp_cpu_init_hook)
		smp_cpu_init_hook(cpu);
	tlb_flush_local();
	timer_init_cpu();
	ap_answer_tsc();
	cpumask_set_atomic(cpu, &cpu_started_mask);
	cpumask_set_atomic(cpu, &cpu_online_mask);
	atomic_inc(&cpu_online_count);
	store_release(&ap_state, AP_ONLINE);
	smp_cpu_started_hook(cpu);
	BUG();
}

static bool smp_wait_state(enum ap_state not, u64 ns)
{
	u64 limit = time_now_ns() + ns;

	while (load_acquire(&ap_state) == not)
		if (time_now_ns() > limit)
			return false;
		else
			cpu_pause();
	return true;
}

static bool smp_wait_alive(u64 ns)
{
	const volatile u32 *alive = (const void *)(trampoline + AP_PARAM_ALIVE);
	u64 limit = time_now_ns() + ns;

	while (!*alive)
		if (time_now_ns() > limit)
			return false;
		else
			cpu_pause();
	return true;
}

/*
 * The other's time must lie between ours before and after asking. Where the hardware starts counters apart,
 * ours is the one that counts: the difference is only told, since guests read the TSC themselves.
 */
static void smp_compare_tsc(u32 cpu)
{
	u64 before = rdtsc_ordered(), after, limit = time_now_ns() + ONLINE_WAIT_NS;

	store_release(&bsp_tsc, before);
	while (!load_acquire(&ap_tsc) && time_now_ns() < limit)
		cpu_pause();
	after = rdtsc_ordered();
	if (ap_tsc && ((s64)(ap_tsc - before) < 0 || (s64)(after - ap_tsc) < 0))
		log_warn("CPU%u: its TSC is off by about %ld ticks", cpu,
			 (s64)(ap_tsc - before - (after - before) / 2));
}

static struct cpu_local *smp_alloc_cpu(u32 cpu)
{
	u8 *block = pages_alloc_zeroed(STACK_ORDER);
	u64 *gdt = page_alloc_zeroed(), *compat = page_alloc_zeroed();
	struct cpu_local *local;

	if (!block || !gdt || !compat || hostmap_guard_page(block + CPU_GUARD_OFFSET)) {
		if (block)
			pages_free_virt(block, STACK_ORDER);
		if (gdt)
			page_free_virt(gdt);
		if (compat)
			page_free_virt(compat);
		return NULL;
	}
	local = (struct cpu_local *)(block + CPU_STACK_SIZE) - 1;
	local->cpu = cpu;
	local->apic_id = cpus[cpu].apic_id;
	desc_init_cpu(cpu, local, (struct desc_page){ gdt, virt_to_mfn(gdt) },
		      (struct desc_page){ compat, virt_to_mfn(compat) });
	return local;
}
static_assert(CPU_STACK_SIZE == PAGE_SIZE << STACK_ORDER,
	      "a block is 2^STACK_ORDER pages, aligned to its size");

/* INIT, then STARTUP, and again if nothing happens: how processors are woken (SDM 3A 9.4.4). */
static bool smp_wake(u32 apic_id)
{
	lapic_send_init(apic_id);
	lapic_send_startup(apic_id, trampoline_maddr >> PAGE_SHIFT);
	if (smp_wait_alive(SIPI_WAIT_NS))
		return true;
	lapic_send_startup(apic_id, trampoline_maddr >> PAGE_SHIFT);
	return smp_wait_alive(ALIVE_WAIT_NS);
}

static bool smp_wait_online(u32 cpu)
{
	if (!smp_wait_state(AP_IDLE, ONLINE_WAIT_NS) || ap_state == AP_UNFIT)
		return false;
	smp_compare_tsc(cpu);
	return smp_wait_state(AP_RUNNING, ONLINE_WAIT_NS) && ap_state == AP_ONLINE;
}

/* One that fails is sent back to wait for STARTUP: else it might wake up later, on the stack of the next. */
static int smp_start(u32 cpu)
{
	u32 apic_id = cpus[cpu].apic_id;
	int rc = -EIO;

	ap_state = AP_IDLE;
	ap_missing = NULL;
	bsp_tsc = ap_tsc = 0;
	if (!smp_wake(apic_id)) {
		log_err("CPU%u (APIC id %u) does not start", cpu, apic_id);
		rc = -ENODEV;
	} else if (smp_wait_online(cpu)) {
		return 0;
	} else {
		log_err("CPU%u (APIC id %u): %s%s", cpu, apic_id, ap_missing ? "lacks " : "stuck while starting",
			ap_missing ? ap_missing : "");
	}
	lapic_send_init(apic_id);
	return rc;
}

static int smp_start_first_time(u32 cpu)
{
	if (!trampoline)
		return -ENOMEM;
	if (!cpu_locals[cpu]) {
		cpu_locals[cpu] = smp_alloc_cpu(cpu);
		if (!cpu_locals[cpu])
			return -ENOMEM;
	}
	smp_write_trampoline(cpu_locals[cpu], ap_main);
	return smp_start(cpu);
}

/*
 * A CPU that was taken down rests in its idle loop, serves interrupts that come all the same, and may be
 * called back at any time: so there is nothing to set up again, and nobody who still counts on it waits in
 * vain.
 */
static void smp_rest(void *arg)
{
	u32 cpu = this_cpu();

	cpumask_clear_atomic(cpu, &cpu_online_mask);
	atomic_dec(&cpu_online_count);
	smp_cpu_down_hook(cpu);
	softirq_raise(SOFTIRQ_SCHEDULE);
}

static void smp_work_again(void *arg)
{
	int *rc = arg;

	/* Mappings of the hypervisor may have changed meanwhile. */
	tlb_flush_local();
	*rc = smp_cpu_up_hook(this_cpu());
}

static int smp_call_back(u32 cpu)
{
	cpumask_t mask = cpumask_of(cpu);
	int rc = -EIO;

	cpumask_set_atomic(cpu, &cpu_online_mask);
	ipi_call(&mask, smp_work_again, &rc);
	if (rc)
		cpumask_clear_atomic(cpu, &cpu_online_mask);
	else
		atomic_inc(&cpu_online_count);
	return rc;
}

int cpu_bring_up(u32 cpu)
{
	int rc = 0;

	if (!cpu_is_present(cpu))
		return -EINVAL;
	spin_lock(&bring_up_lock);
	if (!cpumask_test(cpu, &cpu_online_mask))
		rc = cpumask_test(cpu, &cpu_started_mask) ? smp_call_back(cpu) : smp_start_first_time(cpu);
	spin_unlock(&bring_up_lock);
	return rc;
}

int cpu_take_down(u32 cpu)
{
	cpumask_t mask = cpumask_of(cpu);

	if (!cpu_is_present(cpu))
		return -EINVAL;
	if (cpu == 0)
		return -EOPNOTSUPP;
	spin_lock(&bring_up_lock);
	if (cpumask_test(cpu, &cpu_online_mask)) {
		ipi_call(&mask, smp_rest, NULL);
		irq_evacuate_cpu(cpu);
	}
	spin_unlock(&bring_up_lock);
	return 0;
}

bool smp_has_trampoline(void)
{
	return trampoline;
}

u32 smp_prepare_wake(void (*entry)(void), u64 stack)
{
	smp_write_trampoline(cpu_locals[0], entry);
	*(u64 *)(trampoline + AP_PARAM_STACK) = stack;
	return trampoline_maddr;
}

void smp_forget_others(void)
{
	cpu_started_mask = cpumask_of(0);
}

void smp_bring_up_all(void)
{
	for (u32 cpu = 1; cpu < cpu_present_count(); cpu++)
		if (cpu_bring_up(cpu) == -ENOMEM)
			break;
	log_info("Brought up %u CPU%s", cpu_online_count, cpu_online_count == 1 ? "" : "s");
}

static int param_maxcpus(const char *value)
{
	u64 n;

	if (!value || cmdline_parse_u64(value, &n))
		return -EINVAL;
	max_cpus = CLAMP(n, 1ul, (u64)MAX_CPUS);
	return 0;
}

static int param_nosmp(const char *value)
{
	max_cpus = 1;
	return 0;
}

const struct param smp_params[] = {
	{ "maxcpus", "use at most so many processors", param_maxcpus },
	{ "nosmp", "use one processor", param_nosmp },
	{ 0 },
};
