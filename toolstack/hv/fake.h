/* SPDX-License-Identifier: MIT */
/* The model behind fake.c, for tests that look into it. */
#ifndef HV_FAKE_H
#define HV_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/xen.h"

#define FAKE_FRAMES 65536u	/* 256 MiB */
#define FAKE_DOMAINS 1024u
#define FAKE_FREE 0xffffu
#define FAKE_NO_FRAME UINT64_MAX

enum fake_type { FAKE_PLAIN, FAKE_TABLE };

struct fake_domain {
	bool used, paused, shutdown;
	uint8_t reason;
	uint8_t handle[16];
	uint32_t max_vcpus, ports;
	uint64_t pages, max_pages, shared_info, grant_frame;
	int64_t time_offset;
	struct vcpu_guest_context context;
};

struct fake_state {
	uint32_t next_domid;
	struct fake_domain domains[FAKE_DOMAINS];
	uint16_t owner[FAKE_FRAMES];	/* domain, or FAKE_FREE */
	uint8_t type[FAKE_FRAMES];	/* enum fake_type */
	uint8_t level[FAKE_FRAMES];
	uint8_t writable[FAKE_FRAMES];	/* scratch of one check */
};

extern struct fake_state *fake;		/* after hv_open() */

void *fake_page(uint64_t mfn);		/* one page, mapped; hv_unmap() it */
uint64_t fake_free_frames(void);
int fake_shutdown(domid_t domid, unsigned int reason);

#endif
