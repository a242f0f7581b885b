/* SPDX-License-Identifier: MIT */
/*
 * Making a domain: straight-line code for a worker.  It tells the daemon each thing it took as soon as it has
 * it ("loop", "domid", "kernel"), so that whatever happens to the worker the daemon can give it back.
 */
#ifndef DAEMON_CREATE_H
#define DAEMON_CREATE_H

#include <jansson.h>

#include "build/image.h"
#include "daemon/guest.h"

#define CREATE_SLACK_KIB 1024u	/* above maxmem, for what a guest takes beside its own memory */

struct create_job {
	struct guest *g;
	const struct image *kernel;	/* unpacked before, or NULL */
};

/* The work() of a worker; arg is a struct create_job. */
json_t *create_work(void *arg, struct error *err);

/* The memory that the host must have for it, the hypervisor's own included. */
uint64_t create_need_kib(const struct guest *g);

/* The CPUs that a set means: those named, and those of its nodes. */
void create_cpu_bytes(const struct guest_cpus *set, uint8_t bytes[GUEST_CPUS_MAX / 8]);

/* All that can be checked before anything is taken; run by create_work() and by dry runs. */
int create_check(const struct guest *g, struct error *err) __must_check;

#endif
