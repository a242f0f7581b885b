/* SPDX-License-Identifier: MIT */
/*
 * The core of the interface: hypercall numbers, page-table updates, virtual interrupts, special domain
 * numbers, and the pages shared between a guest and the hypervisor (shared info, start info).
 *
 * In shared pages both sides write at once; every field there is read once and checked after.
 */
#ifndef ABI_XEN_H
#define ABI_XEN_H

#include "abi/types.h"
#include "abi/arch_x86_64.h"

/* Hypercall numbers: %rax of a hypercall, and the index of its 32-byte stub in the hypercall page. */
#define __HYPERVISOR_set_trap_table			0
#define __HYPERVISOR_mmu_update				1
#define __HYPERVISOR_set_gdt				2
#define __HYPERVISOR_stack_switch			3
#define __HYPERVISOR_set_callbacks			4
#define __HYPERVISOR_fpu_taskswitch			5
#define __HYPERVISOR_sched_op_compat			6
#define __HYPERVISOR_platform_op			7
#define __HYPERVISOR_set_debugreg			8
#define __HYPERVISOR_get_debugreg			9
#define __HYPERVISOR_update_descriptor			10
#define __HYPERVISOR_memory_op				12
#define __HYPERVISOR_multicall				13
#define __HYPERVISOR_update_va_mapping			14
#define __HYPERVISOR_set_timer_op			15
#define __HYPERVISOR_event_channel_op_compat		16
#define __HYPERVISOR_xen_version			17
#define __HYPERVISOR_console_io				18
#define __HYPERVISOR_physdev_op_compat			19
#define __HYPERVISOR_grant_table_op			20
#define __HYPERVISOR_vm_assist				21
#define __HYPERVISOR_update_va_mapping_otherdomain	22
#define __HYPERVISOR_iret				23
#define __HYPERVISOR_vcpu_op				24
#define __HYPERVISOR_set_segment_base			25
#define __HYPERVISOR_mmuext_op				26
#define __HYPERVISOR_xsm_op				27
#define __HYPERVISOR_nmi_op				28
#define __HYPERVISOR_sched_op				29
#define __HYPERVISOR_callback_op			30
#define __HYPERVISOR_xenoprof_op			31
#define __HYPERVISOR_event_channel_op			32
#define __HYPERVISOR_physdev_op				33
#define __HYPERVISOR_hvm_op				34
#define __HYPERVISOR_sysctl				35
#define __HYPERVISOR_domctl				36
#define __HYPERVISOR_kexec_op				37
#define __HYPERVISOR_tmem_op				38
#define __HYPERVISOR_argo_op				39
#define __HYPERVISOR_xenpmu_op				40
#define __HYPERVISOR_dm_op				41
#define __HYPERVISOR_hypfs_op				42
#define __HYPERVISOR_arch_0				48
#define __HYPERVISOR_arch_1				49
#define __HYPERVISOR_arch_2				50
#define __HYPERVISOR_arch_3				51
#define __HYPERVISOR_arch_4				52
#define __HYPERVISOR_arch_5				53
#define __HYPERVISOR_arch_6				54
#define __HYPERVISOR_arch_7				55

/* Virtual interrupts. Those marked (V) belong to a vCPU, the others to a domain. */
#define VIRQ_TIMER		0	/* (V) the vCPU's one-shot or periodic timer */
#define VIRQ_DEBUG		1	/* (V) asks the guest to dump its state */
#define VIRQ_CONSOLE		2	/* dom0: bytes on the emergency console */
#define VIRQ_DOM_EXC		3	/* dom0: a domain has changed its state */
#define VIRQ_TBUF		4	/* dom0: trace buffers want reading */
#define VIRQ_DEBUGGER		6	/* dom0: a domain has paused for its debugger */
#define VIRQ_XENOPROF		7	/* (V) profiling sample */
#define VIRQ_CON_RING		8	/* dom0: the hypervisor's message ring has grown */
#define VIRQ_PCPU_STATE		9	/* dom0: a physical CPU went up or down */
#define VIRQ_MEM_EVENT		10	/* dom0: memory event */
#define VIRQ_ARGO		11	/* argo notification */
#define VIRQ_ENOMEM		12	/* dom0: the heap is low */
#define VIRQ_XENPMU		13	/* (V) performance counter interrupt */
#define VIRQ_ARCH_0		16
#define VIRQ_ARCH_1		17
#define VIRQ_ARCH_2		18
#define VIRQ_ARCH_3		19
#define VIRQ_ARCH_4		20
#define VIRQ_ARCH_5		21
#define VIRQ_ARCH_6		22
#define VIRQ_ARCH_7		23
#define NR_VIRQS		24

/* mmu_update: the low two bits of `ptr` say what kind of update an element is. */
#define MMU_NORMAL_PT_UPDATE		0	/* *ptr = val, checked */
#define MMU_MACHPHYS_UPDATE		1	/* m2p[ptr >> 12] = val */
#define MMU_PT_UPDATE_PRESERVE_AD	2	/* like 0; accessed and dirty bits stay as the CPU left them */
#define MMU_PT_UPDATE_NO_TRANSLATE	3	/* like 0, `val` is never translated */

struct mmu_update {
	uint64_t ptr;			/* machine address of the entry, | MMU_* */
	uint64_t val;
};

#define MMUEXT_PIN_L1_TABLE		0	/* arg1.mfn */
#define MMUEXT_PIN_L2_TABLE		1
#define MMUEXT_PIN_L3_TABLE		2
#define MMUEXT_PIN_L4_TABLE		3
#define MMUEXT_UNPIN_TABLE		4	/* arg1.mfn */
#define MMUEXT_NEW_BASEPTR		5	/* arg1.mfn: the kernel's L4 */
#define MMUEXT_TLB_FLUSH_LOCAL		6
#define MMUEXT_INVLPG_LOCAL		7	/* arg1.linear_addr */
#define MMUEXT_TLB_FLUSH_MULTI		8	/* arg2.vcpumask */
#define MMUEXT_INVLPG_MULTI		9	/* both */
#define MMUEXT_TLB_FLUSH_ALL		10
#define MMUEXT_INVLPG_ALL		11	/* arg1.linear_addr */
#define MMUEXT_FLUSH_CACHE		12
#define MMUEXT_SET_LDT			13	/* arg1.linear_addr, arg2.nr_ents */
#define MMUEXT_NEW_USER_BASEPTR		15	/* arg1.mfn: the L4 for user mode, 0 for none */
#define MMUEXT_CLEAR_PAGE		16	/* arg1.mfn */
#define MMUEXT_COPY_PAGE		17	/* arg1.mfn from arg2.src_mfn */
#define MMUEXT_FLUSH_CACHE_GLOBAL	18
#define MMUEXT_MARK_SUPER		19
#define MMUEXT_UNMARK_SUPER		20

struct mmuext_op {
	uint32_t cmd;			/* MMUEXT_* */
	union {
		xen_pfn_t mfn;
		uint64_t linear_addr;
	} arg1;
	union {
		uint32_t nr_ents;
		uint64_t vcpumask;	/* guest pointer: const void, a bitmap of vCPU numbers */
		xen_pfn_t src_mfn;
	} arg2;
};

/* Flags of update_va_mapping. A pointer to a bitmap of vCPUs may be or-ed into MULTI flushes. */
#define UVMF_NONE		(0UL << 0)
#define UVMF_TLB_FLUSH		(1UL << 0)
#define UVMF_INVLPG		(2UL << 0)
#define UVMF_FLUSHTYPE_MASK	(3UL << 0)
#define UVMF_MULTI		(0UL << 2)
#define UVMF_LOCAL		(0UL << 2)
#define UVMF_ALL		(1UL << 2)

#define CONSOLEIO_write		0	/* (count, guest pointer: const char) */
#define CONSOLEIO_read		1	/* (count, guest pointer: char) returns bytes read */

#define VMASST_CMD_enable		0
#define VMASST_CMD_disable		1

#define VMASST_TYPE_4gb_segments		0
#define VMASST_TYPE_4gb_segments_notify		1
#define VMASST_TYPE_writable_pagetables		2	/* plain stores to page tables are emulated */
#define VMASST_TYPE_pae_extended_cr3		3
#define VMASST_TYPE_architectural_iopl		4	/* IOPL lives in the flags pushed and popped */
#define VMASST_TYPE_runstate_update_flag	5	/* mark runstate areas while they are written */
#define VMASST_TYPE_m2p_strict			32	/* no M2P in the address space of user mode */

/* Domain numbers that name no ordinary domain. */
#define DOMID_FIRST_RESERVED	0x7FF0U
#define DOMID_SELF		0x7FF0U	/* the caller */
#define DOMID_IO		0x7FF1U	/* owner of I/O memory */
#define DOMID_XEN		0x7FF2U	/* owner of what the hypervisor shares */
#define DOMID_COW		0x7FF3U
#define DOMID_INVALID		0x7FF4U
#define DOMID_IDLE		0x7FFFU
#define DOMID_MASK		0x7FFFU

struct multicall_entry {
	xen_ulong_t op, result;
	xen_ulong_t args[6];
};

/*
 * Time for a vCPU:  ns = system_time + ((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul / 2^32.
 * The writer makes `version` odd before and even after; a reader retries while it is odd or has moved.
 */
struct vcpu_time_info {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;			/* XEN_PVCLOCK_* */
	uint8_t pad1[2];
};

#define XEN_PVCLOCK_TSC_STABLE_BIT	(1 << 0)
#define XEN_PVCLOCK_GUEST_STOPPED	(1 << 1)

struct vcpu_info {
	uint8_t evtchn_upcall_pending;	/* set by the hypervisor, cleared by the guest */
	uint8_t evtchn_upcall_mask;	/* the guest's virtual interrupt flag, inverted */
	xen_ulong_t evtchn_pending_sel;	/* which words of evtchn_pending to look at */
	struct arch_vcpu_info arch;
	struct vcpu_time_info time;
};

struct shared_info {
	struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
	xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8];
	xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];
	uint32_t wc_version;		/* odd while the wall clock below is being written */
	uint32_t wc_sec;		/* wall clock at system time 0: seconds, low word */
	uint32_t wc_nsec;
	uint32_t wc_sec_hi;
	struct arch_shared_info arch;
};

#define MAX_GUEST_CMDLINE	1024

/* What a PV guest finds at the address in %rsi when it starts. */
struct start_info {
	char magic[32];			/* "xen-3.0-x86_64" */
	uint64_t nr_pages;
	uint64_t shared_info;		/* machine address */
	uint32_t flags;			/* SIF_* */
	xen_pfn_t store_mfn;
	uint32_t store_evtchn;
	union {
		struct {
			xen_pfn_t mfn;
			uint32_t evtchn;
		} domU;
		struct {
			uint32_t info_off;	/* from the start of this struct to dom0_vga_console_info */
			uint32_t info_size;
		} dom0;
	} console;
	uint64_t pt_base;		/* virtual address of the first page table */
	uint64_t nr_pt_frames;
	uint64_t mfn_list;		/* virtual address of the p2m */
	uint64_t mod_start;		/* virtual address, or PFN with SIF_MOD_START_PFN */
	uint64_t mod_len;
	int8_t cmd_line[MAX_GUEST_CMDLINE];
	uint64_t first_p2m_pfn;
	uint64_t nr_p2m_frames;
};

#define SIF_PRIVILEGED		(1 << 0)
#define SIF_INITDOMAIN		(1 << 1)
#define SIF_MULTIBOOT_MOD	(1 << 2)	/* mod_start is a list of xen_multiboot_mod_list */
#define SIF_MOD_START_PFN	(1 << 3)
#define SIF_VIRT_P2M_4TOOLS	(1 << 4)	/* the tools understand the p2m as a virtual array */
#define SIF_PM_MASK		(0xFF << 8)

struct xen_multiboot_mod_list {
	uint32_t mod_start;
	uint32_t mod_end;
	uint32_t cmdline;
	uint32_t pad;
};

#define XEN_VGATYPE_TEXT_MODE_3		0x03
#define XEN_VGATYPE_VESA_LFB		0x23
#define XEN_VGATYPE_EFI_LFB		0x70

/* The screen as the boot loader left it, told to dom0. */
typedef struct dom0_vga_console_info {
	uint8_t video_type;		/* XEN_VGATYPE_* */
	union {
		struct {
			uint16_t font_height;
			uint16_t cursor_x, cursor_y;
			uint16_t rows, columns;
		} text_mode_3;
		struct {
			uint16_t width, height;
			uint16_t bytes_per_line;
			uint16_t bits_per_pixel;
			uint32_t lfb_base;
			uint32_t lfb_size;	/* in units of 64 KiB */
			uint8_t red_pos, red_size;
			uint8_t green_pos, green_size;
			uint8_t blue_pos, blue_size;
			uint8_t rsvd_pos, rsvd_size;
			uint32_t gbl_caps;
			uint16_t mode_attrs;
			uint16_t pad;
			uint32_t ext_lfb_base;	/* the high word of lfb_base */
		} vesa_lfb;
	} u;
} dom0_vga_console_info_t;

/* A bitmap in the memory of a tool. */
struct xenctl_bitmap {
	uint64_t bitmap;		/* guest pointer: uint8_t */
	uint32_t nr_bits;
};

_Static_assert(sizeof(struct mmuext_op) == 24, "three words");
_Static_assert(sizeof(struct multicall_entry) == 64, "eight words");
_Static_assert(sizeof(struct vcpu_time_info) == 32, "four words");
_Static_assert(sizeof(struct vcpu_info) == 64, "one cache line");
_Static_assert(offsetof(struct shared_info, evtchn_pending) == 32 * 64, "after the vcpu_info array");
_Static_assert(offsetof(struct shared_info, arch) == 3088, "after both bitmaps and the wall clock");
_Static_assert(sizeof(struct shared_info) <= 4096, "one page");
_Static_assert(offsetof(struct start_info, cmd_line) == 128, "16 words before it");
_Static_assert(sizeof(struct start_info) == 1168, "128 + 1024 + two words");
_Static_assert(sizeof(struct xenctl_bitmap) == 16, "two words");

#endif
