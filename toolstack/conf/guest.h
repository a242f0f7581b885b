/* SPDX-License-Identifier: MIT */
/*
 * What an administrator asked for: one guest, as plain data.  Filled by the parsers (conf/), read by
 * the daemon and the builder.  All memory belongs to the struct; guest_config_free() gives it back.
 * Strings are NULL when the key was not given, unless a default is stated; numbers carry their unit
 * in the name.  After conf_parse() succeeded every field is in range and every cross-field rule
 * holds, except those that need the host (files, bridges, names in use): conf_check_host().
 */
#ifndef CONF_GUEST_H
#define CONF_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_NAME_MAX 64	/* letters, digits and -_.+ ; never only digits */
#define GUEST_VCPUS_MAX 128
#define GUEST_CPUS_MAX 1024
#define GUEST_NODES_MAX 64
#define GUEST_DISKS_MAX 256
#define GUEST_VIFS_MAX 64
#define GUEST_CMDLINE_MAX 1023	/* the PV start_info holds 1024 bytes with the NUL */

enum guest_type { GUEST_PV, GUEST_PVH, GUEST_HVM };

/* Where the kernel comes from. */
enum guest_boot {
	GUEST_BOOT_DIRECT,	/* kernel/ramdisk/cmdline are files of dom0 */
	GUEST_BOOT_PVGRUB,	/* kernel is a PV GRUB image that reads the guest's own disk */
};

enum guest_action {
	GUEST_ACTION_DESTROY,
	GUEST_ACTION_RESTART,
	GUEST_ACTION_RENAME_RESTART,
	GUEST_ACTION_PRESERVE,
	GUEST_ACTION_COREDUMP_DESTROY,
	GUEST_ACTION_COREDUMP_RESTART,
	GUEST_ACTION_SOFT_RESET,
};

/* A set of physical CPUs.  given == false: no wish, all of them. */
struct guest_cpus {
	bool given;
	uint64_t cpu[GUEST_CPUS_MAX / 64];
	uint64_t node;		/* plus all CPUs of these NUMA nodes ... */
	uint64_t not_node;	/* ... and in the end without those of these */
};

enum guest_disk_format { GUEST_DISK_RAW, GUEST_DISK_EMPTY };
enum guest_disk_backend { GUEST_BACKEND_AUTO, GUEST_BACKEND_PHY };

struct guest_disk {
	/* absolute path of a file or block device; NULL: empty drive; with a script: its words */
	char *target;
	char *script;		/* makes the block device; NULL: the daemon itself */
	char *vdev;		/* "xvda", "xvdb3", "sda1", "hdc" */
	uint32_t devid;		/* the xenstore number of vdev (xen-vbd-interface) */
	enum guest_disk_format format;
	enum guest_disk_backend backend;
	bool readonly;
	bool cdrom;
	bool removable;
	bool shared;		/* '!' or mode w!: more than one guest may write */
	bool discard;		/* default true */
	bool direct_io_safe;
	bool trusted;		/* default true: the frontend may trust the backend */
};

/* Whether a guest may send from addresses that are not its own. */
enum guest_antispoof {
	ANTISPOOF_DEFAULT,	/* on in the default network, off on bridges of the administrator's */
	ANTISPOOF_OFF, ANTISPOOF_ON
};
struct guest_vif {
	bool mac_given;		/* false: the daemon derives one from UUID and index (00:16:3e) */
	uint8_t mac[6];
	char *bridge;		/* NULL: the default network */
	char *gatewaydev;
	char *ip;		/* "10.0.0.5", "10.0.0.5/24 fd00::5": addresses, separated by blanks */
	char *script;
	char *vifname;		/* name of the interface in dom0; NULL: vifDOMID.N */
	char *model;
	uint64_t rate_bytes_per_interval;	/* 0: no limit */
	uint32_t rate_interval_us;		/* default 50000 */
	uint32_t mtu;				/* 0: 1500 */
	bool trusted;				/* default true */
	enum guest_antispoof antispoof;
};

struct guest_vfb {
	bool vnc;
	char *vnclisten;
	char *vncpasswd;
	uint32_t vncdisplay;
	bool vncunused;
	bool sdl;
	bool opengl;
	char *display;
	char *xauthority;
	char *keymap;
};

struct guest_channel {
	char *name;
	char *connection;	/* "pty" or "socket" */
	char *path;
};

struct guest_pci {
	uint32_t domain, bus, slot, func;
	int32_t vslot;		/* -1: any */
	bool permissive, seize, power_mgmt, msitranslate;
};

/* A range of I/O ports, frames or interrupts that the guest may use. */
struct guest_range {
	uint64_t first;
	uint64_t count;
	uint64_t gfn;		/* iomem only: where it appears; UINT64_MAX: same as first */
};

struct guest_config {
	/* who */
	char *name;
	uint8_t uuid[16];
	bool uuid_given;	/* false: conf made one up at random */
	enum guest_type type;
	char *title;		/* libvirt <title>/<description>: for people only */
	char *description;

	/* boot */
	enum guest_boot boot;
	char *kernel;
	char *ramdisk;
	char *cmdline;		/* never NULL: root= and extra= already joined */
	char *bootloader_args;

	/* memory; maxmem_kib >= memory_kib > 0 */
	uint64_t memory_kib;
	uint64_t maxmem_kib;

	/* CPUs; maxvcpus >= vcpus >= 1 */
	uint32_t vcpus;
	uint32_t maxvcpus;
	struct guest_cpus *cpus_hard;	/* n_cpus_hard entries, one a vCPU; 1 entry: for all vCPUs */
	size_t n_cpus_hard;
	struct guest_cpus *cpus_soft;
	size_t n_cpus_soft;
	uint32_t cpu_weight;	/* default 256 */
	uint32_t cap_percent;	/* 0: none; 100 is one CPU */
	char *pool;
	char *cpuid;		/* xl's policy string "host,tm=0,..."; NULL: the host's */
	uint32_t tsc_mode;	/* 0 default, 1 always emulate, 2 native, 3 native_paravirt */
	bool e820_host;

	/* what happens at the end */
	enum guest_action on_poweroff;
	enum guest_action on_reboot;
	enum guest_action on_crash;
	enum guest_action on_watchdog;
	enum guest_action on_soft_reset;

	/* devices */
	struct guest_disk *disks;
	size_t n_disks;
	struct guest_vif *vifs;
	size_t n_vifs;
	struct guest_vfb *vfbs;
	size_t n_vfbs;
	struct guest_channel *channels;
	size_t n_channels;
	struct guest_pci *pcis;
	size_t n_pcis;
	struct guest_range *ioports;
	size_t n_ioports;
	struct guest_range *iomem;
	size_t n_iomem;
	struct guest_range *irqs;
	size_t n_irqs;

	/* limits */
	uint32_t max_grant_frames;	/* default 64 */
	uint32_t max_maptrack_frames;	/* default 1024 */
	uint32_t max_grant_version;	/* default 1 */
	uint32_t max_event_channels;	/* default 1023 */

	/* our own: life with the host */
	bool autostart;
	uint32_t autostart_order;	/* lower starts first; default 50 */
	uint32_t autostart_delay_s;	/* wait after this one before the next order */
	uint32_t shutdown_timeout_s;	/* default 60; then destroyed at host shutdown */
	uint32_t console_log_kib;	/* size at which the console log rotates; default 1024 */

	/* small switches */
	bool nomigrate;
	bool driver_domain;
	bool localtime;
	int32_t rtc_timeoffset_s;
	bool vpmu;
	bool xend_suspend_evtchn_compat;
	char *seclabel;
	char *init_seclabel;
};

/*
 * All defaults set, no name, no memory, no vCPUs.  NULL without memory.  Make these only here: the
 * parsers keep more behind the struct.
 */
struct guest_config *guest_config_new(void);
struct guest_config *guest_config_copy(const struct guest_config *cfg);
void guest_config_free(struct guest_config *cfg);	/* NULL is fine */

void guest_disk_clear(struct guest_disk *disk);
void guest_vif_clear(struct guest_vif *vif);

/* "pv", "restart", ...; the spelling of xl.cfg. */
const char *guest_type_name(enum guest_type type);
const char *guest_action_name(enum guest_action action);

/* The MAC that vif number index gets when none was given: stable for a UUID. */
void guest_vif_default_mac(const struct guest_config *cfg, size_t index, uint8_t mac[6]);

/* True if cpu is in the set; a set that was not given holds every CPU.  Ignores nodes. */
bool guest_cpus_has(const struct guest_cpus *set, unsigned int cpu);

#endif
