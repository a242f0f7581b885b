/* SPDX-License-Identifier: MIT */
/*
 * See worker.h.  A child closes everything but its socket and what it was told to keep: above all the event
 * channel descriptor, whose bindings must end when the daemon does.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "hv/hv.h"
#include "proto/proto.h"

struct worker {
	struct worker *next;
	pid_t pid;
	char name[32];
	struct worker_calls calls;
	void *ctx;
	struct proto_conn conn;
	struct event *ev;
	json_t *result;
	struct error err;
};

static struct worker *workers;
static struct proto_conn child_conn;	/* in the child: the way to the daemon */

static void child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

static void child_run(const struct worker *w, void *arg, int fd, pid_t parent)
{
	struct error err = ERROR_INIT;
	json_t *result = NULL;

	child_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, w->name);
	proto_conn_init(&child_conn, fd, PROTO_REQUEST_MAX);
	if (hv_reopen(&err) == 0)
		result = w->calls.work(arg, &err);
	if (!result && !error_is_set(&err))
		(void)error_set(&err, ERR_INTERNAL, NULL, "the worker '%s' failed without a reason", w->name);
	worker_send(result ? proto_make_ok(result) : proto_make_error(&err), -1);
	_exit(0);
}

void worker_send(json_t *msg, int fd)
{
	if (proto_conn_send(&child_conn, msg, fd) < 0)
		_exit(1);
}

void worker_progress(int percent, const char *text)
{
	worker_send(proto_make_progress(percent, "%s", text), -1);
}

static void take_messages(struct worker *w)
{
	struct error err = ERROR_INIT;
	json_t *msg, *body;

	while (proto_conn_next(&w->conn, &msg, &err) == 0) {
		int fd = proto_conn_take_fd(&w->conn);

		if ((body = json_object_get(msg, "ok"))) {
			json_decref(w->result);
			w->result = json_incref(body);
		} else if (json_object_get(msg, "error")) {
			enum proto_reply_kind kind;

			(void)!proto_check_reply(msg, &kind, &body, &w->err);
		} else if (w->calls.message) {
			w->calls.message(w->ctx, msg, fd);
			fd = -1;
		}
		if (fd >= 0)
			close(fd);
		json_decref(msg);
	}
}

static void worker_free(struct worker *w)
{
	if (w->ev)
		event_free(w->ev);
	proto_conn_close(&w->conn);
	json_decref(w->result);
	free(w);
}

/* The child is gone for sure: reap, tell, forget. */
static void worker_end(struct worker *w)
{
	struct worker **p = &workers;
	int status = 0;

	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	if (!w->result && !error_is_set(&w->err))
		(void)error_set(&w->err, ERR_INTERNAL, NULL, "worker '%s' died (%s %d)", w->name,
				WIFSIGNALED(status) ? "signal" : "status",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	w->calls.done(w->ctx, error_is_set(&w->err) ? NULL : w->result, &w->err);
	worker_free(w);
}

static void on_worker(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int rc;

	(void)fd;
	(void)what;
	rc = proto_conn_fill(&w->conn);
	take_messages(w);
	if (rc < 0 && rc != -EAGAIN)
		worker_end(w);
}

int worker_start(struct worker **out, const char *name, const struct worker_calls *calls, void *arg,
		 void *ctx, const int *keep, size_t n_keep, struct error *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	pid_t parent = getpid();
	int fds[2];

	if (!w || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		free(w);
		return error_set_errno(err, ERR_RESOURCES, w ? errno : ENOMEM, NULL, "cannot start a worker");
	}
	snprintf(w->name, sizeof(w->name), "xend-%s", name);
	w->calls = *calls;
	w->ctx = ctx;
	w->pid = fork();
	if (w->pid == 0) {
		proc_close_others(fds[1], keep, n_keep);
		child_run(w, arg, fds[1], parent);
	}
	close(fds[1]);
	proto_conn_init(&w->conn, fds[0], PROTO_REQUEST_MAX);
	w->ev = w->pid > 0 && fd_set_nonblock(fds[0], 1) == 0
			? event_new(xend.base, fds[0], EV_READ | EV_PERSIST, on_worker, w)
			: NULL;
	if (!w->ev || event_add(w->ev, NULL) < 0) {
		if (w->pid > 0) {
			kill(w->pid, SIGKILL);
			waitpid(w->pid, NULL, 0);
		}
		worker_free(w);
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "cannot start a worker");
	}
	w->next = workers;
	workers = w;
	*out = w;
	return 0;
}

void worker_kill(struct worker *w)
{
	kill(w->pid, SIGKILL);
}
