/* SPDX-License-Identifier: MIT */
/* In place of the header that the hypervisor's build generates. */
#define XEN_PRODUCT_VERSION	"0"
#define XEN_CHANGESET		"none"
#define XEN_BUILD_DATE		"today"
#define XEN_COMPILER		"cc"
