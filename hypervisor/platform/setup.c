/* SPDX-License-Identifier: MIT */
/*
 * Options that decide about the console and the processor, and the steps that obey them. Boot CPU only.
 */
#include "platform/setup.h"

#include "core/console.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/bitmap.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/hostmap.h"
#include "mm/page_alloc.h"
#include "platform/acpi.h"
#include "platform/nmi.h"
#include "platform/uart.h"
#include "platform/vga.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/lapic.h"

static bool use_com[2] = { true, false }, use_vga = true;
static bool allow_x2apic = true;

void console_setup_early(void)
{
	for (u32 i = 0; i < 2; i++)
		if (use_com[i])
			(void)!uart_init(i);
	if (use_vga)
		vga_init();
}

void console_setup_ring(void)
{
	u32 size = console_ring_wanted(), order;
	char *mem;

	if (!size)
		return;
	order = order_of(size >> PAGE_SHIFT);
	mem = pages_alloc_zeroed(order);
	if (mem)
		console_set_ring(mem, size);
	else
		log_warn("No memory for conring_size=%uk: the small ring stays", size >> 10);
}

void cpu_setup_boot(void)
{
	char text[256];

	features_enable_cpu();
	features_describe(text, sizeof(text));
	log_info("CPU: %s, family %#x, model %#x, stepping %u", cpu_features.name, cpu_features.family,
		 cpu_features.model, cpu_features.stepping);
	log_info("CPU features in use: %s", text);
	if (cpu_features.xsave_unused)
		log_warn("CPU: XSAVE is not used (the last leaf of CPUID is %#x): %s", cpu_features.max_leaf,
			 cpu_features.xsave_unused);
	fpu_init();
	fpu_init_cpu();
	mce_init_cpu();
}

void lapic_setup_boot(void)
{
	u64 base = lapic_base_maddr();
	void *mmio = hostmap_mmio(base ? base : LAPIC_DEFAULT_MADDR, PAGE_SIZE, HOSTMAP_UC);

	if (!mmio)
		panic("The local APIC's page at %#lx cannot be mapped", base);
	lapic_init(mmio, allow_x2apic);
	lapic_init_cpu(true);
	log_info("Local APIC at %#lx, %s mode", base, lapic_x2apic ? "x2APIC" : "xAPIC");
}

static int param_console(const char *value)
{
	char copy[64], *pos = copy, *item;
	bool com[2] = { false, false }, vga = false;

	if (!value || strlcpy(copy, value, sizeof(copy)) >= sizeof(copy))
		return -EINVAL;
	while ((item = cmdline_next_item(&pos, ',')) != NULL) {
		/* com1H and com1L shared one line between two streams; now it is one. */
		if (!strncmp(item, "com", 3) && (item[3] == '1' || item[3] == '2') &&
		    (!item[4] || ((item[4] == 'H' || item[4] == 'L') && !item[5])))
			com[item[3] - '1'] = true;
		else if (!strcmp(item, "vga"))
			vga = true;
		else if (strcmp(item, "none"))
			return -EINVAL;
	}
	memcpy(use_com, com, sizeof(com));
	use_vga = vga;
	return 0;
}

static int feature_switch(const char *name, const char *value)
{
	int on = param_switch(value);

	if (on < 0)
		return -EINVAL;
	return on ? 0 : features_turn_off(name);
}

#define FEATURE_PARAM(name)						\
	static int param_##name(const char *value)			\
	{								\
		return feature_switch(#name, value);			\
	}

FEATURE_PARAM(smep)
FEATURE_PARAM(smap)
FEATURE_PARAM(fsgsbase)
FEATURE_PARAM(xsave)
FEATURE_PARAM(mce)
FEATURE_PARAM(pcid)
FEATURE_PARAM(tsc_deadline)

static int param_x2apic(const char *value)
{
	int on = param_switch(value);

	if (on < 0)
		return -EINVAL;
	allow_x2apic = on;
	return 0;
}

/* What GRUB's own menu script passes to the original: there is nothing of it here to switch. */
static int param_nothing(const char *value)
{
	return 0;
}

const struct param setup_params[] = {
	{ "console", "where messages go: com1, com2, vga, none", param_console },
	{ "smep", "supervisor mode execution prevention", param_smep },
	{ "smap", "supervisor mode access prevention", param_smap },
	{ "fsgsbase", "instructions for the bases of FS and GS", param_fsgsbase },
	{ "xsave", "extended vector state", param_xsave },
	{ "mce", "machine check exceptions", param_mce },
	{ "pcid", "process context identifiers", param_pcid },
	{ "tdt", "TSC deadline mode of the local APIC's timer", param_tsc_deadline },
	{ "x2apic", "access the local APIC by MSRs", param_x2apic },
	{ "real-mode", "accepted, without meaning", param_nothing },
	{ "edd", "accepted, without meaning", param_nothing },
	{ 0 },
};
