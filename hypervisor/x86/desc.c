/* SPDX-License-Identifier: MIT */
/*
 * GDT, TSS, IDT and the SYSCALL registers. Per-CPU tables are written by the CPU that owns them once it
 * runs, before that by the boot CPU; the IDT is written at boot only.
 */
#include "x86/desc.h"

#include "x86/cpu_ops.h"
#include "x86/features.h"

#define CODE64_RING0	0x00af9b000000fffful
#define DATA_RING0	0x00cf93000000fffful
#define CODE32_RING1	0x00cfbb000000fffful
#define DATA_RING1	0x00cfb3000000fffful
#define CODE32_RING3	0x00cffb000000fffful
#define DATA_RING3	0x00cff3000000fffful
#define CODE64_RING3	0x00affb000000fffful

#define TYPE_LDT	0x2
#define TYPE_TSS	0x9
#define GATE_INTERRUPT	0xeul

struct gate {
	u64 low, high;
};

static struct gate idt[256] __aligned(4096);

static struct desc_cpu {
	struct desc_page native, compat;
	struct tss tss;
} __aligned(64) desc_cpus[MAX_CPUS];

static void desc_write_system(u64 *page, u32 selector, u64 base, u32 limit, u32 type)
{
	u64 *d = page + (selector - GDT_HV_OFFSET) / 8;

	d[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (u64)(type | 0x80) << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	d[1] = base >> 32;
}

static void desc_fill_page(u64 *page, const u64 flat[7], u32 cpu, const struct tss *tss)
{
	for (u32 i = 0; i < 7; i++)
		page[1 + i] = flat[i];
	desc_write_system(page, SEL_TSS, (u64)tss, sizeof(*tss) - 1, TYPE_TSS);
	/* A data segment whose limit is the CPU's number. */
	page[(SEL_CPU - GDT_HV_OFFSET) / 8] = 0x0040f10000000000ul | (cpu & 0xffff);
}

void desc_init_cpu(u32 cpu, struct cpu_local *local, struct desc_page native, struct desc_page compat)
{
	static const u64 flat_native[7] = {
		CODE64_RING0, DATA_RING0, 0, CODE32_RING3, DATA_RING3, CODE64_RING3, 0
	};
	static const u64 flat_compat[7] = {
		CODE64_RING0, DATA_RING0, CODE32_RING1, DATA_RING1, CODE32_RING3, DATA_RING3, 0
	};
	struct desc_cpu *dc = &desc_cpus[cpu];
	u64 block = (u64)cpu_stack_block(local);

	dc->native = native;
	dc->compat = compat;
	dc->tss = (struct tss){
		.rsp0 = cpu_stack_top(local),
		.ist = { [IST_NMI - 1] = block + 0x1000, [IST_DF - 1] = block + 0x2000,
			 [IST_MC - 1] = block + 0x3000, [IST_DB - 1] = block + 0x4000 },
		.iomap = sizeof(struct tss),
	};
	desc_fill_page(native.va, flat_native, cpu, &dc->tss);
	desc_fill_page(compat.va, flat_compat, cpu, &dc->tss);
}

static void desc_write_gate(u8 vector, u32 ist, u32 dpl)
{
	u64 target = (u64)entry_stubs[vector];

	idt[vector].high = target >> 32;
	idt[vector].low = (target & 0xffff) | (u64)SEL_RING0_CS << 16 | (u64)ist << 32 |
			  GATE_INTERRUPT << 40 | (u64)dpl << 45 | 1ul << 47 | (target >> 16 & 0xffff) << 48;
}

void desc_init_idt(void)
{
	for (u32 v = 0; v < 256; v++)
		desc_write_gate(v, 0, v == X86_VEC_BP || v == X86_VEC_OF ? 3 : 0);
	desc_write_gate(X86_VEC_NMI, IST_NMI, 0);
	desc_write_gate(X86_VEC_DF, IST_DF, 0);
	desc_write_gate(X86_VEC_MC, IST_MC, 0);
	desc_write_gate(X86_VEC_DB, IST_DB, 0);
}

void desc_load_idt(void)
{
	lidt(&(struct desc_ptr){ sizeof(idt) - 1, (u64)idt });
}

void desc_load_cpu(u32 cpu)
{
	struct desc_cpu *dc = &desc_cpus[cpu];

	lgdt(&(struct desc_ptr){ GDT_LIMIT, (u64)dc->native.va - GDT_HV_OFFSET });
	__asm__ volatile ("pushq %0\n\t"
			  "leaq 1f(%%rip), %%rax\n\t"
			  "pushq %%rax\n\t"
			  "lretq\n"
			  "1:\n\t"
			  "mov %1, %%ss\n\t"
			  "mov %2, %%ds\n\t"
			  "mov %2, %%es\n\t"
			  "mov %2, %%fs\n\t"
			  "mov %2, %%gs"
			  : : "i" (SEL_RING0_CS), "r" (SEL_RING0_DS), "r" (0) : "rax", "memory");
	/* A CPU that comes back finds its task state marked busy. */
	desc_write_system(dc->native.va, SEL_TSS, (u64)&dc->tss, sizeof(dc->tss) - 1, TYPE_TSS);
	ltr(SEL_TSS);
	lldt(0);
	desc_load_idt();
}

mfn_t desc_gdt_page_mfn(u32 cpu, bool compat)
{
	return compat ? desc_cpus[cpu].compat.mfn : desc_cpus[cpu].native.mfn;
}

void desc_load_gdt(u64 base)
{
	lgdt(&(struct desc_ptr){ GDT_LIMIT, base });
}

void desc_load_idle_gdt(void)
{
	desc_load_gdt((u64)desc_cpus[this_cpu()].native.va - GDT_HV_OFFSET);
}

void desc_set_ldt(u64 base, u32 entries)
{
	struct desc_cpu *dc = &desc_cpus[this_cpu()];

	if (!entries) {
		lldt(0);
		return;
	}
	/* Whichever of the two pages the loaded GDT shows. */
	desc_write_system(dc->native.va, SEL_LDT, base, entries * 8 - 1, TYPE_LDT);
	desc_write_system(dc->compat.va, SEL_LDT, base, entries * 8 - 1, TYPE_LDT);
	lldt(SEL_LDT);
}

void desc_set_rsp0(u64 rsp)
{
	desc_cpus[this_cpu()].tss.rsp0 = rsp;
}

void syscall_init(u64 lstar, u64 cstar, u64 sysenter_rip, u64 sysenter_rsp)
{
	/* SYSRET takes CS from +16 and SS from +8: 0xe033 and 0xe02b. SYSCALL takes SS from +8: 0xe010. */
	wrmsr(MSR_STAR, (u64)SEL_FLAT_RING3_CS32 << 48 | (u64)SEL_RING0_CS << 32);
	wrmsr(MSR_LSTAR, lstar);
	wrmsr(MSR_CSTAR, cstar);
	wrmsr(MSR_SFMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_RF | RFLAGS_VM |
	      RFLAGS_IOPL | RFLAGS_VIF | RFLAGS_VIP |
	      RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF);
	if (!cpu_is_amd() && cpu_features.sysenter) {
		wrmsr(MSR_SYSENTER_CS, SEL_RING0_CS);
		wrmsr(MSR_SYSENTER_ESP, sysenter_rsp);
		wrmsr(MSR_SYSENTER_EIP, sysenter_rip);
	}
}
