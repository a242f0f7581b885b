/* SPDX-License-Identifier: MIT */
/*
 * Workers: child processes for straight-line code that takes its time.  A worker has a copy of the daemon's
 * memory, one socket to it, its own door to the hypervisor, and dies with the daemon.  It sends messages of
 * proto.h's form; the last one is "ok" or "error".
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct worker;

struct worker_calls {
	/* In the child.  Its result: a JSON object or NULL with err set. */
	json_t *(*work)(void *arg, struct error *err);
	/* In the daemon: a message that is not the last; fd is the receiver's, or -1. */
	void (*message)(void *ctx, json_t *msg, int fd);
	/* In the daemon: the worker has ended; result (borrowed) or NULL with err.  Once. */
	void (*done)(void *ctx, json_t *result, const struct error *err);
};

/* keep[]: descriptors that the child needs. */
int worker_start(struct worker **out, const char *name, const struct worker_calls *calls, void *arg,
		 void *ctx, const int *keep, size_t n_keep, struct error *err) __must_check;
void worker_kill(struct worker *w);	/* done() follows */

/* For the child. */
void worker_send(json_t *msg, int fd);
void worker_progress(int percent, const char *text);

#endif
