/* SPDX-License-Identifier: MIT */
/* hypfs_op: the hypervisor's parameters as a small tree of named values. */
#ifndef ABI_HYPFS_H
#define ABI_HYPFS_H

#include "abi/types.h"

#define XEN_HYPFS_VERSION		1
#define XEN_HYPFS_MAX_PATHLEN		1024

#define XEN_HYPFS_OP_get_version	0
#define XEN_HYPFS_OP_read		1
#define XEN_HYPFS_OP_write_contents	2

#define XEN_HYPFS_TYPE_DIR		0
#define XEN_HYPFS_TYPE_BLOB		1
#define XEN_HYPFS_TYPE_STRING		2
#define XEN_HYPFS_TYPE_UINT		3
#define XEN_HYPFS_TYPE_INT		4
#define XEN_HYPFS_TYPE_BOOL		5

#define XEN_HYPFS_ENC_PLAIN		0
#define XEN_HYPFS_ENC_GZIP		1

struct xen_hypfs_direntry {
	uint8_t type;			/* XEN_HYPFS_TYPE_* */
	uint8_t encoding;		/* XEN_HYPFS_ENC_* */
	uint16_t pad;
	uint32_t content_len;
	uint32_t max_write_len;		/* 0: read only */
};

struct xen_hypfs_dirlistentry {
	struct xen_hypfs_direntry e;
	uint16_t off_next;		/* 0: last */
	char name[];
};

#endif
