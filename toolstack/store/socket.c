/* SPDX-License-Identifier: MIT */
/*
 * The Unix socket for tools of domain 0. Its file mode lets only root in, so a client has domain 0's rights.
 * A client that breaks the protocol or goes away loses its connection, its watches and its transactions.
 */
#include "store/core.h"

#include "store/mem.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN	16
#define SOCKETS_MAX		512	/* of the process's file descriptors */
#define IOV_COUNT		32

struct sock_listener {
	int fd;
	struct event *ev;
	unsigned int clients;
};

struct sock {
	struct conn c;
	int fd;
	struct event *readable, *writable;
};

static struct sock *sock_of(struct conn *c)
{
	return (struct sock *)c;
}

static void sock_broken(struct conn *c, unsigned int why)
{
	(void)why;
	store_conn_kill(c);
}

/* Takes what has come; the event tells of more. There is always room: whole messages are served first. */
static void sock_fill(struct conn *c)
{
	struct sock *k = sock_of(c);
	ssize_t n;

	if (!event_pending(k->readable, EV_READ, NULL))
		event_add(k->readable, NULL);
	n = recv(k->fd, c->in + c->in_len, CONN_IN_MAX - c->in_len, MSG_DONTWAIT);
	if (n > 0) {
		c->in_len += (size_t)n;
		return;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		store_conn_kill(c);
}

static void sock_flush(struct conn *c)
{
	struct sock *k = sock_of(c);

	while (!TAILQ_EMPTY(&c->out)) {
		struct iovec iov[IOV_COUNT];
		struct msghdr msg = { .msg_iov = iov };
		struct outmsg *m;
		ssize_t n;

		TAILQ_FOREACH(m, &c->out, link) {
			iov[msg.msg_iovlen].iov_base = m->data + m->sent;
			iov[msg.msg_iovlen].iov_len = m->len - m->sent;
			if (++msg.msg_iovlen == IOV_COUNT)
				break;
		}
		n = sendmsg(k->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			store_conn_sent(c, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			event_add(k->writable, NULL);
		else
			store_conn_kill(c);
		return;
	}
}

/* Who does not fetch answers is not listened to; sock_fill() listens again. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sock *k = arg;

	(void)fd;
	(void)what;
	if (k->c.stalled)
		event_del(k->readable);
	else
		store_conn_ready(&k->c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	store_conn_dirty(arg);
}

static void sock_destroy(struct conn *c)
{
	struct sock *k = sock_of(c);

	event_free(k->readable);
	event_free(k->writable);
	close(k->fd);
	if (c->s->listener)
		c->s->listener->clients--;
	free(k);
}

static void add_client(struct store *s, int fd)
{
	static const struct conn_io io = {
		.fill = sock_fill, .flush = sock_flush, .broken = sock_broken, .destroy = sock_destroy,
	};
	struct sock *k = store_mem_zalloc(sizeof(*k));

	k->fd = fd;
	k->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, k);
	k->writable = event_new(s->base, fd, EV_WRITE, on_writable, k);
	store_conn_init(&k->c, s, CONN_SOCKET, &io, 0);
	s->listener->clients++;
	event_add(k->readable, NULL);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;
	int i;

	(void)what;
	for (i = 0; i < ACCEPTS_PER_TURN; i++) {
		int client = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0)
			return;
		if (s->listener->clients >= SOCKETS_MAX) {
			store_log(s, true, "more than %u clients of the store's socket; one turned away",
				  SOCKETS_MAX);
			close(client);
			return;
		}
		add_client(s, client);
	}
}

/* Binds beside the final name and renames over it, so that clients find the old socket, or the new one. */
static int bind_at(int fd, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	mode_t old;
	int rc;

	if (len + sizeof(".new") > sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, len);
	memcpy(sa.sun_path + len, ".new", sizeof(".new"));
	unlink(sa.sun_path);
	old = umask(0177);
	rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	umask(old);
	if (!rc && listen(fd, 64))
		rc = -errno;
	if (!rc && rename(sa.sun_path, path))
		rc = -errno;
	return rc;
}

int store_socket(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	rc = bind_at(fd, path);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

int store_listen_on(struct store *s, int fd)
{
	struct sock_listener *l;

	if (s->listener || !s->base)
		return -EBUSY;
	l = store_mem_zalloc(sizeof(*l));
	l->fd = fd;
	l->ev = event_new(s->base, fd, EV_READ | EV_PERSIST, on_accept, s);
	s->listener = l;
	event_add(l->ev, NULL);
	return 0;
}

int store_listen(struct store *s, const char *path)
{
	int fd = s->listener || !s->base ? -EBUSY : store_socket(path);

	return fd < 0 ? fd : store_listen_on(s, fd);
}

void store_sock_close(struct store *s)
{
	struct sock_listener *l = s->listener;

	if (!l)
		return;
	event_free(l->ev);
	close(l->fd);
	free(l);
	s->listener = NULL;
}
