/* SPDX-License-Identifier: MIT */
/* What life.c, start.c, watch.c and adopt.c share with one another; everybody else uses guest.h. */
#ifndef DAEMON_LIFE_H
#define DAEMON_LIFE_H

#include "daemon/guest.h"

/* Begin to start a STOPPED guest with cfg, which is taken over; NULL if there was no memory for it. */
int life_start(struct guest *g, struct guest_config *cfg, bool paused, struct error *err) __must_check;
/* Nothing is left of the domain: the guest is stopped, and perhaps started again or forgotten. */
void life_finish(struct guest *g);
/* What its configuration says about the end that g->why names. */
enum guest_action life_action(const struct guest *g);
/* Look again soon while a domain is dying. */
void life_watch_dying(void);
void life_publish_tty(const struct guest *g);

#endif
