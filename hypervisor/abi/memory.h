/* SPDX-License-Identifier: MIT */
/*
 * memory_op: giving, taking, exchanging and describing memory. The upper bits of the command number carry
 * where an interrupted call goes on, so a handler masks with MEMOP_CMD_MASK first.
 */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "abi/types.h"
#include "abi/physdev.h"

#define XENMEM_increase_reservation		0	/* struct xen_memory_reservation */
#define XENMEM_decrease_reservation		1	/* struct xen_memory_reservation */
#define XENMEM_maximum_ram_page			2	/* no argument */
#define XENMEM_current_reservation		3	/* domid_t */
#define XENMEM_maximum_reservation		4	/* domid_t */
#define XENMEM_machphys_mfn_list		5	/* struct xen_machphys_mfn_list */
#define XENMEM_populate_physmap			6	/* struct xen_memory_reservation */
#define XENMEM_add_to_physmap			7	/* struct xen_add_to_physmap */
#define XENMEM_memory_map			9	/* struct xen_memory_map */
#define XENMEM_machine_memory_map		10	/* struct xen_memory_map */
#define XENMEM_exchange				11	/* struct xen_memory_exchange */
#define XENMEM_machphys_mapping			12	/* struct xen_machphys_mapping */
#define XENMEM_set_memory_map			13	/* struct xen_foreign_memory_map */
#define XENMEM_maximum_gpfn			14	/* domid_t */
#define XENMEM_remove_from_physmap		15	/* struct xen_remove_from_physmap */
#define XENMEM_set_pod_target			16	/* struct xen_pod_target */
#define XENMEM_get_pod_target			17	/* struct xen_pod_target */
#define XENMEM_get_sharing_freed_pages		18
#define XENMEM_get_sharing_shared_pages		19
#define XENMEM_paging_op			20
#define XENMEM_access_op			21
#define XENMEM_sharing_op			22
#define XENMEM_add_to_physmap_batch		23	/* struct xen_add_to_physmap_batch */
#define XENMEM_claim_pages			24	/* struct xen_memory_reservation, tools only */
#define XENMEM_machphys_compat_mfn_list		25	/* struct xen_machphys_mfn_list */
#define XENMEM_get_vnumainfo			26	/* struct xen_vnuma_topology_info */
#define XENMEM_reserved_device_memory_map	27	/* struct xen_reserved_device_memory_map */
#define XENMEM_acquire_resource			28	/* struct xen_mem_acquire_resource, tools only */

/* xen_memory_reservation.mem_flags */
#define XENMEMF_address_bits(x)		(x)		/* frames below 2^x; 0: anywhere */
#define XENMEMF_get_address_bits(x)	((x) & 0xffu)
#define XENMEMF_node(x)			(((x) + 1) << 8)
#define XENMEMF_get_node(x)		((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand	(1 << 16)
#define XENMEMF_exact_node_request	(1 << 17)
#define XENMEMF_exact_node(n)		(XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode			(1 << 18)

struct xen_memory_reservation {
	uint64_t extent_start;		/* guest pointer: xen_pfn_t, one an extent, in and out */
	xen_ulong_t nr_extents;
	uint32_t extent_order;		/* an extent is 2^order frames */
	uint32_t mem_flags;		/* XENMEMF_* */
	domid_t domid;
};

struct xen_memory_exchange {
	struct xen_memory_reservation in;
	struct xen_memory_reservation out;
	xen_ulong_t nr_exchanged;	/* out: `in` extents done; zero on entry */
};

struct xen_memory_domain {
	domid_t domid;
};

struct xen_machphys_mfn_list {
	uint32_t max_extents;
	uint64_t extent_start;		/* guest pointer: xen_pfn_t, a frame for each 2 MiB of M2P */
	uint32_t nr_extents;		/* out */
};

struct xen_machphys_mapping {
	xen_ulong_t v_start, v_end;	/* out */
	xen_ulong_t max_mfn;		/* out */
};

#define XENMAPSPACE_shared_info		0
#define XENMAPSPACE_grant_table		1
#define XENMAPSPACE_gmfn		2
#define XENMAPSPACE_gmfn_range		3
#define XENMAPSPACE_gmfn_foreign	4	/* batch only */
#define XENMAPSPACE_dev_mmio		5

#define XENMAPIDX_grant_table_status	0x80000000

struct xen_add_to_physmap {
	domid_t domid;
	uint16_t size;			/* gmfn_range: number of pages */
	uint32_t space;			/* XENMAPSPACE_* */
	xen_ulong_t idx;
	xen_pfn_t gpfn;
};

struct xen_add_to_physmap_batch {
	domid_t domid;
	uint16_t space;
	uint16_t size;
	union xen_add_to_physmap_batch_extra {
		domid_t foreign_domid;	/* gmfn_foreign */
		uint16_t res0;		/* the others: zero */
	} u;
	uint64_t idxs;			/* guest pointer: xen_ulong_t */
	uint64_t gpfns;			/* guest pointer: xen_pfn_t */
	uint64_t errs;			/* guest pointer: int, out */
};

struct xen_remove_from_physmap {
	domid_t domid;
	xen_pfn_t gpfn;
};

struct xen_memory_map {
	uint32_t nr_entries;		/* in: room; out: entries */
	uint64_t buffer;		/* guest pointer: struct e820entry, 20 bytes each */
};

struct xen_foreign_memory_map {
	domid_t domid;
	struct xen_memory_map map;
};

struct xen_pod_target {
	uint64_t target_pages;
	uint64_t tot_pages;		/* out */
	uint64_t pod_cache_pages;	/* out */
	uint64_t pod_entries;		/* out */
	domid_t domid;
};

struct xen_reserved_device_memory {
	xen_pfn_t start_pfn;
	xen_ulong_t nr_pages;
};

#define XENMEM_RDM_ALL		1	/* of all devices, not of the one named */

struct xen_reserved_device_memory_map {
	uint32_t flags;			/* XENMEM_RDM_ALL */
	uint32_t nr_entries;		/* in: room; out: entries */
	uint64_t buffer;		/* guest pointer: struct xen_reserved_device_memory */
	union {
		struct physdev_pci_device pci;
	} dev;
};

#define XENMEM_resource_ioreq_server	0
#define XENMEM_resource_grant_table	1
#define XENMEM_resource_vmtrace_buf	2

#define XENMEM_resource_grant_table_id_shared	0
#define XENMEM_resource_grant_table_id_status	1

#define XENMEM_resource_ioreq_server_frame_bufioreq	0
#define XENMEM_resource_ioreq_server_frame_ioreq(n)	(1 + (n))

struct xen_mem_acquire_resource {
	domid_t domid;
	uint16_t type;			/* XENMEM_resource_* */
	uint32_t id;			/* ioreq server, or XENMEM_resource_grant_table_id_* */
	uint32_t nr_frames;		/* in: wanted; out, with a null list: how many there are */
	uint32_t pad;			/* zero */
	uint64_t frame;			/* first */
	uint64_t frame_list;		/* guest pointer: xen_pfn_t, out for PV callers */
};

struct xen_vmemrange {
	uint64_t start, end;
	uint32_t flags;
	uint32_t nid;
};

struct xen_vnuma_topology_info {
	domid_t domid;
	uint16_t pad;
	uint32_t nr_vnodes;		/* these three: room in, number out */
	uint32_t nr_vcpus;
	uint32_t nr_vmemranges;
	union {
		uint64_t h;		/* guest pointer: unsigned int */
		uint64_t pad;
	} vdistance;
	union {
		uint64_t h;		/* guest pointer: unsigned int */
		uint64_t pad;
	} vcpu_to_vnode;
	union {
		uint64_t h;		/* guest pointer: struct xen_vmemrange */
		uint64_t pad;
	} vmemrange;
};

/* The low bits of the command are the operation, the rest the extent to go on from. */
#define MEMOP_EXTENT_SHIFT	6
#define MEMOP_CMD_MASK		((1 << MEMOP_EXTENT_SHIFT) - 1)

_Static_assert(sizeof(struct xen_memory_reservation) == 32, "four words");
_Static_assert(sizeof(struct xen_memory_exchange) == 72, "nine words");
_Static_assert(sizeof(struct xen_add_to_physmap) == 24, "three words");
_Static_assert(sizeof(struct xen_add_to_physmap_batch) == 32, "four words");
_Static_assert(sizeof(struct xen_mem_acquire_resource) == 32, "four words");
_Static_assert(sizeof(struct xen_vnuma_topology_info) == 40, "five words");

#endif
