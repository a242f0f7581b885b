/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls of the control interface, typed: one function an operation, arguments in our own types,
 * results 0 (or a value, where said) and -errno.  Layouts come from abi/; nobody else fills them.
 */
#ifndef HV_CALLS_H
#define HV_CALLS_H

#include "abi/event_channel.h"
#include "abi/memory.h"
#include "hv/hv.h"

/* ---- memory.c ---- */

/*
 * Give the domain n extents of 2^order frames.  frames[] holds the first pfn of each and receives the
 * first mfn of each.  Returns how many were given: fewer than n when memory ran out.
 */
int64_t hv_memory_populate(domid_t domid, xen_pfn_t *frames, size_t n, unsigned int order);
/* Set n_pages of the host's free memory aside for the domain; 0 gives back what is left of a claim. */
int hv_memory_claim(domid_t domid, uint64_t n_pages) __must_check;
/* The memory map that the guest asks for: one stretch of RAM from 0. */
int hv_memory_set_map(domid_t domid, uint64_t ram_bytes) __must_check;
int hv_mmuext_pin(domid_t domid, unsigned int op, xen_pfn_t mfn) __must_check;
/* A port of domid that dom0 may bind. */
int hv_evtchn_alloc(domid_t domid, domid_t remote, evtchn_port_t *port) __must_check;

/* XENVER_*: answers of xen_version as text and numbers. */
struct hv_version {
	unsigned int major, minor;
	char extra[16];
	char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
	char capabilities[1024];
	char changeset[64];
	char commandline[1024];
	char build_id[64];		/* hexadecimal */
	uint64_t virt_start;
	unsigned int page_size;
};
int hv_version(struct hv_version *v) __must_check;

#endif
