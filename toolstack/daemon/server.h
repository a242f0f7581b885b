/* SPDX-License-Identifier: MIT */
/*
 * The daemon's side of proto.h: clients, their rights, and requests.  A handler either answers at once or
 * keeps the request (request_keep) and answers later; a request outlives its client, answers to nobody are
 * dropped.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct client;
struct guest;
struct proto_op;

struct request {
	struct client *client;		/* NULL: gone */
	const struct proto_op *op;
	json_t *args;
	bool dry_run;
	bool kept;
	struct listener *listener;	/* while it waits for events */
	struct event *timer;
	void (*late)(struct request *rq);	/* what the timer calls */
	char guest[80];			/* whom it waits for */
	const char *until;		/* the event it waits for, handlers' own use */
	void *ctx;			/* handlers' own */
	void (*closed)(struct request *rq);	/* the client went away while the request was kept */
};

/* Answers (once), 0 if done or kept; or sets err and returns -errno. */
typedef int handler_fn(struct request *rq, struct error *err);
struct handler {
	const char *op;
	handler_fn *fn;
};

int server_init(struct error *err) __must_check;

void request_keep(struct request *rq);
void request_ok(struct request *rq, json_t *result);		/* steals result; ends the request */
void request_ok_fd(struct request *rq, json_t *result, int fd);
void request_fail(struct request *rq, const struct error *err);	/* ends the request */
void request_progress(struct request *rq, int percent, const char *text);
void request_data(struct request *rq, json_t *data);
/* Call late after seconds; replaces an earlier time.  0 or -ENOMEM. */
int request_timeout(struct request *rq, long seconds, void (*late)(struct request *rq)) __must_check;

/* ops.c: the handlers of all operations. */
handler_fn *ops_find(const char *op);
extern const struct handler ops_start[], ops_define[], ops_life[], ops_look[], ops_tune[], ops_device[],
	ops_host[]; /* end with op NULL */

#endif
