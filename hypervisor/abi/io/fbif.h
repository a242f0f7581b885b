/* SPDX-License-Identifier: MIT */
/* The PV framebuffer's page: two rings of 40-byte events, and where the guest's picture lies. */
#ifndef ABI_IO_FBIF_H
#define ABI_IO_FBIF_H

#include "abi/types.h"

/* Frontend to backend. */
#define XENFB_TYPE_UPDATE	2
#define XENFB_TYPE_RESIZE	3

struct xenfb_update {
	uint8_t type;			/* XENFB_TYPE_UPDATE */
	int32_t x, y;			/* the rectangle that changed */
	int32_t width, height;
};

struct xenfb_resize {
	uint8_t type;			/* XENFB_TYPE_RESIZE */
	int32_t width, height;		/* pixels */
	int32_t stride;			/* bytes a line */
	int32_t depth;			/* bits a pixel */
	int32_t offset;			/* of the picture in the framebuffer, bytes */
};

#define XENFB_OUT_EVENT_SIZE	40

union xenfb_out_event {
	uint8_t type;
	struct xenfb_update update;
	struct xenfb_resize resize;
	char pad[XENFB_OUT_EVENT_SIZE];
};

/* Backend to frontend. */
#define XENFB_TYPE_REFRESH_PERIOD	1
#define XENFB_NO_REFRESH		0

struct xenfb_refresh_period {
	uint8_t type;			/* XENFB_TYPE_REFRESH_PERIOD */
	uint32_t period;		/* ms, XENFB_NO_REFRESH: nobody looks */
};

#define XENFB_IN_EVENT_SIZE	40

union xenfb_in_event {
	uint8_t type;
	struct xenfb_refresh_period refresh_period;
	char pad[XENFB_IN_EVENT_SIZE];
};

#define XENFB_IN_RING_SIZE	1024
#define XENFB_IN_RING_LEN	(XENFB_IN_RING_SIZE / XENFB_IN_EVENT_SIZE)
#define XENFB_IN_RING_OFFS	1024	/* in the page */
#define XENFB_OUT_RING_SIZE	2048
#define XENFB_OUT_RING_LEN	(XENFB_OUT_RING_SIZE / XENFB_OUT_EVENT_SIZE)
#define XENFB_OUT_RING_OFFS	(XENFB_IN_RING_OFFS + XENFB_IN_RING_SIZE)

struct xenfb_page {
	uint32_t in_cons, in_prod;
	uint32_t out_cons, out_prod;
	int32_t width;			/* pixels */
	int32_t height;
	uint32_t line_length;		/* bytes a line */
	uint32_t mem_length;		/* bytes of the framebuffer */
	uint8_t depth;			/* bits a pixel */
	uint64_t pd[256];		/* frames that list the framebuffer's frames */
};

_Static_assert(sizeof(union xenfb_out_event) == XENFB_OUT_EVENT_SIZE, "fixed size");
_Static_assert(sizeof(union xenfb_in_event) == XENFB_IN_EVENT_SIZE, "fixed size");
_Static_assert(offsetof(struct xenfb_page, pd) == 40, "indices and geometry before it");

#endif
