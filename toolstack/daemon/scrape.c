/* SPDX-License-Identifier: MIT */
/*
 * See scrape.h.  A reader asks, gets all figures and is done; what it asks for does not matter, but it is waited
 * for, or the end of the socket would come before the reader's own words are out.  Whoever may connect is
 * anybody: few at a time, each for a few seconds.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "daemon/sample.h"
#include "daemon/scrape.h"
#include "daemon/xend.h"

#define READERS_MAX 16

struct scrape {
	int fd;
	struct event *in, *out;
	char *reply;		/* NULL: nothing asked yet */
	size_t len, sent;
	bool silent;		/* it has said all it will */
};

static unsigned int n_readers;
static const struct timeval patience = { 5, 0 };

static void end(struct scrape *s)
{
	event_free(s->in);
	event_free(s->out);
	close(s->fd);
	free(s->reply);
	free(s);
	n_readers--;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct scrape *s = arg;
	ssize_t n = what & EV_TIMEOUT ? -1 : send((int)fd, s->reply + s->sent, s->len - s->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		end(s);
		return;
	}
	s->sent += n > 0 ? (size_t)n : 0;
	if (s->sent < s->len)
		event_add(s->out, &patience);
	else if (s->silent)
		end(s);
	else
		(void)shutdown((int)fd, SHUT_WR);	/* then on_asked() sees its end, or its time is up */
}

static bool answer(struct scrape *s)
{
	struct error err = ERROR_INIT;
	struct strbuf sb = STRBUF_INIT;
	char *text;

	if (sample_metrics(&text, &err) < 0)
		return false;
	strbuf_printf(&sb, "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
		      "Content-Length: %zu\r\n\r\n%s", strlen(text), text);
	free(text);
	s->len = sb.len;
	s->reply = strbuf_take(&sb);
	return s->reply && event_add(s->out, &patience) == 0;
}

static void on_asked(evutil_socket_t fd, short what, void *arg)
{
	struct scrape *s = arg;
	char words[1024];
	ssize_t n = what & EV_TIMEOUT ? 0 : recv((int)fd, words, sizeof(words), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* One who only listens has asked, too. */
	if (s->reply ? s->sent == s->len : !answer(s)) {
		end(s);
	} else if (n <= 0) {
		s->silent = true;
		event_del(s->in);
	}
}

static void on_reader(evutil_socket_t fd, short what, void *arg)
{
	int client = accept4((int)fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct scrape *s = client < 0 || n_readers >= READERS_MAX ? NULL : calloc(1, sizeof(*s));

	(void)what;
	(void)arg;
	if (!s) {
		if (client >= 0)
			close(client);
		return;
	}
	n_readers++;
	s->fd = client;
	s->in = event_new(xend.base, client, EV_READ | EV_PERSIST, on_asked, s);
	s->out = event_new(xend.base, client, EV_WRITE, on_writable, s);
	if (!s->in || !s->out || event_add(s->in, &patience) < 0)
		end(s);
}

int scrape_listen(struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct event *ev;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/metrics", xend.set.run_dir);
	(void)unlink(addr.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(addr.sun_path, 0666) < 0 || listen(fd, 16) < 0)
		return error_set_errno(err, ERR_NONE, errno, NULL, "%s", addr.sun_path);
	ev = event_new(xend.base, fd, EV_READ | EV_PERSIST, on_reader, NULL);
	if (!ev || event_add(ev, NULL) < 0)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "%s", addr.sun_path);
	return 0;
}
