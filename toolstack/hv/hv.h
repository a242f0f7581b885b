/* SPDX-License-Identifier: MIT */
/*
 * The door to the hypervisor: the only code of the toolstack that opens /dev/xen/.  Everything above
 * talks through these functions, whose results are 0 (or a value) and -errno.  fake.c is the same door
 * over a model in memory, chosen when a program is linked.
 *
 * A process opens the door once.  A forked child that wants it calls hv_reopen(): the parent's
 * descriptors and buffers are the parent's.  One thread a process; no locks.
 */
#ifndef HV_HV_H
#define HV_HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/xen.h"
#include "base/error.h"

#define HV_PAGE_SIZE 4096u
#define HV_PAGE_SHIFT 12

int hv_open(struct error *err) __must_check;
int hv_reopen(struct error *err) __must_check;
void hv_close(void);

/* A hypercall; pointers among the arguments must come from hv_buf_get(). */
int64_t hv_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

/*
 * Memory that the hypervisor may read and write: never paged, never moved.  Given back in reverse
 * order of taking; NULL without memory.  Small sizes come from an arena and cost nothing.
 */
void *hv_buf_get(size_t bytes);
void hv_buf_put(void *buf, size_t bytes);

/* Map n frames of a domain side by side.  errs[n] may be NULL: then all must succeed. */
void *hv_map_foreign(domid_t domid, const xen_pfn_t *frames, size_t n, bool write, int *errs);
/* Map frames of a resource (XENMEM_resource_*). */
void *hv_map_resource(domid_t domid, uint32_t type, uint32_t id, uint32_t frame, size_t n);
void hv_unmap(void *addr, size_t n_pages);

/* Event channels: a descriptor that becomes readable when one of its ports fires. */
int hv_evtchn_open(void);
int hv_evtchn_bind_interdomain(int fd, domid_t domid, evtchn_port_t remote);	/* local port */
int hv_evtchn_bind_virq(int fd, unsigned int virq);				/* local port */
int hv_evtchn_unbind(int fd, evtchn_port_t port);
int hv_evtchn_notify(int fd, evtchn_port_t port);
int hv_evtchn_pending(int fd, evtchn_port_t *ports, size_t max);	/* how many; they are masked now */
int hv_evtchn_unmask(int fd, evtchn_port_t port);
#define HV_EVTCHN_NOTIFY 0x44504u	/* the ioctl of hv_evtchn_notify(), for those who filter system calls */

/* One page that a guest granted to dom0. */
void *hv_grant_map(domid_t domid, grant_ref_t ref);
void hv_grant_unmap(void *page);

/* For another process: a descriptor that gives this one page, mapped from *offset on. -errno without it. */
int hv_grant_offer(domid_t domid, grant_ref_t ref, uint64_t *offset);

/* The store ring of dom0's own kernel. */
int hv_xenbus_map(void **page, evtchn_port_t *port);

#endif
