/* SPDX-License-Identifier: MIT */
/*
 * Operations: the tables of handlers (ops_*.c) and what they share.  A handler sees only arguments that
 * proto_check_request() passed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "daemon/events.h"
#include "daemon/ops.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"
#include "proto/proto.h"

handler_fn *ops_find(const char *op)
{
	const struct handler *const tables[] = { ops_start, ops_define, ops_life, ops_look,
						 ops_tune,  ops_device, ops_host };

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct handler *h = tables[t]; h->op; h++)
			if (strcmp(h->op, op) == 0)
				return h->fn;
	return NULL;
}

int ops_domains(struct domain_list *list, struct error *err)
{
	list->items = calloc(HV_DOMAINS_MAX, sizeof(*list->items));
	list->n = list->items ? hv_sysctl_domains(0, list->items, HV_DOMAINS_MAX) : -ENOMEM;
	if (list->n >= 0)
		return 0;
	free(list->items);
	list->items = NULL;
	return error_set_errno(err, ERR_INTERNAL, -list->n, NULL, "cannot list domains");
}

void ops_domains_free(struct domain_list *list)
{
	free(list->items);
}

const struct xen_domctl_getdomaininfo *ops_domain(const struct domain_list *list, int domid)
{
	for (int i = 0; i < list->n; i++)
		if (list->items[i].domain == domid)
			return &list->items[i];
	return NULL;
}

void ops_domain_name(int domid, char *buf, size_t size)
{
	const struct guest *g = guest_by_domid(domid);
	char path[64], *value = NULL;

	snprintf(path, sizeof(path), "/local/domain/%d/name", domid);
	if (g || domid == 0)
		snprintf(buf, size, "%s", g ? g->name : "Domain-0");
	else if (xs_read(STORE_TX_NONE, path, &value) == 0)
		log_text(buf, size, value, strlen(value));
	else
		snprintf(buf, size, "(domain %d)", domid);
	free(value);
}

/* ---- a guest as JSON ---- */

static const char *state_name(const struct guest *g, const struct xen_domctl_getdomaininfo *info)
{
	if (g && g->state == GUEST_STOPPED)
		return "stopped";
	if (g && g->state == GUEST_STARTING)
		return "starting";
	if (g && g->state == GUEST_STOPPING)
		return "stopping";
	if (!info || info->flags & XEN_DOMINF_dying)
		return "dying";
	if (info->flags & XEN_DOMINF_shutdown)
		return (info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == 3 ? "crashed"
												: "shutdown";
	if (info->flags & XEN_DOMINF_paused)
		return "paused";
	return info->flags & XEN_DOMINF_running ? "running" : "blocked";
}

static void state_flags(const struct xen_domctl_getdomaininfo *info, char flags[7])
{
	uint32_t f = info ? info->flags : 0;
	bool crashed =
		f & XEN_DOMINF_shutdown && (f >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == 3;

	snprintf(flags, 7, "%c%c%c%c%c%c", f & XEN_DOMINF_running ? 'r' : '-',
		 f & XEN_DOMINF_blocked ? 'b' : '-', f & XEN_DOMINF_paused ? 'p' : '-',
		 f & XEN_DOMINF_shutdown && !crashed ? 's' : '-', crashed ? 'c' : '-',
		 f & XEN_DOMINF_dying ? 'd' : '-');
}

static json_t *addresses_of(const struct guest *g)
{
	json_t *list = json_array();

	if (g && g->state != GUEST_STOPPED && g->address[0])	/* the last one may be another guest's by now */
		json_array_append_new(list, json_string(g->address));
	return list;
}

json_t *ops_guest_json(const struct guest *g, const struct xen_domctl_getdomaininfo *info)
{
	const struct guest_config *cfg = g ? (g->cfg ? g->cfg : g->def) : NULL;
	char uuid[37], name[80], flags[7];
	json_t *o;
	bool up = g && g->state == GUEST_RUNNING;

	if (g)
		snprintf(name, sizeof(name), "%s", g->name);
	else
		ops_domain_name(info->domain, name, sizeof(name));
	guest_uuid_text(g ? g->uuid : info->handle, uuid);
	state_flags(info, flags);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:o, s:b, s:b, s:s?}",
		      "name", name, "uuid", uuid, "type", cfg ? guest_type_name(cfg->type) : "pv",
		      "state", state_name(g, info), "flags", flags,
		      "memory_kib", (json_int_t)(info ? info->tot_pages << 2 : cfg ? cfg->memory_kib : 0),
		      "maxmem_kib", (json_int_t)(cfg ? cfg->maxmem_kib : info ? info->max_pages << 2 : 0),
		      "vcpus", (int)(info ? info->nr_online_vcpus : cfg ? cfg->vcpus : 0),
		      "maxvcpus", (int)(info ? info->max_vcpu_id + 1 : cfg ? cfg->maxvcpus : 0),
		      "addresses", addresses_of(g), "autostart", g && g->def && g->def->autostart,
		      "persistent", g && g->persistent, "source", g ? g->source : NULL);
	json_object_set_new(o, "domid",
			    g && g->domid < 0 ? json_null() : json_integer(g ? g->domid : info->domain));
	json_object_set_new(o, "reason", g && g->reason[0] ? proto_text(g->reason) : json_null());
	json_object_set_new(o, "cpu_time_ns", json_integer((json_int_t)(info ? info->cpu_time : 0)));
	json_object_set_new(o, "uptime_s",
			    up ? json_integer((json_int_t)((xend_now_ns() - g->started_ns) / 1000000000))
			    : !g && info->domain == 0 ? json_integer((json_int_t)(xend_now_ns() / 1000000000))
						      : json_null());
	return o;
}

/* Those without a number stand last. */
static int by_number(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	json_int_t m = json_integer_value(json_object_get(x, "domid"));
	json_int_t n = json_integer_value(json_object_get(y, "domid"));
	bool no_m = json_is_null(json_object_get(x, "domid")), no_n = json_is_null(json_object_get(y, "domid"));

	if (no_m != no_n)
		return no_m - no_n;
	if (m != n)
		return m < n ? -1 : 1;
	return strcmp(json_string_value(json_object_get(x, "name")), json_string_value(json_object_get(y, "name")));
}

json_t *ops_in_order(const json_t *list)
{
	size_t n = json_array_size(list);
	json_t **items = calloc(n + 1, sizeof(json_t *)), *out = json_array();

	for (size_t i = 0; items && i < n; i++)
		items[i] = json_array_get(list, i);
	if (items)
		qsort(items, n, sizeof(json_t *), by_number);
	for (size_t i = 0; i < n; i++)
		json_array_append(out, items ? items[i] : json_array_get(list, i));
	free(items);
	return out;
}

json_t *ops_identity(const struct guest *g)
{
	char uuid[37];

	guest_uuid_text(g->uuid, uuid);
	return json_pack("{s:s, s:s, s:o}", "name", g->name, "uuid", uuid, "domid",
			 g->domid >= 0 ? json_integer(g->domid) : json_null());
}

/* ---- arguments ---- */

static void collect_overrides(const json_t *args, const char **list, size_t *n)
{
	const json_t *o = json_object_get(args, "overrides");

	for (*n = 0; *n < json_array_size(o) && *n < 256; (*n)++)
		list[*n] = json_string_value(json_array_get(o, *n));
}

int ops_parse_config(struct request *rq, struct guest_config **cfg, json_t *notes, struct error *err)
{
	const char *text = proto_arg_str(rq->args, "config"), *overrides[256];
	struct conf_options opt = { .source = proto_arg_str(rq->args, "source"), .overrides = overrides,
				    .lenient = proto_arg_bool(rq->args, "lenient") };
	struct conf_diags diags = { 0 };
	int rc;

	collect_overrides(rq->args, overrides, &opt.n_overrides);
	rc = conf_parse(text, strlen(text), &opt, cfg, &diags);
	if (rc)
		conf_diags_first(&diags, err);
	for (size_t i = 0; !rc && i < diags.n; i++)
		json_array_append_new(notes, proto_text(diags.items[i].err.why));
	conf_diags_free(&diags);
	return rc;
}

int ops_running(struct request *rq, struct guest **g, struct error *err)
{
	return guest_need_running(proto_arg_str(rq->args, "guest"), g, err);
}

int ops_any_domain(struct request *rq, struct guest **g, int *domid, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "guest");
	struct xen_domctl_getdomaininfo info;
	long n;
	int rc;

	*g = guest_find(word);
	if (*g || strcmp(word, "0") == 0 || strcmp(word, "Domain-0") == 0) {
		rc = *g ? guest_need_running(word, g, err) : 0;
		*domid = *g ? (*g)->domid : 0;
		return rc;
	}
	n = is_number(word) ? strtol(word, NULL, 10) : -1;
	if (n > 0 && n < (long)HV_DOMID_FIRST_RESERVED && hv_domctl_info((domid_t)n, &info) == 0) {
		*domid = (int)n;
		return 0;
	}
	return guest_need(word, g, err);
}

/* ---- waiting ---- */

struct waiting {
	struct request *rq;
	listen_fn *fn;
};

static void on_event(void *ctx, const struct guest_event *ev)
{
	struct waiting *w = ctx;

	if (strcmp(ev->event, "renamed") == 0 && strcmp(ev->detail, w->rq->guest) == 0)
		snprintf(w->rq->guest, sizeof(w->rq->guest), "%s", ev->g->name);
	if (strcmp(ev->g->name, w->rq->guest) == 0)
		w->fn(w->rq, ev->g, ev->event, ev->err);
}

int ops_listen(struct request *rq, const struct guest *g, listen_fn *fn, long seconds, void (*late)(struct request *rq),
	       struct error *err)
{
	struct waiting *w = malloc(sizeof(*w));

	if (w) {
		*w = (struct waiting){ rq, fn };
		snprintf(rq->guest, sizeof(rq->guest), "%s", g->name);
		rq->listener = events_listen(on_event, w);
	}
	if (!w || !rq->listener) {
		free(w);
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "%s", rq->op->name);
	}
	rq->listener->own = w;
	request_keep(rq);
	if (seconds && request_timeout(rq, seconds, late) < 0)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "%s", rq->op->name);
	return 0;
}
