/* SPDX-License-Identifier: MIT */
/*
 * The keys of a guest configuration, in the order of the manual.  To add one: a field in guest.h, a
 * row here, `make -C toolstack man`.  What xl.cfg knows and we do not serve stands in refused.c.
 * (Longer than 300 lines because it is one table.)
 */
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"

const char *const conf_type_words[] = { "pv", "pvh", "hvm", NULL };
const char *const conf_action_words[] = {
	"destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart",
	"soft-reset", NULL
};
static const char *const tsc_words[] = { "default", "always_emulate", "native", "native_paravirt", NULL };

#define AT(f) offsetof(struct conf_build, f)
#define END { 0 }
#define STR(n, f, limit) .name = n, .kind = KEY_STR, .offset = AT(f), .max = limit
#define PATH(n, f) .name = n, .kind = KEY_PATH, .offset = AT(f), .max = 4095, .arg = "PATH"
#define U32(n, f, lo, hi) .name = n, .kind = KEY_U32, .offset = AT(f), .min = lo, .max = hi
#define BOOL(n, f) .name = n, .kind = KEY_BOOL, .offset = AT(f), .arg = "0|1"
#define MEM(n, f) .name = n, .kind = KEY_MEM, .offset = AT(f), .arg = "MEBIBYTES"
#define ENUM(n, f, w) .name = n, .kind = KEY_ENUM, .offset = AT(f), .words = w
#define LIST(n, f, l) .name = n, .kind = KEY_LIST, .offset = AT(f), .offset_n = AT(cfg.n_##l##s), \
	.list = &conf_##l##_list
#define ACTION(n) ENUM(#n, cfg.n, conf_action_words), .arg = "ACTION"
#define XML(path, as) .xml = path, .xml_as = XML_##as

static int firmware_parse(const char *text, void *at, struct error *err);

static const struct conf_key identity_keys[] = {
	{ STR("name", cfg.name, GUEST_NAME_MAX), .flags = KEY_REQUIRED | KEY_ALWAYS, XML("name", TEXT),
	  .arg = "NAME",
	  .help = "The guest's name: letters, digits and the characters - _ . + and not digits alone. "
		  "Unique on a host.",
	  .example = "\"web\"" },
	{ .name = "uuid", .kind = KEY_UUID, .flags = KEY_ALWAYS, .offset = AT(cfg.uuid), XML("uuid",
	  TEXT), .arg = "UUID",
	  .help = "Unique for ever. Without it a defined guest gets one, and keeps it.",
	  .example = "\"5f3a0c1e-0d5e-4b8e-9f0a-6c2b7f1d2e3a\"" },
	{ ENUM("type", cfg.type, conf_type_words), .flags = KEY_ALWAYS, XML("os/type", TYPE), .arg = "TYPE",
	  .help = "How the guest runs: pv (paravirtualised, the default). pvh and hvm are refused by this "
		  "release.",
	  .example = "\"pv\"" },
	{ STR("builder", builder, 16), .flags = KEY_INPUT, .arg = "BUILDER",
	  .help = "The older way to say type: generic or linux mean pv, hvm means hvm.",
	  .example = "\"generic\"" },
	{ STR("title", cfg.title, 256), .flags = KEY_OURS, XML("title", TEXT), .arg = "TEXT",
	  .help = "A line for people.", .example = "\"the web server\"" },
	{ STR("description", cfg.description, 4096), .flags = KEY_OURS, XML("description", TEXT),
	  .arg = "TEXT",
	  .help = "More for people.", .example = "\"Ask Ada before you stop it.\"" },
	END
};

static const struct conf_key boot_keys[] = {
	{ PATH("kernel", cfg.kernel), XML("os/kernel", TEXT),
	  .help = "The kernel, a file of dom0: a bzImage (gzip, bzip2, lzma, xz, lzo, lz4, zstd inside) "
		  "or an ELF image. "
		  "GRUB's own image for Xen works too; it reads the guest's disk.",
	  .example = "\"/boot/vmlinuz-6.1.0-18-amd64\"" },
	{ PATH("ramdisk", cfg.ramdisk), XML("os/initrd", TEXT), .help = "The initial ramdisk, a file of "
		  "dom0.",
	  .example = "\"/boot/initrd.img-6.1.0-18-amd64\"" },
	{ STR("cmdline", cfg.cmdline, GUEST_CMDLINE_MAX), XML("os/cmdline", TEXT), .arg = "TEXT",
	  .help = "The kernel's command line, whole; root and extra are then not read.",
	  .example = "\"root=/dev/xvda1 ro console=hvc0\"" },
	{ STR("root", root, GUEST_CMDLINE_MAX), .flags = KEY_INPUT, XML("os/root", TEXT), .arg = "DEVICE",
	  .help = "Puts root=DEVICE on the command line.", .example = "\"/dev/xvda1 ro\"" },
	{ STR("extra", extra, GUEST_CMDLINE_MAX), .flags = KEY_INPUT, .arg = "TEXT",
	  .help = "Goes on the command line behind root.", .example = "\"console=hvc0 quiet\"" },
	{ .name = "firmware", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .offset = AT(firmware),
	  .parse = firmware_parse,
	  .format = conf_format_nothing, .arg = "pvgrub64|pvgrub32",
	  .help = "Boot by PV GRUB (package grub-xen-host), which finds grub.cfg and the kernel on the "
		  "guest's own disk. "
		  "dom0 never looks into the guest's file system.",
	  .example = "\"pvgrub64\"" },
	{ STR("bootloader", bootloader, 4096), .flags = KEY_INPUT, XML("bootloader", TEXT), .arg = "NAME",
	  .help = "Only pvgrub64 and pvgrub32, the same as firmware. pygrub, which reads a guest's disk "
		  "in dom0, is refused.",
	  .example = "\"pvgrub64\"" },
	{ STR("bootloader_args", cfg.bootloader_args, 1024), XML("bootloader_args", TEXT), .arg = "TEXT",
	  .help = "Appended to PV GRUB's command line.", .example = "\"(hd0,gpt1)/boot/grub/grub.cfg\"" },
	END
};

static const struct conf_key memory_keys[] = {
	{ MEM("memory", cfg.memory_kib), .flags = KEY_REQUIRED | KEY_ALWAYS, XML("currentMemory", KIB),
	  .help = "Memory at start, in MiB; 512M, 2G, 524288K are understood as well.", .example = "512" },
	{ MEM("maxmem", cfg.maxmem_kib), XML("memory", KIB),
	  .help = "Up to where the guest may grow while it runs; memory if not given.", .example = "1024" },
	END
};

static const struct conf_key cpu_keys[] = {
	{ U32("vcpus", cfg.vcpus, 1, GUEST_VCPUS_MAX), .flags = KEY_ALWAYS,
	  XML("vcpu/@current | vcpu[not(@current)]", TEXT),
	  .help = "Virtual CPUs online at start; 1 if not given.", .example = "2" },
	{ U32("maxvcpus", cfg.maxvcpus, 1, GUEST_VCPUS_MAX), XML("vcpu", TEXT),
	  .help = "Up to how many may come online while it runs; vcpus if not given.", .example = "4" },
	{ .name = "cpus",
	  .kind = KEY_CPUS,
	  .offset = AT(cfg.cpus_hard),
	  .offset_n = AT(cfg.n_cpus_hard),
	  XML("vcpu/@cpuset | cputune/vcpupin", PIN),
	  .arg = "CPULIST",
	  .help = "The host CPUs that the guest may use: one list for all of its vCPUs, or a list of "
		  "lists, one each.",
	  .example = "\"0-3,^1\"" },
	{ .name = "cpus_soft",
	  .kind = KEY_CPUS,
	  .offset = AT(cfg.cpus_soft),
	  .offset_n = AT(cfg.n_cpus_soft),
	  .arg = "CPULIST",
	  .help = "The host CPUs that it should rather use.",
	  .example = "\"nodes:0\"" },
	{ U32("cpu_weight", cfg.cpu_weight, 1, 65535), XML("cputune/shares", TEXT),
	  .help = "Share of the CPUs when they are short, against other guests; 256 if not given. It is the guest's, "
		  "however many vCPUs it works on.",
	  .example = "512" },
	{ U32("cap", cfg.cap_percent, 0, 100 * GUEST_CPUS_MAX), .arg = "PERCENT",
	  .help = "The most CPU time that it gets even when the host idles: 50 is half a CPU, 400 four; 0 "
		  "no limit.",
	  .example = "150" },
	{ STR("pool", cfg.pool, 64), XML("resource/partition", TEXT), .arg = "NAME",
	  .help = "The CPU pool to run in. There is one, Pool-0.", .example = "\"Pool-0\"" },
	{ STR("cpuid", cfg.cpuid, 4096), XML("cpu[feature]", CPU), .arg = "POLICY",
	  .help = "Features to hide from the guest: host, and then names with =0, as Xen's users write them; what "
		  "needs them is hidden, too. =1 says that one must be there, and the guest is refused if it cannot "
		  "be; =x that all is as usual. Or a list of registers, their bits from 31 down: "
		  "\"1:ecx=xxx0xxxxxxxxxxxxxxxxxxxxxxxxxxxx\".",
	  .example = "\"host,avx=0\"" },
	{ ENUM("tsc_mode", cfg.tsc_mode, tsc_words), XML("clock/timer[@name='tsc']/@mode", TSC),
	  .arg = "MODE", .help = "How the time stamp counter is served: default, always_emulate, native.",
	  .example = "\"default\"" },
	{ BOOL("vpmu", cfg.vpmu), .flags = KEY_LATER,
	  .help = "Let the guest use performance counters.", .example = "0" },
	END
};

static const struct conf_key event_keys[] = {
	{ ACTION(on_poweroff), XML("on_poweroff", TEXT),
	  .help = "What happens when the guest powers off: destroy (default), restart, rename-restart, "
		  "preserve, "
		  "coredump-destroy, coredump-restart.", .example = "\"destroy\"" },
	{ ACTION(on_reboot), XML("on_reboot", TEXT), .help = "When it reboots: restart by default.",
	  .example = "\"restart\"" },
	{ ACTION(on_crash), XML("on_crash", TEXT), .help = "When it crashes: destroy by default.",
	  .example = "\"coredump-restart\"" },
	{ ACTION(on_watchdog), .help = "When its watchdog expires: destroy by default.",
	  .example = "\"restart\"" },
	{ ACTION(on_soft_reset), .help = "When it asks for a soft reset (kexec): soft-reset by default.",
	  .example = "\"restart\"" },
	END
};

static const struct conf_key device_keys[] = {
	{ LIST("disk", cfg.disks, disk), XML("devices/disk", DISK), .arg = "[ DISK, ... ]",
	  .help = "Disks, each \"target,format,vdev,access\"; any part can be given by name. The older form "
		  "\"phy:/dev/vg/web,xvda,w\" is understood.",
	  .example = "[ \"/var/lib/xen/images/web.img,raw,xvda,rw\", \"phy:/dev/vg/data,xvdb,w\" ]" },
	{ LIST("vif", cfg.vifs, vif), XML("devices/interface", VIF), .arg = "[ VIF, ... ]",
	  .help = "Network interfaces, each of fields name=value. An empty one joins the default network.",
	  .example = "[ \"mac=00:16:3e:11:22:33,bridge=br0\" ]" },
	{ LIST("vfb", cfg.vfbs, vfb), .flags = KEY_LATER, .arg = "[ VFB ]",
	  .help = "A framebuffer and keyboard.",
	  .example = "[ \"vnc=1,vnclisten=127.0.0.1\" ]" },
	{ LIST("channel", cfg.channels, channel), .flags = KEY_LATER, .arg = "[ CHANNEL, ... ]",
	  .help = "Further byte streams between dom0 and the guest.", .example = "[ "
		  "\"connection=pty,name=org.example.agent\" ]" },
	{ LIST("pci", cfg.pcis, pci), .flags = KEY_LATER,
	  XML("devices/hostdev[@type='pci']", PCI), .arg = "[ PCI, ... ]",
	  .help = "PCI functions handed to the guest.", .example = "[ \"0000:03:00.0\" ]" },
	{ .name = "ioports", .kind = KEY_LIST, .offset = AT(cfg.ioports), .offset_n = AT(cfg.n_ioports),
	  .list = &conf_ioport_list, .arg = "[ RANGE, ... ]", .help = "I/O ports that the guest may use, "
		  "hexadecimal.",
	  .example = "[ \"2f8-2ff\" ]" },
	{ .name = "iomem", .kind = KEY_LIST, .offset = AT(cfg.iomem), .offset_n = AT(cfg.n_iomem),
	  .list = &conf_iomem_list, .arg = "[ FRAMES, ... ]",
	  .help = "Frames of device memory that it may map: \"START,COUNT[@GFN]\", hexadecimal.",
	  .example = "[ \"fe900,1\" ]" },
	{ .name = "irqs", .kind = KEY_LIST, .offset = AT(cfg.irqs), .offset_n = AT(cfg.n_irqs),
	  .list = &conf_irq_list,
	  .arg = "[ IRQ, ... ]", .help = "Interrupts that it may receive.", .example = "[ 7 ]" },
	END
};

static const struct conf_key limit_keys[] = {
	{ U32("max_grant_frames", cfg.max_grant_frames, 1, 4096),
	  XML("devices/controller[@type='xenbus']/@maxGrantFrames", TEXT),
	  .help = "Size of its grant table, in "
		  "frames; 64 if not given.",
	  .example = "128" },
	{ U32("max_maptrack_frames", cfg.max_maptrack_frames, 0, 65536),
	  .help = "How much it may map of others, in frames of records; 1024 if not given.",
	  .example = "256" },
	{ U32("max_grant_version", cfg.max_grant_version, 1, 1),
	  .help = "Highest version of grant "
		  "tables; only 1 is served.",
	  .example = "1" },
	{ U32("max_event_channels", cfg.max_event_channels, 7, 131071),
	  XML("devices/controller[@type='xenbus']/@maxEventChannels", TEXT),
	  .help = "How many event channels it may have; 1023 if not given.", .example = "2047" },
	END
};

static const struct conf_key host_keys[] = {
	{ BOOL("autostart", cfg.autostart), .flags = KEY_OURS,
	  .help = "Start it with the host, once it is defined; 'xl enable' sets the same.", .example = "1" },
	{ U32("autostart_order", cfg.autostart_order, 0, 1000), .flags = KEY_OURS,
	  .help = "Lower ones start first, equal ones together; shut down in reverse. 50 if not given.",
	  .example = "10" },
	{ U32("autostart_delay", cfg.autostart_delay_s, 0, 3600), .flags = KEY_OURS, .arg = "SECONDS",
	  .help = "Wait this long before the next order starts.", .example = "5" },
	{ U32("shutdown_timeout", cfg.shutdown_timeout_s, 1, 86400), .flags = KEY_OURS, .arg = "SECONDS",
	  .help = "How long it has to shut down before it is destroyed when the host goes; 60 if not given.",
	  .example = "120" },
	{ U32("console_log_size", cfg.console_log_kib, 16, 1 << 20), .flags = KEY_OURS, .arg = "KIBIBYTES",
	  .help = "At this size the log of its console is rotated; 1024 if not given.", .example = "4096" },
	END
};

static const struct conf_key other_keys[] = {
	{ BOOL("nomigrate", cfg.nomigrate), .help = "Refuse to save or move it.", .example = "1" },
	{ BOOL("driver_domain", cfg.driver_domain), .flags = KEY_LATER,
	  .help = "It serves devices to others.", .example = "1" },
	{ BOOL("localtime", cfg.localtime), XML("clock[not(@basis)]/@offset | clock/@basis", LOCALTIME),
	  .help = "Its clock is set to the host's local time at its start, in place of UTC.", .example = "1" },
	{ .name = "rtc_timeoffset",
	  .kind = KEY_I32,
	  XML("clock[@offset='variable']/@adjustment", TEXT),
	  .offset = AT(cfg.rtc_timeoffset_s),
	  .min = -86400 * 3650,
	  .max = 86400 * 3650,
	  .arg = "SECONDS",
	  .help = "Its clock is ahead by this much at its start.",
	  .example = "3600" },
	{ BOOL("e820_host", cfg.e820_host), .flags = KEY_LATER, XML("features/xen/e820_host/@state", ONOFF),
	  .help = "Show it the host's memory map, for PCI devices.", .example = "1" },
	{ BOOL("xend_suspend_evtchn_compat", cfg.xend_suspend_evtchn_compat), .flags = KEY_LATER,
	  .help = "For guests that suspend by an old event channel.", .example = "0" },
	{ STR("seclabel", cfg.seclabel, 256), XML("seclabel/label", TEXT), .arg = "LABEL",
	  .help = "Security label. Refused unless the hypervisor has a policy.",
	  .example = "\"system_u:system_r:domU_t\"" },
	{ STR("init_seclabel", cfg.init_seclabel, 256), .arg = "LABEL",
	  .help = "The label while it is built.", .example = "\"system_u:system_r:domU_t\"" },
	END
};

const struct conf_section conf_sections[] = {
	{ "Who it is", identity_keys },
	{ "What it boots", boot_keys },
	{ "Memory", memory_keys },
	{ "CPUs", cpu_keys },
	{ "What happens when it ends", event_keys },
	{ "Devices", device_keys },
	{ "Its life with the host", host_keys },
	{ "Limits", limit_keys },
	{ "Further switches", other_keys },
	{ NULL, NULL }
};

static int firmware_parse(const char *text, void *at, struct error *err)
{
	if (strcmp(text, "pvgrub64") == 0 || strcmp(text, "pvgrub32") == 0)
		return conf_set_string(at, text, err);
	error_set(err, ERR_UNSUPPORTED, NULL,
		  "firmware = '%.60s': only pvgrub64 and pvgrub32 are for PV guests", text);
	error_hint(err, "give kernel= and ramdisk= to boot files of dom0");
	return error_to_errno(ERR_UNSUPPORTED);
}

const struct conf_key *conf_key_find(const char *name)
{
	conf_for_each_key(sec, key)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

/* What other tools call it. */
static const struct { const char *theirs, *ours; } synonyms[] = {
	{ "initrd", "ramdisk" }, { "initramfs", "ramdisk" }, { "mem", "memory" }, { "ram", "memory" },
	{ "append", "extra" }, { "args", "extra" }, { "bootargs", "extra" }, { "kernel_args", "extra" },
	{ "image", "disk" }, { "hda", "disk" }, { "cdrom", "disk" }, { "drive", "disk" }, { "bridge", "vif" },
	{ "mac", "vif" }, { "network", "vif" }, { "nic", "vif" }, { "net", "vif" }, { "interfaces", "vif" },
	{ "on_shutdown", "on_poweroff" }, { "weight", "cpu_weight" }, { "cpu_cap", "cap" }, { "cpu_limit", "cap" },
	{ "max_memory", "maxmem" }, { "max_vcpus", "maxvcpus" }, { "cores", "vcpus" }, { "smp", "vcpus" },
	{ "autoboot", "autostart" }, { "onboot", "autostart" }, { "id", "uuid" },
};

const char *conf_key_nearest(const char *name)
{
	const char *names[512];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (strcmp(synonyms[i].theirs, name) == 0)
			return synonyms[i].ours;

	conf_for_each_key(sec, key)
		if (n < sizeof(names) / sizeof(names[0]))
			names[n++] = key->name;
	return nearest_word(name, names, n);
}
