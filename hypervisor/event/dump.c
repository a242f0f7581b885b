/* SPDX-License-Identifier: MIT */
/*
 * The event channels of a domain for the debug key 'e'. Reads without locks: a person looks at it while
 * things may be stuck.
 */
#include "core/log.h"
#include "event/internal.h"
#include "event/pirq.h"

static const char *const type_names[] = {
	[EVTCHNSTAT_closed] = "closed", [EVTCHNSTAT_unbound] = "unbound",
	[EVTCHNSTAT_interdomain] = "interdomain",
	[EVTCHNSTAT_pirq] = "pirq", [EVTCHNSTAT_virq] = "virq", [EVTCHNSTAT_ipi] = "ipi",
};

void event_dump(struct domain *d)
{
	struct event_domain *ed = d->event;
	u32 port;

	if (!ed)
		return;
	log_info("d%u: %u event channels open, at most %u, %s layout, %u vCPUs polling", d->id,
		 ed->open_ports,
		 ed->max_ports - 1, ed->fifo ? "FIFO" : "2-level", ed->nr_pollers);
	for (port = 1; port < ed->nr_ports; port++) {
		const struct event_port *p = event_port_of(ed, port);

		if (p->type == EVENT_FREE)
			continue;
		log_info("    port %u: %s vcpu %u [%c%c] priority %u, remote d%u, number %u", port,
			 type_names[p->type],
			 p->vcpu, event_is_pending(d, port) ? 'p' : '-', event_is_masked(d, port) ? 'm' : '-',
			 p->priority, p->remote_domid, p->remote_port);
	}
	pirq_dump(d);
}
