/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: each CPU's GDT page, task state and the one IDT.
 *
 * The PV ABI gives a guest the first 14 pages of the GDT; page 14 (selectors 0xe000 and up) is the
 * hypervisor's. So each CPU has a page of descriptors that stands at offset 0xe000 of whatever GDT is
 * loaded: alone while the idle vCPU runs (base = page - 0xe000), or mapped behind a guest's pages. 32-bit
 * guests see other flat selectors at the same numbers, therefore each CPU has a second page for them.
 */
#ifndef X86_DESC_H
#define X86_DESC_H

#define GDT_HV_OFFSET		0xe000
#define GDT_LIMIT		0xefff

#define SEL_RING0_CS		0xe008
#define SEL_RING0_DS		0xe010
#define SEL_TSS			0xe040
#define SEL_LDT			0xe050
#define SEL_CPU			0xe060		/* limit = CPU number, readable by LSL from ring 3 */

/* For 64-bit guests, as published. */
#define SEL_FLAT_RING3_CS32	0xe023
#define SEL_FLAT_RING3_DS	0xe02b		/* also SS, 32 and 64 bits */
#define SEL_FLAT_RING3_CS64	0xe033
/* For 32-bit guests, as published. */
#define SEL_FLAT_RING1_CS	0xe019
#define SEL_FLAT_RING1_DS	0xe021
#define SEL_FLAT32_RING3_CS	0xe02b
#define SEL_FLAT32_RING3_DS	0xe033

#define IST_NMI			1
#define IST_DF			2
#define IST_MC			3
#define IST_DB			4

#ifndef __ASSEMBLY__

#include "lib/types.h"
#include "lib/typesafe.h"
#include "x86/percpu.h"

struct tss {
	u32 reserved0;
	u64 rsp0, rsp1, rsp2;
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap;		/* beyond the limit: no port is open to ring 3 */
} __attribute__((packed));
static_assert(sizeof(struct tss) == 104, "APM 2 12.2.5");

/* One page of descriptors and where it is. */
struct desc_page {
	u64 *va;
	mfn_t mfn;
};

/* Fills the pages (zeroed, page aligned) and the task state of `cpu`, whose stack block is `local`'s. */
void desc_init_cpu(u32 cpu, struct cpu_local *local, struct desc_page native, struct desc_page compat);
/* On the CPU itself: loads GDT, TSS, IDT and segment registers. */
void desc_load_cpu(u32 cpu);
/* The one IDT, from entry_stubs. Before the first desc_load_cpu(). */
void desc_init_idt(void);
/* The IDT alone, with a temporary GDT still loaded: exceptions speak from the first moment. */
void desc_load_idt(void);

/* The hypervisor's page of `cpu`, to be mapped as page 14 of a guest's GDT. */
mfn_t desc_gdt_page_mfn(u32 cpu, bool compat);

void desc_load_gdt(u64 base);		/* a guest's GDT: base of its 16 pages */
void desc_load_idle_gdt(void);
void desc_set_ldt(u64 base, u32 entries);	/* 0 entries: none */
void desc_set_rsp0(u64 rsp);

/* entry/: one small routine a vector. */
extern const void *const entry_stubs[256];

/* SYSCALL and (Intel) SYSENTER of this CPU lead here. */
void syscall_init(u64 lstar, u64 cstar, u64 sysenter_rip, u64 sysenter_rsp);

#endif /* __ASSEMBLY__ */
#endif
