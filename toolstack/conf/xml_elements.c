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
	SCREEN,		/* a framebuffer, which the guest does without: a note */
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
	{ "domain", "numatune", NOTE }, { "domain", "cpu", SERVED }, { "domain", "pm", NOTE }, { "domain",
	"perf", NOTE },
	{ "domain", "sysinfo", NOTE }, { "domain", "idmap", REFUSED }, { "domain", "launchSecurity",
	REFUSED },
	{ "domain", "keywrap", REFUSED }, { "domain", "on_lockfailure", NOTE },

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

	{ "cpu", "feature", ANY }, { "cpu", "model", NOTE }, { "cpu", "vendor", NOTE }, { "cpu", "topology", NOTE },
	{ "cpu", "numa", NOTE }, { "cpu", "cache", NOTE }, { "cpu", "maxphysaddr", NOTE },

	{ "clock", "timer", ANY }, { "resource", "partition", SERVED },
	{ "features", "xen", ANY }, { "features", "acpi", QUIET }, { "features", "apic", QUIET },
	{ "features", "pae", QUIET },
	{ "features", "hap", QUIET }, { "features", "viridian", NOTE }, { "features", "hyperv", NOTE },
	{ "features", "kvm", NOTE }, { "features", "pvspinlock", NOTE }, { "features", "pmu", NOTE },
	{ "features", "vmport", NOTE }, { "features", "smm", NOTE }, { "features", "privnet", NOTE },

	{ "devices", "disk", SERVED }, { "devices", "interface", SERVED }, { "devices", "graphics", SCREEN },
	{ "devices", "channel", NOTE }, { "devices", "hostdev", ANY }, { "devices", "console", QUIET },
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

	{ "disk", "driver", ANY }, { "disk", "source", ANY }, { "disk", "target", ANY }, { "disk", "readonly", ANY },
	{ "disk", "shareable", ANY }, { "disk", "script", ANY }, { "disk", "backenddomain", ANY },
	{ "disk", "backingStore", QUIET }, { "disk", "address", QUIET }, { "disk", "alias", QUIET },
	{ "disk", "boot", QUIET }, { "disk", "serial", NOTE }, { "disk", "geometry", NOTE },
	{ "disk", "blockio", NOTE }, { "disk", "vendor", NOTE }, { "disk", "product", NOTE }, { "disk", "wwn", NOTE },
	{ "disk", "transient", REFUSED }, { "disk", "iotune", REFUSED }, { "disk", "encryption", REFUSED },
	{ "disk", "auth", REFUSED }, { "disk", "mirror", REFUSED },

	{ "interface", "mac", ANY }, { "interface", "source", ANY }, { "interface", "ip", ANY },
	{ "interface", "script", ANY }, { "interface", "target", ANY }, { "interface", "model", ANY },
	{ "interface", "mtu", ANY }, { "interface", "backenddomain", ANY }, { "interface", "bandwidth", ANY },
	{ "interface", "address", QUIET }, { "interface", "alias", QUIET }, { "interface", "boot", QUIET },
	{ "interface", "guest", QUIET }, { "interface", "link", NOTE }, { "interface", "driver", NOTE },
	{ "interface", "tune", NOTE }, { "interface", "coalesce", NOTE }, { "interface", "rom", NOTE },
	{ "interface", "route", NOTE }, { "interface", "port", NOTE }, { "interface", "filterref", ANY },
	{ "interface", "virtualport", REFUSED }, { "interface", "vlan", REFUSED },
};

/* Attributes whose word decides what kind of thing is meant; others are the schema's to check. */
static const struct attribute {
	const char *element, *name;
	const char *words[4];		/* served ones */
	const char *hint;
} attributes[] = {
	{ "disk", "type", { "file", "block" }, "attach it in dom0 and name its block device: type='block'" },
	{ "disk", "device", { "disk", "cdrom" }, NULL },
	{ "interface", "type", { "bridge", "network", "ethernet" },
	  "<interface type='bridge'><source bridge='NAME'/>, or type='network' with the network 'default'" },
	{ "filterref", "filter", { "clean-traffic" },
	  "<filterref filter='clean-traffic'/> is the one that is known here" },
	{ "clock", "offset", { "utc", "localtime", "variable" }, "<clock offset='utc'/>" },
	{ "target", "bus", { "xen", "ide", "scsi" }, "<target dev='xvda' bus='xen'/>" },
	{ "hostdev", "type", { "pci" }, NULL },
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

static void check_attribute(struct xml_reader *rd, const xmlNode *node, const struct attribute *at)
{
	xmlChar *value = libxml.xmlGetNoNsProp(node, (const xmlChar *)at->name);
	bool served = value == NULL;

	for (size_t i = 0; value && i < 4 && at->words[i]; i++)
		served |= strcmp((const char *)value, at->words[i]) == 0;
	if (!served)
		conf_xml_error(rd, node, true, ERR_UNSUPPORTED, at->hint, "<%s %s='%.40s'> is not served", at->element,
			       at->name, (const char *)value);
	libxml.xmlFree(value);
}

static void check_attributes(struct xml_reader *rd, const xmlNode *node)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strcmp((const char *)node->name, attributes[i].element) == 0)
			check_attribute(rd, node, &attributes[i]);
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
	if (el->fate == SERVED || el->fate == ANY)
		check_attributes(rd, node);
	switch (el->fate) {
	case SERVED:
		check_below(rd, node);
		break;
	case ANY: case QUIET:
		break;
	case SCREEN:
		conf_xml_error(rd, node, false, ERR_UNSUPPORTED, NULL,
			       "framebuffers come in a later release; the guest runs without its screen, on "
			       "its console");
		break;
	case NOTE:
		conf_xml_error(rd, node, false, ERR_UNSUPPORTED, NULL, "<%s> has no effect on a PV guest",
			       name);
		break;
	case REFUSED:
		conf_xml_error(rd, node, !rd->lenient, ERR_UNSUPPORTED,
			       rd->lenient ? NULL : "remove it, or use --lenient to start without it",
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

/* Whole definitions for something else: one cause, instead of what follows from it. */
static bool is_of_our_kind(struct xml_reader *rd)
{
	xmlChar *type = libxml.xmlGetNoNsProp(rd->root, (const xmlChar *)"type"), *os = NULL;
	const xmlNode *os_type = conf_xml_child(conf_xml_child(rd->root, "os"), "type");
	bool ours = type && (strcmp((char *)type, "xen") == 0 || strcmp((char *)type, "xl") == 0);

	if (!ours) {
		conf_xml_error(rd, rd->root, true, ERR_UNSUPPORTED,
			       "a guest of Xen is <domain type='xen'> with <os><type>linux</type>, a kernel or PV "
			       "GRUB, and its disks as xvda, xvdb, ...",
			       "the definition is for '%.20s', not for Xen", type ? (char *)type : "");
	} else if (os_type) {
		os = libxml.xmlNodeGetContent(os_type);
		ours = !os || (!strstr((char *)os, "hvm") && !strstr((char *)os, "xenpvh"));
		if (!ours)
			conf_xml_error(rd, os_type, true, ERR_UNSUPPORTED,
				       "<type>linux</type> runs Linux kernels with Xen support, which distributions' "
				       "kernels have",
				       "%s guests come in a later release", strstr((char *)os, "hvm") ? "HVM" : "PVH");
	}
	libxml.xmlFree(type);
	libxml.xmlFree(os);
	return ours;
}

void conf_xml_check_elements(struct xml_reader *rd)
{
	if (is_of_our_kind(rd))
		check_below(rd, rd->root);
}
