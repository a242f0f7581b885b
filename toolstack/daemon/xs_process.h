/* SPDX-License-Identifier: MIT */
/*
 * The process that is the xenstore: all that guests and tools write into their rings and sockets is parsed
 * there.  It is nobody, in a folder of its own as its whole file system, with no capability, and the system
 * calls of a list.  What it holds: that folder (the journal), the socket that tools connect to, the event
 * channels of the rings, and of each guest the one page that is its ring.
 */
#ifndef DAEMON_XS_PROCESS_H
#define DAEMON_XS_PROCESS_H

#include <sys/types.h>

#include "abi/types.h"
#include "base/error.h"

struct xs_process {
	int asks;			/* its end of the sockets of asks */
	int events;			/* event channels */
	int lock;			/* of the daemon's folder: no other daemon before we are gone */
	int listener;			/* the socket that tools connect to */
	void *dom0_page;		/* dom0's ring: mapped before, since that needs rights */
	const char *folder;
	char boot_id[64];
};

/* Its pid, and the daemon's end of the sockets of calls. */
int xs_process_start(struct xs_process *p, pid_t *pid, int *calls, struct error *err) __must_check;

#endif
