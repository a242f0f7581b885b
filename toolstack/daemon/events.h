/* SPDX-License-Identifier: MIT */
/*
 * What happens to guests, told to whoever listens: the `events` operation of clients, and requests of the
 * daemon itself that wait for an outcome.  Listeners are called in place; a listener may remove itself.
 */
#ifndef DAEMON_EVENTS_H
#define DAEMON_EVENTS_H

#include <stdbool.h>

#include "base/error.h"

struct guest;

/*
 * "defined undefined starting started failed paused unpaused shutdown reboot crashed destroyed stopped device
 * address renamed".  err is set with "failed" and may be with others.
 */
struct guest_event {
	struct guest *g;
	const char *event;
	const char *detail;		/* may be "" */
	const struct error *err;	/* may be NULL */
};

struct listener {
	struct listener *next;
	void (*fn)(void *ctx, const struct guest_event *ev);
	void *ctx;
	void *own;	/* freed with the listener */
	bool dead;
};

struct listener *events_listen(void (*fn)(void *ctx, const struct guest_event *ev), void *ctx);
void events_unlisten(struct listener *l);
void events_emit(struct guest *g, const char *event, const char *detail, const struct error *err);

#endif
