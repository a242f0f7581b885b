/* SPDX-License-Identifier: MIT */
/*
 * See server.h.  Who connects is known from SO_PEERCRED; root may do everything, members of the group (who
 * alone can open the socket) may look, and operate if the settings let them.
 */
#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/events.h"
#include "daemon/server.h"
#include "daemon/xend.h"
#include "proto/proto.h"

/* At once: nobody keeps others out, and least of all root. */
#define ROOT_MAX 512
#define OTHERS_MAX 512
#define USER_MAX 64

struct client {
	struct client *next;
	struct proto_conn conn;
	struct proto_peer peer;
	struct event *in, *out;
	struct request *busy;		/* the request that is not answered yet */
};

static struct client *clients;

static void client_next(struct client *cl);

/* ---- requests ---- */

static void request_free(struct request *rq)
{
	events_unlisten(rq->listener);
	if (rq->timer)
		event_free(rq->timer);
	json_decref(rq->args);
	free(rq);
}

static void client_free(struct client *cl)
{
	struct request *rq = cl->busy;
	struct client **p = &clients;

	while (*p != cl)
		p = &(*p)->next;
	*p = cl->next;
	if (rq) {
		rq->client = NULL;
		if (rq->closed)
			rq->closed(rq);
		else if (!rq->kept)
			request_free(rq);
	}
	event_free(cl->in);
	event_free(cl->out);
	proto_conn_close(&cl->conn);
	free(cl);
}

static void flush(struct client *cl)
{
	int rc = proto_conn_flush(&cl->conn);

	if (rc == -EAGAIN) {
		event_add(cl->out, NULL);
		return;
	}
	event_del(cl->out);
	/* the next request may wait for that; or reading finds the end, and frees */
	event_active(cl->in, EV_READ, 0);
}

static void send_to(struct request *rq, json_t *msg, int fd)
{
	struct client *cl = rq->client;

	if (!cl) {
		json_decref(msg);
		return;
	}
	if (proto_conn_queue(&cl->conn, msg, fd) < 0) {
		(void)shutdown(cl->conn.fd, SHUT_RDWR);	/* too slow a reader */
		return;
	}
	flush(cl);
}

static void request_end(struct request *rq)
{
	struct client *cl = rq->client;

	if (cl)
		cl->busy = NULL;
	request_free(rq);
	if (cl)
		event_active(cl->in, EV_READ, 0);	/* the next request may be there already */
}

void request_keep(struct request *rq)
{
	rq->kept = true;
}

void request_ok_fd(struct request *rq, json_t *result, int fd)
{
	send_to(rq, proto_make_ok(result ? result : json_object()), fd);
	request_end(rq);
}

void request_ok(struct request *rq, json_t *result)
{
	request_ok_fd(rq, result, -1);
}

void request_fail(struct request *rq, const struct error *err)
{
	send_to(rq, proto_make_error(err), -1);
	request_end(rq);
}

void request_progress(struct request *rq, int percent, const char *text)
{
	send_to(rq, proto_make_progress(percent, "%s", text), -1);
}

void request_data(struct request *rq, json_t *data)
{
	send_to(rq, proto_make_data(data), -1);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct request *rq = arg;

	(void)fd;
	(void)what;
	rq->late(rq);
}

int request_timeout(struct request *rq, long seconds, void (*late)(struct request *rq))
{
	struct timeval tv = { seconds, 0 };

	rq->late = late;
	if (!rq->timer)
		rq->timer = evtimer_new(xend.base, on_timeout, rq);
	return rq->timer && event_add(rq->timer, &tv) == 0 ? 0 : -ENOMEM;
}

/* ---- clients ---- */

static int check_rights(const struct client *cl, const struct proto_op *op, struct error *err)
{
	int rc;

	if (cl->peer.uid == 0 || op->access == PROTO_READ ||
	    (op->access == PROTO_OPERATE && xend.set.operate))
		return 0;
	rc = error_set(err, ERR_PERMISSION, NULL, "'%s' needs root", op->name);
	error_hint(err, op->access == PROTO_OPERATE ? "or 'operate = yes' in /etc/xend.conf" : "use sudo");
	return rc;
}

static void client_request(struct client *cl, json_t *msg)
{
	struct request *rq = calloc(1, sizeof(*rq));
	struct error err = ERROR_INIT;
	handler_fn *fn = NULL;
	json_t *args = NULL;
	int rc;

	if (!rq) {
		json_decref(msg);
		return;
	}
	rq->client = cl;
	cl->busy = rq;
	rc = proto_check_request(msg, &rq->op, &args, &err);
	if (!rc)
		rc = check_rights(cl, rq->op, &err);
	if (!rc) {
		fn = ops_find(rq->op->name);
		if (!fn)
			rc = error_set(&err, ERR_UNSUPPORTED, NULL, "'%s' is not supported by this daemon",
				       rq->op->name);
	}
	rq->args = args ? json_incref(args) : json_object();
	json_decref(msg);
	if (!rc) {
		rq->dry_run = proto_arg_bool(rq->args, "dry_run");
		rc = fn(rq, &err);
	}
	if (rc)
		request_fail(rq, &err);
}

static void client_next(struct client *cl)
{
	struct error err = ERROR_INIT;
	json_t *msg;
	int rc;

	if (cl->busy || cl->conn.out.len)	/* who does not read his answers gets no more of them */
		return;
	rc = proto_conn_next(&cl->conn, &msg, &err);
	if (rc == 0) {
		client_request(cl, msg);
		return;
	}
	if (rc != -EAGAIN)
		cl->conn.eof = true;
}

static void on_client_in(evutil_socket_t fd, short what, void *arg)
{
	struct client *cl = arg;
	int rc = proto_conn_fill(&cl->conn);

	(void)fd;
	(void)what;
	if (rc < 0 && rc != -EAGAIN)
		cl->conn.eof = true;
	client_next(cl);
	if (cl->conn.eof && (!cl->busy || cl->busy->kept))
		client_free(cl);
}

static void on_client_out(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

static int check_room(const struct proto_peer *peer, struct error *err)
{
	unsigned int same = 0, others = 0;
	int rc;

	for (const struct client *cl = clients; cl; cl = cl->next) {
		same += cl->peer.uid == peer->uid;
		others += cl->peer.uid != 0;
	}
	if (peer->uid == 0 ? same < ROOT_MAX : same < USER_MAX && others < OTHERS_MAX)
		return 0;
	rc = error_set(err, ERR_RESOURCES, "xend", "has %u clients of this user already", same);
	error_hint(err, "end some of those xl that wait, or look at something for ever");
	return rc;
}

static void client_new(int fd)
{
	struct client *cl = calloc(1, sizeof(*cl));
	struct error err = ERROR_INIT;

	if (!cl || proto_peer(fd, &cl->peer) < 0 || fd_set_nonblock(fd, 1) < 0)
		goto fail;
	proto_conn_init(&cl->conn, fd, PROTO_REQUEST_MAX);
	if (check_room(&cl->peer, &err)) {
		if (proto_conn_queue(&cl->conn, proto_make_error(&err), -1) == 0)
			(void)!proto_conn_flush(&cl->conn);
		proto_conn_close(&cl->conn);
		free(cl);
		return;
	}
	cl->in = event_new(xend.base, fd, EV_READ | EV_PERSIST, on_client_in, cl);
	cl->out = event_new(xend.base, fd, EV_WRITE | EV_PERSIST, on_client_out, cl);
	if (!cl->in || !cl->out || event_add(cl->in, NULL) < 0)
		goto fail;
	cl->next = clients;
	clients = cl;
	return;
fail:
	if (cl && cl->in)
		event_free(cl->in);
	if (cl && cl->out)
		event_free(cl->out);
	free(cl);
	close(fd);
}

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
	int client = accept4((int)fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	(void)arg;
	if (client >= 0)
		client_new(client);
}

int server_init(struct error *err)
{
	const char *path = proto_socket_path();
	struct group *gr = getgrnam(xend.set.group);
	int fd = proto_listen(path, gr ? gr->gr_gid : (gid_t)-1, err);
	struct event *ev;

	if (fd < 0)
		return fd;
	if (fd_set_nonblock(fd, 1) < 0)
		return error_set_errno(err, ERR_INTERNAL, errno, NULL, "%s", path);
	ev = event_new(xend.base, fd, EV_READ | EV_PERSIST, on_connect, NULL);
	if (!ev || event_add(ev, NULL) < 0)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "%s", path);
	return 0;
}
