/* SPDX-License-Identifier: MIT */
/*
 * The shared ring of the split drivers: requests and responses take turns in one array of slots, whose number
 * is the largest power of two that fits the page. Indices run freely and are masked on use.
 *
 *	frontend writes req_prod, rsp_event;  backend writes rsp_prod, req_event.
 *	A side that has raised its producer index past the other's event index sends an event.
 *
 * Only the shared layout is described here; both private halves are their owners' business.
 */
#ifndef ABI_IO_RING_H
#define ABI_IO_RING_H

#include "abi/types.h"

typedef uint32_t RING_IDX;

/* Defines union NAME_sring_entry and struct NAME_sring. */
#define DEFINE_RING_TYPES(name, req_t, rsp_t)					\
	union name##_sring_entry {						\
		req_t req;							\
		rsp_t rsp;							\
	};									\
	struct name##_sring {							\
		RING_IDX req_prod, req_event;					\
		RING_IDX rsp_prod, rsp_event;					\
		uint8_t pvt[4];							\
		uint8_t __pad[44];						\
		union name##_sring_entry ring[1];	/* as many as fit */	\
	}

/* Largest power of two not above x, for constant x below 2^16. */
#define RING_FLOOR_POW2_2(x)	(((x) & 0x2) ? 0x2 : ((x) & 0x1))
#define RING_FLOOR_POW2_4(x)	(((x) & 0xc) ? RING_FLOOR_POW2_2((x) >> 2) << 2 : RING_FLOOR_POW2_2(x))
#define RING_FLOOR_POW2_8(x)	(((x) & 0xf0) ? RING_FLOOR_POW2_4((x) >> 4) << 4 : RING_FLOOR_POW2_4(x))
#define RING_FLOOR_POW2(x)	(((x) & 0xff00) ? RING_FLOOR_POW2_8((x) >> 8) << 8 : RING_FLOOR_POW2_8(x))

/* Slots of a ring that lies in `bytes` bytes. */
#define RING_SLOTS(name, bytes)							\
	RING_FLOOR_POW2(((bytes) - offsetof(struct name##_sring, ring)) /	\
			sizeof(union name##_sring_entry))

#endif
