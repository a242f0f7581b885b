/* SPDX-License-Identifier: MIT */
/*
 * See console_process.h.  Output goes to the log, to a buffer of the last HISTORY bytes, and to whoever is attached; a
 * reader that does not read loses bytes, never the guest's time.  A guest that floods is slowed to BURST bytes a TICK
 * by leaving its event channel masked, and so is one whose log is full until the daemon has sent another.  The ring's
 * indices are checked at each use; bytes of guests are data here, never commands.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "abi/io/console.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "daemon/console_lines.h"
#include "daemon/console_process.h"
#include "daemon/console_wire.h"
#include "daemon/ports.h"
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
	size_t n_pending;
	char pending[1024];	/* what did not fit the ring */
};

struct console {
	uint32_t domid;
	struct xencons_interface *ring;
	evtchn_port_t port;
	struct console_lines log;
	struct reader *readers;
	unsigned int n_readers;
	char *history;		/* a circle */
	size_t hist_at, hist_len;
	size_t spent;		/* bytes in this tick */
	struct event *tick;
	bool masked;
	bool log_asked;		/* for another, since this one is full */
};

static struct event_base *base;
static int daemon_fd;
static struct console *consoles[DOMID_FIRST_RESERVED];

/* ---- readers ---- */

static void reader_free(struct reader *r)
{
	struct reader **p = &r->c->readers;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	event_free(r->ev);
	close(r->fd);
	r->c->n_readers--;
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
	r->ev = event_new(base, fd, EV_READ | EV_PERSIST, read_only ? on_reader_ignored : on_reader, r);
	if (!r->ev || event_add(r->ev, NULL) < 0) {
		if (r->ev)
			event_free(r->ev);
		free(r);
		return NULL;
	}
	r->next = c->readers;
	c->readers = r;
	c->n_readers++;
	return r;
}

/* ---- output ---- */

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

	console_lines_write(&c->log, data, len);
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

/* May it go on, in this tick? The daemon is asked once for another log; asked again, should it not have heard. */
static bool may_go_on(struct console *c)
{
	static const struct timeval tick = { 0, TICK_US };
	const struct con_answer full = { .kind = CON_LOG_FULL, .domid = c->domid };

	if (!evtimer_pending(c->tick, NULL))
		event_add(c->tick, &tick);
	if (console_lines_full(&c->log) && !c->log_asked)
		c->log_asked = send(daemon_fd, &full, sizeof(full), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
	c->masked = c->spent > BURST || console_lines_full(&c->log);
	return !c->masked;
}

static bool on_console(void *ctx)
{
	struct console *c = ctx;
	struct reader *next;

	for (struct reader *r = c->readers; r; r = next) {
		next = r->next;
		if (r->n_pending)
			push_input(r);
	}
	c->spent += drain(c) + 1;
	return may_go_on(c);
}

static void go_on(struct console *c)
{
	if (c->masked) {
		c->spent += drain(c);
		if (may_go_on(c))
			port_unmask(c->port);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	(void)fd;
	(void)what;
	c->spent = 0;
	go_on(c);
}

static size_t copy_tail(const struct console *c, char *buf, size_t size)
{
	size_t n = c->hist_len < size ? c->hist_len : size;

	for (size_t i = 0; i < n; i++)
		buf[i] = c->history[(c->hist_at + HISTORY - n + i) % HISTORY];
	return n;
}

static void replay(const struct console *c, int fd, unsigned int lines)
{
	char *text = malloc(HISTORY);
	size_t n, at;

	if (!text)
		return;
	n = copy_tail(c, text, HISTORY);
	at = n;
	for (unsigned int found = 0; at > 0; at--)
		if (text[at - 1] == '\n' && at != n && ++found >= lines)
			break;
	if (lines)
		(void)!send(fd, text + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(text);
}

/* ---- calls ---- */

struct call {
	const struct con_call *c;
	struct console *con;	/* NULL for CON_OPEN alone */
	int fd;			/* a call that keeps it makes it -1 */
	struct con_answer *a;
};

static void console_free(struct console *c)
{
	while (c->readers)
		reader_free(c->readers);
	if (c->port)
		port_forget(c->port);
	if (c->ring)
		munmap(c->ring, HV_PAGE_SIZE);
	if (c->tick)
		event_free(c->tick);
	console_lines_use(&c->log, -1, 0);
	free(c->history);
	free(c);
}

static int connect_ring(struct console *c, const struct call *k)
{
	void *page = mmap(NULL, HV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, (off_t)k->c->offset);
	int rc;

	if (page == MAP_FAILED)
		return -errno;
	c->ring = page;
	rc = port_hear(k->c->port, on_console, c);
	if (!rc)
		c->port = k->c->port;
	return rc;
}

static int do_open(struct call *k)
{
	struct console *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	if (!c)
		return rc;
	c->log.fd = -1;
	c->domid = k->c->domid;
	c->history = malloc(HISTORY);
	c->tick = evtimer_new(base, on_tick, c);
	if (c->history && c->tick)
		rc = connect_ring(c, k);
	if (rc) {
		console_free(c);
		return rc;
	}
	consoles[c->domid] = c;
	c->masked = true;	/* until its log comes; the port may have fired before it was known here */
	return 0;
}

static int do_log(struct call *k)
{
	console_lines_use(&k->con->log, k->fd, k->c->bytes);
	k->fd = -1;
	k->con->log_asked = false;
	go_on(k->con);
	return 0;
}

static int do_attach(struct call *k)
{
	bool pty = k->c->flags & CON_PTY;

	if (k->con->n_readers >= READERS_MAX)
		return -EUSERS;
	if (!pty)
		replay(k->con, k->fd, k->c->lines);
	if (!reader_add(k->con, k->fd, pty, k->c->flags & CON_READ_ONLY))
		return -ENOMEM;
	k->fd = -1;
	return 0;
}

static int do_tail(struct call *k)
{
	(void)drain(k->con);
	k->a->len = (uint32_t)copy_tail(k->con, k->a->bytes,
					k->c->bytes < CON_BYTES_MAX ? k->c->bytes : CON_BYTES_MAX);
	return 0;
}

static int do_close(struct call *k)
{
	(void)drain(k->con);
	consoles[k->con->domid] = NULL;
	console_free(k->con);
	return 0;
}

static int (*const calls[CON_OP_COUNT])(struct call *k) = {
	[CON_OPEN] = do_open, [CON_LOG] = do_log, [CON_ATTACH] = do_attach,
	[CON_TAIL] = do_tail, [CON_CLOSE] = do_close,
};

static int serve(struct call *k)
{
	if (k->c->op >= CON_OP_COUNT || k->c->domid >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	k->con = consoles[k->c->domid];
	if (k->c->op == CON_OPEN ? k->con != NULL : !k->con)
		return k->con ? -EEXIST : -ENOENT;
	return calls[k->c->op](k);
}

/* The daemon ended: so do we. */
static void on_call(evutil_socket_t fd, short what, void *arg)
{
	static char out[sizeof(struct con_answer) + CON_BYTES_MAX];
	struct con_call c;
	struct con_answer *a = (struct con_answer *)out;
	struct call k = { .c = &c, .fd = -1, .a = a };

	(void)what;
	(void)arg;
	if (fd_recv((int)fd, &c, sizeof(c), &k.fd) != (ssize_t)sizeof(c)) {
		event_base_loopbreak(base);
		return;
	}
	*a = (struct con_answer){ .kind = CON_ANSWER };
	a->rc = serve(&k);
	if (k.fd >= 0)
		close(k.fd);
	if (send((int)fd, out, sizeof(*a) + a->len, MSG_NOSIGNAL) < 0)
		event_base_loopbreak(base);
}

/* ---- the process ---- */

int console_serve(struct event_base *b, int sock, int events)
{
	struct event *ev = event_new(b, sock, EV_READ | EV_PERSIST, on_call, NULL);

	base = b;
	daemon_fd = sock;
	return !ev || event_add(ev, NULL) < 0 ? -ENOMEM : ports_init(b, events);
}

/* What the above, libevent and the C library call; everything else is refused. */
static const int syscalls[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg,
	SYS_close, SYS_fstat, SYS_newfstatat, SYS_mmap, SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise,
	SYS_mprotect, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_poll, SYS_clock_gettime,
	SYS_gettimeofday, SYS_futex, SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction,
	SYS_getrandom, SYS_getpid, SYS_gettid, SYS_tgkill, SYS_sched_yield, SYS_sigaltstack,
};

static int process(void *arg, int fd)
{
	const struct console_process *self = arg;
	struct event_base *b = event_base_new();
	int rc = b ? console_serve(b, fd, self->events) : -ENOMEM;

	if (!rc)
		rc = proc_allow(syscalls, sizeof(syscalls) / sizeof(syscalls[0]), HV_EVTCHN_NOTIFY);
	if (rc) {
		log_err("consoles cannot start: %s", strerror(-rc));
		return rc;
	}
	event_base_dispatch(b);
	return 0;
}

int console_process_start(struct console_process *p, pid_t *pid, int *calls_fd, struct error *err)
{
	const struct proc_rights rights = {
		.name = "xend-console",	/* moves what guests write and people type: no rights at all */
		.user = "nobody",
		.root = p->folder,
		.messages = 1,
		.max_files = 65536,	/* a log and a pty a guest, a socket for each who is attached */
	};
	const int keep[] = { p->events, p->lock };

	tzset();	/* the times of logs are local: the zone's file is not seen later */
	return proc_fork_confined(&rights, keep, 2, process, p, pid, calls_fd, err);
}
