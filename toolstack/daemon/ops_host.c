/* SPDX-License-Identifier: MIT */
/* Operations on the host: its networks, its health, and what to send with a report of a fault. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "daemon/console_log.h"
#include "daemon/link.h"
#include "daemon/network.h"
#include "daemon/ops.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/calls.h"
#include "hv/domctl.h"
#include "proto/proto.h"

/* ---- net ---- */

static int op_net(struct request *rq, struct error *err)
{
	(void)err;
	request_ok(rq, network_json());
	return 0;
}

/* A change has been made, or not; ctx is who asked for it. */
static void net_done(void *ctx, const struct error *err)
{
	struct request *rq = ctx;

	if (err)
		request_fail(rq, err);
	else
		request_ok(rq, network_json());
}

static int op_net_setup(struct request *rq, struct error *err)
{
	const char *interface = proto_arg_str(rq->args, "interface"), *bridge = proto_arg_str(rq->args, "bridge");
	int rc = network_check_setup(interface, bridge ? bridge : "br0", err);

	if (!rc && rq->dry_run)
		return op_net(rq, err);
	request_keep(rq);
	return rc ? rc : network_setup(interface, bridge ? bridge : "br0",
				       (long)proto_arg_int(rq->args, "timeout_s", 60), net_done, rq, err);
}

static int op_net_confirm(struct request *rq, struct error *err)
{
	int rc = network_check_trial(err);

	if (!rc && !rq->dry_run)
		rc = network_confirm(err);
	return rc ? rc : op_net(rq, err);
}

static int op_net_rollback(struct request *rq, struct error *err)
{
	int rc = network_check_trial(err);

	if (!rc && rq->dry_run)
		return op_net(rq, err);
	request_keep(rq);
	return rc ? rc : network_rollback(net_done, rq, err);
}

/* ---- doctor ---- */

/* One check's words; fix is empty when all is well. */
struct finding {
	const char *status;	/* "ok", "warn", "fail" */
	char why[256];
	char fix[256];
};

static void say(struct finding *f, const char *status, const char *fix, const char *fmt, ...)
	__printf_like(4, 5);

static void say(struct finding *f, const char *status, const char *fix, const char *fmt, ...)
{
	va_list ap;

	f->status = status;
	snprintf(f->fix, sizeof(f->fix), "%s", fix);
	va_start(ap, fmt);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
}

static void check_hypervisor(struct finding *f)
{
	struct hv_version v;

	if (hv_version(&v))
		say(f, "fail", "boot into Xen", "the hypervisor does not answer");
	else
		say(f, "ok", "", "Xen %u.%u%s", v.major, v.minor, v.extra);
}

static void check_memory(struct finding *f)
{
	struct xen_sysctl_physinfo p;

	if (hv_sysctl_physinfo(&p))
		say(f, "fail", "", "the hypervisor does not answer");
	else if ((p.free_pages + p.scrub_pages) >> 8 < 256)
		say(f, "warn", "set dom0_mem= on the hypervisor's command line, or 'xl mem-set 0 SIZE'",
		    "only %llu MiB are free for guests",
		    (unsigned long long)(p.free_pages + p.scrub_pages) >> 8);
	else
		say(f, "ok", "", "%llu of %llu MiB are free for guests",
		    (unsigned long long)(p.free_pages + p.scrub_pages) >> 8,
		    (unsigned long long)p.total_pages >> 8);
}

static void check_virtualisation(struct finding *f)
{
	struct xen_sysctl_physinfo p = { 0 };

	if (hv_sysctl_physinfo(&p) == 0 && p.capabilities & XEN_SYSCTL_PHYSCAP_hvm)
		say(f, "ok", "", "hardware virtualisation is there%s",
		    p.capabilities & XEN_SYSCTL_PHYSCAP_hap ? ", with nested paging"
							    : ", without nested paging");
	else
		say(f, "ok", "", "guests are PV; this hypervisor serves no others");
}

static void check_backends(struct finding *f)
{
	bool vbd = access("/sys/bus/xen-backend/drivers/vbd", F_OK) == 0;
	bool vif = access("/sys/bus/xen-backend/drivers/vif", F_OK) == 0;

	if (vbd && vif)
		say(f, "ok", "", "the kernel's backends for disks and nets are loaded");
	else
		say(f, "fail", "modprobe -a xen-blkback xen-netback", "not loaded: %s%s",
		    vbd ? "" : "xen-blkback ", vif ? "" : "xen-netback");
}

static void check_devices(struct finding *f)
{
	static const char *const nodes[] = { "evtchn", "gntdev", "privcmd", "hypercall", "xenbus_backend" };
	char path[64];

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(path, sizeof(path), "/dev/xen/%s", nodes[i]);
		if (access(path, F_OK) < 0) {
			say(f, "fail", "modprobe -a xen-evtchn xen-gntdev xen-privcmd", "%s is missing",
			    path);
			return;
		}
	}
	say(f, "ok", "", "/dev/xen is complete");
}

static void check_store(struct finding *f)
{
	struct store_stats st;

	xs_stats(&st);
	if (xs_is_introduced(0))
		say(f, "ok", "", "%u nodes, %u connections", st.nodes, st.connections);
	else
		say(f, "fail", "systemctl restart xend", "dom0's kernel is not connected to the store");
}

static void check_network(struct finding *f)
{
	if (!xend.set.network)
		say(f, "ok", "", "the default network is switched off");
	else if (link_is_bridge(xend.set.bridge))
		say(f, "ok", "", "bridge '%s', %s", xend.set.bridge, xend.set.subnet);
	else
		say(f, "fail", "see 'journalctl -u xend'", "bridge '%s' is missing", xend.set.bridge);
}

static void check_loops(struct finding *f)
{
	if (access("/dev/loop-control", F_OK) == 0)
		say(f, "ok", "", "disks may be files");
	else
		say(f, "fail", "modprobe loop", "/dev/loop-control is missing: disks cannot be files");
}

static void check_space(struct finding *f)
{
	struct statvfs s;

	if (statvfs(xend.set.log_dir, &s) < 0)
		say(f, "warn", "mkdir -p /var/log/xend", "cannot read %s: %s", xend.set.log_dir,
		    strerror(errno));
	else if ((uint64_t)s.f_bavail * s.f_frsize < 64u << 20)
		say(f, "warn", "free space there", "%s has less than 64 MiB free", xend.set.log_dir);
	else
		say(f, "ok", "", "%llu MiB free in %s",
		    (unsigned long long)((uint64_t)s.f_bavail * s.f_frsize >> 20), xend.set.log_dir);
}

/* Guests that have ended in a crash and are kept, or that do not go. */
static void check_guests(struct finding *f)
{
	unsigned int n = 0, stuck = 0;

	for (struct guest *g = guests; g; g = g->next) {
		n += g->state != GUEST_STOPPED;
		stuck += g->state == GUEST_STOPPING;
	}
	if (stuck)
		say(f, "warn", "'xl list' shows which; 'xl logs GUEST' what they said", "%u of %u guests are ending",
		    stuck, n);
	else
		say(f, "ok", "", "%u guest%s", n, n == 1 ? " runs" : "s run");
}

/* What the default network and its addresses need. */
static void check_programs(struct finding *f)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };
	static const char *const names[] = { "dnsmasq", "nft", "ip" };
	static const char *const fixes[] = { "apt-get install dnsmasq-base", "apt-get install nftables",
					     "apt-get install iproute2" };
	char path[64];

	say(f, "ok", "", "dnsmasq, nft and ip are there");
	for (size_t i = 0; xend.set.network && i < 3; i++) {
		bool there = false;

		for (size_t d = 0; d < 4; d++) {
			snprintf(path, sizeof(path), "%s/%s", folders[d], names[i]);
			there |= access(path, X_OK) == 0;
		}
		if (!there)
			say(f, "warn", fixes[i], "%s is missing: the default network is not whole", names[i]);
	}
}

static const struct {
	const char *name;
	void (*fn)(struct finding *f);
} checks[] = {
	{ "hypervisor", check_hypervisor }, { "guests", check_guests },
	{ "programs", check_programs },	    { "memory", check_memory },	    { "virtualisation", check_virtualisation },
	{ "device files", check_devices },  { "backends", check_backends },
	{ "store", check_store },	    { "network", check_network },
	{ "loop devices", check_loops },    { "logs", check_space },
};

static json_t *doctor_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding f = { "fail", "", "" };

		checks[i].fn(&f);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", checks[i].name,
						      "status", f.status, "why", f.why, "fix", f.fix));
	}
	return list;
}

static int op_doctor(struct request *rq, struct error *err)
{
	(void)err;
	request_ok(rq, json_pack("{s:o}", "checks", doctor_json()));
	return 0;
}

/* ---- bugreport ---- */

#define LOG_TAIL (64u << 10)	/* of each console: with a hundred guests all must fit one message */

static void add_text(json_t *files, const char *name, const char *text, size_t len)
{
	json_array_append_new(files, json_pack("{s:s, s:o}", "name", name, "text", proto_bytes(text, len)));
}

static void add_file(json_t *files, const char *name, const char *path)
{
	char *text;
	size_t len;

	if (file_read(path, 256 << 10, &text, &len, NULL) < 0)
		return;
	add_text(files, name, text, len);
	free(text);
}

static void add_json(json_t *files, const char *name, json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(1));

	if (text)
		add_text(files, name, text, strlen(text));
	free(text);
	json_decref(json);
}

/* What each guest was asked to be. */
static void add_configs(json_t *files)
{
	char name[128], *text;

	for (struct guest *g = guests; g; g = g->next) {
		text = g->def ? conf_to_text(g->def) : NULL;
		snprintf(name, sizeof(name), "config-%s.cfg", g->name);
		if (text)
			add_text(files, name, text, strlen(text));
		free(text);
	}
}

static void add_console_logs(json_t *files)
{
	char name[128], *text;
	size_t len;

	for (struct guest *g = guests; g; g = g->next) {
		snprintf(name, sizeof(name), "console-%s.log", g->name);
		text = console_log_tail(g->name, LOG_TAIL, &len, NULL);
		if (text)
			add_text(files, name, text, len);
		free(text);
	}
}

static void add_messages(json_t *files)
{
	uint32_t index = 0;
	char *buf = malloc(64 << 10);
	int n = buf ? hv_sysctl_read_console(buf, 64 << 10, &index, false, false) : -1;

	if (n > 0)
		add_text(files, "xen-dmesg.txt", buf, (size_t)n);
	free(buf);
}

static int op_bugreport(struct request *rq, struct error *err)
{
	json_t *files = json_array(), *list = json_array();
	struct domain_list domains;

	if (ops_domains(&domains, err) == 0) {
		for (int i = 0; i < domains.n; i++)
			json_array_append_new(list, ops_guest_json(guest_by_domid(domains.items[i].domain),
								   &domains.items[i]));
		ops_domains_free(&domains);
	}
	add_json(files, "guests.json", list);
	add_json(files, "doctor.json", doctor_json());
	add_json(files, "network.json", network_json());
	add_messages(files);
	add_file(files, "xend.conf", "/etc/xend.conf");
	add_file(files, "cmdline.txt", "/proc/cmdline");
	add_file(files, "meminfo.txt", "/proc/meminfo");
	add_file(files, "modules.txt", "/proc/modules");
	add_configs(files);
	add_console_logs(files);
	error_clear(err);
	request_ok(rq, json_pack("{s:o}", "files", files));
	return 0;
}

const struct handler ops_host[] = {
	{ "net", op_net }, { "net-setup", op_net_setup }, { "net-confirm", op_net_confirm },
	{ "net-rollback", op_net_rollback }, { "doctor", op_doctor }, { "bugreport", op_bugreport }, { NULL, NULL },
};
