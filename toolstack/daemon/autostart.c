/* SPDX-License-Identifier: MIT */
/*
 * Starts the guests that are marked for it, once a boot of the host: all of one order at once, the next order
 * when all of those have started or failed and the longest of their delays has passed.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/autostart.h"
#include "daemon/events.h"
#include "daemon/guest.h"
#include "daemon/xend.h"

static struct event *timer;
static struct listener *listener;
static uint32_t order;		/* the order that is starting */
static bool begun;		/* any order yet */

static bool marked(const struct guest *g)
{
	return g->persistent && g->def->autostart;
}

/* The lowest order above the last one; false if there is none. */
static bool next_order(uint32_t *next)
{
	bool found = false;

	for (struct guest *g = guests; g; g = g->next) {
		uint32_t o = g->def ? g->def->autostart_order : 0;

		if (!marked(g) || (begun && o <= order) || (found && o >= *next))
			continue;
		*next = o;
		found = true;
	}
	return found;
}

static void start_order(void)
{
	for (struct guest *g = guests; g; g = g->next) {
		struct error err = ERROR_INIT;

		if (!marked(g) || g->def->autostart_order != order || g->state != GUEST_STOPPED)
			continue;
		if (guest_start(g, false, &err) < 0)
			log_error(LOG_LEVEL_ERROR, &err);
	}
}

static void check_order(void)
{
	struct timeval delay = { 0, 1000 };

	for (struct guest *g = guests; g; g = g->next) {
		if (!marked(g) || g->def->autostart_order != order)
			continue;
		if (g->state == GUEST_STARTING)
			return;
		if (g->def->autostart_delay_s > delay.tv_sec)
			delay.tv_sec = g->def->autostart_delay_s;
	}
	if (!event_pending(timer, EV_TIMEOUT, NULL))
		event_add(timer, &delay);
}

static void on_event(void *ctx, const struct guest_event *ev)
{
	(void)ctx;
	if (strcmp(ev->event, "started") == 0 || strcmp(ev->event, "stopped") == 0 ||
	    strcmp(ev->event, "failed") == 0)
		check_order();
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	uint32_t next = 0;

	(void)fd;
	(void)what;
	(void)arg;
	if (!next_order(&next)) {
		events_unlisten(listener);
		listener = NULL;
		event_free(timer);
		timer = NULL;
		return;
	}
	begun = true;
	order = next;
	start_order();
	check_order();
}

void autostart_begin(void)
{
	struct timeval now = { 0, 0 };
	char path[256];
	int fd;

	/* A daemon that was restarted finds the mark of the one before. */
	snprintf(path, sizeof(path), "%s/autostarted", xend.set.run_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	close(fd);
	timer = evtimer_new(xend.base, on_timer, NULL);
	listener = events_listen(on_event, NULL);
	if (!timer || !listener || event_add(timer, &now) < 0)
		log_err("cannot start guests with the host: out of memory");
}
