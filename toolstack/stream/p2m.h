/* SPDX-License-Identifier: MIT */
/*
 * A PV guest's own list of its frames, as the tools read it: shared info points to a page of frame numbers of
 * pages of frame numbers of pages of the list.  All of it is the guest's word: what it names is mapped as the
 * guest's memory or not at all, and a list that makes no sense is an error.
 */
#ifndef STREAM_P2M_H
#define STREAM_P2M_H

#include "abi/types.h"
#include "base/error.h"

#define P2M_INVALID UINT64_MAX	/* no frame behind this pfn */

/* 64-bit guests.  *mfns has *n entries, one a pfn; the caller frees it. */
int p2m_read(domid_t domid, xen_pfn_t shared_info, xen_pfn_t **mfns, uint64_t *n,
	     struct error *err) __must_check;

#endif
