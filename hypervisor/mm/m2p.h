/* SPDX-License-Identifier: MIT */
/*
 * The machine-to-physical table: for each frame its number in its owner's pseudo-physical space. Guests read it
 * (slot 256); only m2p_set writes it, through the hypervisor's own writable mapping. Plain 8-byte stores, no lock.
 */
#ifndef MM_M2P_H
#define MM_M2P_H

#include "lib/typesafe.h"

#define M2P_INVALID	(~0ul)

extern u64 *m2p_table;		/* writable alias */
extern u64 m2p_entries;		/* how many entries exist: frame_max rounded up to a page */

/* The machine frame behind the n-th 2 MiB of the table, 0 if nothing is there. */
u64 m2p_extent_mfn(u64 n);

static inline void m2p_set(mfn_t m, u64 pfn)
{
	m2p_table[mfn_x(m)] = pfn;
}

static inline u64 m2p_get(mfn_t m)
{
	return m2p_table[mfn_x(m)];
}

#endif
