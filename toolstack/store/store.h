/* SPDX-License-Identifier: MIT */
/*
 * The xenstore, as a library: what the daemon needs to serve the store, and to use it itself without a
 * socket.
 *
 * One store lives in one thread, on one libevent base. Guests speak over a shared ring page, tools over a
 * Unix socket; both are served a few requests at a time, in turn. Everything that must outlive the process is
 * in the journal before any answer leaves, so the process may be killed at any instant: store_new() finds
 * tree, domain connections with their half-sent messages, watches and open transactions, and goes on.
 *
 * Results are 0 or -errno. Paths are absolute. Nothing here blocks.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/perm.h"

struct event_base;
struct store;
struct store_watch;

/* What the store needs from whoever knows the hypervisor. All of them answer at once. */
struct store_ring_ops {
	/*
	 * Map the ring page of domid and bind its event channel. gfn and port are what INTRODUCE carried; for
	 * domain 0 they are what the caller of store_introduce() gave. Also called by store_start() for each
	 * connection that the journal holds: the same domain, gfn and port, to be mapped and bound anew.
	 * *page receives the page. Fails with -errno; the domain then is not (or no longer) introduced.
	 */
	int (*open)(void *ctx, unsigned int domid, uint64_t gfn, uint32_t port, void **page);

	/* The store is done with the page: unmap it, unbind the channel. */
	void (*close)(void *ctx, unsigned int domid, void *page);

	/* Signal the domain's event channel. */
	void (*notify)(void *ctx, unsigned int domid);

	/* INTRODUCE, RELEASE or RESUME came from a client (not from the calls below). May be NULL. */
	void (*told)(void *ctx, unsigned int domid, const char *request);
};

/* Limits of one unprivileged domain; 0 takes the default. */
struct store_limits {
	unsigned int nodes;		/* 1000 */
	unsigned int node_bytes;	/* 2048: value and permissions of one node */
	unsigned int perms;		/* 5 entries a node */
	unsigned int watches;		/* 128 */
	unsigned int transactions;	/* 10 open at once */
	unsigned int transaction_ops;	/* 1024 in one transaction */
	unsigned int events;		/* 1024 not yet fetched; beyond, one coarse event a watch */
	unsigned int memory_bytes;	/* 2.5 MiB of nodes, watches, transactions */
	unsigned int requests_per_s;	/* 20000, with a burst of as many */
};

/* Time, as the limits count it. Tests bring their own. */
struct store_clock {
	uint64_t (*now_ms)(void);	/* never goes back */
	uint64_t (*cpu_us)(void);	/* that this thread has used */
};

struct store_options {
	const char *journal;		/* file, made where absent; NULL: nothing is kept */
	const char *boot_id;		/* a journal of another boot is put aside; NULL: any will do */
	struct store_limits limits;
	const struct store_ring_ops *ring;	/* NULL: no domain can be introduced */
	void *ring_ctx;
	void (*log)(void *ctx, bool is_error, const char *message);	/* NULL: errors go to stderr */
	void *log_ctx;
	const struct store_clock *clock;	/* NULL: the system's */
};

/* Reads the journal. base may be NULL (tests); then nothing happens by itself, see store_turn(). */
int store_new(struct event_base *base, const struct store_options *opt, struct store **out);

/* Opens the rings of all domains that were introduced before the restart. Once, when ring_ops can work. */
void store_start(struct store *s);

/* Closes sockets and rings; domains stay introduced in the journal. */
void store_free(struct store *s);

/* Serves a Unix socket (made with mode 0600, an old one is replaced). Clients have domain 0's rights. */
int store_listen(struct store *s, const char *path);
/* Binds the socket for store_listen_on(), which serves it: in two processes, if need be. */
int store_socket(const char *path);
int store_listen_on(struct store *s, int fd);

/* One round of serving everybody; the event base calls it when there is work. True where some is left. */
bool store_turn(struct store *s);

/* ---- domains ---- */

/* Connects a domain by its ring (domain 0 too: gfn and port are handed to ring_ops->open as they are). */
int store_introduce(struct store *s, unsigned int domid, uint64_t gfn, uint32_t port);

/* Disconnects it. Its nodes stay. */
int store_release(struct store *s, unsigned int domid);
bool store_is_introduced(const struct store *s, unsigned int domid);

/* Its event channel fired. */
void store_kick(struct store *s, unsigned int domid);

/* The domain shut down or crashed: @releaseDomain, once until store_resume(). */
void store_domain_shutdown(struct store *s, unsigned int domid);
int store_resume(struct store *s, unsigned int domid);

/*
 * The hypervisor no longer has the domain: disconnect it, remove all nodes it owns and its name from the
 * permissions of others. Must come before the id is used again.
 */
void store_domain_gone(struct store *s, unsigned int domid);

/* domid gets the rights of target; target == domid takes them back. */
int store_set_target(struct store *s, unsigned int domid, unsigned int target);

/* Every domain the store knows (connected, or named by a node), for comparing with the hypervisor. */
void store_each_domain(struct store *s, void (*fn)(void *ctx, unsigned int domid, bool introduced),
		       void *ctx);

/* ---- direct use by the daemon, with domain 0's rights ---- */

#define STORE_TX_NONE	0u

/* The value, NUL-terminated for convenience; the caller frees it. len may be NULL. */
int store_read(struct store *s, uint32_t tx, const char *path, char **value, size_t *len);
int store_write(struct store *s, uint32_t tx, const char *path, const void *value, size_t len);
int store_mkdir(struct store *s, uint32_t tx, const char *path);

/* 0 also where there was no such node but its parent exists; -ENOENT otherwise. */
int store_rm(struct store *s, uint32_t tx, const char *path);

int store_set_perms(struct store *s, uint32_t tx, const char *path, const struct store_perm *perms,
		    unsigned int n);

/*
 * A transaction. It conflicts (-EAGAIN from commit) only if others ran in between, i.e. across store_turn().
 */
int store_tx_start(struct store *s, uint32_t *tx);
int store_tx_commit(struct store *s, uint32_t tx);
void store_tx_abort(struct store *s, uint32_t tx);

/*
 * Calls fn from the event loop, never from within another call, for each change at or below path (or for
 * "@introduceDomain", "@releaseDomain"), and once at the start. fn may use the whole interface,
 * store_unwatch() of this very watch included.
 */
typedef void store_watch_fn(void *ctx, const char *path);
int store_watch(struct store *s, const char *path, store_watch_fn *fn, void *ctx, struct store_watch **out);
void store_unwatch(struct store *s, struct store_watch *w);

/* ---- observation ---- */

struct store_stats {
	uint64_t requests, events, commits, conflicts;
	unsigned int nodes, watches, connections, transactions;
	uint64_t journal_bytes;
};

void store_stats(const struct store *s, struct store_stats *st);

/* What one domain uses at present. */
struct store_usage {
	unsigned int nodes, watches, transactions;
	size_t memory_bytes;
};

void store_usage(const struct store *s, unsigned int domid, struct store_usage *u);

/* Recounts everything from the tree; complains to the log. 0, or the number of faults found. */
int store_check(struct store *s);

#endif
