/* SPDX-License-Identifier: MIT */
/*
 * The insides of struct store and of its connections, shared by the files of this folder only. All of it
 * belongs to the one thread that runs the event base; there are no locks.
 *
 * A round (store_turn) is: serve some requests of every connection that has any; write what changed to the
 * journal; only then let answers out. Nobody is told of anything that a kill could still undo.
 */
#ifndef STORE_CORE_H
#define STORE_CORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store/path.h"
#include "store/perm.h"
#include "store/store.h"
#include "store/strmap.h"
#include "store/tree.h"
#include "store/wire.h"

struct event;
struct journal;
struct conn;
struct txn;

/* The two paths that name events; their permissions say which domains may see them. */
enum { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIAL_COUNT };

/*
 * A domain the store has heard of, and what it uses. Made when first named, freed when nothing refers to it.
 */
struct domain {
	TAILQ_ENTRY(domain) all;
	unsigned int domid;
	unsigned int target;
	bool introduced;
	bool shutdown;		/* @releaseDomain was sent for its shutdown */
	uint64_t gfn;
	uint32_t port;
	struct conn *conn;	/* the ring, while introduced */
	unsigned int conns;	/* that point here, dying ones included */
	unsigned int nodes, perm_entries, watches, txns;
	size_t bytes;
};

struct outmsg {
	TAILQ_ENTRY(outmsg) link;
	size_t len, sent;
	unsigned int events;
	char data[];
};
TAILQ_HEAD(outmsg_list, outmsg);
TAILQ_HEAD(watch_list, store_watch);
TAILQ_HEAD(txn_list, txn);
TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(domain_list, domain);
TAILQ_HEAD(local_event_list, local_event);

enum conn_kind { CONN_LOCAL, CONN_SOCKET, CONN_RING };

struct conn_io {
	void (*fill)(struct conn *c);		/* append what has arrived to the input */
	/* after the journal is written: acknowledge input, send output */
	void (*flush)(struct conn *c);
	/* the client broke the protocol: XENSTORE_ERROR_* */
	void (*broken)(struct conn *c, unsigned int why);
	void (*destroy)(struct conn *c);	/* release the transport and the memory of c */
};

struct conn {
	TAILQ_ENTRY(conn) all, ready, dirty;
	struct store *s;
	enum conn_kind kind;
	const struct conn_io *io;
	struct actor who;
	struct domain *dom;
	bool is_ready, is_dirty;
	bool stalled;			/* not served until answers have been fetched */
	bool waiting;			/* not served until time has passed */
	bool dead;			/* to be destroyed at the end of the round */

	char *in;			/* in_len bytes arrived, of which in_off are done with */
	size_t in_off, in_len;

	struct outmsg_list out;
	size_t reply_bytes;		/* of answers in out: no further request is served above a limit */
	unsigned int events;		/* watch events in out */
	unsigned int coarse;		/* watches whose events wait for room */

	struct watch_list watches;
	struct txn_list txns;
	uint32_t last_txid;
	int64_t tokens;			/* what it may still cost, in thousandths of a request */
	uint64_t tokens_ms;		/* when it was last given some */
	unsigned int conflicts;		/* commits in a row that had to be repeated */
};

struct store {
	struct store_options opt;
	struct event_base *base;
	struct event *turn_event, *retry_event;
	uint64_t retry_ms;		/* when the latter is due */
	struct tree live;
	uint64_t gen;
	struct domain *domains[STORE_DOMID_LIMIT];	/* by id */
	struct domain_list known;
	struct strmap watches;		/* path -> struct watch_list */
	unsigned int nwatches;
	struct perms *special[SPECIAL_COUNT];
	struct conn_list conns, ready, dirty;
	struct conn *local;		/* the daemon's own connection */
	struct local_event_list local_events;
	struct journal *journal;
	struct conn *quiet;		/* is let alone by the unprivileged, */
	uint64_t quiet_ms;		/* until then at most */
	unsigned int busy;		/* > 0 while a request runs: no journal write from within */
	bool loading;			/* the journal is being read: nothing is mapped, nobody is told */
	struct sock_listener *listener;
	struct store_stats stats;
};

/* ---- quota.c: domains and what they use ---- */

extern const struct store_clock store_system_clock;
struct domain *store_quota_find(const struct store *s, unsigned int domid);
struct domain *store_quota_get(struct store *s, unsigned int domid);
void store_quota_drop(struct store *s, struct domain *d);	/* frees it where nothing refers to it */
void store_quota_account(void *store, const struct node *n, int sign);
void store_quota_bytes(struct conn *c, long delta);

/* May c add that many nodes, to the one it uses already and those its transaction made? 0 or -ENOSPC. */
int store_quota_nodes(const struct conn *c, unsigned int more);
int store_quota_node_size(const struct conn *c, size_t value_len, unsigned int nperms);
bool store_quota_memory_ok(const struct conn *c);
/* May the client be served now? Where not, *wait_ms says when to ask again. */
bool store_quota_may_run(struct conn *c, unsigned int *wait_ms);
/* Charges it for some requests and the CPU time they took since store_quota_clock(). */
uint64_t store_quota_clock(const struct conn *c);
void store_quota_charge(struct conn *c, unsigned int requests, uint64_t since_us);
/*
 * A privileged client whose commits keep failing is let alone for a moment: from the start of its next try to
 * its end no unprivileged client is served, so that no guest can hold up the toolstack by writing all the
 * time.
 */
void store_quota_quiet(struct conn *c, bool on);

/* ---- conn.c ---- */

#define CONN_IN_MAX	(2 * STORE_MSG_MAX)

void store_conn_init(struct conn *c, struct store *s, enum conn_kind kind, const struct conn_io *io,
		     unsigned int domid);
void store_conn_reset(struct conn *c);		/* forget watches, transactions, input, output */
void store_conn_kill(struct conn *c);		/* destroyed at the end of the round */
void store_conn_ready(struct conn *c);
void store_conn_dirty(struct conn *c);
void store_conn_send(struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id, const void *data,
		     size_t len);
void store_conn_event(struct conn *c, const char *path, const char *token);
/* Whether one more event may be queued. */
bool store_conn_event_room(const struct conn *c);
void store_conn_queue_raw(struct conn *c, const void *data, size_t len);
/* The first n bytes of output are gone. */
void store_conn_sent(struct conn *c, size_t n);
/* Serves some requests. True where more could be served at once. */
bool store_conn_serve(struct conn *c);
bool store_conn_reap(struct store *s);
void store_wake(struct store *s);
void store_wake_in(struct store *s, unsigned int ms);
void store_log(const struct store *s, bool is_error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- watch.c ---- */

struct store_watch {
	TAILQ_ENTRY(store_watch) by_path, by_conn;
	struct conn *c;
	char *path, *token;
	size_t strip;		/* bytes to cut from an event's path: the client gave a relative one */
	int depth;		/* levels below path that count; -1: all */
	bool coarse;		/* an event is due once there is room */
	store_watch_fn *fn;	/* of the daemon's own watches */
	void *ctx;
};

struct local_event {
	TAILQ_ENTRY(local_event) link;
	struct store_watch *w;
	char path[];
};

/*
 * 0, -EEXIST, -E2BIG (quota), -EINVAL. given is what the client sent. No first event: see
 * store_watch_first().
 */
int store_watch_add(struct conn *c, const char *given, const char *token, int depth,
		    struct store_watch **out);
int store_watch_del(struct conn *c, const char *given, const char *token);
struct store_watch *store_watch_find(const struct conn *c, const char *path, const char *token);
void store_watch_free(struct store_watch *w);
void store_watch_hold(struct store_watch *w);	/* its next event is coarse, and due */
void store_watch_first(struct store_watch *w);
void store_watch_drop_all(struct conn *c);
void store_watch_coarse(struct conn *c);	/* sends what was held back, as far as there is room */

/* path changed; n is the node (before its removal, where it was removed), old permissions it had before. */
void store_watch_fire(struct store *s, const char *path, const struct node *n, const struct node *parent,
		      const struct perms *old);
/* n and all below it are gone: path for those above, and each watch below by its own path. */
void store_watch_fire_removed(struct store *s, const char *path, struct node *n, struct node *parent);
void store_watch_fire_special(struct store *s, unsigned int which, unsigned int domid);
bool store_watch_deliver_local(struct store *s);

/* ---- ops.c: what a client may do to nodes: permission, quota, transaction, journal, watches ---- */

int store_op_special(const char *path);		/* index of a special path, or -ENOENT */
int store_op_node(struct conn *c, uint32_t txid, const char *path, unsigned int need, struct node **n);
int store_op_change(struct conn *c, uint32_t txid, struct op *op);
int store_op_set_special(struct conn *c, int which, const struct store_perm *p, unsigned int n);

/* ---- txn.c ---- */

enum txn_access { TXN_ANCHOR = 1, TXN_FULL = 2 };

struct txn {
	TAILQ_ENTRY(txn) link;
	struct conn *c;
	uint32_t id;
	bool doomed;		/* rebuilt after a restart: commit answers -EAGAIN */
	struct tree tree;	/* what the transaction sees */
	struct node *base;	/* what everybody saw when it started */
	struct strmap access;	/* path -> enum txn_access */
	TAILQ_HEAD(, txn_path) paths;
	TAILQ_HEAD(, txn_op) ops;
	unsigned int npaths, nops, created;
	size_t bytes;
};

struct txn_path {
	TAILQ_ENTRY(txn_path) link;
	void **kind;
	char path[];
};

struct txn_op {
	TAILQ_ENTRY(txn_op) link;
	struct op op;
	char bytes[];
};

int store_txn_start(struct conn *c, uint32_t *id);
struct txn *store_txn_restore(struct conn *c, uint32_t id);
struct txn *store_txn_find(const struct conn *c, uint32_t id);
int store_txn_touch(struct txn *tx, const char *path, enum txn_access kind);
int store_txn_log(struct txn *tx, const struct op *op);
int store_txn_end(struct txn *tx, bool commit);
void store_txn_drop_all(struct conn *c);
/* Performs one change on the live tree: journal, tree. Events are the caller's. */
int store_txn_perform(struct store *s, const struct op *op);
/* OP_RM, and those who watch are told, while the nodes are still known.  -ENOENT for what is not there. */
int store_txn_remove(struct store *s, const struct op *op);
/* ... are told of another change, after it; old are the permissions that the node had, if it was there. */
void store_txn_tell(struct store *s, const char *path, const struct perms *old);

/* ---- request.c ---- */

void store_request_run(struct conn *c, const struct xsd_sockmsg *hdr, char *body);

/* ---- ring.c ---- */

int store_ring_attach(struct store *s, struct domain *d, bool fresh);
void store_ring_detach(struct domain *d);
struct conn *store_ring_new(struct store *s, struct domain *d);
void store_ring_set_index(struct conn *c, uint32_t in, uint32_t out);
void store_ring_get_index(const struct conn *c, uint32_t *in, uint32_t *out);
void store_ring_restore_done(struct conn *c, uint32_t in);
void store_ring_restore_part(struct conn *c, const void *data, size_t len);
void store_ring_restore_out(struct conn *c, const void *data, size_t len);
size_t store_ring_part(const struct conn *c, const char **data);
void store_ring_consumed(struct conn *c, size_t len);

/* ---- socket.c ---- */

void store_sock_close(struct store *s);

/* ---- domain.c ---- */

int store_domain_introduce(struct store *s, unsigned int domid, uint64_t gfn, uint32_t port);
int store_domain_release(struct store *s, unsigned int domid);
int store_domain_set_target(struct store *s, unsigned int domid, unsigned int target);
void store_domain_purge(struct store *s, unsigned int domid);

#endif
