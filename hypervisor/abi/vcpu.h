/* SPDX-License-Identifier: MIT */
/* vcpu_op: bringing up vCPUs, their timers, and the memory areas in which the hypervisor keeps them informed. */
#ifndef ABI_VCPU_H
#define ABI_VCPU_H

#include "abi/types.h"

#define VCPUOP_initialise			0	/* struct vcpu_guest_context */
#define VCPUOP_up				1
#define VCPUOP_down				2
#define VCPUOP_is_up				3
#define VCPUOP_get_runstate_info		4	/* struct vcpu_runstate_info */
#define VCPUOP_register_runstate_memory_area	5
#define VCPUOP_set_periodic_timer		6
#define VCPUOP_stop_periodic_timer		7
#define VCPUOP_set_singleshot_timer		8
#define VCPUOP_stop_singleshot_timer		9
#define VCPUOP_register_vcpu_info		10
#define VCPUOP_send_nmi				11
#define VCPUOP_get_physid			12
#define VCPUOP_register_vcpu_time_memory_area	13

#define RUNSTATE_running	0
#define RUNSTATE_runnable	1	/* could run, waits for a CPU */
#define RUNSTATE_blocked	2
#define RUNSTATE_offline	3	/* neither runnable nor waiting for an event */

#define XEN_RUNSTATE_UPDATE	(1ULL << 63)	/* in state_entry_time while the area is written */

struct vcpu_runstate_info {
	int32_t state;			/* RUNSTATE_* */
	uint64_t state_entry_time;	/* ns of system time */
	uint64_t time[4];		/* ns spent in each state */
};

struct vcpu_register_runstate_memory_area {
	union {
		uint64_t h;		/* guest pointer: struct vcpu_runstate_info */
		uint64_t v;
		uint64_t p;
	} addr;
};

struct vcpu_set_periodic_timer {
	uint64_t period_ns;
};

#define _VCPU_SSHOTTMR_future	0
#define VCPU_SSHOTTMR_future	(1U << _VCPU_SSHOTTMR_future)	/* fail if the time has passed */

struct vcpu_set_singleshot_timer {
	uint64_t timeout_abs_ns;
	uint32_t flags;			/* VCPU_SSHOTTMR_* */
};

struct vcpu_register_vcpu_info {
	uint64_t mfn;
	uint32_t offset;
	uint32_t rsvd;
};

struct vcpu_get_physid {
	uint64_t phys_id;		/* APIC id low, ACPI id high */
};

#define xen_vcpu_physid_to_x86_apicid(physid)	((uint32_t)(physid))
#define xen_vcpu_physid_to_x86_acpiid(physid)	((uint32_t)((physid) >> 32))

struct vcpu_register_time_memory_area {
	union {
		uint64_t h;		/* guest pointer: struct vcpu_time_info */
		uint64_t v;
		uint64_t p;
	} addr;
};

_Static_assert(sizeof(struct vcpu_runstate_info) == 48, "six words");

#endif
