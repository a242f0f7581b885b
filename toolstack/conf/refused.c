/* SPDX-License-Identifier: MIT */
/*
 * Keys that xl.cfg knows and we do not serve, each with the reason.  They are errors by default,
 * because a guest that quietly lacks what its file asks for is worse than none; with --lenient, and where
 * nothing is lost (0, an empty text or list, leftovers of older files, what Xen itself looks at in HVM guests
 * only, and those are refused as such), they are notes.
 */
#include <string.h>

#include "conf/keys.h"

const char *conf_refusal_text(enum conf_refusal why)
{
	switch (why) {
	case REFUSE_HVM:
		return "is for PVH and HVM guests, and means nothing to a PV guest";
	case REFUSE_LATER:
		return "comes in a later release";
	case REFUSE_ARM:
		return "is for ARM machines";
	case REFUSE_NEVER:
		return "is not served, by design";
	case REFUSE_IGNORED:
		return "has no effect here";
	}
	return "is not served";
}

#define HVM(n) { n, REFUSE_HVM, NULL }
#define ARM(n) { n, REFUSE_ARM, NULL }
#define LATER(n, hint) { n, REFUSE_LATER, hint }
#define NEVER(n, hint) { n, REFUSE_NEVER, hint }
#define IGNORED(n, hint) { n, REFUSE_IGNORED, hint }

const struct conf_refused conf_refused[] = {
	/* devices to come */
	LATER("vtpm", NULL),
	LATER("p9", NULL),
	LATER("pvcalls", NULL),
	LATER("vdispl", NULL),
	LATER("vsnd", NULL),
	LATER("vkb", NULL),
	LATER("usbctrl", NULL),
	LATER("usbdev", NULL),
	LATER("virtio", NULL),
	LATER("vscsi", NULL),
	LATER("rdm", NULL),
	LATER("rdm_mem_boundary", NULL),
	LATER("dtdev", NULL),
	LATER("gfx_passthru", NULL),
	LATER("passthrough", NULL),
	LATER("vnuma", NULL),
	LATER("msr_relaxed", NULL),
	LATER("vmtrace_buf_kb", NULL),
	LATER("static_shm", NULL),
	LATER("pci_permissive", "write permissive=1 behind the device in pci="),
	LATER("pci_seize", "write seize=1 behind the device in pci="),
	LATER("pci_power_mgmt", "write power_mgmt=1 behind the device in pci="),
	LATER("pci_msitranslate", "write msitranslate=1 behind the device in pci="),
	/* schedulers that we do not have */
	NEVER("period", "cpu_weight and cap steer the scheduler"),
	NEVER("slice", "cpu_weight and cap steer the scheduler"),
	NEVER("latency", "cpu_weight and cap steer the scheduler"),
	NEVER("extratime", "cpu_weight and cap steer the scheduler"),
	NEVER("budget", "cpu_weight and cap steer the scheduler"),
	/* leftovers of the years */
	IGNORED("disable_migrate", "nomigrate=1 does that"),
	IGNORED("suppress_spurious_page_faults", NULL),
	HVM("device_model_version"),
	HVM("device_model_override"),
	HVM("device_model_stubdomain_override"),
	HVM("device_model_stubdomain_seclabel"),
	HVM("device_model_stubdomain_init_seclabel"),
	HVM("device_model_args"),
	HVM("device_model_args_pv"),
	HVM("device_model_args_hvm"),
	HVM("device_model_user"),
	HVM("device_model"),
	HVM("dm_restrict"),
	HVM("stubdomain_kernel"),
	HVM("stubdomain_ramdisk"),
	HVM("stubdomain_cmdline"),
	HVM("stubdomain_memory"),
	IGNORED("blkdev_start", "every disk states its vdev"),
	IGNORED("pvh", "type=\"pvh\" says that"),
	HVM("shadow_memory"),
	IGNORED("maxcpus", NULL),
	/* xm knew these, and xen-tools still writes some */
	IGNORED("dhcp", "the guest configures its own network"),
	IGNORED("netmask", "the guest configures its own network"),
	IGNORED("gateway", "the guest configures its own network"),
	IGNORED("ip", "write ip= into the interface in vif="),
	IGNORED("nfs_server", "write nfsroot= into extra="),
	IGNORED("nfs_root", "write nfsroot= into extra="),
	IGNORED("restart", "on_poweroff, on_reboot and on_crash say that"),
	IGNORED("hostname", "the guest knows its own name"),
	IGNORED("interface", "the guest configures its own network"),
	IGNORED("broadcast", "the guest configures its own network"),
	IGNORED("on_xend_start", "autostart=1 starts a defined guest with the host"),
	IGNORED("on_xend_stop", "a guest is shut down with the host; see shutdown_timeout"),
	IGNORED("vcpu_avail", "vcpus and maxvcpus say that"),
	IGNORED("features", NULL),
	IGNORED("superpages", NULL),
	IGNORED("tmem", NULL),
	IGNORED("ssidref", NULL),
	IGNORED("access_control", NULL),
	IGNORED("bootargs", "write bootloader_args="),
	IGNORED("bootentry", "PV GRUB reads the guest's own grub.cfg"),
	IGNORED("console", "the console is on /dev/hvc0 of the guest"),
	IGNORED("vncconsole", NULL),
	IGNORED("vncviewer", NULL),
	IGNORED("display", NULL),
	IGNORED("xauthority", NULL),
	IGNORED("claim_mode", "memory is claimed before a guest is built"),
	NEVER("nodes", "write cpus=\"nodes:0\""),
	LATER("machine_address_size", NULL),
	LATER("blkif", NULL),
	LATER("netif", NULL),
	LATER("tpmif", NULL),
	HVM("isa"),
	HVM("monitor"),
	HVM("usbport"),
	HVM("tsc_native"),
	HVM("guest_os_type"),
	/* PVH and HVM */
	HVM("pvshim"),
	HVM("pvshim_path"),
	HVM("pvshim_cmdline"),
	HVM("pvshim_extra"),
	HVM("loader"),
	HVM("bios"),
	HVM("bios_path_override"),
	HVM("boot"),
	HVM("hdtype"),
	HVM("acpi"),
	HVM("acpi_s3"),
	HVM("acpi_s4"),
	HVM("acpi_laptop_slate"),
	HVM("acpi_slic"),
	HVM("acpi_firmware"),
	HVM("smbios_firmware"),
	HVM("smbios"),
	HVM("pae"),
	HVM("apic"),
	HVM("assisted_xapic"),
	HVM("assisted_x2apic"),
	HVM("nx"),
	HVM("hpet"),
	HVM("hap"),
	HVM("oos"),
	HVM("altp2m"),
	HVM("altp2mhvm"),
	HVM("nestedhvm"),
	HVM("ms_vm_genid"),
	HVM("timer_mode"),
	HVM("vpt_align"),
	HVM("viridian"),
	HVM("mca_caps"),
	HVM("mmio_hole"),
	HVM("mmio_hole_size"),
	HVM("xen_platform_pci"),
	HVM("vendor_device"),
	HVM("videoram"),
	HVM("stdvga"),
	HVM("vga"),
	HVM("vnc"),
	HVM("vnclisten"),
	HVM("vncdisplay"),
	HVM("vncunused"),
	HVM("vncpasswd"),
	HVM("sdl"),
	HVM("opengl"),
	HVM("nographic"),
	HVM("keymap"),
	HVM("spice"),
	HVM("spiceport"),
	HVM("spicetls_port"),
	HVM("spicehost"),
	HVM("spicedisable_ticketing"),
	HVM("spicepasswd"),
	HVM("spiceagent_mouse"),
	HVM("spicevdagent"),
	HVM("spice_clipboard_sharing"),
	HVM("spiceusbredirection"),
	HVM("spice_image_compression"),
	HVM("spice_streaming_video"),
	HVM("spice_video_codec"),
	HVM("serial"),
	HVM("parallel"),
	HVM("soundhw"),
	HVM("usb"),
	HVM("usbdevice"),
	HVM("usbversion"),
	HVM("vkb_device"),
	HVM("irq_affinity"),
	HVM("colo_proxy"),
	HVM("xen_platform_pci_bar_uc"),
	HVM("iomem_cache"),
	/* ARM */
	ARM("gic_version"),
	ARM("vuart"),
	ARM("tee"),
	ARM("device_tree"),
	ARM("sve"),
	ARM("nr_spis"),
	ARM("arm_sci"),
	ARM("force_assign_without_iommu"),
	ARM("trap_unmapped_accesses"),
	ARM("llc_colors"),
};

const size_t conf_n_refused = sizeof(conf_refused) / sizeof(conf_refused[0]);

const struct conf_refused *conf_refused_find(const char *name)
{
	for (size_t i = 0; i < conf_n_refused; i++)
		if (strcmp(conf_refused[i].name, name) == 0)
			return &conf_refused[i];
	return NULL;
}
