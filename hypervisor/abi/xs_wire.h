/* SPDX-License-Identifier: MIT */
/*
 * The xenstore wire protocol: a header and a payload, the same on a socket and in the ring page that a domain
 * shares with the store. The ring's indices run freely; the page is guest-owned, so a server reads each index
 * once and rejects producer - consumer > XENSTORE_RING_SIZE.
 */
#ifndef ABI_XS_WIRE_H
#define ABI_XS_WIRE_H

#include "abi/types.h"

enum xsd_sockmsg_type {
	XS_CONTROL,
	XS_DIRECTORY,
	XS_READ,
	XS_GET_PERMS,
	XS_WATCH,
	XS_UNWATCH,
	XS_TRANSACTION_START,
	XS_TRANSACTION_END,
	XS_INTRODUCE,
	XS_RELEASE,
	XS_GET_DOMAIN_PATH,
	XS_WRITE,
	XS_MKDIR,
	XS_RM,
	XS_SET_PERMS,
	XS_WATCH_EVENT,
	XS_ERROR,
	XS_IS_DOMAIN_INTRODUCED,
	XS_RESUME,
	XS_SET_TARGET,
	XS_RESET_WATCHES = 21,		/* 20 was once XS_RESTRICT */
	XS_DIRECTORY_PART,
	XS_TYPE_COUNT,
	XS_INVALID = 0xffff,
};

#define XS_DEBUG	XS_CONTROL

#define XS_WRITE_NONE		"NONE"
#define XS_WRITE_CREATE		"CREATE"
#define XS_WRITE_CREATE_EXCL	"CREATE|EXCL"

struct xsd_sockmsg {
	uint32_t type;			/* enum xsd_sockmsg_type */
	uint32_t req_id;		/* echoed in the answer */
	uint32_t tx_id;			/* transaction, 0 for none */
	uint32_t len;			/* bytes that follow, at most XENSTORE_PAYLOAD_MAX */
};

/* Strings of an XS_WATCH_EVENT, in this order. */
enum xs_watch_type {
	XS_WATCH_PATH = 0,
	XS_WATCH_TOKEN,
};

#define XENSTORE_RING_SIZE	1024	/* a power of two */
#define MASK_XENSTORE_IDX(idx)	((idx) & (XENSTORE_RING_SIZE - 1))

typedef uint32_t XENSTORE_RING_IDX;

struct xenstore_domain_interface {
	char req[XENSTORE_RING_SIZE];	/* domain to store */
	char rsp[XENSTORE_RING_SIZE];	/* store to domain */
	XENSTORE_RING_IDX req_cons, req_prod;
	XENSTORE_RING_IDX rsp_cons, rsp_prod;
	uint32_t server_features;	/* XENSTORE_SERVER_FEATURE_* */
	uint32_t connection;		/* XENSTORE_CONNECTED or _RECONNECT */
	uint32_t error;			/* XENSTORE_ERROR_* */
};

#define XENSTORE_PAYLOAD_MAX	4096
#define XENSTORE_ABS_PATH_MAX	3072
#define XENSTORE_REL_PATH_MAX	2048

#define XENSTORE_SERVER_FEATURE_RECONNECTION	1
#define XENSTORE_SERVER_FEATURE_ERROR		2

#define XENSTORE_CONNECTED	0
#define XENSTORE_RECONNECT	1

#define XENSTORE_ERROR_NONE	0
#define XENSTORE_ERROR_COMM	1
#define XENSTORE_ERROR_RINGIDX	2
#define XENSTORE_ERROR_PROTO	3

_Static_assert(XS_TYPE_COUNT == 23, "numbers are fixed");
_Static_assert(sizeof(struct xsd_sockmsg) == 16, "four words of 32 bits");
_Static_assert(sizeof(struct xenstore_domain_interface) == 2076, "two rings and seven words");

#endif
