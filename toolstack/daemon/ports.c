/* SPDX-License-Identifier: MIT */
/* See ports.h.  The table is indexed by local port, which the kernel keeps small. */
#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/ports.h"
#include "hv/hv.h"

#define PORTS_MAX (1u << 17)

struct port {
	port_fn *fn;		/* NULL: not bound */
	void *ctx;
};

static int ports_fd = -1;
static struct port *ports;
static size_t cap_ports;

static void on_ports(evutil_socket_t fd, short what, void *arg)
{
	evtchn_port_t fired[128];
	int n = hv_evtchn_pending((int)fd, fired, 128);

	(void)what;
	(void)arg;
	for (int i = 0; i < n; i++) {
		evtchn_port_t p = fired[i];

		if (p < cap_ports && ports[p].fn && ports[p].fn(ports[p].ctx) && ports[p].fn)
			port_unmask(p);
	}
	if (n < 0)
		log_err("event channels: %s", strerror(-n));
}

int ports_open(int *fd, struct error *err)
{
	int rc;

	*fd = hv_evtchn_open();
	if (*fd >= 0)
		return 0;
	rc = error_set_errno(err, ERR_NONE, -*fd, NULL, "cannot open /dev/xen/evtchn");
	error_hint(err, "load the module xen-evtchn");
	return rc;
}

int ports_init(struct event_base *base, int fd)
{
	struct event *ev = event_new(base, fd, EV_READ | EV_PERSIST, on_ports, NULL);

	ports_fd = fd;
	return ev && event_add(ev, NULL) == 0 ? 0 : -ENOMEM;
}

int port_hear(evtchn_port_t local, port_fn *fn, void *ctx)
{
	size_t old = cap_ports;

	if (local >= PORTS_MAX || array_reserve((void **)&ports, &cap_ports, local, sizeof(*ports)) < 0)
		return -ENOMEM;
	if (cap_ports > old)
		memset(ports + old, 0, (cap_ports - old) * sizeof(*ports));
	ports[local] = (struct port){ fn, ctx };
	return 0;
}

void port_forget(evtchn_port_t local)
{
	if (local < cap_ports)
		ports[local].fn = NULL;
}

static int port_record(int local, port_fn *fn, void *ctx)
{
	int rc = local < 0 ? local : port_hear((evtchn_port_t)local, fn, ctx);

	if (rc && local >= 0)
		(void)hv_evtchn_unbind(ports_fd, (evtchn_port_t)local);
	return rc ? rc : local;
}

int port_bind_interdomain(domid_t domid, evtchn_port_t remote, port_fn *fn, void *ctx)
{
	return port_record(hv_evtchn_bind_interdomain(ports_fd, domid, remote), fn, ctx);
}

int port_bind_virq(unsigned int virq, port_fn *fn, void *ctx)
{
	return port_record(hv_evtchn_bind_virq(ports_fd, virq), fn, ctx);
}

void port_unbind(evtchn_port_t local)
{
	if (local >= cap_ports || !ports[local].fn)
		return;
	port_forget(local);
	(void)hv_evtchn_unbind(ports_fd, local);
}

void port_notify(evtchn_port_t local)
{
	(void)hv_evtchn_notify(ports_fd, local);
}

void port_unmask(evtchn_port_t local)
{
	(void)hv_evtchn_unmask(ports_fd, local);
}
