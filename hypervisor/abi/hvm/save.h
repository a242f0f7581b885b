/* SPDX-License-Identifier: MIT */
/*
 * The state of an HVM or PVH domain as the hvmcontext domctls carry it: a row of records, each a descriptor
 * followed by `length` bytes of the struct that its type code names; opened by HEADER, closed by END.
 */
#ifndef ABI_HVM_SAVE_H
#define ABI_HVM_SAVE_H

#include "abi/types.h"

/* Type codes, and the struct that each stands for. */
#define HVM_SAVE_CODE_END		0
#define HVM_SAVE_CODE_HEADER		1	/* hvm_save_header */
#define HVM_SAVE_CODE_CPU		2	/* hvm_hw_cpu, by vCPU */
#define HVM_SAVE_CODE_PIC		3	/* hvm_hw_vpic, two instances */
#define HVM_SAVE_CODE_IOAPIC		4	/* hvm_hw_vioapic */
#define HVM_SAVE_CODE_LAPIC		5	/* hvm_hw_lapic, by vCPU */
#define HVM_SAVE_CODE_LAPIC_REGS	6	/* hvm_hw_lapic_regs, by vCPU */
#define HVM_SAVE_CODE_PCI_IRQ		7	/* hvm_hw_pci_irqs */
#define HVM_SAVE_CODE_ISA_IRQ		8	/* hvm_hw_isa_irqs */
#define HVM_SAVE_CODE_PCI_LINK		9	/* hvm_hw_pci_link */
#define HVM_SAVE_CODE_PIT		10	/* hvm_hw_pit */
#define HVM_SAVE_CODE_RTC		11	/* hvm_hw_rtc */
#define HVM_SAVE_CODE_HPET		12	/* hvm_hw_hpet */
#define HVM_SAVE_CODE_PMTIMER		13	/* hvm_hw_pmtimer */
#define HVM_SAVE_CODE_MTRR		14	/* hvm_hw_mtrr, by vCPU */
#define HVM_SAVE_CODE_VIRIDIAN_DOMAIN	15
#define CPU_XSAVE_CODE			16	/* hvm_hw_cpu_xsave and the rest of the area, by vCPU */
#define HVM_SAVE_CODE_VIRIDIAN_VCPU	17
#define HVM_SAVE_CODE_VMCE_VCPU		18	/* hvm_vmce_vcpu, by vCPU */
#define HVM_SAVE_CODE_TSC_ADJUST	19	/* hvm_tsc_adjust, by vCPU */
#define CPU_MSR_CODE			20	/* hvm_msr, by vCPU */
#define HVM_SAVE_CODE_MAX		20

struct hvm_save_descriptor {
	uint16_t typecode;
	uint16_t instance;
	uint32_t length;		/* of the record that follows */
};

#define HVM_FILE_MAGIC			0x54381286
#define HVM_FILE_VERSION		0x00000001

struct hvm_save_header {
	uint32_t magic;			/* HVM_FILE_MAGIC */
	uint32_t version;		/* HVM_FILE_VERSION */
	uint64_t changeset;
	uint32_t cpuid;
	uint32_t gtsc_khz;
};

#define _XEN_X86_FPU_INITIALISED	0
#define XEN_X86_FPU_INITIALISED		(1U << _XEN_X86_FPU_INITIALISED)

struct hvm_hw_cpu {
	uint8_t fpu_regs[512];
	uint64_t rax, rbx, rcx, rdx, rbp, rsi, rdi, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
	uint64_t cr0, cr2, cr3, cr4;
	uint64_t dr0, dr1, dr2, dr3, dr6, dr7;
	uint32_t cs_sel, ds_sel, es_sel, fs_sel, gs_sel, ss_sel, tr_sel, ldtr_sel;
	uint32_t cs_limit, ds_limit, es_limit, fs_limit, gs_limit, ss_limit, tr_limit, ldtr_limit;
	uint32_t idtr_limit, gdtr_limit;
	uint64_t cs_base, ds_base, es_base, fs_base, gs_base, ss_base, tr_base, ldtr_base;
	uint64_t idtr_base, gdtr_base;
	uint32_t cs_arbytes, ds_arbytes, es_arbytes, fs_arbytes;
	uint32_t gs_arbytes, ss_arbytes, tr_arbytes, ldtr_arbytes;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t shadow_gs;
	uint64_t msr_flags;		/* zero */
	uint64_t msr_lstar, msr_star, msr_cstar, msr_syscall_mask, msr_efer, msr_tsc_aux;
	uint64_t tsc;
	union {
		uint32_t pending_event;
		struct {
			uint8_t pending_vector:8;
			uint8_t pending_type:3;
			uint8_t pending_error_valid:1;
			uint32_t pending_reserved:19;
			uint8_t pending_valid:1;
		};
	};
	uint32_t error_code;
	uint32_t flags;			/* XEN_X86_FPU_INITIALISED */
	uint32_t pad0;
};

struct hvm_hw_vpic {
	uint8_t irr, imr, isr;
	uint8_t irq_base;
	uint8_t init_state:4;		/* which ICW comes next */
	uint8_t priority_add:4;
	uint8_t readsel_isr:1;
	uint8_t poll:1;
	uint8_t auto_eoi:1;
	uint8_t rotate_on_auto_eoi:1;
	uint8_t special_fully_nested_mode:1;
	uint8_t special_mask_mode:1;
	uint8_t is_master:1;
	uint8_t elcr;
	uint8_t int_output;
};

#define VIOAPIC_NUM_PINS	48

union vioapic_redir_entry {
	uint64_t bits;
	struct {
		uint8_t vector;
		uint8_t delivery_mode:3;
		uint8_t dest_mode:1;
		uint8_t delivery_status:1;
		uint8_t polarity:1;
		uint8_t remote_irr:1;
		uint8_t trig_mode:1;
		uint8_t mask:1;
		uint8_t reserve:7;
		uint8_t reserved[4];
		uint8_t dest_id;
	} fields;
};

struct hvm_hw_vioapic {
	uint64_t base_address;
	uint32_t ioregsel;
	uint32_t id;
	union vioapic_redir_entry redirtbl[VIOAPIC_NUM_PINS];
};

struct hvm_hw_lapic {
	uint64_t apic_base_msr;
	uint32_t disabled;
	uint32_t timer_divisor;
	uint64_t tdt_msr;
};

struct hvm_hw_lapic_regs {
	uint8_t data[1024];
};

struct hvm_hw_pci_irqs {
	union {
		uint64_t i[2];		/* 32 devices, four pins each */
		uint64_t pad[2];
	};
};

struct hvm_hw_isa_irqs {
	union {
		uint64_t i[1];
		uint64_t pad[1];
	};
};

struct hvm_hw_pci_link {
	uint8_t route[4];		/* ISA IRQ of each link, 0: none */
	uint8_t pad0[4];
};

struct hvm_hw_pit {
	struct hvm_hw_pit_channel {
		uint32_t count;
		uint16_t latched_count;
		uint8_t count_latched;
		uint8_t status_latched;
		uint8_t status;
		uint8_t read_state;
		uint8_t write_state;
		uint8_t write_latch;
		uint8_t rw_mode;
		uint8_t mode;
		uint8_t bcd;
		uint8_t gate;
	} channels[3];
	uint32_t speaker_data_on;
	uint32_t pad0;
};

#define RTC_CMOS_SIZE	14

struct hvm_hw_rtc {
	uint8_t cmos_data[RTC_CMOS_SIZE];
	uint8_t cmos_index;
	uint8_t pad0;
	int64_t rtc_offset;		/* guest's minus host's time, seconds */
};

#define HPET_TIMER_NUM	3

struct hvm_hw_hpet {
	uint64_t capability;
	uint64_t res0;
	uint64_t config;
	uint64_t res1;
	uint64_t isr;
	uint64_t res2[25];
	uint64_t mc64;
	uint64_t res3;
	struct {
		uint64_t config;
		uint64_t cmp;
		uint64_t fsb;
		uint64_t res4;
	} timers[HPET_TIMER_NUM];
	uint64_t res5[4 * (24 - HPET_TIMER_NUM)];
	uint64_t period[HPET_TIMER_NUM];
};

struct hvm_hw_pmtimer {
	uint32_t tmr_val;
	uint16_t pm1a_sts;
	uint16_t pm1a_en;
};

#define MTRR_VCNT	8
#define NUM_FIXED_MSR	11

struct hvm_hw_mtrr {
	uint64_t msr_pat_cr;
	uint64_t msr_mtrr_var[MTRR_VCNT * 2];
	uint64_t msr_mtrr_fixed[NUM_FIXED_MSR];
	uint64_t msr_mtrr_cap;
	uint64_t msr_mtrr_def_type;
};

struct hvm_hw_cpu_xsave {
	uint64_t xfeature_mask;
	uint64_t xcr0;
	uint64_t xcr0_accum;
	struct {
		struct { char x[512]; } fpu_sse;
		struct hvm_hw_cpu_xsave_hdr {
			uint64_t xstate_bv;
			uint64_t xcomp_bv;
			uint64_t reserved[6];
		} xsave_hdr;
	} save_area;
};

struct hvm_vmce_vcpu {
	uint64_t caps;
	uint64_t mci_ctl2_bank0;
	uint64_t mci_ctl2_bank1;
	uint64_t mcg_ext_ctl;
};

struct hvm_tsc_adjust {
	uint64_t tsc_adjust;
};

struct hvm_msr {
	uint32_t count;
	struct hvm_one_msr {
		uint32_t index;
		uint32_t _rsvd;
		uint64_t val;
	} msr[];
};

_Static_assert(sizeof(struct hvm_save_descriptor) == 8, "one word");
_Static_assert(sizeof(struct hvm_save_header) == 24, "three words");

#endif
