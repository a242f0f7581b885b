/* SPDX-License-Identifier: MIT */
/*
 * Network device rings, one for each direction. A packet is a chain of slots, held together by the more_data
 * flags; slots of extra information may follow the first.
 */
#ifndef ABI_IO_NETIF_H
#define ABI_IO_NETIF_H

#include "abi/types.h"
#include "abi/io/ring.h"

#define XEN_NETIF_NR_SLOTS_MIN		18
#define XEN_NETIF_MAX_TX_SIZE		0xFFFF

#define _NETTXF_csum_blank		0
#define NETTXF_csum_blank		(1U << _NETTXF_csum_blank)
#define _NETTXF_data_validated		1
#define NETTXF_data_validated		(1U << _NETTXF_data_validated)
#define _NETTXF_more_data		2
#define NETTXF_more_data		(1U << _NETTXF_more_data)
#define _NETTXF_extra_info		3
#define NETTXF_extra_info		(1U << _NETTXF_extra_info)

struct netif_tx_request {
	grant_ref_t gref;
	uint16_t offset;
	uint16_t flags;			/* NETTXF_* */
	uint16_t id;
	uint16_t size;			/* first slot: of the whole packet; others: of the slot */
};

struct netif_tx_response {
	uint16_t id;
	int16_t status;			/* NETIF_RSP_* */
};

struct netif_rx_request {
	uint16_t id;
	uint16_t pad;
	grant_ref_t gref;
};

#define _NETRXF_data_validated		0
#define NETRXF_data_validated		(1U << _NETRXF_data_validated)
#define _NETRXF_csum_blank		1
#define NETRXF_csum_blank		(1U << _NETRXF_csum_blank)
#define _NETRXF_more_data		2
#define NETRXF_more_data		(1U << _NETRXF_more_data)
#define _NETRXF_extra_info		3
#define NETRXF_extra_info		(1U << _NETRXF_extra_info)
#define _NETRXF_gso_prefix		4
#define NETRXF_gso_prefix		(1U << _NETRXF_gso_prefix)

struct netif_rx_response {
	uint16_t id;
	uint16_t offset;
	uint16_t flags;			/* NETRXF_* */
	int16_t status;			/* bytes, or NETIF_RSP_* if negative */
};

#define XEN_NETIF_EXTRA_TYPE_NONE	0
#define XEN_NETIF_EXTRA_TYPE_GSO	1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD	2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL	3
#define XEN_NETIF_EXTRA_TYPE_HASH	4
#define XEN_NETIF_EXTRA_TYPE_MAX	5

#define _XEN_NETIF_EXTRA_FLAG_MORE	0
#define XEN_NETIF_EXTRA_FLAG_MORE	(1U << _XEN_NETIF_EXTRA_FLAG_MORE)

#define XEN_NETIF_GSO_TYPE_NONE		0
#define XEN_NETIF_GSO_TYPE_TCPV4	1
#define XEN_NETIF_GSO_TYPE_TCPV6	2

struct netif_extra_info {
	uint8_t type;			/* XEN_NETIF_EXTRA_TYPE_* */
	uint8_t flags;			/* XEN_NETIF_EXTRA_FLAG_* */
	union {
		struct {
			uint16_t size;	/* of a segment's payload */
			uint8_t type;	/* XEN_NETIF_GSO_TYPE_* */
			uint8_t pad;
			uint16_t features;
		} gso;
		struct {
			uint8_t addr[6];
		} mcast;
		struct {
			uint8_t type;
			uint8_t algorithm;
			uint8_t value[4];
		} hash;
		uint16_t pad[3];
	} u;
};

#define NETIF_RSP_DROPPED	(-2)
#define NETIF_RSP_ERROR		(-1)
#define NETIF_RSP_OKAY		0
#define NETIF_RSP_NULL		1	/* for slots of extra information */

DEFINE_RING_TYPES(netif_tx, struct netif_tx_request, struct netif_tx_response);
DEFINE_RING_TYPES(netif_rx, struct netif_rx_request, struct netif_rx_response);

/* ---- control ring ---- */

#define XEN_NETIF_CTRL_TYPE_INVALID			0
#define XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS		1
#define XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS		2
#define XEN_NETIF_CTRL_TYPE_SET_HASH_KEY		3
#define XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE	4
#define XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE	5
#define XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING		6
#define XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM		7
#define XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE	8
#define XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING		9
#define XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING		10

struct xen_netif_ctrl_request {
	uint16_t id;
	uint16_t type;			/* XEN_NETIF_CTRL_TYPE_* */
	uint32_t data[3];
};

#define XEN_NETIF_CTRL_STATUS_SUCCESS			0
#define XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED		1
#define XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER		2
#define XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW		3

struct xen_netif_ctrl_response {
	uint16_t id;
	uint16_t type;
	uint32_t status;		/* XEN_NETIF_CTRL_STATUS_* */
	uint32_t data;
};

DEFINE_RING_TYPES(xen_netif_ctrl, struct xen_netif_ctrl_request, struct xen_netif_ctrl_response);

_Static_assert(RING_SLOTS(netif_tx, 4096) == 256, "slots of a one-page ring");
_Static_assert(RING_SLOTS(netif_rx, 4096) == 256, "slots of a one-page ring");

#endif
