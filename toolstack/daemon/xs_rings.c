/* SPDX-License-Identifier: MIT */
/*
 * See xs_rings.h.  Signals go to the store by the number of the domain that the port belongs to.  A domain that
 * signals more than BURST times a tick is heard again at the next: until then its port stays masked, so that
 * signals alone, which cost their sender next to nothing, cannot keep dom0 busy.
 */
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/ports.h"
#include "daemon/xs_process.h"
#include "daemon/xs_rings.h"
#include "daemon/xs_wire.h"
#include "hv/domctl.h"

#define TICK_US 50000
#define BURST 200

static const struct xs_process *self;
static struct store *const *the_store;
static struct ring {
	evtchn_port_t port;	/* 0: not connected */
	int fd;
	unsigned int signals;	/* in this tick */
	bool masked;		/* until the next */
} rings[HV_DOMID_FIRST_RESERVED];
static uint16_t loud[HV_DOMID_FIRST_RESERVED];	/* who signalled in this tick */
static unsigned int n_loud;
static struct event *tick;

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	while (n_loud) {
		struct ring *r = &rings[loud[--n_loud]];

		r->signals = 0;
		if (r->masked && r->port)
			port_unmask(r->port);
		r->masked = false;
	}
}

/* May it signal again in this tick? */
static bool may_signal(unsigned int domid)
{
	static const struct timeval tv = { 0, TICK_US };
	struct ring *r = &rings[domid];

	if (domid == 0)
		return true;
	if (!n_loud)
		event_add(tick, &tv);
	if (!r->signals++)
		loud[n_loud++] = (uint16_t)domid;
	r->masked = r->signals >= BURST;
	return !r->masked;
}

static bool on_signal(void *ctx)
{
	unsigned int domid = (unsigned int)(uintptr_t)ctx;

	store_kick(*the_store, domid);
	return may_signal(domid);
}

int xs_rings_init(struct event_base *base, const struct xs_process *p, struct store *const *store)
{
	self = p;
	the_store = store;
	tick = evtimer_new(base, on_tick, NULL);
	return tick ? ports_init(base, p->events) : -ENOMEM;
}

/* The port is not heard any more, and the daemon unbinds it. */
static void give_back(unsigned int domid)
{
	struct xs_ask ask = { .op = XS_ASK_RING_CLOSE, .domid = domid };
	struct ring *r = &rings[domid];

	port_forget(r->port);
	r->port = 0;
	r->masked = false;
	(void)!send(self->asks, &ask, sizeof(ask), MSG_NOSIGNAL);
}

/*
 * Asks the daemon for a domain's ring. Where it died meanwhile, so do we, with nothing said and nothing written: the
 * journal would keep that the domain was let go, and its guest would wait for answers that no later store knows of.
 */
static void ask_ring(const struct xs_ask *ask, struct xs_ring *got, int *fd)
{
	if (send(self->asks, ask, sizeof(*ask), MSG_NOSIGNAL) < 0 ||
	    fd_recv(self->asks, got, sizeof(*got), fd) != (ssize_t)sizeof(*got))
		_exit(1);
}

static int ring_open(void *ctx, unsigned int domid, uint64_t gfn, uint32_t port, void **page)
{
	struct xs_ask ask = { .op = XS_ASK_RING, .domid = domid, .port = port };
	struct xs_ring got;
	int fd = -1, rc;

	(void)ctx;
	(void)gfn;
	if (domid >= HV_DOMID_FIRST_RESERVED)
		return -EINVAL;
	ask_ring(&ask, &got, &fd);
	rc = got.rc ? got.rc : port_hear(got.port, on_signal, (void *)(uintptr_t)domid);
	rings[domid].port = rc ? 0 : got.port;
	if (!rc && domid == 0) {
		*page = self->dom0_page;
	} else if (!rc) {
		*page = mmap(NULL, HV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)got.offset);
		if (*page == MAP_FAILED)
			rc = -errno;
	}
	if (rc && fd >= 0)
		close(fd);
	if (rc && !got.rc)
		give_back(domid);
	rings[domid].fd = rc ? -1 : fd;
	return rc;
}

/* The page is given back with the last trace of it: mapping and descriptor. */
static void ring_close(void *ctx, unsigned int domid, void *page)
{
	struct ring *r = &rings[domid];

	(void)ctx;
	if (domid) {
		munmap(page, HV_PAGE_SIZE);
		if (r->fd >= 0)
			close(r->fd);
		r->fd = -1;
	}
	give_back(domid);
}

static void ring_notify(void *ctx, unsigned int domid)
{
	(void)ctx;
	if (rings[domid].port)
		port_notify(rings[domid].port);
}

const struct store_ring_ops xs_rings_ops = { .open = ring_open, .close = ring_close, .notify = ring_notify };
