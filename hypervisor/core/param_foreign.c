/* SPDX-License-Identifier: MIT */
/*
 * Options that users of Xen 4.17 know and that do nothing here: each is named with the reason, so that nobody
 * believes it to have worked. Names of one reason stand in one string, between blanks.
 */
#include "core/param.h"

#include "lib/string.h"
#include "x86/image.h"

static const struct {
	const char *names, *why;
} foreign[] = {
	{ " iommu ats dom0-iommu intremap rmrr ivrs_hpet ivrs_ioapic iommu_inclusive_mapping iommu_dev_iotlb_timeout "
	  "pci-phantom snb_igd_quirk tboot ",
	  "IOMMUs are not driven" },
	{ " cpuidle cpufreq max_cstate max_gsi_irqs mwait-idle idle_latency_factor lapic_timer_c2_ok arat "
	  "hpetbroadcast sched_smt_power_savings ",
	  "processors idle by HLT and keep the firmware's frequency" },
	{ " spec-ctrl bti xpti pv-l1tf rdrand srb-lock tsx ssbd bti-lfence ",
	  "there are no mitigations of speculation to choose from" },
	{ " ucode ", "microcode is not loaded; the firmware's stays" },
	{ " cpuid cpuid_mask_cpu cpuid_mask_ecx cpuid_mask_edx cpuid_mask_ext_ecx cpuid_mask_ext_edx "
	  "cpuid_mask_l7s0_eax cpuid_mask_l7s0_ebx cpuid_mask_thermal_ecx cpuid_mask_xsave_eax dom0-cpuid pku cet ",
	  "features are switched off one by one: see xen-command-line(7), PROCESSORS" },
	{ " watchdog watchdog_timeout ", "there is no watchdog of the hypervisor's own" },
	{ " crashkernel kexec crashinfo_maxaddr low_crashinfo low_mem_limit gdb ", "there are no crash kernels" },
	{ " sched_credit2_migrate_resist credit2_balance_over credit2_balance_under credit2_cap_period_ms "
	  "credit2_load_precision_shift credit2_load_window_shift credit2_runqueue sched_credit_tslice_ms "
	  "sched-gran vcpu_migration_delay tickle_one_idle_cpu sched_debug smt cpupools ",
	  "the scheduler has weights, caps, affinities and sched_ratelimit_us" },
	{ " hap hap_1gb hap_2mb altp2m ept vpid ple_gap ple_window vpmu psr viridian nestedhvm asid hvm_fep hvm_debug "
	  "hvm_port80 force-ept unrestricted_guest vmtrace vm-notify-window dom0-shadow shim_mem pvshim hypfs ",
	  "there is nothing of it to choose from" },
	{ " flask xsm argo tmem hardware_dom xenoprof tbuf_size tevt_mask tevt_rate cap ", "the feature is absent" },
	{ " hpet timer_slop tsc cmos-rtc-probe wallclock max_lapic_timer ler ",
	  "there is one way to keep time; clocksource= says what to measure it with" },
	{ " apic apic_verbosity lapic nolapic noapic acpi_apic_instance acpi_enforce_resources acpi_fake_ecdt "
	  "acpi_no_s4_hw_signature acpi_os_name acpi_pstate_strict acpi_skip_timer_override acpi_sleep "
	  "acpi_timer_override x2apic_phys irq_ratelimit irq_vector_map irq-max-guests nr_irqs noirqbalance "
	  "irq-check mmcfg msi pci hest_disable bert_disable erst_disable mce_fb mce_verbosity ",
	  "interrupts and tables are used as the firmware describes them" },
	{ " bootscrub bootscrub_chunk scrub-domheap badpage availmem dma_bits memop-max-order allowsuperpage "
	  "e820-mtrr-clip e820-verbose highmem-start xenheap_megabytes mtrr.show numa probe-port-aliases ext_regions ",
	  "memory is used as the firmware describes it" },
	{ " gnttab gnttab_max_frames gnttab_max_maptrack_frames gnttab_max_nr_frames max_grant_frames evtchn_fifo ",
	  "limits are set for each guest" },
	{ " dom0_nodes dom0_ioports_disable dom0_shadow dom0-iommu-strict ", "dom0 is placed and trusted in one way" },
	{ " console_to_ring serial_tx_buffer dbgp edid vesa-map vesa-mtrr vesa-ram font cpuinfo guest_earlyprintk ",
	  "the consoles have no such setting" },
};

const char *__init param_foreign(const char *name)
{
	size_t len = strlen(name);

	if (strchr(name, ' '))
		return NULL;
	for (size_t i = 0; len && i < ARRAY_SIZE(foreign); i++)
		for (const char *at = foreign[i].names; (at = strstr(at, name)) != NULL; at += len)
			if (at != foreign[i].names && at[-1] == ' ' && at[len] == ' ')
				return foreign[i].why;
	return NULL;
}
