/* SPDX-License-Identifier: MIT */
/*
 * From XML nodes to the text that the table's parsers take: units, words that libvirt spells in its
 * own way, and devices, which become "field=value,..." items.  A comma inside an attribute would start
 * a field of its own there, so it is refused, except in a disk's path, which stands last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/xml.h"

static char *node_text(const xmlNode *node)
{
	xmlChar *raw = libxml.xmlNodeGetContent(node);
	char *text, *s;
	size_t len;

	if (!raw)
		return NULL;
	s = (char *)raw + strspn((char *)raw, " \t\r\n");
	len = strlen(s);
	while (len && strchr(" \t\r\n", s[len - 1]))
		len--;
	text = strndup(s, len);
	libxml.xmlFree(raw);
	return text;
}

const xmlNode *conf_xml_child(const xmlNode *node, const char *name)
{
	for (const xmlNode *c = node ? node->children : NULL; c; c = c->next)
		if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, name) == 0)
			return c;
	return NULL;
}

/* An attribute of node's child (child NULL: of node itself); caller frees.  NULL if there is none. */
static char *attr(const xmlNode *node, const char *child_name, const char *name)
{
	const xmlNode *at = child_name ? conf_xml_child(node, child_name) : node;
	xmlChar *raw = at ? libxml.xmlGetNoNsProp(at, (const xmlChar *)name) : NULL;
	char *text = raw ? strdup((char *)raw) : NULL;

	libxml.xmlFree(raw);
	return text;
}

static bool attr_is(const xmlNode *node, const char *child_name, const char *name, const char *value)
{
	char *text = attr(node, child_name, name);
	bool same = text && strcmp(text, value) == 0;

	free(text);
	return same;
}

/* ",field=VALUE" from an attribute, if it is there. */
static void add_field(struct xml_reader *rd, struct strbuf *out, const char *field, const xmlNode *node,
		      const char *child_name, const char *name)
{
	char *value = attr(node, child_name, name);

	if (value && strchr(value, ','))
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "%s='%.60s' may not hold a comma", name,
			       value);
	else if (value && *value)
		strbuf_printf(out, "%s%s=%s", out->len ? "," : "", field, value);
	free(value);
}

static void add_word(struct strbuf *out, const char *word)
{
	strbuf_printf(out, "%s%s", out->len ? "," : "", word);
}

/* ---- scalars ---- */

/* <memory unit='MiB'>512</memory> as "524288K"; libvirt's unit is KiB if not given. */
static char *memory_text(struct xml_reader *rd, xmlNode *node)
{
	static const struct { const char *unit; uint64_t bytes; } units[] = {
		{ "b", 1 }, { "bytes", 1 }, { "KB", 1000 }, { "k", 1024 }, { "KiB", 1024 }, { "MB", 1000000 },
		{ "M", 1 << 20 }, { "MiB", 1 << 20 }, { "GB", 1000000000 }, { "G", 1 << 30 }, { "GiB",
		1 << 30 },
		{ "TB", 1000000000000 }, { "T", UINT64_C(1) << 40 }, { "TiB", UINT64_C(1) << 40 },
	};
	char *unit = attr(node, NULL, "unit"), *text = node_text(node), *out = NULL;
	uint64_t bytes = unit ? 0 : 1024;
	int64_t num;

	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].unit) == 0)
			bytes = units[i].bytes;
	if (!bytes)
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "unit '%.20s' is unknown", unit);
	else if (!text || conf_number(text, &num) || num < 0 || (uint64_t)num > (UINT64_C(1) << 50) / bytes)
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "'%.40s' is no amount of memory",
			       text ? text : "");
	else if (asprintf(&out, "%lluK", (unsigned long long)((uint64_t)num * bytes / 1024)) < 0)
		out = NULL;
	free(unit);
	free(text);
	return out;
}

/* libvirt's words in the order of from[], ours in to[]. */
static char *translate(struct xml_reader *rd, xmlNode *node, const char *const *from, const char *const *to)
{
	char *text = node_text(node), *out = NULL;

	for (size_t i = 0; text && from[i] && !out; i++)
		if (strcmp(text, from[i]) == 0)
			out = strdup(to[i]);
	if (!out)
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "<%s>: unknown value '%.40s'", node->name,
			       text ? text : "");
	free(text);
	return out;
}

static char *type_text(struct xml_reader *rd, xmlNode *node)
{
	static const char *const from[] = { "xen", "linux", "xenpvh", "hvm", NULL };
	static const char *const to[] = { "pv", "pv", "pvh", "hvm" };

	return translate(rd, node, from, to);
}

static char *switch_text(xmlNode *node, const char *on)
{
	char *text = node_text(node);
	char *out = text ? strdup(strcmp(text, on) == 0 ? "1" : "0") : NULL;

	free(text);
	return out;
}

static char *tsc_text(struct xml_reader *rd, xmlNode *node)
{
	static const char *const from[] = { "auto", "emulate", "native", "paravirt", NULL };
	static const char *const to[] = { "default", "always_emulate", "native", "native_paravirt" };

	return translate(rd, node, from, to);
}

/* libvirt's names of some features, and Xen's. */
static const char *feature_name(const char *name)
{
	static const char *const names[][2] = {
		{ "pni", "sse3" }, { "pclmuldq", "pclmulqdq" }, { "ds_cpl", "dscpl" }, { "cid", "cntxid" },
		{ "cx16", "cmpxchg16" },
		{ "cx8", "cmpxchg8" }, { "sep", "sysenter" }, { "pn", "psn" }, { "clflush", "clfsh" }, { "ht", "htt" },
		{ "nodeid_msr", "nodeid" }, { "cr8legacy", "altmovcr8" }, { "lahf_lm", "lahfsahf" },
		{ "cmp_legacy", "cmplegacy" }, { "fxsr_opt", "ffxsr" }, { "pdpe1gb", "page1gb" },
		{ "sse4.1", "sse4_1" },
		{ "avx512ifma", "avx512-ifma" }, { "avx512vbmi", "avx512-vbmi" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], name) == 0)
			return names[i][1];
	return name;
}

/* <cpu> with <feature policy='disable' name='avx'/> as "host,avx=0". */
static char *cpu_text(struct xml_reader *rd, xmlNode *node)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_puts(&out, "host");
	for (const xmlNode *c = node->children; c; c = c->next) {
		char *name, *policy;

		if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "feature"))
			continue;
		name = attr(c, NULL, "name");
		policy = attr(c, NULL, "policy");
		if (!name)
			conf_xml_error(rd, c, true, ERR_CONFIG, NULL, "<feature> without name=");
		else if (policy && (strcmp(policy, "disable") == 0 || strcmp(policy, "forbid") == 0))
			strbuf_printf(&out, ",%s=0", feature_name(name));
		else if (!policy || strcmp(policy, "optional"))
			strbuf_printf(&out, ",%s=1", feature_name(name));
		free(name);
		free(policy);
	}
	return strbuf_take(&out);
}

/* ---- pinning ---- */

/* The number in a <vcpupin>; -1 if there is none, reported. */
static int pinned_vcpu(struct xml_reader *rd, const xmlNode *pin)
{
	char *text = attr(pin, NULL, "vcpu");
	int64_t num = -1;
	bool good = text && conf_number(text, &num) == 0 && num >= 0 && num < GUEST_VCPUS_MAX;

	if (!good && !rd->failed)
		conf_xml_error(rd, pin, true, ERR_CONFIG, NULL, "<vcpupin vcpu='%.20s'>: not a number from 0 to %d",
			       text ? text : "", GUEST_VCPUS_MAX - 1);
	free(text);
	return good ? (int)num : -1;
}

char *conf_xml_pin(struct xml_reader *rd, unsigned int vcpu)
{
	const xmlNode *found = NULL, *tune = conf_xml_child(rd->root, "cputune");
	char *all = attr(rd->root, "vcpu", "cpuset"), *text = NULL;
	int highest = -1;

	for (const xmlNode *c = tune ? tune->children : NULL; c; c = c->next) {
		int num;

		if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "vcpupin"))
			continue;
		num = pinned_vcpu(rd, c);
		highest = num > highest ? num : highest;
		if (num >= 0 && (unsigned int)num == vcpu) {
			if (found)
				conf_xml_error(rd, c, true, ERR_CONFIG, NULL, "vCPU %u is pinned twice", vcpu);
			found = c;
		}
	}
	if (found)
		text = attr(found, NULL, "cpuset");
	else if ((int)vcpu < highest)	/* the list has a place for each vCPU before the last one pinned */
		text = strdup(all ? all : "all");
	else if (highest < 0 && vcpu == 0 && all)
		text = strdup(all);
	free(all);
	return text;
}

/* ---- devices ---- */

static char *disk_text(struct xml_reader *rd, xmlNode *node)
{
	struct strbuf out = STRBUF_INIT;
	char *source = attr(node, "source", "file"), *text;

	if (!source)
		source = attr(node, "source", "dev");
	if (attr_is(node, NULL, "device", "cdrom"))
		add_word(&out, "devtype=cdrom");
	add_field(rd, &out, "format", node, "driver", "type");
	add_field(rd, &out, "vdev", node, "target", "dev");
	add_word(&out, conf_xml_child(node, "readonly")	  ? "access=r"
		       : conf_xml_child(node, "shareable") ? "access=w!"
						  : "access=rw");
	if (attr_is(node, "driver", "discard", "ignore"))
		add_word(&out, "no-discard");
	add_field(rd, &out, "script", node, "script", "path");
	add_field(rd, &out, "backend", node, "backenddomain", "name");
	if (source)
		strbuf_printf(&out, ",target=%s", source);
	free(source);
	text = strbuf_take(&out);
	return text;
}

/* libvirt counts kilobytes a second. */
static void add_rate(struct xml_reader *rd, struct strbuf *out, const xmlNode *node)
{
	const xmlNode *bandwidth = conf_xml_child(node, "bandwidth");
	char *average = bandwidth ? attr(bandwidth, "outbound", "average") : NULL;
	int64_t num;

	if (average && conf_number(average, &num) == 0 && num > 0)
		strbuf_printf(out, "%srate=%lldKB/s", out->len ? "," : "", (long long)num);
	else if (average)
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "average='%.20s' is no bandwidth", average);
	free(average);
}

static void add_addresses(struct xml_reader *rd, struct strbuf *out, const xmlNode *node)
{
	const char *sep = out->len ? ",ip=" : "ip=";

	for (const xmlNode *c = node->children; c; c = c->next) {
		char *address, *prefix;

		if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "ip"))
			continue;
		address = attr(c, NULL, "address");
		prefix = attr(c, NULL, "prefix");
		if (address && strchr(address, ','))
			conf_xml_error(rd, c, true, ERR_CONFIG, NULL, "address='%.60s' may not hold a comma",
				       address);
		else if (address)
			strbuf_printf(out, "%s%s%s%s", sep, address, prefix ? "/" : "", prefix ? prefix : "");
		sep = " ";
		free(address);
		free(prefix);
	}
}

/* A running guest's definition shows the name that was made up for it: it is not a wish. */
static bool generated_name(const xmlNode *node)
{
	char *name = attr(node, "target", "dev");
	bool made_up = name && strncmp(name, "vif", 3) == 0;

	free(name);
	return made_up;
}

static char *vif_text(struct xml_reader *rd, xmlNode *node)
{
	struct strbuf out = STRBUF_INIT;

	if (attr_is(node, NULL, "type", "network") && !attr_is(node, "source", "network", "default")) {
		conf_xml_error(rd, node, true, ERR_UNSUPPORTED,
			       "<interface type='bridge'><source bridge='NAME'/>",
			       "of libvirt's networks only 'default' is known here");
		return NULL;
	}
	add_field(rd, &out, "mac", node, "mac", "address");
	add_field(rd, &out, "bridge", node, "source", "bridge");
	add_field(rd, &out, "model", node, "model", "type");
	if (!generated_name(node))
		add_field(rd, &out, "vifname", node, "target", "dev");
	add_field(rd, &out, "script", node, "script", "path");
	add_field(rd, &out, "mtu", node, "mtu", "size");
	add_field(rd, &out, "backend", node, "backenddomain", "name");
	add_addresses(rd, &out, node);
	add_rate(rd, &out, node);
	if (conf_xml_child(node, "filterref"))
		add_word(&out, "antispoof=1");
	return strbuf_take(&out);
}

static char *pci_text(struct xml_reader *rd, xmlNode *node)
{
	static const char *const names[] = { "domain", "bus", "slot", "function" };
	const xmlNode *source = conf_xml_child(node, "source");
	int64_t num[4] = { 0 };
	char *out = NULL;

	for (int i = 0; i < 4; i++) {
		char *text = source ? attr(source, "address", names[i]) : NULL;
		bool good = text ? conf_number(text, &num[i]) == 0 && num[i] >= 0 && num[i] <= 0xffff
				 : i == 0;

		free(text);
		if (good)
			continue;
		conf_xml_error(rd, node, true, ERR_CONFIG, NULL, "<hostdev> without a usable %s=", names[i]);
		return NULL;
	}
	if (asprintf(&out, "%04llx:%02llx:%02llx.%llx", (unsigned long long)num[0],
		     (unsigned long long)num[1], (unsigned long long)num[2], (unsigned long long)num[3]) < 0)
		return NULL;
	return out;
}

char *conf_xml_value(struct xml_reader *rd, enum conf_xml as, xmlNode *node)
{
	switch (as) {
	case XML_NONE:
		return NULL;
	case XML_TEXT:
		return node_text(node);
	case XML_KIB:
		return memory_text(rd, node);
	case XML_TYPE:
		return type_text(rd, node);
	case XML_ONOFF:
		return switch_text(node, "on");
	case XML_LOCALTIME:
		return switch_text(node, "localtime");
	case XML_TSC:
		return tsc_text(rd, node);
	case XML_CPU:
		return cpu_text(rd, node);
	case XML_PIN:
		return NULL;	/* by conf_xml_pin() */
	case XML_DISK:
		return disk_text(rd, node);
	case XML_VIF:
		return vif_text(rd, node);
	case XML_PCI:
		return pci_text(rd, node);
	}
	return NULL;
}
