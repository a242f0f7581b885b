/* SPDX-License-Identifier: MIT */
/*
 * domctl and sysctl, typed: see calls.h.  The structs that come back are the published ones where they are
 * plain data.
 */
#ifndef HV_DOMCTL_H
#define HV_DOMCTL_H

#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "hv/hv.h"

#define HV_DOMID_FIRST_RESERVED 0x7ff0u
#define HV_DOMAINS_MAX 1024u	/* that we look at: room in lists of them */

/* ---- a domain's life ---- */

struct hv_create {
	uint8_t uuid[16];
	uint32_t max_vcpus;
	uint32_t max_evtchn_port;
	int32_t max_grant_frames, max_maptrack_frames;
	uint32_t max_grant_version;
};

/* domid 0: any free one.  Returns the domid. */
int hv_domctl_create(domid_t domid, const struct hv_create *create) __must_check;
int hv_domctl_max_vcpus(domid_t domid, unsigned int n) __must_check;
int hv_domctl_max_mem(domid_t domid, uint64_t kib) __must_check;
int hv_domctl_set_address_size(domid_t domid, unsigned int bits) __must_check;
int hv_domctl_hypercall_page(domid_t domid, xen_pfn_t mfn) __must_check;
int hv_domctl_set_tsc_mode(domid_t domid, unsigned int mode) __must_check;
/* How far its wall clock is ahead of UTC. */
int hv_domctl_set_time_offset(domid_t domid, int64_t seconds) __must_check;
int hv_domctl_pause(domid_t domid) __must_check;
int hv_domctl_unpause(domid_t domid) __must_check;
/* Destroys as far as it gets; -EAGAIN (call again) while there is more to do. */
int hv_domctl_destroy(domid_t domid) __must_check;
int hv_domctl_trigger(domid_t domid, unsigned int trigger, unsigned int vcpu) __must_check;

/* A PV guest's first vCPU as its builder leaves it. */
struct hv_pv_start {
	unsigned int bits;		/* 64 or 32 */
	uint64_t entry, stack, start_info;
	xen_pfn_t root;			/* frame of the top page table */
};
int hv_domctl_start_pv(domid_t domid, const struct hv_pv_start *start) __must_check;
int hv_domctl_get_context(domid_t domid, unsigned int vcpu, struct vcpu_guest_context *ctxt) __must_check;

/* ---- looking ---- */

int hv_domctl_info(domid_t domid, struct xen_domctl_getdomaininfo *info) __must_check;	/* -ESRCH */
int hv_domctl_vcpu_info(domid_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *info) __must_check;

/* ---- where and how it runs ---- */

/* Sets of CPUs as bytes, lowest CPU in bit 0 of byte 0; n_bits of them. */
int hv_domctl_set_affinity(domid_t domid, unsigned int vcpu, const uint8_t *hard, const uint8_t *soft,
			   unsigned int n_bits) __must_check;
int hv_domctl_get_affinity(domid_t domid, unsigned int vcpu, uint8_t *hard, uint8_t *soft,
			   unsigned int n_bits) __must_check;
/* Weight and cap as the running scheduler (sched_id) has them. */
int hv_domctl_set_sched(domid_t domid, unsigned int sched_id, unsigned int weight,
			unsigned int cap) __must_check;
int hv_domctl_get_sched(domid_t domid, unsigned int sched_id, unsigned int *weight, unsigned int *cap)
	__must_check;

/* ---- hardware it may touch ---- */

/* What CPUID says in the domain: in *n the room, then the number; and leaves of which it is to say less. */
int hv_domctl_get_cpu_policy(domid_t domid, xen_cpuid_leaf_t *leaves, unsigned int *n) __must_check;
int hv_domctl_set_cpu_policy(domid_t domid, xen_cpuid_leaf_t *leaves, unsigned int n) __must_check;
int hv_domctl_allow_ioports(domid_t domid, uint32_t first, uint32_t n, bool allow) __must_check;
int hv_domctl_allow_iomem(domid_t domid, uint64_t first_mfn, uint64_t n, bool allow) __must_check;
int hv_domctl_allow_irq(domid_t domid, uint32_t pirq, bool allow) __must_check;

/* ---- the host: sysctl.c ---- */

int hv_sysctl_physinfo(struct xen_sysctl_physinfo *info) __must_check;
/* Domains from `first` on; how many, or -errno. */
int hv_sysctl_domains(domid_t first, struct xen_domctl_getdomaininfo *list, unsigned int max) __must_check;
int hv_sysctl_sched_id(unsigned int *id) __must_check;
/* Messages from *index on (incremental) or all; how many bytes. */
int hv_sysctl_read_console(char *buf, uint32_t size, uint32_t *index, bool incremental,
			   bool clear) __must_check;
int hv_sysctl_debug_keys(const char *keys) __must_check;
int hv_sysctl_cpu_idle(uint64_t *idle_ns, unsigned int max) __must_check;	/* how many CPUs */
int hv_sysctl_topology(struct xen_sysctl_cputopo *topo, unsigned int max) __must_check;
int hv_sysctl_ratelimit(unsigned int *us, bool set) __must_check;

#endif
