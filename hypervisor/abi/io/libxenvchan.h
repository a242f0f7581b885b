/* SPDX-License-Identifier: MIT */
/* The page of a vchan: a byte stream in each direction between two domains. */
#ifndef ABI_IO_LIBXENVCHAN_H
#define ABI_IO_LIBXENVCHAN_H

#include "abi/types.h"

struct ring_shared {
	uint32_t cons, prod;
};

#define VCHAN_NOTIFY_WRITE	0x1
#define VCHAN_NOTIFY_READ	0x2

struct vchan_interface {
	struct ring_shared left, right;		/* client to server, server to client */
	uint16_t left_order, right_order;	/* sizes as powers of two; 10 and 11 lie in this page */
	uint8_t cli_live, srv_live;		/* 0: gone, 1: there, 2: server waits for a client */
	uint8_t cli_notify, srv_notify;		/* VCHAN_NOTIFY_* */
	grant_ref_t grants[];			/* of the pages of both rings, left ones first */
};

_Static_assert(sizeof(struct vchan_interface) == 24, "grants follow");

#endif
