/* SPDX-License-Identifier: MIT */
/* See events.h.  Listeners that leave while an event is told are freed after it. */
#include <stdlib.h>

#include "daemon/events.h"
#include "daemon/guest.h"
#include "daemon/xend.h"

static struct listener *listeners;
static unsigned int depth;

struct listener *events_listen(void (*fn)(void *ctx, const struct guest_event *ev), void *ctx)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->fn = fn;
	l->ctx = ctx;
	l->next = listeners;
	listeners = l;
	return l;
}

static void sweep(void)
{
	struct listener **p = &listeners;

	while (*p) {
		struct listener *l = *p;

		if (l->dead) {
			*p = l->next;
			free(l->own);
			free(l);
		} else {
			p = &l->next;
		}
	}
}

void events_unlisten(struct listener *l)
{
	if (!l)
		return;
	l->dead = true;
	if (depth == 0)
		sweep();
}

void events_emit(struct guest *g, const char *event, const char *detail, const struct error *err)
{
	struct guest_event ev = { .g = g, .event = event, .detail = detail ? detail : "", .err = err };

	log_info("guest '%s' (domain %d): %s%s%s", g->name, g->domid, event, ev.detail[0] ? ": " : "",
		 ev.detail);
	depth++;
	for (struct listener *l = listeners; l; l = l->next)
		if (!l->dead)
			l->fn(l->ctx, &ev);
	if (--depth == 0)
		sweep();
}
