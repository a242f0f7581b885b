/* SPDX-License-Identifier: MIT */
/* Event channels that a test makes up, in place of daemon/ports.c: it calls the handlers, and counts what they ask. */
#ifndef MADE_PORTS_H
#define MADE_PORTS_H

#include <event2/event.h>

#include "daemon/ports.h"

#define PORTS 64

static struct { port_fn *fn; void *ctx; unsigned int unmasked, notified; } ports[PORTS];

int ports_init(struct event_base *base, int fd)
{
	(void)base;
	(void)fd;
	return 0;
}

int port_hear(evtchn_port_t local, port_fn *fn, void *ctx)
{
	ports[local].fn = fn;
	ports[local].ctx = ctx;
	return 0;
}

void port_forget(evtchn_port_t local)
{
	ports[local].fn = NULL;
}

void port_notify(evtchn_port_t local)
{
	ports[local].notified++;
}

void port_unmask(evtchn_port_t local)
{
	ports[local].unmasked++;
}

/* The next tick of the brakes on those who signal without end. */
static void next_tick(struct event_base *base)
{
	struct timeval tv = { 0, 80000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

#endif
