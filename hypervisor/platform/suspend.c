/* SPDX-License-Identifier: MIT */
/*
 * Suspend to RAM (ACPI S3). Memory stays; processors, interrupt controllers and the serial ports lose all and are set
 * up as at boot. The other CPUs rest in their idle loops and start anew; devices are dom0's matter, their messages too
 * (PHYSDEVOP_restore_msi). MTRRs are the firmware's to restore, as they were its to set.
 *
 * The firmware wakes the boot CPU in real mode at FACS.waking_vector, which is the page that starts the others too.
 */
#include "core/log.h"
#include "core/time.h"
#include "core/timer.h"
#include "lib/errno.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "platform/irq.h"
#include "platform/machine.h"
#include "platform/nmi.h"
#include "platform/pic.h"
#include "platform/power.h"
#include "platform/smp_boot.h"
#include "platform/uart.h"
#include "x86/cpu_ops.h"
#include "x86/desc.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/lapic.h"
#include "x86/tlb.h"

#define SETTLE_NS	1000000ul

struct facs {
	u32 signature, length, hardware_signature, waking_vector, global_lock, flags;
	u64 x_waking_vector;
} __packed;
static_assert(offsetof(struct facs, x_waking_vector) == 24, "ACPI 6.4, 5.2.10");
#define FACS_SIGNATURE	0x53434146u	/* "FACS" */

u64 suspend_stack;			/* of suspend_entry.S */
u32 suspend_call(void (*fn)(void));
void suspend_wake(void);

static struct facs *facs;		/* while suspending */
static u16 pm1_values[2];

bool machine_has_pm1(void)
{
	return !acpi_facts.reduced_hardware;
}

bool machine_can_suspend(void)
{
	return machine_has_pm1() && acpi_facts.facs && acpi_facts.pm1a_control.address &&
	       smp_has_trampoline();
}

static void suspend_sleep(void)
{
	facs->waking_vector = smp_prepare_wake(suspend_wake, suspend_stack);
	if (facs->length >= sizeof(*facs))
		facs->x_waking_vector = 0;
	wbinvd();
	power_write_pm1(pm1_values[0], pm1_values[1]);
}

/* As boot_main() and ap_main() do it, for what has no memory of its own. Interrupts off. */
static void suspend_restore(u64 tsc_before)
{
	write_cr3(hostmap_l4_maddr);
	cpu_local()->cr4 = read_cr4_hardware();
	desc_load_cpu(0);
	smp_forget_others();
	features_enable_cpu();
	pic_init();
	lapic_init_cpu(true);
	mce_init_cpu();
	fpu_init_cpu();
	smp_cpu_init_hook(0);
	tlb_flush_local();
	irq_resume();
	uart_resume();
	time_resume(tsc_before);
	timer_init_cpu();
}

/* Those that were just taken down are on their way into HLT, with nothing left to do. */
static void suspend_let_settle(void)
{
	u64 end = time_now_ns() + SETTLE_NS;

	while (time_now_ns() < end)
		cpu_pause();
}

int machine_suspend(u32 pm1a, u32 pm1b)
{
	struct facs *f = hostmap_mmio(acpi_facts.facs, sizeof(*f), HOSTMAP_WB);
	bool slept;
	u64 tsc;

	if (!f || f->signature != FACS_SIGNATURE || f->length < offsetof(struct facs, global_lock)) {
		log_err("ACPI: no FACS at %#lx: the machine cannot sleep", acpi_facts.facs);
		return -EIO;
	}
	suspend_let_settle();
	facs = f;
	pm1_values[0] = pm1a;
	pm1_values[1] = pm1b;
	irq_disable();
	tsc = rdtsc();
	slept = suspend_call(suspend_sleep);
	if (slept)
		suspend_restore(tsc);
	irq_enable();
	hostmap_unmap(f, sizeof(*f));
	return slept ? 0 : -EIO;
}
