/* SPDX-License-Identifier: MIT */
/*
 * The daemon's side of its store process: see xs.h.  That process has been handed hostile bytes, so nothing
 * it says is taken for more than it can be: lengths are checked, and all it can ask for is a guest's ring.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/grant_table.h"
#include "base/file.h"
#include "daemon/ports.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "daemon/xs_process.h"
#include "daemon/xs_wire.h"
#include "hv/domctl.h"

struct told {
	STAILQ_ENTRY(told) link;
	char path[];
};

static int calls = -1, asks = -1, events = -1;
static evtchn_port_t dom0_port, ports[HV_DOMID_FIRST_RESERVED];
static struct event *asks_event, *told_event;
static STAILQ_HEAD(, told) events_told = STAILQ_HEAD_INITIALIZER(events_told);
static store_watch_fn *watch_fn;
static void *watch_ctx;

/* ---- what the store process asks ---- */

static void lost(const char *what)
{
	xend_lost("the store", what);
}

static void give_ring(const struct xs_ask *ask)
{
	struct xs_ring ring = { 0 };
	int fd = -1;

	ring.rc = ask->domid < HV_DOMID_FIRST_RESERVED && !ports[ask->domid] ? 0 : -EINVAL;
	if (!ring.rc && ask->domid) {
		fd = hv_grant_offer((domid_t)ask->domid, GNTTAB_RESERVED_XENSTORE, &ring.offset);
		ring.rc = fd < 0 ? fd : 0;
	}
	if (!ring.rc) {
		int port = hv_evtchn_bind_interdomain(events, (domid_t)ask->domid,
						      ask->domid ? ask->port : dom0_port);

		ring.rc = port < 0 ? port : 0;
		ring.port = port < 0 ? 0 : (uint32_t)port;
		ports[ask->domid] = ring.port;
	}
	if (fd_send(asks, &ring, sizeof(ring), ring.rc ? -1 : fd) < 0)
		lost("does not listen");
	if (fd >= 0)
		close(fd);
}

static void take_ring(unsigned int domid)
{
	if (domid >= HV_DOMID_FIRST_RESERVED || !ports[domid])
		return;
	(void)hv_evtchn_unbind(events, ports[domid]);
	ports[domid] = 0;
}

static void remember(const char *path, size_t len)
{
	static const struct timeval now;
	struct told *t = malloc(sizeof(*t) + len + 1);

	if (!t)
		return;
	memcpy(t->path, path, len);
	t->path[len] = '\0';
	STAILQ_INSERT_TAIL(&events_told, t, link);
	if (told_event)
		event_add(told_event, &now);
}

static void on_told(evutil_socket_t fd, short what, void *arg)
{
	struct told *t;

	(void)fd;
	(void)what;
	(void)arg;
	while ((t = STAILQ_FIRST(&events_told))) {
		STAILQ_REMOVE_HEAD(&events_told, link);
		watch_fn(watch_ctx, t->path);
		free(t);
	}
}

/* One message, if there is one. */
static void hear(void)
{
	static char buf[sizeof(struct xs_ask) + XS_BYTES_MAX];
	const struct xs_ask *ask = (const struct xs_ask *)buf;
	ssize_t n = recv(asks, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < (ssize_t)sizeof(*ask) || (size_t)n != sizeof(*ask) + ask->len)
		lost(n <= 0 ? "died" : "speaks nonsense");
	else if (ask->op == XS_ASK_RING)
		give_ring(ask);
	else if (ask->op == XS_ASK_RING_CLOSE)
		take_ring(ask->domid);
	else if (ask->op == XS_ASK_EVENT)
		remember(ask->bytes, ask->len);
}

static void on_asks(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	hear();
}

/* ---- calls ---- */

static char answer_buf[sizeof(struct xs_answer) + XS_BYTES_MAX];

/* Its answer; while we wait, what it needs for it is given. */
static const struct xs_answer *wait_answer(void)
{
	static const struct xs_answer broken = { .rc = -EIO };
	const struct xs_answer *a = (const struct xs_answer *)answer_buf;
	struct pollfd fds[2] = { { .fd = calls, .events = POLLIN }, { .fd = asks, .events = POLLIN } };
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			break;
		if (fds[1].revents)
			hear();
	}
	n = recv(calls, answer_buf, sizeof(answer_buf), 0);
	if (n < (ssize_t)sizeof(*a) || (size_t)n != sizeof(*a) + a->len) {
		lost(n <= 0 ? "died" : "speaks nonsense");
		return &broken;
	}
	return a;
}

static const struct xs_answer *call(struct xs_call *c, const char *path, const void *data, size_t len)
{
	static char buf[sizeof(struct xs_call) + XS_BYTES_MAX];
	static const struct xs_answer too_long = { .rc = -E2BIG };
	size_t path_len = strlen(path) + 1;

	if (path_len + len > XS_BYTES_MAX)
		return &too_long;
	c->path_len = (uint32_t)path_len;
	c->data_len = (uint32_t)len;
	memcpy(buf, c, sizeof(*c));
	memcpy(buf + sizeof(*c), path, path_len);
	if (len)
		memcpy(buf + sizeof(*c) + path_len, data, len);
	if (send(calls, buf, sizeof(*c) + path_len + len, MSG_NOSIGNAL) < 0)
		lost("does not listen");
	return wait_answer();
}

static int call_domain(enum xs_op op, unsigned int domid)
{
	struct xs_call c = { .op = op, .domid = domid };

	return call(&c, "", NULL, 0)->rc;
}

static int call_path(enum xs_op op, uint32_t tx, const char *path, const void *data, size_t len)
{
	struct xs_call c = { .op = op, .tx = tx };

	return call(&c, path, data, len)->rc;
}

int xs_introduce(unsigned int domid, uint64_t gfn, uint32_t port)
{
	struct xs_call c = { .op = XS_OP_INTRODUCE, .domid = domid, .gfn = gfn, .port = port };

	return call(&c, "", NULL, 0)->rc;
}

int xs_release(unsigned int domid)
{
	return call_domain(XS_OP_RELEASE, domid);
}

bool xs_is_introduced(unsigned int domid)
{
	return call_domain(XS_OP_IS_INTRODUCED, domid) == 1;
}

void xs_domain_shutdown(unsigned int domid)
{
	(void)call_domain(XS_OP_SHUTDOWN, domid);
}

void xs_domain_gone(unsigned int domid)
{
	(void)call_domain(XS_OP_GONE, domid);
}

int xs_read(uint32_t tx, const char *path, char **value)
{
	struct xs_call c = { .op = XS_OP_READ, .tx = tx };
	const struct xs_answer *a = call(&c, path, NULL, 0);

	*value = a->rc ? NULL : malloc(a->len + 1);
	if (a->rc || !*value)
		return a->rc ? a->rc : -ENOMEM;
	memcpy(*value, a->bytes, a->len);
	(*value)[a->len] = '\0';
	return 0;
}

int xs_write(uint32_t tx, const char *path, const void *value, size_t len)
{
	return call_path(XS_OP_WRITE, tx, path, value, len);
}

int xs_printf(uint32_t tx, const char *path, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= sizeof(text) ? -E2BIG : xs_write(tx, path, text, (size_t)n);
}

int xs_mkdir(uint32_t tx, const char *path)
{
	return call_path(XS_OP_MKDIR, tx, path, NULL, 0);
}

int xs_rm(uint32_t tx, const char *path)
{
	return call_path(XS_OP_RM, tx, path, NULL, 0);
}

int xs_set_perms(uint32_t tx, const char *path, const struct store_perm *perms, unsigned int n)
{
	return call_path(XS_OP_PERMS, tx, path, perms, n * sizeof(*perms));
}

int xs_tx_start(uint32_t *tx)
{
	struct xs_call c = { .op = XS_OP_TX_START };
	const struct xs_answer *a = call(&c, "", NULL, 0);

	*tx = a->tx;
	return a->rc;
}

int xs_tx_commit(uint32_t tx)
{
	return call_path(XS_OP_TX_COMMIT, tx, "", NULL, 0);
}

void xs_tx_abort(uint32_t tx)
{
	(void)call_path(XS_OP_TX_ABORT, tx, "", NULL, 0);
}

int xs_watch(const char *path, store_watch_fn *fn, void *ctx)
{
	watch_fn = fn;
	watch_ctx = ctx;
	return call_path(XS_OP_WATCH, STORE_TX_NONE, path, NULL, 0);
}

int xs_stats(struct store_stats *st)
{
	struct xs_call c = { .op = XS_OP_STATS };
	const struct xs_answer *a = call(&c, "", NULL, 0);

	if (a->rc || a->len != sizeof(*st))
		return a->rc ? a->rc : -EIO;
	memcpy(st, a->bytes, sizeof(*st));
	return 0;
}

/* ---- starting ---- */

static void read_boot_id(char id[64])
{
	char *text;
	size_t len;

	if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &len, NULL) < 0)
		return;
	snprintf(id, 64, "%.36s", text);
	free(text);
}

/* Its folder is nobody's. */
static int make_folder(char *folder, size_t size, struct error *err)
{
	const struct passwd *pw = getpwnam("nobody");
	int rc = xend_private_folder("store", folder, size, err);

	if (rc)
		return rc;
	if (geteuid() == 0 && (!pw || chown(folder, pw->pw_uid, pw->pw_gid) < 0))
		return error_set_errno(err, ERR_NONE, pw ? errno : ENOENT, NULL, "user 'nobody', for '%s'", folder);
	return 0;
}

static int prepare(struct xs_process *p, struct error *err)
{
	int rc = ports_open(&events, err);

	if (rc)
		return rc;
	p->events = events;
	rc = hv_xenbus_map(&p->dom0_page, &dom0_port);
	if (rc)
		return error_set_errno(err, ERR_NONE, -rc, NULL, "cannot map the store ring of this kernel");
	p->listener = store_socket(xend.set.store_socket);
	if (p->listener < 0)
		return error_set_errno(err, ERR_NONE, -p->listener, NULL, "cannot make the socket %s",
				       xend.set.store_socket);
	read_boot_id(p->boot_id);
	return 0;
}

int xs_init(struct error *err)
{
	static char folder[300];
	struct xs_process p = { .folder = folder, .lock = xend.lock_fd };
	pid_t pid;
	int pair[2], rc = make_folder(folder, sizeof(folder), err);

	if (!rc)
		rc = prepare(&p, err);
	if (rc)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set_errno(err, ERR_NONE, errno, NULL, "no socket pair");
	asks = pair[0];
	p.asks = pair[1];
	rc = xs_process_start(&p, &pid, &calls, err);
	close(pair[1]);
	close(p.listener);
	munmap(p.dom0_page, HV_PAGE_SIZE);
	(void)fcntl(calls, F_SETFD, FD_CLOEXEC);
	return rc;
}

int xs_begin(struct error *err)
{
	int rc = call_domain(XS_OP_BEGIN, 0);

	asks_event = event_new(xend.base, asks, EV_READ | EV_PERSIST, on_asks, NULL);
	told_event = event_new(xend.base, -1, 0, on_told, NULL);
	if (!rc && (!asks_event || !told_event || event_add(asks_event, NULL) < 0))
		rc = -ENOMEM;
	if (!rc && !xs_is_introduced(0))
		rc = xs_introduce(0, 0, 0);
	if (!rc)
		rc = xs_printf(STORE_TX_NONE, "/local/domain/0/name", "Domain-0");
	if (!rc)
		rc = xs_printf(STORE_TX_NONE, "/local/domain/0/domid", "0");
	return rc ? error_set_errno(err, ERR_NONE, -rc, NULL, "cannot start the store") : 0;
}

void xs_end(void)
{
	close(calls);
	close(asks);
}
