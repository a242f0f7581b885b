/* SPDX-License-Identifier: MIT */
/* hvm_op: calls by and about HVM and PVH domains. */
#ifndef ABI_HVM_HVM_OP_H
#define ABI_HVM_HVM_OP_H

#include "abi/types.h"

#define HVMOP_set_param			0	/* struct xen_hvm_param */
#define HVMOP_get_param			1	/* struct xen_hvm_param */
#define HVMOP_flush_tlbs		5	/* null */
#define HVMOP_pagetable_dying		9	/* struct xen_hvm_pagetable_dying */
#define HVMOP_get_time			10	/* struct xen_hvm_get_time */
#define HVMOP_xentrace			11
#define HVMOP_set_mem_access		12
#define HVMOP_get_mem_access		13
#define HVMOP_get_mem_type		15	/* struct xen_hvm_get_mem_type */
#define HVMOP_set_evtchn_upcall_vector	23	/* struct xen_hvm_evtchn_upcall_vector */
#define HVMOP_guest_request_vm_event	24
#define HVMOP_altp2m			25

struct xen_hvm_param {
	domid_t domid;
	uint16_t pad;
	uint32_t index;			/* HVM_PARAM_* */
	uint64_t value;
};

struct xen_hvm_pagetable_dying {
	domid_t domid;
	uint16_t pad[3];
	uint64_t gpa;
};

struct xen_hvm_get_time {
	uint64_t now;			/* out: ns of system time */
};

typedef enum {
	HVMMEM_ram_rw,
	HVMMEM_ram_ro,			/* writes are dropped */
	HVMMEM_mmio_dm,			/* accesses go to the device model */
	HVMMEM_unused,
	HVMMEM_ioreq_server,
} hvmmem_type_t;

struct xen_hvm_get_mem_type {
	domid_t domid;
	uint16_t mem_type;		/* out: hvmmem_type_t */
	uint16_t pad[2];
	uint64_t pfn;
};

#define HVM_IOREQSRV_BUFIOREQ_OFF	0
#define HVM_IOREQSRV_BUFIOREQ_LEGACY	1
#define HVM_IOREQSRV_BUFIOREQ_ATOMIC	2

struct xen_hvm_evtchn_upcall_vector {
	uint32_t vcpu;
	uint8_t vector;
};

_Static_assert(sizeof(struct xen_hvm_param) == 16, "two words");

#endif
