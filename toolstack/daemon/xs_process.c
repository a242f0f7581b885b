/* SPDX-License-Identifier: MIT */
/* See xs_process.h. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "daemon/xs_process.h"
#include "daemon/xs_rings.h"
#include "daemon/xs_wire.h"
#include "hv/hv.h"
#include "store/store.h"

static struct event_base *base;
static struct store *store;
static struct xs_process *self;

/* ---- calls ---- */

struct call {
	const struct xs_call *c;
	const char *path, *data;
	struct xs_answer *a;
};

static int do_begin(const struct call *k)
{
	(void)k;
	store_start(store);
	return store_listen_on(store, self->listener);
}

static int do_introduce(const struct call *k)
{
	return store_introduce(store, k->c->domid, k->c->gfn, k->c->port);
}

static int do_release(const struct call *k)
{
	return store_release(store, k->c->domid);
}

static int do_is_introduced(const struct call *k)
{
	return store_is_introduced(store, k->c->domid);
}

static int do_shutdown(const struct call *k)
{
	store_domain_shutdown(store, k->c->domid);
	return 0;
}

static int do_gone(const struct call *k)
{
	store_domain_gone(store, k->c->domid);
	return 0;
}

static int do_read(const struct call *k)
{
	char *value;
	size_t len;
	int rc = store_read(store, k->c->tx, k->path, &value, &len);

	if (rc)
		return rc;
	if (len > XS_BYTES_MAX)
		len = XS_BYTES_MAX;
	memcpy(k->a->bytes, value, len);
	k->a->len = (uint32_t)len;
	free(value);
	return 0;
}

static int do_write(const struct call *k)
{
	return store_write(store, k->c->tx, k->path, k->data, k->c->data_len);
}

static int do_mkdir(const struct call *k)
{
	return store_mkdir(store, k->c->tx, k->path);
}

static int do_rm(const struct call *k)
{
	return store_rm(store, k->c->tx, k->path);
}

static int do_perms(const struct call *k)
{
	struct store_perm perms[64];
	unsigned int n = k->c->data_len / sizeof(perms[0]);

	if (n > 64)
		return -EINVAL;
	memcpy(perms, k->data, n * sizeof(perms[0]));
	return store_set_perms(store, k->c->tx, k->path, perms, n);
}

static int do_tx_start(const struct call *k)
{
	return store_tx_start(store, &k->a->tx);
}

static int do_tx_commit(const struct call *k)
{
	return store_tx_commit(store, k->c->tx);
}

static int do_tx_abort(const struct call *k)
{
	store_tx_abort(store, k->c->tx);
	return 0;
}

static void on_watch(void *ctx, const char *path)
{
	char msg[sizeof(struct xs_ask) + XS_BYTES_MAX];
	struct xs_ask *ask = (struct xs_ask *)msg;

	(void)ctx;
	*ask = (struct xs_ask){ .op = XS_ASK_EVENT, .len = (uint32_t)strlen(path) };
	memcpy(ask->bytes, path, ask->len);
	if (send(self->asks, msg, sizeof(*ask) + ask->len, MSG_NOSIGNAL) < 0)
		event_base_loopbreak(base);
}

static int do_watch(const struct call *k)
{
	struct store_watch *w;

	return store_watch(store, k->path, on_watch, NULL, &w);
}

static int do_stats(const struct call *k)
{
	struct store_stats st;

	store_stats(store, &st);
	memcpy(k->a->bytes, &st, sizeof(st));
	k->a->len = sizeof(st);
	return 0;
}

static int (*const calls[XS_OP_COUNT])(const struct call *k) = {
	[XS_OP_BEGIN] = do_begin, [XS_OP_INTRODUCE] = do_introduce, [XS_OP_RELEASE] = do_release,
	[XS_OP_IS_INTRODUCED] = do_is_introduced, [XS_OP_SHUTDOWN] = do_shutdown, [XS_OP_GONE] = do_gone,
	[XS_OP_READ] = do_read, [XS_OP_WRITE] = do_write, [XS_OP_MKDIR] = do_mkdir, [XS_OP_RM] = do_rm,
	[XS_OP_PERMS] = do_perms, [XS_OP_TX_START] = do_tx_start, [XS_OP_TX_COMMIT] = do_tx_commit,
	[XS_OP_TX_ABORT] = do_tx_abort, [XS_OP_WATCH] = do_watch, [XS_OP_STATS] = do_stats,
};

/* The daemon ended: so do we.  What matters is in the journal. */
static void on_call(evutil_socket_t fd, short what, void *arg)
{
	static char in[sizeof(struct xs_call) + XS_BYTES_MAX], out[sizeof(struct xs_answer) + XS_BYTES_MAX];
	struct xs_call *c = (struct xs_call *)in;
	struct xs_answer *a = (struct xs_answer *)out;
	struct call k = { .c = c, .path = c->bytes, .a = a };
	ssize_t n = recv((int)fd, in, sizeof(in), 0);

	(void)what;
	(void)arg;
	if (n < (ssize_t)sizeof(*c) || c->op >= XS_OP_COUNT ||
	    (size_t)n != sizeof(*c) + c->path_len + c->data_len || !c->path_len) {
		event_base_loopbreak(base);
		return;
	}
	c->bytes[c->path_len - 1] = '\0';
	k.data = c->bytes + c->path_len;
	*a = (struct xs_answer){ 0 };
	a->rc = calls[c->op](&k);
	if (send((int)fd, out, sizeof(*a) + a->len, MSG_NOSIGNAL) < 0)
		event_base_loopbreak(base);
}

/* ---- the process ---- */

static void said(void *ctx, bool is_error, const char *message)
{
	(void)ctx;
	log_line(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "store: %s", message);
}

static int open_store(void)
{
	char journal[300];
	struct store_options opt = { .journal = journal, .boot_id = self->boot_id[0] ? self->boot_id : NULL,
				     .ring = &xs_rings_ops, .log = said };

	/* Without root's rights there was no way to make the folder the whole file system. */
	snprintf(journal, sizeof(journal), "%s/journal", access("/proc/self", F_OK) < 0 ? "" : self->folder);
	return store_new(base, &opt, &store);
}

/* What the store, libevent and the C library call; everything else is refused. */
static const int syscalls[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_recvfrom, SYS_recvmsg,
	SYS_sendto, SYS_sendmsg, SYS_accept4, SYS_close, SYS_fstat, SYS_newfstatat, SYS_openat, SYS_rename,
	SYS_unlink, SYS_ftruncate, SYS_fsync, SYS_fdatasync, SYS_fcntl, SYS_access, SYS_mmap, SYS_munmap, SYS_mremap,
	SYS_brk, SYS_madvise, SYS_mprotect, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_poll, SYS_clock_gettime,
	SYS_gettimeofday, SYS_futex, SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction,
	SYS_getrandom, SYS_getpid, SYS_gettid, SYS_tgkill, SYS_sched_yield, SYS_sigaltstack,
};

static int process(void *arg, int fd)
{
	struct event *ev;
	int rc;

	self = arg;
	base = event_base_new();
	ev = base ? event_new(base, fd, EV_READ | EV_PERSIST, on_call, NULL) : NULL;
	if (!ev || event_add(ev, NULL) < 0 || xs_rings_init(base, self, &store) < 0)
		return -ENOMEM;
	rc = proc_allow(syscalls, sizeof(syscalls) / sizeof(syscalls[0]), HV_EVTCHN_NOTIFY);
	if (!rc)
		rc = open_store();
	if (rc) {
		log_err("the store cannot start: %s", strerror(-rc));
		return rc;
	}
	event_base_dispatch(base);
	store_free(store);
	return 0;
}

int xs_process_start(struct xs_process *p, pid_t *pid, int *calls_fd, struct error *err)
{
	const struct proc_rights rights = {
		.name = "xend-store",	/* parses what guests and tools write: no rights at all */
		.user = "nobody",
		.root = p->folder,
		.messages = 1,
		.max_files = 65536,	/* a page a guest, a socket a client */
	};
	const int keep[] = { p->asks, p->events, p->listener, p->lock };

	return proc_fork_confined(&rights, keep, 4, process, p, pid, calls_fd, err);
}
