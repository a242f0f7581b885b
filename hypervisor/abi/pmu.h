/* SPDX-License-Identifier: MIT */
/*
 * xenpmu_op: performance counters for PV guests. A page shared with each vCPU (xen_pmu_data) holds the
 * counters while the guest has the CPU, and a sample's registers while it handles VIRQ_XENPMU.
 */
#ifndef ABI_PMU_H
#define ABI_PMU_H

#include "abi/types.h"

#define XENPMU_VER_MAJ		0
#define XENPMU_VER_MIN		1

#define XENPMU_mode_get		0
#define XENPMU_mode_set		1
#define XENPMU_feature_get	2
#define XENPMU_feature_set	3
#define XENPMU_init		4
#define XENPMU_finish		5
#define XENPMU_lvtpc_set	6
#define XENPMU_flush		7

struct xen_pmu_params {
	struct {
		uint32_t maj;
		uint32_t min;
	} version;
	uint64_t val;
	uint32_t vcpu;
	uint32_t pad;
};

#define XENPMU_MODE_OFF			0
#define XENPMU_MODE_SELF		(1 << 0)
#define XENPMU_MODE_HV			(1 << 1)
#define XENPMU_MODE_ALL			(1 << 2)

#define XENPMU_FEATURE_INTEL_BTS	(1 << 0)
#define XENPMU_FEATURE_IPC_ONLY		(1 << 1)
#define XENPMU_FEATURE_ARCH_ONLY	(1 << 2)

struct xen_pmu_amd_ctxt {
	uint32_t counters;		/* offsets of both arrays from here */
	uint32_t ctrls;
	uint64_t regs[];
};

struct xen_pmu_cntr_pair {
	uint64_t counter;
	uint64_t control;
};

struct xen_pmu_intel_ctxt {
	uint32_t fixed_counters;	/* offsets from here */
	uint32_t arch_counters;
	uint64_t global_ctrl;
	uint64_t global_ovf_ctrl;
	uint64_t global_status;
	uint64_t fixed_ctrl;
	uint64_t ds_area;
	uint64_t pebs_enable;
	uint64_t debugctl;
	uint64_t regs[];
};

struct xen_pmu_regs {
	uint64_t ip;
	uint64_t sp;
	uint64_t flags;
	uint16_t cs;
	uint16_t ss;
	uint8_t cpl;
	uint8_t pad[3];
};

#define PMU_CACHED		(1 << 0)
#define PMU_SAMPLE_USER		(1 << 1)
#define PMU_SAMPLE_REAL		(1 << 2)
#define PMU_SAMPLE_PV		(1 << 3)

#define XENPMU_REGS_PAD_SZ	64
#define XENPMU_CTXT_PAD_SZ	128

struct xen_pmu_arch {
	union {
		struct xen_pmu_regs regs;
		uint8_t pad[XENPMU_REGS_PAD_SZ];
	} r;
	uint64_t pmu_flags;		/* PMU_* */
	union {
		uint32_t lapic_lvtpc;
		uint64_t pad;
	} l;
	union {
		struct xen_pmu_amd_ctxt amd;
		struct xen_pmu_intel_ctxt intel;
		uint8_t pad[XENPMU_CTXT_PAD_SZ];
	} c;
};

struct xen_pmu_data {
	uint32_t vcpu_id;
	uint32_t pcpu_id;
	domid_t domain_id;
	uint8_t pad[6];
	struct xen_pmu_arch pmu;
};

_Static_assert(sizeof(struct xen_pmu_data) == 224, "16 + 64 + 16 + 128");

#endif
