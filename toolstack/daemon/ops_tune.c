/* SPDX-License-Identifier: MIT */
/* Operations that change a running guest's memory and CPUs, and signals to guests and to the hypervisor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/domctl.h"
#include "conf/conf.h"
#include "daemon/create.h"
#include "daemon/ops.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"
#include "proto/proto.h"

#define GUEST_FLOOR_KIB (8 << 10)	/* whoever insists */
#define DOM0_FLOOR_KIB (160 << 10)

static const char *name_of(const struct guest *g)
{
	return g ? g->name : "Domain-0";
}

/* A failed call about one guest. */
static int call_failed(struct error *err, const struct guest *g, int rc, const char *what)
{
	int out = error_set_errno(err, ERR_NONE, -rc, NULL, "%s", what);

	error_what(err, "guest '%s'", name_of(g));
	return out;
}

/* ---- memory ---- */

/* mem-set waits until the guest's balloon has reached the target, or the time is up. */
struct mem_wait {
	int domid;
	uint64_t target_kib, deadline_ns;
	char name[GUEST_NAME_MAX + 1];
};

/* To within what a balloon rounds. */
static bool reached(const struct mem_wait *w, uint64_t actual_kib)
{
	return actual_kib <= w->target_kib + 4096 && w->target_kib <= actual_kib + 4096;
}

static void mem_answer(struct request *rq, const struct mem_wait *w, uint64_t actual_kib)
{
	request_ok(rq,
		   json_pack("{s:s, s:I, s:I, s:b}", "name", w->name, "target_kib", (json_int_t)w->target_kib,
			     "actual_kib", (json_int_t)actual_kib, "reached", reached(w, actual_kib)));
}

static void mem_tick(struct request *rq)
{
	struct mem_wait *w = rq->ctx;
	struct xen_domctl_getdomaininfo info = { 0 };
	uint64_t actual;

	if (hv_domctl_info((domid_t)w->domid, &info))
		info.tot_pages = 0;
	actual = info.tot_pages << 2;
	if (!reached(w, actual) && xend_now_ns() < w->deadline_ns && rq->client &&
	    request_timeout(rq, 1, mem_tick) == 0)
		return;
	rq->ctx = NULL;
	mem_answer(rq, w, actual);
	free(w);
}

/*
 * dom0 below this stalls, and all guests with it.  A guest's kernel gives up whatever its target says, until it has
 * nothing left to run with and hangs: it needs some for itself, and a sixteenth of what it may grow to for its
 * records of that.  A small one may know what it can do with half.
 */
static uint64_t target_floor_kib(const struct guest *g, bool insists)
{
	uint64_t usual, half;

	if (!g)
		return DOM0_FLOOR_KIB;
	usual = (48 << 10) + g->cfg->maxmem_kib / 16;
	half = g->cfg->maxmem_kib / 2;
	if (usual > half)
		usual = half;
	return insists || usual < GUEST_FLOOR_KIB ? GUEST_FLOOR_KIB : usual;
}

static int check_target(struct guest *g, uint64_t kib, bool insists, struct error *err)
{
	uint64_t floor_kib = target_floor_kib(g, insists);
	int rc = 0;

	if (g && kib > g->cfg->maxmem_kib) {
		rc = error_set(err, ERR_CONFLICT, NULL, "%llu MiB are more than its maxmem of %llu MiB",
			       (unsigned long long)kib >> 10, (unsigned long long)g->cfg->maxmem_kib >> 10);
		error_hint(err, "set maxmem= in its configuration and start it again");
	} else if (kib < floor_kib && !(g && !insists && kib >= GUEST_FLOOR_KIB && kib >= g->cfg->memory_kib)) {
		rc = error_set(err, ERR_CONFLICT, NULL, "%llu MiB are too little to live on",
			       (unsigned long long)kib >> 10);
		error_hint(err, "at least %llu MiB%s", (unsigned long long)floor_kib >> 10, g && !insists ?
			   ": a kernel without memory hangs; --force if you know that it does not" : "");
	}
	error_what(err, "guest '%s'", name_of(g));
	return rc;
}

static int set_target(int domid, struct guest *g, uint64_t kib, struct error *err)
{
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/local/domain/%d/memory/target", domid);
	rc = xs_printf(STORE_TX_NONE, path, "%llu", (unsigned long long)kib);
	if (!rc && g)
		rc = hv_domctl_max_mem((domid_t)domid, kib + CREATE_SLACK_KIB);
	if (rc)
		return call_failed(err, g, rc, "cannot set its memory target");
	if (g) {
		g->cfg->memory_kib = kib;
		(void)guest_journal(g);
	}
	return 0;
}

static int op_mem_set(struct request *rq, struct error *err)
{
	uint64_t kib = (uint64_t)proto_arg_int(rq->args, "kib", 0);
	long wait_s = (long)proto_arg_int(rq->args, "wait_s", 0);
	struct xen_domctl_getdomaininfo info;
	struct mem_wait *w;
	struct guest *g;
	int domid, rc = ops_any_domain(rq, &g, &domid, err);

	if (!rc)
		rc = check_target(g, kib, proto_arg_bool(rq->args, "force"), err);
	if (!rc && !rq->dry_run)
		rc = set_target(domid, g, kib, err);
	if (rc)
		return rc;
	w = calloc(1, sizeof(*w));
	if (!w)
		return call_failed(err, g, -ENOMEM, "mem-set");
	*w = (struct mem_wait){ .domid = domid, .target_kib = kib,
				.deadline_ns = xend_now_ns() + (uint64_t)wait_s * 1000000000 };
	snprintf(w->name, sizeof(w->name), "%s", name_of(g));
	rq->ctx = w;
	if (wait_s && !rq->dry_run) {
		request_keep(rq);
		mem_tick(rq);
		return 0;
	}
	if (hv_domctl_info((domid_t)domid, &info))
		info.tot_pages = 0;
	mem_answer(rq, w, info.tot_pages << 2);
	free(w);
	return 0;
}

static int op_mem_max(struct request *rq, struct error *err)
{
	uint64_t kib = (uint64_t)proto_arg_int(rq->args, "kib", 0);
	char path[64];
	struct guest *g;
	int domid, rc = ops_any_domain(rq, &g, &domid, err);

	if (!rc && g && kib < g->cfg->memory_kib) {
		rc = error_set(err, ERR_CONFLICT, NULL, "a maximum of %llu MiB is below its memory of %llu MiB",
			       (unsigned long long)kib >> 10, (unsigned long long)g->cfg->memory_kib >> 10);
		error_what(err, "guest '%s'", g->name);
		error_hint(err, "'xl mem-set %s %llu' first", g->name, (unsigned long long)kib >> 10);
	}
	if (!rc && !rq->dry_run) {
		rc = hv_domctl_max_mem((domid_t)domid, kib + CREATE_SLACK_KIB);
		if (rc)
			return call_failed(err, g, rc, "the hypervisor refuses this maximum");
		snprintf(path, sizeof(path), "/local/domain/%d/memory/static-max", domid);
		(void)xs_printf(STORE_TX_NONE, path, "%llu", (unsigned long long)kib);
		if (g) {
			g->cfg->maxmem_kib = kib;
			(void)guest_journal(g);
		}
	}
	if (!rc)
		request_ok(rq, json_pack("{s:s, s:I}", "name", name_of(g), "maxmem_kib", (json_int_t)kib));
	return rc;
}

/* ---- vCPUs ---- */

static void affinity_text(const uint8_t *bytes, unsigned int n_cpus, char *buf, size_t size)
{
	struct guest_cpus set = { .given = true };
	unsigned int n = 0;

	memcpy(set.cpu, bytes, sizeof(set.cpu));
	for (unsigned int i = 0; i < n_cpus && i < GUEST_CPUS_MAX; i++)
		n += bytes[i / 8] >> (i % 8) & 1;
	if (n >= n_cpus)
		snprintf(buf, size, "all");
	else
		conf_format_cpus(&set, buf, size);
}

static void list_vcpus(json_t *out, const char *name, const struct xen_domctl_getdomaininfo *info,
		       unsigned int n_cpus)
{
	for (unsigned int v = 0; v <= info->max_vcpu_id && v < GUEST_VCPUS_MAX; v++) {
		uint8_t hard[GUEST_CPUS_MAX / 8] = { 0 }, soft[GUEST_CPUS_MAX / 8] = { 0 };
		struct xen_domctl_getvcpuinfo vi;
		char h[128] = "all", s[128] = "all", state[4];

		if (hv_domctl_vcpu_info(info->domain, v, &vi))
			continue;
		if (hv_domctl_get_affinity(info->domain, v, hard, soft, GUEST_CPUS_MAX) == 0) {
			affinity_text(hard, n_cpus, h, sizeof(h));
			affinity_text(soft, n_cpus, s, sizeof(s));
		}
		snprintf(state, sizeof(state), "%c%c%c", vi.running ? 'r' : '-', vi.blocked ? 'b' : '-',
			 vi.online ? '-' : 'p');
		json_array_append_new(out, json_pack("{s:s, s:i, s:i, s:o, s:s, s:b, s:I, s:s, s:s}", "name",
						     name, "domid", (int)info->domain, "vcpu", (int)v, "cpu",
						     vi.online ? json_integer(vi.cpu) : json_null(), "state",
						     state, "online", vi.online, "cpu_time_ns",
						     (json_int_t)vi.cpu_time, "hard", h, "soft", s));
	}
}

static int op_vcpu_list(struct request *rq, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "guest");
	struct xen_sysctl_physinfo p = { .nr_cpus = 1 };
	struct domain_list list = { 0 };
	json_t *out = json_array();
	struct guest *g = NULL;
	int domid = -1, rc = word ? ops_any_domain(rq, &g, &domid, err) : 0;

	if (!rc)
		rc = ops_domains(&list, err);
	if (!rc && hv_sysctl_physinfo(&p))
		p.nr_cpus = 1;
	for (int i = 0; !rc && i < list.n; i++) {
		char name[80];

		ops_domain_name(list.items[i].domain, name, sizeof(name));
		if (domid < 0 || domid == list.items[i].domain)
			list_vcpus(out, name, &list.items[i], p.nr_cpus);
	}
	if (!rc)
		request_ok(rq, json_pack("{s:O}", "vcpus", out));
	ops_domains_free(&list);
	json_decref(out);
	return rc;
}

/* How many vCPUs the domain can have online. */
static unsigned int vcpus_limit(const struct guest *g, int domid)
{
	struct xen_domctl_getdomaininfo info;

	if (g)
		return g->cfg->maxvcpus;
	return hv_domctl_info((domid_t)domid, &info) ? 0 : info.max_vcpu_id + 1;
}

static int op_vcpu_set(struct request *rq, struct error *err)
{
	uint32_t n = (uint32_t)proto_arg_int(rq->args, "vcpus", 1), limit;
	char path[80];
	struct guest *g;
	int domid, rc = ops_any_domain(rq, &g, &domid, err);

	if (rc)
		return rc;
	limit = vcpus_limit(g, domid);
	if (n > limit) {
		rc = error_set(err, ERR_CONFLICT, NULL, "%u vCPUs are more than its maxvcpus of %u", n, limit);
		error_what(err, "guest '%s'", name_of(g));
		error_hint(err, "set maxvcpus= in its configuration and start it again");
		return rc;
	}
	for (uint32_t v = 0; !rc && !rq->dry_run && v < limit; v++) {
		snprintf(path, sizeof(path), "/local/domain/%d/cpu/%u/availability", domid, v);
		rc = xs_printf(STORE_TX_NONE, path, "%s", v < n ? "online" : "offline");
	}
	if (rc)
		return call_failed(err, g, rc, "cannot ask it to change its vCPUs");
	if (!rq->dry_run && g) {
		g->cfg->vcpus = n;
		(void)guest_journal(g);
	}
	request_ok(rq, json_pack("{s:s, s:i}", "name", name_of(g), "vcpus", (int)n));
	return 0;
}

/* One of the host's CPUs must be in the set.  Sets by node are the hypervisor's to judge. */
static int check_cpus(const char *text, const struct guest_cpus *set, struct error *err)
{
	struct xen_sysctl_physinfo p;

	if (set->node || hv_sysctl_physinfo(&p))
		return 0;
	for (unsigned int cpu = 0; cpu <= p.max_cpu_id && cpu < GUEST_CPUS_MAX; cpu++)
		if (guest_cpus_has(set, cpu))
			return 0;
	return error_set(err, ERR_NOT_FOUND, NULL, "'%.60s': the host has CPUs 0-%u only", text, p.max_cpu_id);
}

/* "3,5-7", "all" or "nodes:0" as bytes. */
static int parse_cpus(const char *text, uint8_t bytes[GUEST_CPUS_MAX / 8], struct error *err)
{
	struct guest_cpus set;
	int rc = conf_parse_cpus(text, &set, err);

	if (!rc)
		rc = check_cpus(text, &set, err);
	if (rc)
		return rc;
	if (!set.given)
		memset(bytes, 0xff, GUEST_CPUS_MAX / 8);
	else
		create_cpu_bytes(&set, bytes);
	return 0;
}

static int op_vcpu_pin(struct request *rq, struct error *err)
{
	const char *hard = proto_arg_str(rq->args, "hard"), *soft = proto_arg_str(rq->args, "soft");
	int vcpu = (int)proto_arg_int(rq->args, "vcpu", -1), domid;
	uint8_t h[GUEST_CPUS_MAX / 8] = { 0 }, s[GUEST_CPUS_MAX / 8] = { 0 };
	struct xen_domctl_getdomaininfo info;
	struct guest *g;
	int rc = ops_any_domain(rq, &g, &domid, err);

	if (!rc && hard)
		rc = parse_cpus(hard, h, err);
	if (!rc && soft)
		rc = parse_cpus(soft, s, err);
	if (rc)
		return rc;
	rc = hv_domctl_info((domid_t)domid, &info);
	if (!rc && vcpu > (int)info.max_vcpu_id) {
		rc = error_set(err, ERR_NOT_FOUND, NULL, "has no vCPU %d (0 to %u)", vcpu, info.max_vcpu_id);
		error_what(err, "guest '%s'", name_of(g));
		return rc;
	}
	for (unsigned int v = 0; !rc && !rq->dry_run && v <= info.max_vcpu_id; v++)
		if ((vcpu < 0 || (int)v == vcpu) && (hard || soft))
			rc = hv_domctl_set_affinity((domid_t)domid, v, hard ? h : NULL, soft ? s : NULL,
						    GUEST_CPUS_MAX);
	if (rc)
		return call_failed(err, g, rc, "the hypervisor refuses this set of CPUs");
	request_ok(rq, json_pack("{s:s}", "name", name_of(g)));
	return 0;
}

static int sched_one(json_t *out, const char *name, int domid, unsigned int id, struct request *rq)
{
	unsigned int weight, cap;
	int rc = hv_domctl_get_sched((domid_t)domid, id, &weight, &cap);
	int64_t new_weight = proto_arg_int(rq->args, "weight", -1),
		new_cap = proto_arg_int(rq->args, "cap", -1);

	if (!rc && (new_weight >= 0 || new_cap >= 0)) {
		weight = new_weight >= 0 ? (unsigned int)new_weight : weight;
		cap = new_cap >= 0 ? (unsigned int)new_cap : cap;
		rc = rq->dry_run ? 0 : hv_domctl_set_sched((domid_t)domid, id, weight, cap);
	}
	if (!rc)
		json_array_append_new(out, json_pack("{s:s, s:i, s:i, s:i}", "name", name, "domid", domid,
						     "weight", (int)weight, "cap", (int)cap));
	return rc;
}

static int op_sched(struct request *rq, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "guest");
	int64_t limit = proto_arg_int(rq->args, "ratelimit_us", -1);
	unsigned int id = 0, us = limit >= 0 ? (unsigned int)limit : 0;
	struct domain_list list = { 0 };
	json_t *out = json_array();
	struct guest *g = NULL;
	int domid = -1, rc = word ? ops_any_domain(rq, &g, &domid, err) : 0, call;

	if (!rc)
		rc = ops_domains(&list, err);
	call = hv_sysctl_sched_id(&id);
	for (int i = 0; !rc && !call && i < list.n; i++) {
		char name[80];

		ops_domain_name(list.items[i].domain, name, sizeof(name));
		if (domid < 0 || domid == list.items[i].domain)
			call = sched_one(out, name, list.items[i].domain, id, rq);
	}
	ops_domains_free(&list);
	if (!rc && call)
		rc = call_failed(err, g, call, "the scheduler refuses");
	if (!rc && (hv_sysctl_ratelimit(&us, limit >= 0 && !rq->dry_run) < 0))
		us = 0;
	if (!rc)
		request_ok(rq, json_pack("{s:O, s:i}", "guests", out, "ratelimit_us", (int)us));
	json_decref(out);
	return rc;
}

/* ---- signals ---- */

static int op_sysrq(struct request *rq, struct error *err)
{
	const char *key = proto_arg_str(rq->args, "key");
	char path[64];
	struct guest *g;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "/local/domain/%d/control/sysrq", g->domid);
	rc = rq->dry_run ? 0 : xs_printf(STORE_TX_NONE, path, "%s", key);
	if (rc)
		return call_failed(err, g, rc, "cannot send the key");
	request_ok(rq, json_pack("{s:s}", "name", g->name));
	return 0;
}

/* What a PV guest's CPU can be sent is an NMI; the others press buttons of an emulated machine. */
static int op_trigger(struct request *rq, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "trigger");
	uint32_t vcpu = (uint32_t)proto_arg_int(rq->args, "vcpu", 0);
	struct guest *g;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	if (strcmp(word, "nmi") != 0) {
		rc = error_set(err, ERR_UNSUPPORTED, NULL, "a PV guest takes only nmi, not '%s'", word);
		error_hint(err, "'xl shutdown %s' and 'xl reboot %s' press its buttons", g->name, g->name);
	} else if (vcpu >= g->cfg->maxvcpus) {
		rc = error_set(err, ERR_NOT_FOUND, NULL, "has no vCPU %u (0 to %u)", vcpu, g->cfg->maxvcpus - 1);
	}
	if (!rc && !rq->dry_run && (rc = hv_domctl_trigger((domid_t)g->domid, XEN_DOMCTL_SENDTRIGGER_NMI, vcpu)))
		return call_failed(err, g, rc, "the hypervisor sends no NMI");
	error_what(err, "guest '%s'", g->name);
	if (!rc)
		request_ok(rq, json_pack("{s:s}", "name", g->name));
	return rc;
}

static int op_debug_keys(struct request *rq, struct error *err)
{
	int rc = rq->dry_run ? 0 : hv_sysctl_debug_keys(proto_arg_str(rq->args, "keys"));

	if (rc)
		return error_set_errno(err, ERR_NONE, -rc, NULL, "the hypervisor refuses the keys");
	request_ok(rq, NULL);
	return 0;
}

const struct handler ops_tune[] = {
	{ "mem-set", op_mem_set },	 { "mem-max", op_mem_max },
	{ "vcpu-list", op_vcpu_list },	 { "vcpu-set", op_vcpu_set },
	{ "vcpu-pin", op_vcpu_pin },	 { "sched-credit2", op_sched },
	{ "sysrq", op_sysrq },		 { "trigger", op_trigger },
	{ "debug-keys", op_debug_keys }, { NULL, NULL },
};
