/* SPDX-License-Identifier: MIT */
/*
 * The hypercall page of a 64-bit PV guest: 128 entries of 32 bytes, each loads the number and executes SYSCALL, saving
 * rcx and r11 around it. iret's entry only leaves: its frame is on the stack.
 */
#include "abi/xen.h"
#include "domain/guest_frame.h"
#include "lib/string.h"
#include "pv/pv.h"

#define ENTRY_BYTES	32u
#define NR_ENTRIES	(PAGE_SIZE / ENTRY_BYTES)
#define PATCH_NR	4u	/* where the 32-bit number stands in `call` */

static const u8 call[] = {
	0x51,				/* push %rcx */
	0x41, 0x53,			/* push %r11 */
	0xb8, 0, 0, 0, 0,		/* mov  $nr, %eax */
	0x0f, 0x05,			/* syscall */
	0x41, 0x5b,			/* pop  %r11 */
	0x59,				/* pop  %rcx */
	0xc3,				/* ret */
};

static const u8 iret_call[] = {
	0x51,				/* push %rcx */
	0x41, 0x53,			/* push %r11 */
	0x50,				/* push %rax */
	0xb8, __HYPERVISOR_iret, 0, 0, 0,	/* mov $nr, %eax */
	0x0f, 0x05,			/* syscall */
};

void pv_hypercall_page_fill(void *page)
{
	u8 *p = page;

	memset(p, 0xcc, PAGE_SIZE);
	for (u32 nr = 0; nr < NR_ENTRIES; nr++, p += ENTRY_BYTES) {
		if (nr == __HYPERVISOR_iret) {
			memcpy(p, iret_call, sizeof(iret_call));
			continue;
		}
		memcpy(p, call, sizeof(call));
		memcpy(p + PATCH_NR, &nr, sizeof(nr));
	}
}

int pv_hypercall_page_set(struct domain *d, u64 gfn)
{
	struct frame *f;
	int rc = guest_frame_get(d, gfn, true, &f);

	if (rc)
		return rc;
	pv_hypercall_page_fill(mfn_to_virt(frame_to_mfn(f)));
	guest_frame_put(f, true);
	return 0;
}
