/* SPDX-License-Identifier: MIT */
/*
 * Shuts the guests down with the host, in the reverse of the order in which they start: all of one order at once, the
 * next when those have gone.  One that has not gone within its shutdown_timeout is destroyed.  None starts again
 * meanwhile, whatever it says of its end.  Goes on to its end even if nobody waits for it any more.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "daemon/guest.h"
#include "daemon/hoststop.h"
#include "daemon/xend.h"

#define LOOK_US 200000
#define DYING_S 60u

static struct request *asked;	/* who waits; NULL: no shutdown goes on */
static struct event *timer;
static int64_t order;		/* whose turn it is */
static uint64_t since_ns;	/* ... and since when */

/* One that dies for ever (a backend keeps its pages) must not keep the host from going. */
static bool is_left(const struct guest *g)
{
	uint64_t most_ns = (g->def->shutdown_timeout_s + DYING_S) * 1000000000ull;

	if (g->state == GUEST_STOPPING && g->def->autostart_order == order && xend_now_ns() - since_ns > most_ns)
		return false;
	return g->state != GUEST_STOPPED || guest_restarts(g);
}

/* The highest order of those that are left; -1: none are. */
static int64_t last_order(void)
{
	int64_t last = -1;

	for (struct guest *g = guests; g; g = g->next)
		if (is_left(g) && g->def->autostart_order > last)
			last = g->def->autostart_order;
	return last;
}

/* Ask who runs, and end what is not to run again or was only about to. */
static void ask_order(void)
{
	struct guest *next;

	for (struct guest *g = guests; g; g = next) {
		struct error err = ERROR_INIT;

		next = g->next;
		if (!is_left(g) || g->def->autostart_order != order)
			continue;
		if (g->state != GUEST_RUNNING)
			guest_stop(g, WHY_DESTROY);
		else if (guest_ask(g, "poweroff", &err) < 0)
			log_error(LOG_LEVEL_WARN, &err);
	}
}

static void end_overdue(uint64_t now)
{
	struct guest *next;

	for (struct guest *g = guests; g; g = next) {
		next = g->next;
		if (g->state != GUEST_RUNNING || g->def->autostart_order != order ||
		    now - since_ns < (uint64_t)g->def->shutdown_timeout_s * 1000000000)
			continue;
		log_warn("guest '%s' has not shut down within %u s: it is destroyed", g->name,
			 g->def->shutdown_timeout_s);
		guest_stop(g, WHY_DESTROY);
	}
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval later = { 0, LOOK_US };
	int64_t last = last_order();
	struct request *rq = asked;

	(void)fd;
	(void)what;
	(void)arg;
	if (last < 0) {
		asked = NULL;
		xend.host_stops = false;
		request_ok(rq, NULL);
		return;
	}
	if (last != order) {
		order = last;
		since_ns = xend_now_ns();
		ask_order();
	}
	end_overdue(xend_now_ns());
	event_add(timer, &later);
}

int host_stop_request(struct request *rq, struct error *err)
{
	static const struct timeval now;

	if (rq->dry_run) {
		request_ok(rq, NULL);
		return 0;
	}
	if (asked)
		return error_set(err, ERR_CONFLICT, NULL, "the guests are being shut down already");
	if (!timer)
		timer = evtimer_new(xend.base, on_look, NULL);
	if (!timer || event_add(timer, &now) < 0)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "shutdown-all");
	asked = rq;
	order = -1;
	xend.host_stops = true;
	request_keep(rq);
	return 0;
}
