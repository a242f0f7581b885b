/* SPDX-License-Identifier: MIT */
/*
 * What the interface fixes about the x86-64 CPU as a PV guest sees it: the flat selectors, where the
 * hypervisor's half of the address space lies, the frame of the iret hypercall, the register file of a
 * vCPU and the whole state a vCPU starts from.
 *
 * A 64-bit PV guest's kernel and user both run in ring 3; VGCF_in_kernel tells them apart.
 */
#ifndef ABI_ARCH_X86_64_H
#define ABI_ARCH_X86_64_H

#include "abi/types.h"

/* Selectors of the flat segments that every guest finds in the reserved end of its GDT. */
#define FLAT_RING3_CS32		0xe023
#define FLAT_RING3_CS64		0xe033
#define FLAT_RING3_DS32		0xe02b
#define FLAT_RING3_DS64		0x0000
#define FLAT_RING3_SS32		0xe02b
#define FLAT_RING3_SS64		0xe02b

#define FLAT_KERNEL_DS64	FLAT_RING3_DS64
#define FLAT_KERNEL_DS32	FLAT_RING3_DS32
#define FLAT_KERNEL_DS		FLAT_KERNEL_DS64
#define FLAT_KERNEL_CS64	FLAT_RING3_CS64
#define FLAT_KERNEL_CS32	FLAT_RING3_CS32
#define FLAT_KERNEL_CS		FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64	FLAT_RING3_SS64
#define FLAT_KERNEL_SS32	FLAT_RING3_SS32
#define FLAT_KERNEL_SS		FLAT_KERNEL_SS64

#define FLAT_USER_DS64		FLAT_RING3_DS64
#define FLAT_USER_DS32		FLAT_RING3_DS32
#define FLAT_USER_DS		FLAT_USER_DS64
#define FLAT_USER_CS64		FLAT_RING3_CS64
#define FLAT_USER_CS32		FLAT_RING3_CS32
#define FLAT_USER_CS		FLAT_USER_CS64
#define FLAT_USER_SS64		FLAT_RING3_SS64
#define FLAT_USER_SS32		FLAT_RING3_SS32
#define FLAT_USER_SS		FLAT_USER_SS64

/* The same for a 32-bit PAE guest: kernel in ring 1, user in ring 3. */
#define FLAT_RING1_CS		0xe019
#define FLAT_RING1_DS		0xe021
#define FLAT_RING1_SS		0xe021
#define FLAT_RING3_CS		0xe02b
#define FLAT_RING3_DS		0xe033
#define FLAT_RING3_SS		0xe033

/* GDT pages from here on are the hypervisor's; a guest has the 14 before them. */
#define FIRST_RESERVED_GDT_PAGE		14
#define FIRST_RESERVED_GDT_BYTE		(FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY	(FIRST_RESERVED_GDT_BYTE / 8)

/* The hypervisor's half: L4 slots 256 to 271. Guests may read the machine-to-physical table in slot 256. */
#define __HYPERVISOR_VIRT_START		0xFFFF800000000000
#define __HYPERVISOR_VIRT_END		0xFFFF880000000000
#define __MACH2PHYS_VIRT_START		0xFFFF800000000000
#define __MACH2PHYS_VIRT_END		0xFFFF804000000000
#define HYPERVISOR_VIRT_START		0xFFFF800000000000UL
#define HYPERVISOR_VIRT_END		0xFFFF880000000000UL
#define MACH2PHYS_VIRT_START		0xFFFF800000000000UL
#define MACH2PHYS_VIRT_END		0xFFFF804000000000UL
#define MACH2PHYS_NR_ENTRIES		((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

#define XEN_LEGACY_MAX_VCPUS	32	/* vCPUs whose vcpu_info lies in the shared info page */

/* `which` of the set_segment_base hypercall. */
#define SEGBASE_FS		0
#define SEGBASE_GS_USER		1
#define SEGBASE_GS_KERNEL	2
#define SEGBASE_GS_USER_SEL	3	/* the base is a selector to load into user %gs */

/* Prefix that turns CPUID into the emulated one: ud2a; .ascii "xen". */
#define XEN_EMULATE_PREFIX	".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID		XEN_EMULATE_PREFIX "cpuid"

#define XEN_HVM_DEBUGCONS_IOPORT	0xe9

/*
 * What the iret hypercall finds at the guest's stack pointer:
 *
 *	rsp -> rax  r11  rcx  flags  rip  cs  rflags  rsp  ss
 *
 * `flags` holds VGCF_in_syscall when the frame came from a syscall, in which case rcx and r11 need not be
 * restored from it.
 */
struct iret_context {
	uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/* Registers of a vCPU, in the order in which they lie in memory for getting and setting its context. */
struct cpu_user_regs {
	uint64_t r15, r14, r13, r12;
	uint64_t rbp, rbx;
	uint64_t r11, r10, r9, r8;
	uint64_t rax, rcx, rdx;
	uint64_t rsi, rdi;
	uint32_t error_code;
	uint32_t entry_vector;
	uint64_t rip;
	uint16_t cs, _pad0[1];
	uint8_t saved_upcall_mask;
	uint8_t _pad1[3];
	uint64_t rflags;		/* IF here is the inverse of saved_upcall_mask */
	uint64_t rsp;
	uint16_t ss, _pad2[3];
	uint16_t es, _pad3[3];
	uint16_t ds, _pad4[3];
	uint16_t fs, _pad5[3];
	uint16_t gs, _pad6[3];
};

/* One entry of a guest's trap table; an entry with address 0 ends the list given to set_trap_table. */
struct trap_info {
	uint8_t vector;
	uint8_t flags;			/* bits 0-1: lowest ring that may raise it by `int`; bit 2: mask events */
	uint16_t cs;
	uint64_t address;
};

#define TI_GET_DPL(_ti)		((_ti)->flags & 3)
#define TI_GET_IF(_ti)		((_ti)->flags & 4)

/* Bits of vcpu_guest_context.flags. */
#define _VGCF_i387_valid			0
#define VGCF_i387_valid				(1 << _VGCF_i387_valid)
#define VGCF_I387_VALID				VGCF_i387_valid
#define _VGCF_in_kernel				2
#define VGCF_in_kernel				(1 << _VGCF_in_kernel)
#define VGCF_IN_KERNEL				VGCF_in_kernel
#define _VGCF_failsafe_disables_events		3
#define VGCF_failsafe_disables_events		(1 << _VGCF_failsafe_disables_events)
#define _VGCF_syscall_disables_events		4
#define VGCF_syscall_disables_events		(1 << _VGCF_syscall_disables_events)
#define _VGCF_online				5
#define VGCF_online				(1 << _VGCF_online)
#define _VGCF_in_syscall			8	/* in iret_context.flags only */
#define VGCF_in_syscall				(1 << _VGCF_in_syscall)
#define VGCF_IN_SYSCALL				VGCF_in_syscall

/* The whole state of a vCPU, as VCPUOP_initialise and the context domctls carry it. */
struct vcpu_guest_context {
	struct { char x[512]; } fpu_ctxt;	/* an FXSAVE image */
	uint64_t flags;				/* VGCF_* */
	struct cpu_user_regs user_regs;
	struct trap_info trap_ctxt[256];
	uint64_t ldt_base, ldt_ents;		/* linear address, number of entries */
	uint64_t gdt_frames[16], gdt_ents;	/* machine frames, number of entries */
	uint64_t kernel_ss, kernel_sp;		/* stack on entry to the guest's kernel */
	uint64_t ctrlreg[8];			/* 1: user page table, 3: kernel page table (xen_pfn_to_cr3) */
	uint64_t debugreg[8];
	uint64_t event_callback_eip;
	uint64_t failsafe_callback_eip;
	union {
		uint64_t syscall_callback_eip;	/* 64-bit guests */
		struct {			/* 32-bit guests, as the hypervisor keeps them */
			uint32_t event_callback_cs;
			uint32_t failsafe_callback_cs;
		};
	};
	uint64_t vm_assist;			/* VMASST_TYPE_* bits */
	uint64_t fs_base;
	uint64_t gs_base_kernel;
	uint64_t gs_base_user;
};

#define xen_pfn_to_cr3(pfn)	((uint64_t)(pfn) << 12)
#define xen_cr3_to_pfn(cr3)	((uint64_t)(cr3) >> 12)

struct arch_vcpu_info {
	uint64_t cr2;			/* address of the last page fault delivered */
	uint64_t pad;
};

struct arch_shared_info {
	uint64_t max_pfn;			/* highest frame + 1 that the list below describes */
	xen_pfn_t pfn_to_mfn_frame_list_list;	/* three-level tree of p2m frames, for the tools */
	uint64_t nmi_reason;			/* XEN_NMIREASON_* */
	uint64_t p2m_cr3;			/* or the p2m as one virtual array: its page table, */
	uint64_t p2m_vaddr;			/* where it starts, */
	uint64_t p2m_generation;		/* and odd while the guest changes it */
};

/* Which devices a domain finds emulated inside the hypervisor; none for PV but the PIT. */
#define _XEN_X86_EMU_LAPIC	0
#define XEN_X86_EMU_LAPIC	(1U << _XEN_X86_EMU_LAPIC)
#define _XEN_X86_EMU_HPET	1
#define XEN_X86_EMU_HPET	(1U << _XEN_X86_EMU_HPET)
#define _XEN_X86_EMU_PM		2
#define XEN_X86_EMU_PM		(1U << _XEN_X86_EMU_PM)
#define _XEN_X86_EMU_RTC	3
#define XEN_X86_EMU_RTC		(1U << _XEN_X86_EMU_RTC)
#define _XEN_X86_EMU_IOAPIC	4
#define XEN_X86_EMU_IOAPIC	(1U << _XEN_X86_EMU_IOAPIC)
#define _XEN_X86_EMU_PIC	5
#define XEN_X86_EMU_PIC		(1U << _XEN_X86_EMU_PIC)
#define _XEN_X86_EMU_VGA	6
#define XEN_X86_EMU_VGA		(1U << _XEN_X86_EMU_VGA)
#define _XEN_X86_EMU_IOMMU	7
#define XEN_X86_EMU_IOMMU	(1U << _XEN_X86_EMU_IOMMU)
#define _XEN_X86_EMU_PIT	8
#define XEN_X86_EMU_PIT		(1U << _XEN_X86_EMU_PIT)
#define _XEN_X86_EMU_USE_PIRQ	9
#define XEN_X86_EMU_USE_PIRQ	(1U << _XEN_X86_EMU_USE_PIRQ)
#define _XEN_X86_EMU_VPCI	10
#define XEN_X86_EMU_VPCI	(1U << _XEN_X86_EMU_VPCI)
#define XEN_X86_EMU_ALL		0x7ffU

#define XEN_X86_MSR_RELAXED	(1U << 0)	/* unknown MSRs read as zero instead of faulting */
#define XEN_X86_MISC_FLAGS_MAX	XEN_X86_MSR_RELAXED

struct xen_arch_domainconfig {
	uint32_t emulation_flags;	/* XEN_X86_EMU_* */
	uint32_t misc_flags;		/* XEN_X86_MSR_RELAXED */
};

#define XEN_CPUID_NO_SUBLEAF	0xffffffffU

typedef struct xen_cpuid_leaf {
	uint32_t leaf, subleaf;		/* subleaf is XEN_CPUID_NO_SUBLEAF where the leaf has none */
	uint32_t a, b, c, d;
} xen_cpuid_leaf_t;

typedef struct xen_msr_entry {
	uint32_t idx;
	uint32_t flags;			/* must be zero */
	uint64_t val;
} xen_msr_entry_t;

_Static_assert(sizeof(struct iret_context) == 72, "nine words");
_Static_assert(sizeof(struct cpu_user_regs) == 200, "25 words");
_Static_assert(offsetof(struct cpu_user_regs, rip) == 128, "16 words before rip");
_Static_assert(sizeof(struct trap_info) == 16, "two words");
_Static_assert(offsetof(struct vcpu_guest_context, user_regs) == 520, "FXSAVE image and flags before it");
_Static_assert(sizeof(struct vcpu_guest_context) == 5168, "as published");
_Static_assert(sizeof(struct arch_shared_info) == 48, "six words");

#endif
