/* SPDX-License-Identifier: MIT */
/* Types of the ELF notes named "Xen": what a kernel tells the domain builder, and what crash dumps hold. */
#ifndef ABI_ELFNOTE_H
#define ABI_ELFNOTE_H

#define XEN_ELFNOTE_INFO			0
#define XEN_ELFNOTE_ENTRY			1	/* virtual address of the first instruction */
#define XEN_ELFNOTE_HYPERCALL_PAGE		2	/* virtual address of a page to fill with stubs */
#define XEN_ELFNOTE_VIRT_BASE			3	/* where guest frame 0 is mapped */
#define XEN_ELFNOTE_PADDR_OFFSET		4	/* what p_paddr is counted from */
#define XEN_ELFNOTE_XEN_VERSION			5	/* "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS			6
#define XEN_ELFNOTE_GUEST_VERSION		7
#define XEN_ELFNOTE_LOADER			8	/* "generic" */
#define XEN_ELFNOTE_PAE_MODE			9	/* "yes", "no", "bimodal" */
#define XEN_ELFNOTE_FEATURES			10	/* "a|b|!c" */
#define XEN_ELFNOTE_BSD_SYMTAB			11
#define XEN_ELFNOTE_HV_START_LOW		12
#define XEN_ELFNOTE_L1_MFN_VALID		13	/* pairs (mask, value): what marks a PTE in use */
#define XEN_ELFNOTE_SUSPEND_CANCEL		14
#define XEN_ELFNOTE_INIT_P2M			15	/* virtual address wanted for the p2m */
#define XEN_ELFNOTE_MOD_START_PFN		16	/* initrd need not be mapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES		17	/* the same as FEATURES, as bits */
#define XEN_ELFNOTE_PHYS32_ENTRY		18	/* PVH: physical address of a 32-bit entry */
#define XEN_ELFNOTE_MAX				XEN_ELFNOTE_PHYS32_ENTRY

#define XEN_ELFNOTE_CRASH_INFO			0x1000001
#define XEN_ELFNOTE_CRASH_REGS			0x1000002
#define XEN_ELFNOTE_DUMPCORE_NONE		0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER		0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION	0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION	0x2000003

#endif
