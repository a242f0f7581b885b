/* SPDX-License-Identifier: MIT */
/*
 * See sample.h.  Times and memory come from the hypervisor, disk figures from blkback's statistics in sysfs,
 * network figures from the interfaces in dom0 (where what a guest sends is received).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "daemon/link.h"
#include "daemon/ops.h"
#include "daemon/sample.h"
#include "daemon/vif.h"
#include "daemon/xend.h"
#include "hv/domctl.h"

#define CPUS_MAX 1024
#define VCPUS_SHOWN 128

static json_int_t vbd_stat(const struct guest *g, uint32_t devid, const char *what)
{
	char path[192];

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%d-%" PRIu32 "/statistics/%s",
		 g->domid, devid, what);
	return (json_int_t)file_number(path);
}

static json_t *disks_json(const struct guest *g)
{
	json_t *list = json_array();

	for (size_t i = 0; g && i < g->n_disks; i++)
		if (g->disks[i].state == DEV_UP)
			json_array_append_new(
				list, json_pack("{s:s, s:I, s:I, s:I, s:I}", "vdev", g->cfg->disks[i].vdev,
						"rd_ops", vbd_stat(g, g->disks[i].id, "rd_req"), "wr_ops",
						vbd_stat(g, g->disks[i].id, "wr_req"), "rd_bytes",
						vbd_stat(g, g->disks[i].id, "rd_sect") * 512, "wr_bytes",
						vbd_stat(g, g->disks[i].id, "wr_sect") * 512));
	return list;
}

static json_t *vifs_json(const struct guest *g)
{
	json_t *list = json_array();

	for (size_t i = 0; g && i < g->n_vifs; i++) {
		struct link_stats st = { 0 };
		char name[16];

		if (g->vifs[i].state != DEV_UP)
			continue;
		vif_name(g, i, name);
		if (link_stats(name, &st) < 0)
			continue;
		/* What dom0 receives the guest has sent. */
		json_array_append_new(
			list, json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "index", (int)g->vifs[i].id,
					"rx_bytes", (json_int_t)st.tx_bytes, "tx_bytes",
					(json_int_t)st.rx_bytes, "rx_packets", (json_int_t)st.tx_packets,
					"tx_packets", (json_int_t)st.rx_packets, "rx_dropped",
					(json_int_t)st.tx_dropped, "tx_dropped", (json_int_t)st.rx_dropped));
	}
	return list;
}

static json_t *vcpus_json(const struct xen_domctl_getdomaininfo *info)
{
	json_t *list = json_array();

	for (unsigned int v = 0; v <= info->max_vcpu_id && v < VCPUS_SHOWN; v++) {
		struct xen_domctl_getvcpuinfo vi;

		if (hv_domctl_vcpu_info(info->domain, v, &vi) == 0)
			json_array_append_new(list, json_integer((json_int_t)vi.cpu_time));
	}
	return list;
}

static json_t *host_json(void)
{
	static uint64_t idle[CPUS_MAX];
	struct xen_sysctl_physinfo p;
	int n = hv_sysctl_cpu_idle(idle, CPUS_MAX);
	uint64_t busy = 0, now = xend_now_ns();

	if (hv_sysctl_physinfo(&p))
		memset(&p, 0, sizeof(p));
	for (int i = 0; i < n; i++)
		busy += idle[i] < now ? now - idle[i] : 0;
	return json_pack("{s:i, s:I, s:I, s:I}", "cpus", (int)p.nr_cpus, "total_kib",
			 (json_int_t)(p.total_pages << 2), "free_kib",
			 (json_int_t)((p.free_pages + p.scrub_pages) << 2), "cpu_time_ns", (json_int_t)busy);
}

int sample_take(json_t **out, struct error *err)
{
	struct domain_list list;
	json_t *all = json_array();
	int rc = ops_domains(&list, err);

	if (rc) {
		json_decref(all);
		return rc;
	}
	for (int i = 0; i < list.n; i++) {
		const struct guest *g = guest_by_domid(list.items[i].domain);
		json_t *o = ops_guest_json(g, &list.items[i]);

		json_object_set_new(o, "vcpu_time_ns", vcpus_json(&list.items[i]));
		json_object_set_new(o, "disks", disks_json(g));
		json_object_set_new(o, "vifs", vifs_json(g));
		json_array_append_new(all, o);
	}
	ops_domains_free(&list);
	*out = json_pack("{s:I, s:o, s:o}", "time_ns", (json_int_t)xend_now_ns(), "host", host_json(),
			 "guests", all);
	return *out ? 0 : error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "sample");
}

/* ---- Prometheus ---- */

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

struct metric {
	const char *name, *type, *help, *key;
	double scale;
};

static const struct metric guest_metrics[] = {
	{ "xen_guest_cpu_seconds_total", "counter", "CPU time used by all vCPUs", "cpu_time_ns", 1e-9 },
	{ "xen_guest_memory_bytes", "gauge", "Memory that the guest has", "memory_kib", 1024 },
	{ "xen_guest_memory_max_bytes", "gauge", "Memory that the guest may have", "maxmem_kib", 1024 },
	{ "xen_guest_vcpus", "gauge", "vCPUs online", "vcpus", 1 },
	{ "xen_guest_uptime_seconds", "gauge", "Time since the start", "uptime_s", 1 },
};
static const struct metric disk_metrics[] = {
	{ "xen_guest_disk_read_bytes_total", "counter", "Bytes read", "rd_bytes", 1 },
	{ "xen_guest_disk_written_bytes_total", "counter", "Bytes written", "wr_bytes", 1 },
	{ "xen_guest_disk_reads_total", "counter", "Read requests", "rd_ops", 1 },
	{ "xen_guest_disk_writes_total", "counter", "Write requests", "wr_ops", 1 },
};
static const struct metric vif_metrics[] = {
	{ "xen_guest_network_receive_bytes_total", "counter", "Bytes received", "rx_bytes", 1 },
	{ "xen_guest_network_transmit_bytes_total", "counter", "Bytes sent", "tx_bytes", 1 },
	{ "xen_guest_network_receive_packets_total", "counter", "Packets received", "rx_packets", 1 },
	{ "xen_guest_network_transmit_packets_total", "counter", "Packets sent", "tx_packets", 1 },
	{ "xen_guest_network_receive_drop_total", "counter", "Packets not delivered to the guest",
	  "rx_dropped", 1 },
	{ "xen_guest_network_transmit_drop_total", "counter", "Packets of the guest dropped", "tx_dropped",
	  1 },
};

static void head(struct strbuf *sb, const struct metric *m)
{
	strbuf_printf(sb, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
}

/* A label's value, as the format wants it: names of domains that other tools made may hold anything. */
static void put_guest(struct strbuf *sb, const struct metric *m, const json_t *g)
{
	strbuf_printf(sb, "%s{guest=\"", m->name);
	for (const char *s = json_string_value(json_object_get(g, "name")); s && *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_putc(sb, '\\');
		strbuf_putc(sb, *s);
	}
	strbuf_putc(sb, '"');
}

/* One metric over all devices of one kind of all guests. */
static void device_metric(struct strbuf *sb, const struct metric *m, const json_t *all, const char *list,
			  const char *label)
{
	size_t i, j;
	json_t *g, *d;

	head(sb, m);
	json_array_foreach(all, i, g) {
		json_array_foreach(json_object_get(g, list), j, d) {
			const char *vdev = json_string_value(json_object_get(d, "vdev"));

			put_guest(sb, m, g);
			strbuf_printf(sb, ",%s=\"", label);
			if (vdev)
				strbuf_puts(sb, vdev);
			else
				strbuf_printf(sb, "%lld", (long long)number(d, "index"));
			strbuf_printf(sb, "\"} %.0f\n", (double)number(d, m->key) * m->scale);
		}
	}
}

int sample_metrics(char **text, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *s = NULL, *all, *host, *g;
	size_t i;
	int rc = sample_take(&s, err);

	if (rc)
		return rc;
	all = json_object_get(s, "guests");
	host = json_object_get(s, "host");
	strbuf_printf(
		&sb,
		"# HELP xen_host_cpus Physical CPUs online\n# TYPE xen_host_cpus gauge\nxen_host_cpus %lld\n"
		"# HELP xen_host_memory_bytes Memory of the host\n# TYPE xen_host_memory_bytes gauge\n"
		"xen_host_memory_bytes %lld\n"
		"# HELP xen_host_memory_free_bytes Memory that no domain has\n"
		"# TYPE xen_host_memory_free_bytes gauge\nxen_host_memory_free_bytes %lld\n",
		(long long)number(host, "cpus"), (long long)number(host, "total_kib") * 1024,
		(long long)number(host, "free_kib") * 1024);
	for (size_t m = 0; m < sizeof(guest_metrics) / sizeof(guest_metrics[0]); m++) {
		head(&sb, &guest_metrics[m]);
		json_array_foreach(all, i, g) {
			put_guest(&sb, &guest_metrics[m], g);
			strbuf_printf(&sb, "} %.9g\n",
				      (double)number(g, guest_metrics[m].key) * guest_metrics[m].scale);
		}
	}
	for (size_t m = 0; m < sizeof(disk_metrics) / sizeof(disk_metrics[0]); m++)
		device_metric(&sb, &disk_metrics[m], all, "disks", "disk");
	for (size_t m = 0; m < sizeof(vif_metrics) / sizeof(vif_metrics[0]); m++)
		device_metric(&sb, &vif_metrics[m], all, "vifs", "vif");
	json_decref(s);
	*text = strbuf_take(&sb);
	return *text ? 0 : error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "metrics");
}
