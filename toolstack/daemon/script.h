/* SPDX-License-Identifier: MIT */
/*
 * Administrators' own scripts for disks and nets, called as Xen calls them (xend(8) says how).  They run beside the
 * event loop: in a process group of their own, for a limited time; what they say goes to the log.
 */
#ifndef DAEMON_SCRIPT_H
#define DAEMON_SCRIPT_H

#include "daemon/device.h"

struct script;

/* err: NULL if all went well, else of the form "SCRIPT: failed with status 3". Guest and device are there still. */
typedef void script_done_fn(struct guest *g, enum device_kind kind, size_t i, const struct error *err);

/* The script of a device; NULL: the daemon does it. */
const char *script_of(const struct guest *g, enum device_kind kind, size_t i);
/* Could it be run, and can nobody but root change what it does? */
int script_check(const char *path, struct error *err) __must_check;

/*
 * Call it with this word, `after_s` from now.  It becomes the device's `script` until done() is called, from the
 * event loop and never from here.  -ENOMEM: it will not be.
 */
int script_start(struct guest *g, enum device_kind kind, size_t i, const char *word, unsigned int after_s,
		 script_done_fn *done) __must_check;
/* There is nothing to wait for any more. */
void script_now(struct script *s);
/* End it, with all that it started; done() follows. */
void script_kill(struct script *s);

#endif
