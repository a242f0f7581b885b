/* SPDX-License-Identifier: MIT */
/*
 * Blocks of cleared frames for a domain. Clearing 2 MiB takes too long to be done in one go, so blocks are cleared a
 * few pages at a time and kept with the domain, uncharged, until they are whole. Whoever asks for one like it, from any
 * vCPU, goes on where the last one left off.
 */
#ifndef DOMAIN_EXTENT_H
#define DOMAIN_EXTENT_H

#include "domain/domain.h"

#define EXTENT_ORDER_MAX	9u	/* 2 MiB: the largest block that anybody gets */

struct extent {				/* for extent.c, and for who counts frames */
	struct extent *next;
	struct frame *first;
	u32 order, memflags;
	u32 cleared;			/* pages, from the first on */
};

/* A cleared block for d, owned by nobody yet. -ENOMEM; -ERESTART: call again when other work is done. */
int extent_get(struct domain *d, u32 order, u32 memflags, struct frame **f);

/* Sees to it that `count` cleared blocks are kept for d. -ENOMEM, -ERESTART. */
int extents_prepare(struct domain *d, u32 order, u32 memflags, u32 count);
/* One of them. -ERESTART if another vCPU was quicker, -ENOMEM if the domain is going. */
int extent_take(struct domain *d, u32 order, u32 memflags, struct frame **f);
/* Frees all that are kept; -ERESTART for more. */
int extents_drop(struct domain *d);

#endif
