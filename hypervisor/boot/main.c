/* SPDX-License-Identifier: MIT */
/*
 * The contents page: what happens between the loader and the first guest, in order. boot.S calls
 * boot_main() on the boot CPU, interrupts off, on its own stack, with the boot page tables. Nothing is
 * initialised anywhere else.
 */
#include "boot/boot_info.h"
#include "boot/multiboot.h"
#include "builder/builder.h"
#include "core/build_id.h"
#include "core/console.h"
#include "core/ipi.h"
#include "core/keyhandler.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/param.h"
#include "core/timer.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "platform/clock.h"
#include "platform/efi.h"
#include "platform/irq.h"
#include "platform/lfb.h"
#include "platform/machine.h"
#include "platform/nmi.h"
#include "platform/pic.h"
#include "platform/setup.h"
#include "platform/smp_boot.h"
#include "platform/uart.h"
#include "platform/vga.h"
#include "pv/pv.h"
#include "sched/sched.h"
#include "version_info.h"
#include "x86/cpu_ops.h"
#include "x86/extable.h"
#include "x86/features.h"
#include "x86/image.h"
#include "x86/tlb.h"

__noreturn void boot_main(u32 magic, u32 info, u32 base);

static const struct param *const param_tables[] = {
	setup_params, e820_params, console_params, console_input_params, uart_params, vga_params,
	panic_params, power_params, smp_params, nmi_params, clock_params, acpi_params, efi_params,
	sched_params, builder_params,
	NULL,
};

static u32 dropped;	/* pieces of the loader's information that made no sense */

static const char *__init boot_read_loader(u32 magic, u32 info)
{
	const char *wrong = magic == MULTIBOOT2_LOADED ? multiboot2_parse(info, &dropped) :
						       multiboot1_parse(info, &dropped);

	boot_strip_names();
	e820_sanitise();
	return wrong;
}

static void __init boot_say_hello(void)
{
	char id[64];

	build_id_format(id, sizeof(id));
	log_info("Xen version %s (%s) debug=%c %s", XEN_PRODUCT_VERSION, XEN_COMPILER, PANIC_DEBUG,
		 XEN_BUILD_DATE);
	log_info("Latest ChangeSet: %s", XEN_CHANGESET);
	log_info("build-id: %s", id);
	log_info("Bootloader: %s", boot_info.loader[0] ? boot_info.loader : "unknown");
	log_info("Command line: %s", boot_info.cmdline);
	log_info("Image at %#lx-%#lx, %u modules", boot_info.image_start, boot_info.image_end,
		 boot_info.nr_modules);
	if (boot_info.text_cut)
		log_warn("A command line from the boot loader has more than %u characters and was cut: shorten it",
			 BOOT_CMDLINE_MAX - 1);
	if (dropped)
		log_warn("%u pieces of the boot loader's information made no sense and were left out",
			 dropped);
	log_info("Memory map:");
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];

		log_info(" [%016lx, %016lx] (%s)", e->start, e->start + e->size - 1, e820_type_name(e->type));
	}
}

static __noreturn void boot_cpu_started(u32 cpu)
{
	sched_cpu_up(cpu);
	entry_start_idle();
}

static int boot_cpu_up(u32 cpu)
{
	if (!current->is_idle)
		return -EBUSY;
	sched_cpu_up(cpu);
	return 0;
}

void __init boot_main(u32 magic, u32 info, u32 base)
{
	u64 boot_tsc = rdtsc();
	const char *wrong, *missing;

	boot_info.image_start = base;
	boot_info.image_end = base + (image_end - image_start);
	smp_prepare_boot_cpu();			/* stack block, GDT, TSS, IDT: from here faults speak */
	extable_init();
	power_init_early();

	wrong = boot_read_loader(magic, info);
	missing = features_detect();
	param_parse(boot_info.cmdline, param_tables);
	console_setup_early();
	boot_say_hello();
	if (wrong || missing)
		panic("Cannot start: %s%s", missing ? "this processor lacks " : "", missing ? missing :
		      wrong);
	cpu_setup_boot();

	efi_save_attributes();
	mm_init();				/* the real page tables, the page allocator, the heap */
	lfb_map();
	console_setup_ring();
	efi_init();
	acpi_init();
	power_init();
	pic_init();
	lapic_setup_boot();
	clock_init(boot_tsc);			/* system time runs */
	irq_init();
	tlb_init();
	ipi_init();
	nmi_init();
	keyhandler_init();
	console_init();
	smp_init();
	timer_init_cpu();

	sched_init();
	domain_init();
	pv_init();
	entry_init_cpu(0);

	irq_enable();
	uart_init_irq();
	smp_cpu_init_hook = entry_init_cpu;
	smp_cpu_started_hook = boot_cpu_started;
	smp_cpu_down_hook = sched_cpu_down;
	smp_cpu_up_hook = boot_cpu_up;
	smp_bring_up_all();
	hostmap_drop_boot_mappings();

	sched_cpu_up(0);
	vga_release();
	builder_dom0();
	console_input_to_dom0();
	builder_start_dom0();
	entry_start_idle();
}
