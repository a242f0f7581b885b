/* SPDX-License-Identifier: MIT */
/* What the handlers of operations share: see ops.c. */
#ifndef DAEMON_OPS_H
#define DAEMON_OPS_H

#include "abi/domctl.h"
#include "daemon/guest.h"
#include "daemon/server.h"

/* The hypervisor's list of domains, asked once an operation. */
struct domain_list {
	struct xen_domctl_getdomaininfo *items;
	int n;
};
int ops_domains(struct domain_list *list, struct error *err) __must_check;
void ops_domains_free(struct domain_list *list);
const struct xen_domctl_getdomaininfo *ops_domain(const struct domain_list *list, int domid);

/* GUEST of proto/ops.c; g or info may be NULL, not both. */
json_t *ops_guest_json(const struct guest *g, const struct xen_domctl_getdomaininfo *info);
/* {"name", "uuid", "domid"}: the beginning of many answers. */
json_t *ops_identity(const struct guest *g);
/* Such a list by domain numbers, those without one behind, by names. */
json_t *ops_in_order(const json_t *list);
/* The name of a domain, ours or not. */
void ops_domain_name(int domid, char *buf, size_t size);

/* Parse the configuration of a request; notes receives what is not fatal. */
int ops_parse_config(struct request *rq, struct guest_config **cfg, json_t *notes,
		     struct error *err) __must_check;
/* The guest of "guest", running; a domid that is not ours (dom0) fails. */
int ops_running(struct request *rq, struct guest **g, struct error *err) __must_check;
/* The domid that "guest" names, dom0 and others' domains too; *g is NULL then. */
int ops_any_domain(struct request *rq, struct guest **g, int *domid, struct error *err) __must_check;

/* Keep the request and call fn for each event of the guest, and (unless 0) late() after so many seconds. */
typedef void listen_fn(struct request *rq, struct guest *g, const char *event, const struct error *err);
int ops_listen(struct request *rq, const struct guest *g, listen_fn *fn, long seconds, void (*late)(struct request *rq),
	       struct error *err) __must_check;

#endif
