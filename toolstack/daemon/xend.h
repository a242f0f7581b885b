/* SPDX-License-Identifier: MIT */
/*
 * xend as a whole: one process, one event loop, one thread.  Whatever may take long runs in a worker process
 * (worker.h); the rest answers at once.  What every module needs of the others' common ground stands here.
 */
#ifndef DAEMON_XEND_H
#define DAEMON_XEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

struct event_base;

/* Set at start from /etc/xend.conf and the command line; constant afterwards. */
struct xend_settings {
	const char *run_dir;		/* /run/xend: socket, journal of running guests, store */
	const char *state_dir;		/* /var/lib/xend: definitions */
	const char *log_dir;		/* /var/log/xend */
	const char *store_socket;	/* /run/xenstored/socket */
	const char *group;		/* members may use the socket */
	bool operate;			/* ... and start, stop and change guests */
	bool network;			/* keep the default network */
	char bridge[16];		/* its bridge */
	char subnet[32];		/* its address and prefix: "10.188.0.1/24" */
	uint64_t dom0_floor_kib;	/* dom0 gives up memory for guests down to this; 0: never */
	uint32_t dump_keep;		/* crash dumps kept */
	uint32_t script_timeout_s;	/* for a script of a device */
};

struct xend {
	struct event_base *base;
	struct xend_settings set;
	uint64_t started_ns;
	int lock_fd;			/* held while this daemon lives, or a process of its own that serves guests */
	bool stopping;
	bool host_stops;		/* guests are shut down for good: none is started again */
};
extern struct xend xend;

/* The process of ours that serves `who` is of no use any more: the daemon ends, unless it does so anyway. */
void xend_lost(const char *who, const char *what);
/* RUN_DIR/private/NAME, in which nobody but root can look: to be a process' whole file system. */
int xend_private_folder(const char *name, char *path, size_t size, struct error *err) __must_check;
uint64_t xend_now_ns(void);		/* CLOCK_BOOTTIME */
int xend_settings_load(const char *path, struct error *err) __must_check;

#endif
