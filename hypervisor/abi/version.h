/* SPDX-License-Identifier: MIT */
/*
 * xen_version: who the hypervisor is and what it can do. XENVER_version answers major << 16 | minor; the
 * others fill the struct or string named beside the number.
 */
#ifndef ABI_VERSION_H
#define ABI_VERSION_H

#include "abi/types.h"
#include "abi/features.h"

#define XENVER_version			0	/* no argument */
#define XENVER_extraversion		1	/* xen_extraversion_t */
#define XENVER_compile_info		2	/* struct xen_compile_info */
#define XENVER_capabilities		3	/* xen_capabilities_info_t */
#define XENVER_changeset		4	/* xen_changeset_info_t */
#define XENVER_platform_parameters	5	/* struct xen_platform_parameters */
#define XENVER_get_features		6	/* struct xen_feature_info */
#define XENVER_pagesize			7	/* no argument */
#define XENVER_guest_handle		8	/* xen_domain_handle_t */
#define XENVER_commandline		9	/* xen_commandline_t */
#define XENVER_build_id			10	/* struct xen_build_id; null: only its length */

typedef char xen_extraversion_t[16];
#define XEN_EXTRAVERSION_LEN	(sizeof(xen_extraversion_t))

struct xen_compile_info {
	char compiler[64];
	char compile_by[16];
	char compile_domain[32];
	char compile_date[32];
};

typedef char xen_capabilities_info_t[1024];
#define XEN_CAPABILITIES_INFO_LEN	(sizeof(xen_capabilities_info_t))

typedef char xen_changeset_info_t[64];
#define XEN_CHANGESET_INFO_LEN	(sizeof(xen_changeset_info_t))

struct xen_platform_parameters {
	xen_ulong_t virt_start;		/* where the hypervisor's address space begins */
};

struct xen_feature_info {
	uint32_t submap_idx;		/* in: which 32 of the XENFEAT_* bits */
	uint32_t submap;		/* out */
};

typedef char xen_commandline_t[1024];

struct xen_build_id {
	uint32_t len;			/* in: room; out: bytes */
	unsigned char buf[];
};

_Static_assert(sizeof(struct xen_compile_info) == 144, "as published");

#endif
