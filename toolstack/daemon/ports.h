/* SPDX-License-Identifier: MIT */
/*
 * Event channels in the event loop: one descriptor, a handler a port.  A handler that returns false leaves
 * its port masked and calls port_unmask() later: the brake against guests that signal without end.
 */
#ifndef DAEMON_PORTS_H
#define DAEMON_PORTS_H

#include "abi/types.h"
#include "base/error.h"

typedef bool port_fn(void *ctx);

struct event_base;

int ports_open(int *fd, struct error *err) __must_check;	/* for a process of ours, or a child of it */
int ports_init(struct event_base *base, int fd) __must_check;	/* in the process that hears them */
int port_bind_interdomain(domid_t domid, evtchn_port_t remote, port_fn *fn, void *ctx);	/* local port */
int port_bind_virq(unsigned int virq, port_fn *fn, void *ctx);
void port_unbind(evtchn_port_t local);
/* A port that another process binds and unbinds. */
int port_hear(evtchn_port_t local, port_fn *fn, void *ctx) __must_check;
void port_forget(evtchn_port_t local);
void port_notify(evtchn_port_t local);
void port_unmask(evtchn_port_t local);

#endif
