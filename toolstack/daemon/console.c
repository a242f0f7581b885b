/* SPDX-License-Identifier: MIT */
/*
 * Consoles: see console.h.  Output goes to the log, to a buffer of the last HISTORY bytes, and to whoever
 * is attached; a reader that does not read loses bytes, never the guest's time.  A guest that floods is
 * slowed to BURST bytes a TICK by leaving its event channel masked.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "abi/io/console.h"
#include "base/file.h"
#include "daemon/console.h"
#include "daemon/console_log.h"
#include "daemon/ports.h"
#include "daemon/xend.h"
#include "hv/hv.h"

#define HISTORY (64u << 10)
#define TICK_US 50000
#define BURST (64u << 10)	/* bytes a tick */
#define READERS_MAX 32

/* One who is attached: the pty, or a client's socket. */
struct reader {
	struct reader *next;
	struct console *c;
	int fd;
	struct event *ev;
	bool pty;
	size_t room;		/* of `pending`: bytes that did not fit the ring */
	size_t n_pending;
	char pending[1024];
};

struct console {
	struct xencons_interface *ring;
	evtchn_port_t port;
	struct console_log log;
	struct reader *readers;
	int pty_slave;		/* kept open so that the pty lives without users */
	char tty[64];
	char *history;		/* a circle */
	size_t hist_at, hist_len;
	size_t spent;		/* bytes in this tick */
	struct event *tick;
	bool masked;
};

static void reader_free(struct reader *r)
{
	struct reader **p = &r->c->readers;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	event_free(r->ev);
	close(r->fd);
	free(r);
}

/* Move what a reader typed into the ring; what does not fit waits until the guest has read. */
static void push_input(struct reader *r)
{
	struct xencons_interface *ring = r->c->ring;
	uint32_t prod = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);	/* ours, but the guest may write it */
	uint32_t cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
	size_t room = prod - cons <= sizeof(ring->in) ? sizeof(ring->in) - (prod - cons) : 0;
	size_t n = r->n_pending < room ? r->n_pending : room;

	for (size_t i = 0; i < n; i++)
		ring->in[MASK_XENCONS_IDX(prod + (uint32_t)i, ring->in)] = r->pending[i];
	__atomic_store_n(&ring->in_prod, prod + (uint32_t)n, __ATOMIC_RELEASE);
	memmove(r->pending, r->pending + n, r->n_pending - n);
	r->n_pending -= n;
	if (n)
		port_notify(r->c->port);
	if (r->n_pending == 0)
		event_add(r->ev, NULL);
	else
		event_del(r->ev);
}

static void on_reader(evutil_socket_t fd, short what, void *arg)
{
	struct reader *r = arg;
	ssize_t n = read((int)fd, r->pending, sizeof(r->pending));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR || (r->pty && errno == EIO)))
		return;
	if (n <= 0) {
		reader_free(r);
		return;
	}
	r->n_pending = (size_t)n;
	push_input(r);
}

static void on_reader_ignored(evutil_socket_t fd, short what, void *arg)
{
	char junk[512];
	ssize_t n = read((int)fd, junk, sizeof(junk));

	(void)what;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		reader_free(arg);
}

static struct reader *reader_add(struct console *c, int fd, bool pty, bool read_only)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->c = c;
	r->fd = fd;
	r->pty = pty;
	r->ev = event_new(xend.base, fd, EV_READ | EV_PERSIST, read_only ? on_reader_ignored : on_reader, r);
	if (!r->ev || event_add(r->ev, NULL) < 0) {
		if (r->ev)
			event_free(r->ev);
		free(r);
		return NULL;
	}
	r->next = c->readers;
	c->readers = r;
	return r;
}

static void history_add(struct console *c, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		c->history[c->hist_at] = data[i];
		c->hist_at = (c->hist_at + 1) % HISTORY;
	}
	c->hist_len = c->hist_len + len < HISTORY ? c->hist_len + len : HISTORY;
}

static void spread(struct console *c, const char *data, size_t len)
{
	struct reader *next;

	console_log_write(&c->log, data, len);
	history_add(c, data, len);
	for (struct reader *r = c->readers; r; r = next) {
		next = r->next;
		if (r->pty ? write(r->fd, data, len) < 0
			   : send(r->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (!r->pty && errno != EAGAIN)
				reader_free(r);
		}
	}
}

/* Everything that is in the ring now. */
static size_t drain(struct console *c)
{
	struct xencons_interface *ring = c->ring;
	uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);	/* once: buf has the size checked */
	uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
	char buf[sizeof(ring->out)];
	size_t n = 0;

	if (prod - cons > sizeof(ring->out))	/* nonsense from the guest: skip to its word */
		cons = prod - (uint32_t)sizeof(ring->out);
	for (; cons != prod; cons++)
		buf[n++] = ring->out[MASK_XENCONS_IDX(cons, ring->out)];
	__atomic_store_n(&ring->out_cons, cons, __ATOMIC_RELEASE);
	if (n) {
		port_notify(c->port);
		spread(c, buf, n);
	}
	return n;
}

static bool on_console(void *ctx)
{
	static const struct timeval tick = { 0, TICK_US };
	struct console *c = ctx;
	struct reader *next;

	for (struct reader *r = c->readers; r; r = next) {
		next = r->next;
		if (r->n_pending)
			push_input(r);
	}
	if (c->spent == 0)
		event_add(c->tick, &tick);
	c->spent += drain(c) + 1;
	c->masked = c->spent > BURST;
	return !c->masked;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	(void)fd;
	(void)what;
	c->spent = 0;
	if (c->masked) {
		c->masked = false;
		drain(c);
		port_unmask(c->port);
	}
}

static int open_pty(struct console *c)
{
	struct termios t;
	int master;

	if (openpty(&master, &c->pty_slave, c->tty, NULL, NULL) < 0)
		return -errno;
	if (tcgetattr(c->pty_slave, &t) == 0) {
		cfmakeraw(&t);
		(void)tcsetattr(c->pty_slave, TCSAFLUSH, &t);
	}
	(void)fcntl(master, F_SETFD, FD_CLOEXEC);
	(void)fcntl(c->pty_slave, F_SETFD, FD_CLOEXEC);
	if (fd_set_nonblock(master, 1) < 0 || !reader_add(c, master, true, false)) {
		close(master);
		return -ENOMEM;
	}
	return 0;
}

int console_open(struct console **out, const char *name, domid_t domid, evtchn_port_t port, uint32_t log_kib,
		 struct error *err)
{
	struct console *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	*out = NULL;
	if (!c)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "console");
	c->pty_slave = -1;
	c->log.fd = -1;
	c->history = malloc(HISTORY);
	c->tick = evtimer_new(xend.base, on_tick, c);
	if (c->history && c->tick) {
		c->ring = hv_grant_map(domid, 0);
		rc = c->ring ? port_bind_interdomain(domid, port, on_console, c) : -errno;
	}
	if (rc < 0) {
		console_close(c);
		return error_set_errno(err, ERR_FAILED, -rc, NULL, "cannot connect the console");
	}
	c->port = (evtchn_port_t)rc;
	if (console_log_open(&c->log, name, log_kib) < 0)
		log_warn("guest '%s': no console log: cannot write %s", name, c->log.path);
	rc = open_pty(c);
	if (rc < 0)
		log_warn("guest '%s': no console pty: %s", name, strerror(-rc));
	*out = c;
	return 0;
}

void console_close(struct console *c)
{
	if (!c)
		return;
	if (c->port)
		drain(c);
	while (c->readers)
		reader_free(c->readers);
	if (c->port)
		port_unbind(c->port);
	if (c->ring)
		hv_grant_unmap(c->ring);
	if (c->pty_slave >= 0)
		close(c->pty_slave);
	if (c->tick)
		event_free(c->tick);
	console_log_close(&c->log);
	free(c->history);
	free(c);
}

const char *console_tty(const struct console *c)
{
	return c->tty;
}

void console_rename(struct console *c, const char *name)
{
	console_log_path(c->log.path, sizeof(c->log.path), name);
}

size_t console_tail(const struct console *c, char *buf, size_t size)
{
	size_t n = c->hist_len < size - 1 ? c->hist_len : size - 1;

	for (size_t i = 0; i < n; i++)
		buf[i] = c->history[(c->hist_at + HISTORY - n + i) % HISTORY];
	buf[n] = '\0';
	return n;
}

static void replay(const struct console *c, int fd, unsigned int lines)
{
	char *text = malloc(HISTORY + 1);
	size_t n, at;

	if (!text)
		return;
	n = console_tail(c, text, HISTORY + 1);
	at = n;
	for (unsigned int found = 0; at > 0; at--)
		if (text[at - 1] == '\n' && at != n && ++found >= lines)
			break;
	if (lines)
		(void)!send(fd, text + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(text);
}

int console_attach(struct console *c, unsigned int replay_lines, bool read_only)
{
	int fds[2], size = 256 << 10;
	unsigned int n = 0;

	for (struct reader *r = c->readers; r; r = r->next)
		n++;
	if (n >= READERS_MAX)
		return -EUSERS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	replay(c, fds[0], replay_lines);
	if (!reader_add(c, fds[0], false, read_only)) {
		close(fds[0]);
		close(fds[1]);
		return -ENOMEM;
	}
	if (fd_set_nonblock(fds[1], 0) < 0)
		log_warn("console: the client's socket stays non-blocking");
	return fds[1];
}
