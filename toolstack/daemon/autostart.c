/* SPDX-License-Identifier: MIT */
/*
 * Starts the guests that are marked for it, once a boot of the host: all of one order at once, the next order
 * when all of those have started or failed and the longest of their delays has passed.  RUN_DIR/autostarted holds
 * the order that is starting, or "done": a daemon that was restarted goes on there.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "daemon/autostart.h"
#include "daemon/events.h"
#include "daemon/guest.h"
#include "daemon/xend.h"

#define DONE "done"

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

static void mark(const char *text)
{
	struct error err = ERROR_INIT;
	char path[256];

	snprintf(path, sizeof(path), "%s/autostarted", xend.set.run_dir);
	if (file_write_atomic(path, text, strlen(text), 0644, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err);
}

static void start_order(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", order);
	mark(text);
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
		mark(DONE);
		return;
	}
	begun = true;
	order = next;
	start_order();
	check_order();
}

/* What the daemon before had come to: the order that it began stands before it again. */
static bool find_mark(void)
{
	struct error err = ERROR_INIT;
	char path[256], *text;
	bool done;
	size_t len;

	snprintf(path, sizeof(path), "%s/autostarted", xend.set.run_dir);
	if (file_read(path, 64, &text, &len, &err) < 0)
		return false;
	done = strcmp(text, DONE) == 0;
	begun = !done && strcmp(text, "0") != 0;
	if (begun)
		order = (uint32_t)strtoul(text, NULL, 10) - 1;
	free(text);
	return done;
}

void autostart_begin(void)
{
	struct timeval now = { 0, 0 };

	if (find_mark())
		return;
	timer = evtimer_new(xend.base, on_timer, NULL);
	listener = events_listen(on_event, NULL);
	if (!timer || !listener || event_add(timer, &now) < 0)
		log_err("cannot start guests with the host: out of memory");
}
