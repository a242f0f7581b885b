/* SPDX-License-Identifier: MIT */
/* Operations that look and change nothing: lists, facts about the host, logs and events. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "daemon/console_log.h"
#include "daemon/events.h"
#include "daemon/ops.h"
#include "daemon/sample.h"
#include "daemon/xend.h"
#include "hv/calls.h"
#include "hv/domctl.h"
#include "proto/proto.h"

#define DMESG_CHUNK (16u << 10)
#define LOG_TAIL (1u << 20)

/* ---- lists ---- */

static void list_ours(json_t *out, const struct domain_list *list, bool all)
{
	for (struct guest *g = guests; g; g = g->next) {
		const struct xen_domctl_getdomaininfo *info =
			g->domid > 0 ? ops_domain(list, g->domid) : NULL;

		if (g->state == GUEST_STOPPED ? all : true)
			json_array_append_new(out, ops_guest_json(g, info));
	}
}

static int op_list(struct request *rq, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "guest");
	const struct xen_domctl_getdomaininfo *info;
	struct domain_list list;
	json_t *out = json_array();
	struct guest *g = word ? guest_find(word) : NULL;
	int domid, rc = ops_domains(&list, err);

	for (int i = 0; !rc && !word && i < list.n; i++)
		if (!guest_by_domid(list.items[i].domain))
			json_array_append_new(out, ops_guest_json(NULL, &list.items[i]));
	if (!rc && !word)
		list_ours(out, &list, proto_arg_bool(rq->args, "all"));
	else if (!rc && g)
		json_array_append_new(out, ops_guest_json(g, ops_domain(&list, g->domid)));
	else if (!rc)
		rc = ops_any_domain(rq, &g, &domid, err);
	if (!rc && word && !g && (info = ops_domain(&list, domid)))
		json_array_append_new(out, ops_guest_json(NULL, info));
	if (!rc)
		request_ok(rq, json_pack("{s:o}", "guests", ops_in_order(out)));
	ops_domains_free(&list);
	json_decref(out);
	return rc;
}

static int op_domid(struct request *rq, struct error *err)
{
	struct guest *g;
	char name[80];
	int domid, rc = ops_any_domain(rq, &g, &domid, err);

	if (rc)
		return rc;
	ops_domain_name(domid, name, sizeof(name));
	request_ok(rq, json_pack("{s:s, s:i}", "name", name, "domid", domid));
	return 0;
}

static int op_domname(struct request *rq, struct error *err)
{
	int domid = (int)proto_arg_int(rq->args, "domid", 0);
	struct xen_domctl_getdomaininfo info;
	char name[80];

	if (hv_domctl_info((domid_t)domid, &info) < 0)
		return error_set(err, ERR_NOT_FOUND, NULL, "no domain has the number %d", domid);
	ops_domain_name(domid, name, sizeof(name));
	request_ok(rq, json_pack("{s:s, s:i}", "name", name, "domid", domid));
	return 0;
}

static int op_uptime(struct request *rq, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "guest");
	uint64_t now = xend_now_ns();
	json_t *out = json_array();
	struct guest *only = NULL;
	int domid, rc = word ? ops_any_domain(rq, &only, &domid, err) : 0;

	if (!rc && (!word || !only))
		json_array_append_new(out, json_pack("{s:s, s:i, s:I}", "name", "Domain-0", "domid", 0,
						     "uptime_s", (json_int_t)(now / 1000000000)));
	for (struct guest *g = guests; !rc && g; g = g->next)
		if (g->state == GUEST_RUNNING && (!word || g == only))
			json_array_append_new(
				out, json_pack("{s:s, s:i, s:I}", "name", g->name, "domid", g->domid,
					       "uptime_s", (json_int_t)((now - g->started_ns) / 1000000000)));
	if (!rc)
		request_ok(rq, json_pack("{s:o}", "guests", ops_in_order(out)));
	json_decref(out);
	return rc;
}

/* ---- the host ---- */

static void add_caps(const struct xen_sysctl_physinfo *p, json_t *o)
{
	static const char *const names[] = { "hvm",	 "pv",	   "hvm_directio",
					     "hap",	 "shadow", "iommu_hap_pt_share",
					     "vmtrace",	 "vpmu",   "gnttab-v1",
					     "gnttab-v2" };
	struct strbuf sb = STRBUF_INIT;
	char *text;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (p->capabilities >> i & 1)
			strbuf_printf(&sb, "%s%s", sb.len ? " " : "", names[i]);
	text = strbuf_take(&sb);
	json_object_set_new(o, "virt_caps", json_string(text ? text : ""));
	free(text);
	for (unsigned int i = 0; i < 8; i++)
		strbuf_printf(&sb, "%s%08x", i ? ":" : "", p->hw_cap[i]);
	text = strbuf_take(&sb);
	json_object_set_new(o, "hw_caps", json_string(text ? text : ""));
	free(text);
}

static void add_version(const struct hv_version *v, json_t *o)
{
	char full[64], params[64];

	snprintf(full, sizeof(full), "%u.%u%s", v->major, v->minor, v->extra);
	snprintf(params, sizeof(params), "virt_start=0x%" PRIx64, v->virt_start);
	json_object_set_new(o, "xen_major", json_integer(v->major));
	json_object_set_new(o, "xen_minor", json_integer(v->minor));
	json_object_set_new(o, "xen_pagesize", json_integer(v->page_size));
#define TEXT(key, value) json_object_set_new(o, key, proto_text(value))
	TEXT("xen_extra", v->extra);
	TEXT("xen_version", full);
	TEXT("xen_caps", v->capabilities);
	TEXT("platform_params", params);
	TEXT("xen_changeset", v->changeset);
	TEXT("xen_commandline", v->commandline);
	TEXT("cc_compiler", v->compiler);
	TEXT("cc_compile_by", v->compile_by);
	TEXT("cc_compile_domain", v->compile_domain);
	TEXT("cc_compile_date", v->compile_date);
	TEXT("build_id", v->build_id);
#undef TEXT
}

static const char *scheduler_name(void)
{
	unsigned int id;

	if (hv_sysctl_sched_id(&id))
		return "unknown";
	switch (id) {
	case XEN_SCHEDULER_CREDIT: return "credit";
	case XEN_SCHEDULER_CREDIT2: return "credit2";
	case XEN_SCHEDULER_RTDS: return "rtds";
	case XEN_SCHEDULER_NULL: return "null";
	default: return "unknown";
	}
}

static int op_info(struct request *rq, struct error *err)
{
	struct xen_sysctl_physinfo p;
	struct hv_version v;
	struct utsname uts;
	json_t *o;
	int rc = hv_sysctl_physinfo(&p);

	if (!rc)
		rc = hv_version(&v);
	if (rc || uname(&uts) < 0)
		return error_set_errno(err, ERR_INTERNAL, -rc, NULL, "the hypervisor does not answer");
	o = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "host", uts.nodename, "release",
		      uts.release, "version", uts.version, "machine", uts.machine, "nr_cpus", (int)p.nr_cpus,
		      "max_cpu_id", (int)p.max_cpu_id, "nr_nodes", (int)p.nr_nodes, "cores_per_socket",
		      (int)p.cores_per_socket, "threads_per_core", (int)p.threads_per_core, "cpu_mhz",
		      (int)(p.cpu_khz / 1000));
	json_object_set_new(o, "total_memory_kib", json_integer((json_int_t)(p.total_pages << 2)));
	json_object_set_new(o, "free_memory_kib",
			    json_integer((json_int_t)((p.free_pages + p.scrub_pages) << 2)));
	json_object_set_new(o, "outstanding_kib", json_integer((json_int_t)(p.outstanding_pages << 2)));
	json_object_set_new(o, "sharing_freed_kib", json_integer(0));
	json_object_set_new(o, "sharing_used_kib", json_integer(0));
	json_object_set_new(o, "xen_scheduler", json_string(scheduler_name()));
	json_object_set_new(o, "xend_version", json_string(TOOLSTACK_VERSION));
	add_caps(&p, o);
	add_version(&v, o);
	request_ok(rq, o);
	return 0;
}

static int op_version(struct request *rq, struct error *err)
{
	(void)err;
	request_ok(rq, json_pack("{s:s, s:i, s:i, s:I}", "xend_version", TOOLSTACK_VERSION, "protocol",
				 PROTO_VERSION, "pid", (int)getpid(), "uptime_s",
				 (json_int_t)((xend_now_ns() - xend.started_ns) / 1000000000)));
	return 0;
}

/* ---- logs ---- */

static int op_dmesg(struct request *rq, struct error *err)
{
	bool clear = proto_arg_bool(rq->args, "clear");
	char *buf = malloc(DMESG_CHUNK);
	uint32_t index = 0;
	int n;

	if (!buf)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "dmesg");
	/* The ring tells where to go on; without `incremental` it would begin at the oldest each time. */
	n = hv_sysctl_read_console(buf, DMESG_CHUNK, &index, false, false);
	while (n > 0) {
		request_data(rq, proto_bytes(buf, (size_t)n));
		n = hv_sysctl_read_console(buf, DMESG_CHUNK, &index, true, false);
	}
	if (n == 0 && clear)
		n = hv_sysctl_read_console(buf, DMESG_CHUNK, &index, true, true);
	free(buf);
	if (n < 0)
		return error_set_errno(err, ERR_INTERNAL, -n, NULL, "cannot read the hypervisor's messages");
	request_ok(rq, NULL);
	return 0;
}

/* The last lines of a text. */
static void send_tail(struct request *rq, const char *text, size_t len, long lines)
{
	size_t at = len, n;

	for (long found = 0; at > 0; at--)
		if (text[at - 1] == '\n' && at != len && ++found >= lines)
			break;
	for (; lines > 0 && at < len; at += n) {
		n = len - at < PROTO_DATA_CHUNK ? len - at : PROTO_DATA_CHUNK;
		request_data(rq, proto_bytes(text + at, n));
	}
}

/* logs -f: look again each second. */
struct follow {
	char path[512];
	off_t at;
};

static void follow_closed(struct request *rq)
{
	free(rq->ctx);
	request_ok(rq, NULL);
}

static void follow_tick(struct request *rq)
{
	struct follow *f = rq->ctx;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char buf[16384];
	struct stat st;
	ssize_t n = 0;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (st.st_size < f->at)
			f->at = 0;	/* rotated */
		n = pread(fd, buf, sizeof(buf), f->at);
	}
	if (fd >= 0)
		close(fd);
	if (n > 0) {
		f->at += n;
		request_data(rq, proto_bytes(buf, (size_t)n));
	}
	if (request_timeout(rq, 1, follow_tick) < 0)
		follow_closed(rq);
}

static int op_logs(struct request *rq, struct error *err)
{
	struct guest *g;
	struct follow *f;
	char *text;
	size_t len;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (rc)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "logs");
	console_log_path(f->path, sizeof(f->path), g->name);
	text = console_log_tail(g->name, LOG_TAIL, &len, &f->at);
	if (!text) {
		rc = error_set_errno(err, ERR_NONE, errno, NULL, "%s", f->path);
		free(f);
		return rc;
	}
	send_tail(rq, text, len, (long)proto_arg_int(rq->args, "lines", 100));
	free(text);
	if (!proto_arg_bool(rq->args, "follow")) {
		free(f);
		request_ok(rq, NULL);
		return 0;
	}
	rq->ctx = f;
	rq->closed = follow_closed;
	request_keep(rq);
	follow_tick(rq);
	return 0;
}

static void tell_event(void *ctx, const struct guest_event *ev)
{
	struct request *rq = ctx;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	request_data(rq, json_pack("{s:f, s:s, s:o, s:s, s:o}", "time",
				   (double)ts.tv_sec + (double)ts.tv_nsec / 1e9, "guest", ev->g->name,
				   "domid", ev->g->domid >= 0 ? json_integer(ev->g->domid) : json_null(),
				   "event", ev->event, "detail", proto_text(ev->detail)));
}

static void events_closed(struct request *rq)
{
	request_ok(rq, NULL);
}

static int op_events(struct request *rq, struct error *err)
{
	rq->listener = events_listen(tell_event, rq);
	if (!rq->listener)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "events");
	rq->closed = events_closed;
	request_keep(rq);
	return 0;
}

/* ---- figures ---- */

static int op_sample(struct request *rq, struct error *err)
{
	json_t *o = NULL;
	int rc = sample_take(&o, err);

	if (!rc)
		request_ok(rq, o);
	return rc;
}

static int op_metrics(struct request *rq, struct error *err)
{
	char *text = NULL;
	int rc = sample_metrics(&text, err);

	if (!rc)
		request_ok(rq, json_pack("{s:s}", "text", text));
	free(text);
	return rc;
}

const struct handler ops_look[] = {
	{ "list", op_list },	   { "info", op_info },	      { "domid", op_domid },
	{ "domname", op_domname }, { "uptime", op_uptime },   { "dmesg", op_dmesg },
	{ "logs", op_logs },	   { "events", op_events },   { "sample", op_sample },
	{ "metrics", op_metrics }, { "version", op_version }, { NULL, NULL },
};
