/* SPDX-License-Identifier: MIT */
/*
 * The elements of libvirt's domain format on one page: served, without effect here (a note), or
 * refused by name.  An element that is not on the page is an error with the nearest spelling.  Below
 * an element marked ANY nothing is looked at.
 */
#include <string.h>

#include "base/strbuf.h"
#include "conf/xml.h"

enum fate {
	SERVED,
	ANY,		/* served, with whatever below; the schema looks closer */
	QUIET,		/* describes what is so anyway; below: anything */
	NOTE,		/* no effect on a PV guest: a note */
	REFUSED,	/* asks for something that the guest would miss; --lenient: a note */
};

struct element {
	const char *parent;	/* name of the parent element */
	const char *name;
	enum fate fate;
};

static const struct element elements[] = {
	{ "domain", "name", SERVED }, { "domain", "uuid", SERVED }, { "domain", "title", SERVED },
	{ "domain", "description", SERVED }, { "domain", "memory", SERVED }, { "domain", "currentMemory",
	SERVED },
	{ "domain", "vcpu", SERVED }, { "domain", "cputune", SERVED }, { "domain", "os", SERVED },
	{ "domain", "bootloader", SERVED }, { "domain", "bootloader_args", SERVED }, { "domain", "clock",
	SERVED },
	{ "domain", "on_poweroff", SERVED }, { "domain", "on_reboot", SERVED }, { "domain", "on_crash",
	SERVED },
	{ "domain", "devices", SERVED }, { "domain", "features", SERVED }, { "domain", "resource", SERVED },
	{ "domain", "seclabel", ANY }, { "domain", "metadata", QUIET }, { "domain", "genid", NOTE },
	{ "domain", "maxMemory", NOTE }, { "domain", "vcpus", QUIET }, { "domain", "iothreads", NOTE },
	{ "domain", "memoryBacking", NOTE }, { "domain", "memtune", NOTE }, { "domain", "blkiotune", NOTE },
	{ "domain", "numatune", NOTE }, { "domain", "cpu", NOTE }, { "domain", "pm", NOTE }, { "domain",
	"perf", NOTE },
	{ "domain", "sysinfo", NOTE }, { "domain", "idmap", REFUSED }, { "domain", "launchSecurity",
	REFUSED },
	{ "domain", "keywrap", REFUSED },

	{ "os", "type", SERVED }, { "os", "kernel", SERVED }, { "os", "initrd", SERVED }, { "os",
	"cmdline", SERVED },
	{ "os", "root", SERVED }, { "os", "boot", QUIET }, { "os", "loader", REFUSED }, { "os", "nvram",
	REFUSED },
	{ "os", "bootmenu", NOTE }, { "os", "smbios", NOTE }, { "os", "bios", NOTE }, { "os", "acpi",
	REFUSED },
	{ "os", "dtb", REFUSED }, { "os", "init", REFUSED },

	{ "cputune", "shares", SERVED }, { "cputune", "vcpupin", SERVED }, { "cputune", "period", NOTE },
	{ "cputune", "quota", NOTE }, { "cputune", "emulatorpin", NOTE }, { "cputune", "iothreadpin", NOTE },
	{ "cputune", "vcpusched", NOTE }, { "cputune", "global_period", NOTE }, { "cputune",
	"global_quota", NOTE },

	{ "clock", "timer", ANY }, { "resource", "partition", SERVED },
	{ "features", "xen", ANY }, { "features", "acpi", QUIET }, { "features", "apic", QUIET },
	{ "features", "pae", QUIET },
	{ "features", "hap", QUIET }, { "features", "viridian", NOTE }, { "features", "hyperv", NOTE },
	{ "features", "kvm", NOTE }, { "features", "pvspinlock", NOTE }, { "features", "pmu", NOTE },
	{ "features", "vmport", NOTE }, { "features", "smm", NOTE }, { "features", "privnet", NOTE },

	{ "devices", "disk", ANY }, { "devices", "interface", ANY }, { "devices", "graphics", ANY },
	{ "devices", "channel", ANY }, { "devices", "hostdev", ANY }, { "devices", "console", QUIET },
	{ "devices", "serial", QUIET }, { "devices", "emulator", QUIET }, { "devices", "input", QUIET },
	{ "devices", "video", QUIET }, { "devices", "memballoon", QUIET }, { "devices", "controller", QUIET },
	{ "devices", "watchdog", NOTE }, { "devices", "rng", NOTE }, { "devices", "panic", NOTE },
	{ "devices", "sound", NOTE },
	{ "devices", "audio", NOTE }, { "devices", "hub", NOTE }, { "devices", "redirdev", NOTE },
	{ "devices", "parallel", NOTE }, { "devices", "filesystem", REFUSED }, { "devices", "tpm", REFUSED },
	{ "devices", "smartcard", REFUSED }, { "devices", "shmem", REFUSED }, { "devices", "memory",
	REFUSED },
	{ "devices", "nvram", REFUSED }, { "devices", "iommu", REFUSED }, { "devices", "vsock", REFUSED },
	{ "devices", "lease", REFUSED },
};

#define N_ELEMENTS (sizeof(elements) / sizeof(elements[0]))

static const struct element *find(const char *parent, const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS; i++)
		if (strcmp(elements[i].parent, parent) == 0 && strcmp(elements[i].name, name) == 0)
			return &elements[i];
	return NULL;
}

static void unknown(struct xml_reader *rd, const xmlNode *node, const char *parent)
{
	const char *names[N_ELEMENTS], *near;
	size_t n = 0;

	for (size_t i = 0; i < N_ELEMENTS; i++)
		if (strcmp(elements[i].parent, parent) == 0)
			names[n++] = elements[i].name;
	near = nearest_word((const char *)node->name, names, n);
	if (near)
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL,
			       "unknown element <%.40s> in <%s> (did you mean <%s>?)", node->name, parent,
			       near);
	else
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "unknown element <%.40s> in <%s>",
			       node->name, parent);
}

static void check_below(struct xml_reader *rd, const xmlNode *parent);

static void check_one(struct xml_reader *rd, const xmlNode *node, const char *parent)
{
	const char *name = (const char *)node->name;
	const struct element *el = find(parent, name);

	if (node->ns)
		return;	/* <qemu:commandline> and the like belong to others */
	if (!el) {
		unknown(rd, node, parent);
		return;
	}
	switch (el->fate) {
	case SERVED:
		check_below(rd, node);
		break;
	case ANY: case QUIET:
		break;
	case NOTE:
		conf_xml_error(rd, node, false, ERR_UNSUPPORTED, NULL, "<%s> has no effect on a PV guest",
			       name);
		break;
	case REFUSED:
		conf_xml_error(rd, node, !rd->lenient, ERR_UNSUPPORTED,
			       "remove it, or use --lenient to start without it",
			       "<%s> in <%s> is not served", name, parent);
		break;
	}
}

static void check_below(struct xml_reader *rd, const xmlNode *parent)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE)
			check_one(rd, node, (const char *)parent->name);
}

void conf_xml_check_elements(struct xml_reader *rd)
{
	check_below(rd, rd->root);
}
