/* SPDX-License-Identifier: MIT */
/*
 * The daemon's use of the store, which lives in a process of its own without rights (xs_process.h).  A call
 * is one message there and one back; it waits for the answer, which that process, never blocking, gives at
 * once.  Results are 0 or -errno, as those of store/store.h, whose contracts hold here too.
 *
 * If that process dies the daemon ends: started again, both find in their journals where they were.
 */
#ifndef DAEMON_XS_H
#define DAEMON_XS_H

#include "store/store.h"

#include "base/error.h"

int xs_init(struct error *err) __must_check;	/* before the door is opened */
int xs_begin(struct error *err) __must_check;	/* ... and after: rings are connected, clients served */
void xs_end(void);

int xs_introduce(unsigned int domid, uint64_t gfn, uint32_t port);
int xs_release(unsigned int domid);
bool xs_is_introduced(unsigned int domid);
void xs_domain_shutdown(unsigned int domid);
void xs_domain_gone(unsigned int domid);

int xs_read(uint32_t tx, const char *path, char **value);
int xs_write(uint32_t tx, const char *path, const void *value, size_t len);
int xs_printf(uint32_t tx, const char *path, const char *fmt, ...) __printf_like(3, 4);
int xs_mkdir(uint32_t tx, const char *path);
int xs_rm(uint32_t tx, const char *path);
int xs_set_perms(uint32_t tx, const char *path, const struct store_perm *perms, unsigned int n);
int xs_tx_start(uint32_t *tx);
int xs_tx_commit(uint32_t tx);
void xs_tx_abort(uint32_t tx);

/* One watch; fn is called from the event loop, never from within a call. */
int xs_watch(const char *path, store_watch_fn *fn, void *ctx);
int xs_stats(struct store_stats *st);

#endif
