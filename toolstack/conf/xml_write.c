/* SPDX-License-Identifier: MIT */
/*
 * A configuration as libvirt's domain definition: what `xl config --xml` prints; conf_parse() reads it back to
 * the same.  Keys that the format has no place for are named in a comment at the end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "conf/build.h"
#include "conf/cpuid.h"

/* UTF-8 that XML cannot hold, not even escaped: control characters, U+FFFE and U+FFFF.  Its length, or 0. */
static size_t unspeakable(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] < 0x20 && u[0] != '\t' && u[0] != '\n')
		return 1;
	return u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe ? 3 : 0;
}

static void put_escaped(struct strbuf *out, const char *s)
{
	while (*s) {
		const char *as = *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '&' ? "&amp;" :
				 *s == '\'' ? "&apos;" : *s == '\n' ? "&#10;" : *s == '\t' ? "&#9;" : NULL;
		size_t len = unspeakable(s);

		if (len)
			strbuf_putc(out, '?');
		else if (as)
			strbuf_puts(out, as);
		else
			strbuf_putc(out, *s);
		s += len ? len : 1;
	}
}

/* <name>text</name> on a line, if there is a text. */
static void put_element(struct strbuf *out, const char *indent, const char *name, const char *text)
{
	if (!text)
		return;
	strbuf_printf(out, "%s<%s>", indent, name);
	put_escaped(out, text);
	strbuf_printf(out, "</%s>\n", name);
}

/* <name attribute='text'/> on a line, if there is a text. */
static void put_attribute(struct strbuf *out, const char *name, const char *attribute, const char *text)
{
	if (!text)
		return;
	strbuf_printf(out, "      <%s %s='", name, attribute);
	put_escaped(out, text);
	strbuf_puts(out, "'/>\n");
}

static void put_identity(struct strbuf *out, const struct guest_config *cfg)
{
	char uuid[40];

	uuid_unparse_lower(cfg->uuid, uuid);
	put_element(out, "  ", "name", cfg->name);
	put_element(out, "  ", "uuid", uuid);
	put_element(out, "  ", "title", cfg->title);
	put_element(out, "  ", "description", cfg->description);
	strbuf_printf(out, "  <memory unit='KiB'>%" PRIu64 "</memory>\n", cfg->maxmem_kib);
	strbuf_printf(out, "  <currentMemory unit='KiB'>%" PRIu64 "</currentMemory>\n", cfg->memory_kib);
}

static void put_cpus(struct strbuf *out, const struct guest_config *cfg)
{
	char list[4096];

	strbuf_puts(out, "  <vcpu");
	if (cfg->n_cpus_hard == 1) {
		conf_format_cpus(&cfg->cpus_hard[0], list, sizeof(list));
		strbuf_printf(out, " cpuset='%s'", list);
	}
	if (cfg->vcpus != cfg->maxvcpus)
		strbuf_printf(out, " current='%" PRIu32 "'", cfg->vcpus);
	strbuf_printf(out, ">%" PRIu32 "</vcpu>\n", cfg->maxvcpus);
	if (cfg->cpu_weight == 256 && cfg->n_cpus_hard < 2)
		return;
	strbuf_puts(out, "  <cputune>\n");
	for (size_t i = 0; cfg->n_cpus_hard > 1 && i < cfg->n_cpus_hard; i++) {
		conf_format_cpus(&cfg->cpus_hard[i], list, sizeof(list));
		strbuf_printf(out, "    <vcpupin vcpu='%zu' cpuset='%s'/>\n", i, list);
	}
	if (cfg->cpu_weight != 256)
		strbuf_printf(out, "    <shares>%" PRIu32 "</shares>\n", cfg->cpu_weight);
	strbuf_puts(out, "  </cputune>\n");
}

/* "host,avx=0": what the check of the configuration has let through. */
static void put_features(struct strbuf *out, const char *cpuid)
{
	char *copy = cpuid && conf_cpuid_by_name(cpuid) ? strdup(cpuid) : NULL, *save = NULL, *value;

	if (!copy)
		return;
	strbuf_puts(out, "  <cpu mode='host-passthrough'>\n");
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		value = strchr(w, '=');
		if (!value)
			continue;
		*value++ = '\0';
		strbuf_printf(out, "    <feature policy='%s' name='%s'/>\n",
			      *value == '0' ? "disable" : *value == '1' ? "require" : "optional", w);
	}
	strbuf_puts(out, "  </cpu>\n");
	free(copy);
}

static void put_boot(struct strbuf *out, const struct guest_config *cfg)
{
	static const char *const tsc[] = { "auto", "emulate", "native", "paravirt" };

	strbuf_puts(out, "  <os>\n    <type arch='x86_64' machine='xenpv'>linux</type>\n");
	put_element(out, "    ", "kernel", cfg->kernel);
	put_element(out, "    ", "initrd", cfg->ramdisk);
	put_element(out, "    ", "cmdline", cfg->cmdline[0] ? cfg->cmdline : NULL);
	strbuf_puts(out, "  </os>\n");
	strbuf_printf(out, "  <clock offset='%s'",
		      cfg->rtc_timeoffset_s ? "variable" : cfg->localtime ? "localtime" : "utc");
	if (cfg->rtc_timeoffset_s)
		strbuf_printf(out, " adjustment='%" PRId32 "' basis='%s'", cfg->rtc_timeoffset_s,
			      cfg->localtime ? "localtime" : "utc");
	if (cfg->tsc_mode && cfg->tsc_mode < 4)
		strbuf_printf(out, ">\n    <timer name='tsc' mode='%s'/>\n  </clock>\n", tsc[cfg->tsc_mode]);
	else
		strbuf_puts(out, "/>\n");
	put_element(out, "  ", "on_poweroff", guest_action_name(cfg->on_poweroff));
	put_element(out, "  ", "on_reboot", guest_action_name(cfg->on_reboot));
	put_element(out, "  ", "on_crash", guest_action_name(cfg->on_crash));
}

static void put_disk(struct strbuf *out, const struct guest_disk *d)
{
	bool block = d->target && strncmp(d->target, "/dev/", 5) == 0;

	strbuf_printf(out, "    <disk type='%s' device='%s'>\n", block ? "block" : "file",
		      d->cdrom ? "cdrom" : "disk");
	strbuf_printf(out, "      <driver type='raw'%s/>\n", d->discard ? "" : " discard='ignore'");
	put_attribute(out, "source", block ? "dev" : "file", d->target);
	put_attribute(out, "script", "path", d->script);
	put_attribute(out, "target", "dev", d->vdev);
	if (d->readonly)
		strbuf_puts(out, "      <readonly/>\n");
	if (d->shared)
		strbuf_puts(out, "      <shareable/>\n");
	strbuf_puts(out, "    </disk>\n");
}

static void put_addresses(struct strbuf *out, const char *ip)
{
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", ip ? ip : "");
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *slash = strchr(w, '/');

		if (slash)
			*slash++ = '\0';
		strbuf_printf(out, "      <ip address='%s'", w);
		if (slash)
			strbuf_printf(out, " prefix='%s'", slash);
		strbuf_puts(out, "/>\n");
	}
}

static void put_vif(struct strbuf *out, const struct guest_vif *v)
{
	strbuf_printf(out, "    <interface type='%s'>\n", v->bridge ? "bridge" : v->script ? "ethernet" : "network");
	if (v->mac_given)
		strbuf_printf(out, "      <mac address='%02x:%02x:%02x:%02x:%02x:%02x'/>\n", v->mac[0], v->mac[1],
			      v->mac[2], v->mac[3], v->mac[4], v->mac[5]);
	if (v->bridge)
		put_attribute(out, "source", "bridge", v->bridge);
	else if (!v->script)
		put_attribute(out, "source", "network", "default");
	put_addresses(out, v->ip);
	put_attribute(out, "script", "path", v->script);
	put_attribute(out, "target", "dev", v->vifname);
	put_attribute(out, "model", "type", v->model);
	if (v->antispoof == ANTISPOOF_ON)
		strbuf_puts(out, "      <filterref filter='clean-traffic'/>\n");
	if (v->mtu)
		strbuf_printf(out, "      <mtu size='%" PRIu32 "'/>\n", v->mtu);
	if (v->rate_bytes_per_interval)
		strbuf_printf(out, "      <bandwidth>\n        <outbound average='%" PRIu64 "'/>\n      </bandwidth>\n",
			      v->rate_bytes_per_interval * 1000 / v->rate_interval_us);
	strbuf_puts(out, "    </interface>\n");
}

static void put_devices(struct strbuf *out, const struct guest_config *cfg)
{
	strbuf_puts(out, "  <devices>\n");
	for (size_t i = 0; i < cfg->n_disks; i++)
		put_disk(out, &cfg->disks[i]);
	for (size_t i = 0; i < cfg->n_vifs; i++)
		put_vif(out, &cfg->vifs[i]);
	strbuf_printf(out, "    <controller type='xenbus' maxGrantFrames='%" PRIu32 "' "
		      "maxEventChannels='%" PRIu32 "'/>\n", cfg->max_grant_frames, cfg->max_event_channels);
	strbuf_puts(out, "    <console type='pty'/>\n  </devices>\n");
}

/* True for a key that says something which this format cannot. */
static bool is_left_out(const struct conf_key *key, const void *cfg, const void *fresh)
{
	if (key->xml || key->flags & KEY_INPUT)
		return false;
	if (key->kind == KEY_LIST || key->kind == KEY_CPUS)
		return *(const size_t *)((const char *)cfg + key->offset_n) != 0;
	return !conf_scalar_same(key, cfg, fresh);
}

static void leave_out(struct strbuf *names, bool so, const char *name)
{
	if (so)
		strbuf_printf(names, " %s", name);
}

static void put_left_out(struct strbuf *out, const struct guest_config *cfg)
{
	struct guest_config *fresh = guest_config_new();
	struct strbuf names = STRBUF_INIT;

	conf_for_each_key(sec, key)
		leave_out(&names, fresh && is_left_out(key, cfg, fresh), key->name);
	leave_out(&names, cfg->cpuid && !conf_cpuid_by_name(cfg->cpuid), "cpuid");
	for (size_t i = 0; i < cfg->n_disks; i++) {
		leave_out(&names, cfg->disks[i].removable, "disk:removable");
		leave_out(&names, cfg->disks[i].direct_io_safe, "disk:direct-io-safe");
		leave_out(&names, !cfg->disks[i].trusted, "disk:untrusted");
		leave_out(&names, cfg->disks[i].backend == GUEST_BACKEND_PHY, "disk:backendtype");
	}
	for (size_t i = 0; i < cfg->n_vifs; i++) {
		leave_out(&names, !cfg->vifs[i].trusted, "vif:untrusted");
		leave_out(&names, cfg->vifs[i].antispoof == ANTISPOOF_OFF, "vif:antispoof");
		leave_out(&names, cfg->vifs[i].gatewaydev != NULL, "vif:gatewaydev");
	}
	if (names.data && names.len)
		strbuf_printf(out, "  <!-- this format has no place for:%s -->\n", names.data);
	strbuf_free(&names);
	guest_config_free(fresh);
}

char *conf_to_xml(const struct guest_config *cfg)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_puts(&out, "<domain type='xen'>\n");
	put_identity(&out, cfg);
	put_cpus(&out, cfg);
	if (cfg->pool) {
		strbuf_puts(&out, "  <resource>\n");
		put_element(&out, "    ", "partition", cfg->pool);
		strbuf_puts(&out, "  </resource>\n");
	}
	put_boot(&out, cfg);
	put_features(&out, cfg->cpuid);
	put_devices(&out, cfg);
	put_left_out(&out, cfg);
	strbuf_puts(&out, "</domain>\n");
	return strbuf_take(&out);
}
