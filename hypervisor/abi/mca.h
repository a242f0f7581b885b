/* SPDX-License-Identifier: MIT */
/*
 * The mca hypercall: machine check records for the hardware domain. A record (mc_info) is a row of entries,
 * each opened by mcinfo_common, whose size says where the next one starts.
 */
#ifndef ABI_MCA_H
#define ABI_MCA_H

#include "abi/types.h"
#include "abi/xen.h"

#define __HYPERVISOR_mca		__HYPERVISOR_arch_0
#define XEN_MCA_INTERFACE_VERSION	0x01ecc003
#define VIRQ_MCA			VIRQ_ARCH_0

#define XEN_MC_fetch			1
#define XEN_MC_notifydomain		2
#define XEN_MC_physcpuinfo		3
#define XEN_MC_msrinject		4
#define XEN_MC_mceinject		5
#define XEN_MC_inject_v2		6

/* xen_mc_fetch.flags, in ... */
#define XEN_MC_NONURGENT		0x0001
#define XEN_MC_URGENT			0x0002
#define XEN_MC_ACK			0x0004
/* ... and out. */
#define XEN_MC_OK			0x0
#define XEN_MC_FETCHFAILED		0x1
#define XEN_MC_NODATA			0x2
#define XEN_MC_NOMATCH			0x4
#define XEN_MC_CANNOTHANDLE		0x8
#define XEN_MC_NOTDELIVERED		0x10
#define XEN_MC_VCPUID_INVALID		0xffff

/* mcinfo_common.type */
#define MC_TYPE_GLOBAL			0
#define MC_TYPE_BANK			1
#define MC_TYPE_EXTENDED		2
#define MC_TYPE_RECOVERY		3

struct mcinfo_common {
	uint16_t type;			/* MC_TYPE_* */
	uint16_t size;			/* of the whole entry */
};

#define MC_FLAG_CORRECTABLE		(1 << 0)
#define MC_FLAG_UNCORRECTABLE		(1 << 1)
#define MC_FLAG_RECOVERABLE		(1 << 2)
#define MC_FLAG_POLLED			(1 << 3)
#define MC_FLAG_RESET			(1 << 4)
#define MC_FLAG_CMCI			(1 << 5)
#define MC_FLAG_MCE			(1 << 6)

struct mcinfo_global {
	struct mcinfo_common common;
	uint16_t mc_domid;
	uint16_t mc_vcpuid;
	uint32_t mc_socketid;
	uint16_t mc_coreid;
	uint16_t mc_core_threadid;
	uint32_t mc_apicid;
	uint32_t mc_flags;		/* MC_FLAG_* */
	uint64_t mc_gstatus;
};

struct mcinfo_bank {
	struct mcinfo_common common;
	uint16_t mc_bank;
	uint16_t mc_domid;
	uint64_t mc_status;
	uint64_t mc_addr;
	uint64_t mc_misc;
	uint64_t mc_ctrl2;
	uint64_t mc_tsc;
};

struct mcinfo_msr {
	uint64_t reg;
	uint64_t value;
};

struct mcinfo_extended {
	struct mcinfo_common common;
	uint32_t mc_msrs;
	struct mcinfo_msr mc_msr[32];
};

#define REC_ACTION_RECOVERED		(0x1 << 0)
#define REC_ACTION_NONE			(0x1 << 1)
#define REC_ACTION_NEED_RESET		(0x1 << 2)

#define MC_ACTION_PAGE_OFFLINE		(0x1 << 0)
#define MC_ACTION_CPU_OFFLINE		(0x1 << 1)
#define MC_ACTION_CACHE_SHRINK		(0x1 << 2)

struct page_offline_action {
	uint64_t mfn;
	uint64_t status;
};

struct cpu_offline_action {
	uint32_t mc_socketid;
	uint16_t mc_coreid;
	uint16_t mc_core_threadid;
};

#define MAX_UNION_SIZE			16

struct mcinfo_recovery {
	struct mcinfo_common common;
	uint16_t mc_bank;
	uint8_t action_flags;		/* REC_ACTION_* */
	uint8_t action_types;		/* MC_ACTION_* */
	union {
		struct page_offline_action page_retire;
		struct cpu_offline_action cpu_offline;
		uint8_t pad[MAX_UNION_SIZE];
	} action_info;
};

#define MCINFO_HYPERCALLSIZE		1024
#define MCINFO_MAXSIZE			768
#define MCINFO_FLAGS_UNCOMPLETE		0x1

struct mc_info {
	uint32_t mi_nentries;
	uint32_t flags;			/* MCINFO_FLAGS_* */
	uint64_t mi_data[(MCINFO_MAXSIZE - 1) / 8];
};

#define __MC_MSR_ARRAYSIZE		8
#define MC_NCAPS			7
#define MC_CAPS_STD_EDX			0
#define MC_CAPS_AMD_EDX			1
#define MC_CAPS_TM			2
#define MC_CAPS_LINUX			3
#define MC_CAPS_STD_ECX			4
#define MC_CAPS_VIA			5
#define MC_CAPS_AMD_ECX			6

struct mcinfo_logical_cpu {
	uint32_t mc_cpunr;
	uint32_t mc_chipid;
	uint16_t mc_coreid;
	uint16_t mc_threadid;
	uint32_t mc_apicid;
	uint32_t mc_clusterid;
	uint32_t mc_ncores;
	uint32_t mc_ncores_active;
	uint32_t mc_nthreads;
	int32_t mc_cpuid_level;
	uint32_t mc_family;
	uint32_t mc_vendor;
	uint32_t mc_model;
	uint32_t mc_step;
	char mc_vendorid[16];
	char mc_brandid[64];
	uint32_t mc_cpu_caps[MC_NCAPS];
	uint32_t mc_cache_size;
	uint32_t mc_cache_alignment;
	int32_t mc_nmsrvals;
	struct mcinfo_msr mc_msrvalues[__MC_MSR_ARRAYSIZE];
};

struct xen_mc_fetch {
	uint32_t flags;			/* XEN_MC_NONURGENT ..., out: XEN_MC_OK ... */
	uint32_t _pad0;
	uint64_t fetch_id;		/* out; in with XEN_MC_ACK */
	uint64_t data;			/* guest pointer: struct mc_info */
};

struct xen_mc_notifydomain {
	uint16_t mc_domid;
	uint16_t mc_vcpuid;
	uint32_t flags;
};

struct xen_mc_physcpuinfo {
	uint32_t ncpus;			/* in: room; out: CPUs */
	uint32_t _pad0;
	uint64_t info;			/* guest pointer: struct mcinfo_logical_cpu */
};

#define MC_MSRINJ_MAXMSRS		8
#define MC_MSRINJ_F_INTERPOSE		0x1
#define MC_MSRINJ_F_GPADDR		0x2

struct xen_mc_msrinject {
	uint32_t mcinj_cpunr;
	uint32_t mcinj_flags;		/* MC_MSRINJ_F_* */
	uint32_t mcinj_count;
	domid_t mcinj_domid;
	uint16_t _pad0;
	struct mcinfo_msr mcinj_msr[MC_MSRINJ_MAXMSRS];
};

struct xen_mc_mceinject {
	uint32_t mceinj_cpunr;
};

#define XEN_MC_INJECT_TYPE_MASK		0x7
#define XEN_MC_INJECT_TYPE_MCE		0x0
#define XEN_MC_INJECT_TYPE_CMCI		0x1
#define XEN_MC_INJECT_TYPE_LMCE		0x2
#define XEN_MC_INJECT_CPU_BROADCAST	0x8

struct xen_mc_inject_v2 {
	uint32_t flags;
	struct xenctl_bitmap cpumap;
};

struct xen_mc {
	uint32_t cmd;			/* XEN_MC_* */
	uint32_t interface_version;	/* XEN_MCA_INTERFACE_VERSION */
	union {
		struct xen_mc_fetch mc_fetch;
		struct xen_mc_notifydomain mc_notifydomain;
		struct xen_mc_physcpuinfo mc_physcpuinfo;
		struct xen_mc_msrinject mc_msrinject;
		struct xen_mc_mceinject mc_mceinject;
		struct xen_mc_inject_v2 mc_inject_v2;
	} u;
};

_Static_assert(sizeof(struct mc_info) == 768, "a word and 95 words");
_Static_assert(sizeof(struct mcinfo_logical_cpu) == 304, "as published");

#endif
