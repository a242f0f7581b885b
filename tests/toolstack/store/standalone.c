/* SPDX-License-Identifier: MIT */
/*
 * The store alone in a process, for tests: no hypervisor, no daemon. A domain is a set of files that a test
 * makes in one directory, and which outlive this process when it is killed:
 *
 *	N.ring	the ring page		N.in	a FIFO: a byte in it is the domain's event to us
 *					N.out	a FIFO: our event to the domain
 *
 * usage: xenstored-test SOCKET [JOURNAL [DIRECTORY [0]]]	a final 0 introduces domain 0 too
 */
#include "store/store.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DOMAINS	64

static struct {
	struct store *store;
	struct event_base *base;
	const char *dir;
	struct {
		int in, out;
		struct event *ev;
	} dom[DOMAINS];
} t;

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	char junk[256];

	(void)what;
	while (read((int)fd, junk, sizeof(junk)) > 0)
		;
	store_kick(t.store, (unsigned int)(size_t)arg);
}

static int open_part(unsigned int domid, const char *part)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/%u.%s", t.dir, domid, part);
	fd = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int ring_open(void *ctx, unsigned int domid, uint64_t gfn, uint32_t port, void **page)
{
	int fd;

	(void)ctx;
	(void)gfn;
	(void)port;
	if (!t.dir || domid >= DOMAINS)
		return -EINVAL;
	fd = open_part(domid, "ring");
	if (fd < 0)
		return fd;
	*page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (*page == MAP_FAILED)
		return -errno;
	t.dom[domid].in = open_part(domid, "in");
	t.dom[domid].out = open_part(domid, "out");
	if (t.dom[domid].in < 0 || t.dom[domid].out < 0)
		return -ENOENT;
	t.dom[domid].ev = event_new(t.base, t.dom[domid].in, EV_READ | EV_PERSIST, on_event,
				    (void *)(size_t)domid);
	event_add(t.dom[domid].ev, NULL);
	return 0;
}

static void ring_close(void *ctx, unsigned int domid, void *page)
{
	(void)ctx;
	event_free(t.dom[domid].ev);
	close(t.dom[domid].in);
	close(t.dom[domid].out);
	munmap(page, 4096);
}

static void ring_notify(void *ctx, unsigned int domid)
{
	(void)ctx;
	if (write(t.dom[domid].out, "x", 1) < 0 && errno != EAGAIN)
		perror("notify");
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	event_base_loopbreak(t.base);
}

static void log_line(void *ctx, bool is_error, const char *message)
{
	(void)ctx;
	fprintf(stderr, "xenstored-test: %s%s\n", is_error ? "error: " : "", message);
}

int main(int argc, char **argv)
{
	static const struct store_ring_ops ops = { .open = ring_open, .close = ring_close,
		.notify = ring_notify };
	struct store_options opt = { .ring = &ops, .log = log_line };
	struct event *term;
	int rc;

	if (argc < 2 || argc > 5) {
		fprintf(stderr, "usage: %s SOCKET [JOURNAL [DIRECTORY [0]]]\n", argv[0]);
		return 2;
	}
	opt.journal = argc > 2 && *argv[2] ? argv[2] : NULL;
	t.dir = argc > 3 ? argv[3] : NULL;
	t.base = event_base_new();
	term = evsignal_new(t.base, SIGTERM, on_term, NULL);
	event_add(term, NULL);
	rc = store_new(t.base, &opt, &t.store);
	if (!rc) {
		store_start(t.store);
		rc = store_listen(t.store, argv[1]);
	}
	if (!rc && argc > 4 && !store_is_introduced(t.store, 0))
		rc = store_introduce(t.store, 0, 0, 0);
	if (rc) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-rc));
		return 1;
	}
	event_base_dispatch(t.base);
	rc = store_check(t.store);
	store_free(t.store);
	event_free(term);
	event_base_free(t.base);
	return rc ? 1 : 0;
}
