/* SPDX-License-Identifier: MIT */
/* The PV keyboard and pointer's page: a ring of 40-byte input events towards the guest. */
#ifndef ABI_IO_KBDIF_H
#define ABI_IO_KBDIF_H

#include "abi/types.h"

#define XENKBD_TYPE_MOTION	1
#define XENKBD_TYPE_RESERVED	2
#define XENKBD_TYPE_KEY		3
#define XENKBD_TYPE_POS		4
#define XENKBD_TYPE_MTOUCH	5

#define XENKBD_MT_EV_DOWN	0
#define XENKBD_MT_EV_UP		1
#define XENKBD_MT_EV_MOTION	2
#define XENKBD_MT_EV_SYN	3
#define XENKBD_MT_EV_SHAPE	4
#define XENKBD_MT_EV_ORIENT	5

struct xenkbd_motion {
	uint8_t type;
	int32_t rel_x, rel_y;
	int32_t rel_z;			/* wheel */
};

struct xenkbd_key {
	uint8_t type;
	uint8_t pressed;		/* 0: released */
	uint32_t keycode;		/* KEY_* and BTN_* of Linux */
};

struct xenkbd_position {
	uint8_t type;
	int32_t abs_x, abs_y;
	int32_t rel_z;
};

struct xenkbd_mtouch {
	uint8_t type;
	uint8_t event_type;		/* XENKBD_MT_EV_* */
	uint8_t contact_id;
	uint8_t reserved[5];
	union {
		struct {
			int32_t abs_x, abs_y;
		} pos;
		struct {
			uint32_t major, minor;
		} shape;
		int16_t orientation;
	} u;
};

#define XENKBD_IN_EVENT_SIZE	40

union xenkbd_in_event {
	uint8_t type;			/* XENKBD_TYPE_* */
	struct xenkbd_motion motion;
	struct xenkbd_key key;
	struct xenkbd_position pos;
	struct xenkbd_mtouch mtouch;
	char pad[XENKBD_IN_EVENT_SIZE];
};

#define XENKBD_OUT_EVENT_SIZE	40

union xenkbd_out_event {
	uint8_t type;
	char pad[XENKBD_OUT_EVENT_SIZE];
};

#define XENKBD_IN_RING_SIZE	2048
#define XENKBD_IN_RING_LEN	(XENKBD_IN_RING_SIZE / XENKBD_IN_EVENT_SIZE)
#define XENKBD_IN_RING_OFFS	1024	/* in the page */
#define XENKBD_OUT_RING_SIZE	1024
#define XENKBD_OUT_RING_LEN	(XENKBD_OUT_RING_SIZE / XENKBD_OUT_EVENT_SIZE)
#define XENKBD_OUT_RING_OFFS	(XENKBD_IN_RING_OFFS + XENKBD_IN_RING_SIZE)

struct xenkbd_page {
	uint32_t in_cons, in_prod;
	uint32_t out_cons, out_prod;
};

_Static_assert(sizeof(union xenkbd_in_event) == XENKBD_IN_EVENT_SIZE, "fixed size");

#endif
