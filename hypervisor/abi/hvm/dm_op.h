/* SPDX-License-Identifier: MIT */
/*
 * dm_op: what a device model does to the one guest it serves. Its argument is an array of buffers, the first
 * of which holds struct xen_dm_op, so that the caller's kernel can check every pointer.
 */
#ifndef ABI_HVM_DM_OP_H
#define ABI_HVM_DM_OP_H

#include "abi/types.h"

#define XEN_DMOP_create_ioreq_server			1
#define XEN_DMOP_get_ioreq_server_info			2
#define XEN_DMOP_map_io_range_to_ioreq_server		3
#define XEN_DMOP_unmap_io_range_from_ioreq_server	4
#define XEN_DMOP_set_ioreq_server_state			5
#define XEN_DMOP_destroy_ioreq_server			6
#define XEN_DMOP_track_dirty_vram			7
#define XEN_DMOP_set_pci_intx_level			8
#define XEN_DMOP_set_isa_irq_level			9
#define XEN_DMOP_set_pci_link_route			10
#define XEN_DMOP_modified_memory			11
#define XEN_DMOP_set_mem_type				12
#define XEN_DMOP_inject_event				13
#define XEN_DMOP_inject_msi				14
#define XEN_DMOP_map_mem_type_to_ioreq_server		15
#define XEN_DMOP_remote_shutdown			16
#define XEN_DMOP_relocate_memory			17
#define XEN_DMOP_pin_memory_cacheattr			18
#define XEN_DMOP_set_irq_level				19
#define XEN_DMOP_nr_vcpus				20

typedef uint16_t ioservid_t;

struct xen_dm_op_create_ioreq_server {
	uint8_t handle_bufioreq;	/* HVM_IOREQSRV_BUFIOREQ_* */
	uint8_t pad[3];
	ioservid_t id;			/* out */
};

#define _XEN_DMOP_no_gfns	0
#define XEN_DMOP_no_gfns	(1u << _XEN_DMOP_no_gfns)

struct xen_dm_op_get_ioreq_server_info {
	ioservid_t id;
	uint16_t flags;			/* XEN_DMOP_no_gfns */
	evtchn_port_t bufioreq_port;	/* out, as all below */
	uint64_t ioreq_gfn;
	uint64_t bufioreq_gfn;
};

#define XEN_DMOP_IO_RANGE_PORT		0
#define XEN_DMOP_IO_RANGE_MEMORY	1
#define XEN_DMOP_IO_RANGE_PCI		2

#define XEN_DMOP_PCI_SBDF(s, b, d, f)	\
	((((s) & 0xffff) << 16) | (((b) & 0xff) << 8) | (((d) & 0x1f) << 3) | ((f) & 0x07))

struct xen_dm_op_ioreq_server_range {
	ioservid_t id;
	uint16_t pad;
	uint32_t type;			/* XEN_DMOP_IO_RANGE_* */
	uint64_t start, end;		/* both inclusive */
};

struct xen_dm_op_set_ioreq_server_state {
	ioservid_t id;
	uint8_t enabled;
	uint8_t pad;
};

struct xen_dm_op_destroy_ioreq_server {
	ioservid_t id;
	uint16_t pad;
};

/* Second buffer: a bit for each page. */
struct xen_dm_op_track_dirty_vram {
	uint32_t nr;			/* pages; 0: stop */
	uint32_t pad;
	uint64_t first_pfn;
};

struct xen_dm_op_set_pci_intx_level {
	uint16_t domain;
	uint8_t bus, device, intx;
	uint8_t level;
};

struct xen_dm_op_set_isa_irq_level {
	uint8_t isa_irq;
	uint8_t level;
};

struct xen_dm_op_set_pci_link_route {
	uint8_t link;
	uint8_t isa_irq;
};

/* Second buffer: struct xen_dm_op_modified_memory_extent. */
struct xen_dm_op_modified_memory {
	uint32_t nr_extents;
	uint32_t opaque;		/* zero; where an interrupted call goes on */
};

struct xen_dm_op_modified_memory_extent {
	uint32_t nr;
	uint32_t pad;
	uint64_t first_pfn;
};

struct xen_dm_op_set_mem_type {
	uint32_t nr;
	uint16_t mem_type;		/* hvmmem_type_t */
	uint16_t pad;
	uint64_t first_pfn;
};

#define XEN_DMOP_EVENT_ext_int		0
#define XEN_DMOP_EVENT_nmi		2
#define XEN_DMOP_EVENT_hw_exc		3
#define XEN_DMOP_EVENT_sw_int		4
#define XEN_DMOP_EVENT_pri_sw_exc	5
#define XEN_DMOP_EVENT_sw_exc		6

struct xen_dm_op_inject_event {
	uint32_t vcpuid;
	uint8_t vector;
	uint8_t type;			/* XEN_DMOP_EVENT_* */
	uint8_t insn_len;
	uint8_t pad0;
	uint32_t error_code;		/* ~0: none */
	uint32_t pad1;
	uint64_t cr2;
};

struct xen_dm_op_inject_msi {
	uint32_t data;
	uint32_t pad;
	uint64_t addr;
};

#define XEN_DMOP_IOREQ_MEM_ACCESS_READ	(1u << 0)
#define XEN_DMOP_IOREQ_MEM_ACCESS_WRITE	(1u << 1)

struct xen_dm_op_map_mem_type_to_ioreq_server {
	ioservid_t id;
	uint16_t type;			/* HVMMEM_ioreq_server */
	uint32_t flags;			/* XEN_DMOP_IOREQ_MEM_ACCESS_* */
	uint64_t opaque;
};

struct xen_dm_op_remote_shutdown {
	uint32_t reason;		/* SHUTDOWN_* */
};

struct xen_dm_op_relocate_memory {
	uint32_t size;			/* pages */
	uint32_t pad;
	uint64_t src_gfn;
	uint64_t dst_gfn;
};

#define XEN_DMOP_MEM_CACHEATTR_UC	0
#define XEN_DMOP_MEM_CACHEATTR_WC	1
#define XEN_DMOP_MEM_CACHEATTR_WT	4
#define XEN_DMOP_MEM_CACHEATTR_WP	5
#define XEN_DMOP_MEM_CACHEATTR_WB	6
#define XEN_DMOP_MEM_CACHEATTR_UCM	7
#define XEN_DMOP_DELETE_MEM_CACHEATTR	(~(uint32_t)0)

struct xen_dm_op_pin_memory_cacheattr {
	uint64_t start;
	uint64_t end;
	uint32_t type;			/* XEN_DMOP_MEM_CACHEATTR_* */
	uint32_t pad;
};

struct xen_dm_op_set_irq_level {
	uint32_t irq;
	uint8_t level;
	uint8_t pad[3];
};

struct xen_dm_op_nr_vcpus {
	uint32_t vcpus;			/* out */
};

struct xen_dm_op {
	uint32_t op;			/* XEN_DMOP_* */
	uint32_t pad;
	union {
		struct xen_dm_op_create_ioreq_server create_ioreq_server;
		struct xen_dm_op_get_ioreq_server_info get_ioreq_server_info;
		struct xen_dm_op_ioreq_server_range map_io_range_to_ioreq_server;
		struct xen_dm_op_ioreq_server_range unmap_io_range_from_ioreq_server;
		struct xen_dm_op_set_ioreq_server_state set_ioreq_server_state;
		struct xen_dm_op_destroy_ioreq_server destroy_ioreq_server;
		struct xen_dm_op_track_dirty_vram track_dirty_vram;
		struct xen_dm_op_set_pci_intx_level set_pci_intx_level;
		struct xen_dm_op_set_isa_irq_level set_isa_irq_level;
		struct xen_dm_op_set_irq_level set_irq_level;
		struct xen_dm_op_set_pci_link_route set_pci_link_route;
		struct xen_dm_op_modified_memory modified_memory;
		struct xen_dm_op_set_mem_type set_mem_type;
		struct xen_dm_op_inject_event inject_event;
		struct xen_dm_op_inject_msi inject_msi;
		struct xen_dm_op_map_mem_type_to_ioreq_server map_mem_type_to_ioreq_server;
		struct xen_dm_op_remote_shutdown remote_shutdown;
		struct xen_dm_op_relocate_memory relocate_memory;
		struct xen_dm_op_pin_memory_cacheattr pin_memory_cacheattr;
		struct xen_dm_op_nr_vcpus nr_vcpus;
	} u;
};

struct xen_dm_op_buf {
	uint64_t h;			/* guest pointer: void */
	xen_ulong_t size;
};

_Static_assert(sizeof(struct xen_dm_op) == 32, "four words");

#endif
