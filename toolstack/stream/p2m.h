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

struct p2m_page {
	uint64_t pfn;
	xen_pfn_t mfn;
};

/* 64-bit guests.  The pages that have a frame, at most `limit`; the caller frees them. */
int p2m_read(domid_t domid, xen_pfn_t shared_info, uint64_t limit, struct p2m_page **pages, uint64_t *n,
	     struct error *err) __must_check;

#endif
