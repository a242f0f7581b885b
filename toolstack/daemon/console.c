/* SPDX-License-Identifier: MIT */
/*
 * The daemon's side of consoles: see console.h.  It opens what takes rights (the ring's page, the port, the pty, the
 * log) and hands it to the process that moves the bytes.  That process has been handed hostile bytes, so nothing it
 * says is taken for more than it can be: lengths are checked, and all it can ask for is a new log when one is full.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#include "abi/grant_table.h"
#include "base/file.h"
#include "conf/guest.h"
#include "daemon/console.h"
#include "daemon/console_log.h"
#include "daemon/console_process.h"
#include "daemon/console_wire.h"
#include "daemon/ports.h"
#include "daemon/xend.h"
#include "hv/hv.h"

#define ANSWER_S 60	/* it never blocks but on the disk of its logs */

struct console {
	struct console *next;
	domid_t domid;
	evtchn_port_t port;	/* of `events` */
	int pty_slave;		/* kept open so that the pty lives without users */
	char tty[64];
	char name[GUEST_NAME_MAX + 1];
	uint64_t log_limit;
	bool log_full;
};

static int calls = -1, events = -1;
static struct event *calls_event, *full_event;
static struct console *consoles;

/* ---- what the process says ---- */

static void lost(const char *what)
{
	xend_lost("consoles", what);
}

static void log_is_full(uint32_t domid)
{
	static const struct timeval now;

	for (struct console *c = consoles; c; c = c->next)
		if (c->domid == domid) {
			c->log_full = true;
			event_add(full_event, &now);
		}
}

/* The next message. False: there is none yet. Where none will ever come, an error instead of one. */
static bool hear(struct con_answer *a, size_t size, int flags)
{
	ssize_t n = recv(calls, a, size, flags);

	if (n < 0 && (errno == EINTR || (errno == EAGAIN && flags & MSG_DONTWAIT)))
		return false;
	if (n >= (ssize_t)sizeof(*a) && (size_t)n == sizeof(*a) + a->len)
		return true;
	lost(n == 0 ? "died" : n < 0 ? "does not answer" : "speaks nonsense");
	*a = (struct con_answer){ .rc = -EIO };
	return true;
}

static void on_calls(evutil_socket_t fd, short what, void *arg)
{
	struct con_answer a;

	(void)fd;
	(void)what;
	(void)arg;
	if (!hear(&a, sizeof(a), MSG_DONTWAIT))
		return;
	if (a.kind == CON_LOG_FULL)
		log_is_full(a.domid);
	else
		lost("speaks nonsense");
}

/* Its answer. fd (-1: none) stays ours. */
static const struct con_answer *call(const struct con_call *c, int fd)
{
	static char buf[sizeof(struct con_answer) + CON_BYTES_MAX];
	struct con_answer *a = (struct con_answer *)buf;

	if (fd_send(calls, c, sizeof(*c), fd) < 0)
		lost("does not listen");
	for (;;) {
		if (!hear(a, sizeof(buf), 0))
			continue;
		if (a->kind != CON_LOG_FULL)
			return a;
		log_is_full(a->domid);
	}
}

/* ---- a console ---- */

static void give_log(struct console *c, int fd)
{
	const struct con_call k = { .op = CON_LOG, .domid = c->domid, .bytes = c->log_limit };

	if (fd < 0)
		log_warn("guest '%s': no console log: %s", c->name, strerror(-fd));
	(void)call(&k, fd);
	if (fd >= 0)
		close(fd);
}

static void on_full(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	for (struct console *c = consoles; c; c = c->next)
		if (c->log_full) {
			c->log_full = false;
			give_log(c, console_log_rotate(c->name));
		}
}

static int give_ring(struct console *c, evtchn_port_t remote)
{
	struct con_call k = { .op = CON_OPEN, .domid = c->domid };
	int fd = hv_grant_offer(c->domid, GNTTAB_RESERVED_CONSOLE, &k.offset), rc;

	if (fd < 0)
		return fd;
	rc = hv_evtchn_bind_interdomain(events, c->domid, remote);
	if (rc > 0) {
		c->port = k.port = (evtchn_port_t)rc;
		rc = call(&k, fd)->rc;
	}
	close(fd);
	return rc;
}

static int give_pty(struct console *c)
{
	const struct con_call k = { .op = CON_ATTACH, .domid = c->domid, .flags = CON_PTY };
	struct termios t;
	int master, rc;

	if (openpty(&master, &c->pty_slave, c->tty, NULL, NULL) < 0)
		return -errno;
	if (tcgetattr(c->pty_slave, &t) == 0) {
		cfmakeraw(&t);
		(void)tcsetattr(c->pty_slave, TCSAFLUSH, &t);
	}
	(void)fcntl(c->pty_slave, F_SETFD, FD_CLOEXEC);
	rc = fd_set_nonblock(master, 1);
	if (!rc)
		rc = call(&k, master)->rc;
	close(master);
	return rc;
}

int console_open(struct console **out, const char *name, domid_t domid, evtchn_port_t port, uint32_t log_kib,
		 struct error *err)
{
	struct console *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "console");
	c->domid = domid;
	c->pty_slave = -1;
	c->log_limit = (uint64_t)log_kib << 10;
	console_rename(c, name);
	c->next = consoles;
	consoles = c;
	rc = give_ring(c, port);
	if (rc < 0) {
		console_close(c);
		return error_set_errno(err, ERR_FAILED, -rc, NULL, "cannot connect the console");
	}
	rc = give_pty(c);
	if (rc < 0)
		log_warn("guest '%s': no console pty: %s", name, strerror(-rc));
	give_log(c, console_log_open(name));	/* last: with it the bytes begin to flow */
	*out = c;
	return 0;
}

void console_close(struct console *c)
{
	const struct con_call k = { .op = CON_CLOSE, .domid = c ? c->domid : 0 };
	struct console **p = &consoles;

	if (!c)
		return;
	if (c->port) {
		(void)call(&k, -1);
		(void)hv_evtchn_unbind(events, c->port);
	}
	if (c->pty_slave >= 0)
		close(c->pty_slave);
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	free(c);
}

const char *console_tty(const struct console *c)
{
	return c->tty;
}

void console_rename(struct console *c, const char *name)
{
	snprintf(c->name, sizeof(c->name), "%s", name);
}

size_t console_tail(const struct console *c, char *buf, size_t size)
{
	const struct con_call k = { .op = CON_TAIL, .domid = c->domid, .bytes = size - 1 };
	const struct con_answer *a = call(&k, -1);
	size_t n = a->len < size ? a->len : size - 1;

	memcpy(buf, a->bytes, n);
	buf[n] = '\0';
	return n;
}

int console_attach(struct console *c, unsigned int replay_lines, bool read_only)
{
	const struct con_call k = { .op = CON_ATTACH, .domid = c->domid, .lines = replay_lines,
				    .flags = read_only ? CON_READ_ONLY : 0 };
	int fds[2], size = 256 << 10, rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	rc = fd_set_nonblock(fds[0], 1);
	if (!rc)
		rc = call(&k, fds[0])->rc;
	close(fds[0]);
	if (rc)
		close(fds[1]);
	return rc ? rc : fds[1];
}

/* ---- starting ---- */

int consoles_init(struct error *err)
{
	static const struct timeval patience = { .tv_sec = ANSWER_S };
	char folder[300];
	struct console_process p = { .folder = folder, .lock = xend.lock_fd };
	pid_t pid;
	int rc = xend_private_folder("empty", folder, sizeof(folder), err);

	if (!rc)
		rc = ports_open(&events, err);
	if (rc)
		return rc;
	p.events = events;
	rc = console_process_start(&p, &pid, &calls, err);
	if (rc)
		return rc;
	(void)fcntl(calls, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(calls, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	calls_event = event_new(xend.base, calls, EV_READ | EV_PERSIST, on_calls, NULL);
	full_event = event_new(xend.base, -1, 0, on_full, NULL);
	if (!calls_event || !full_event || event_add(calls_event, NULL) < 0)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "consoles");
	return 0;
}

void consoles_end(void)
{
	close(calls);
}
