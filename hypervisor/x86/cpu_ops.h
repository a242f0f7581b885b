/* SPDX-License-Identifier: MIT */
/*
 * One-instruction wrappers of what only the CPU can do. Everything above touches hardware through these, so
 * that most of the hypervisor also runs as a program on the host: there x86/host_ops.h takes their place.
 * The _safe forms answer -EFAULT where the instruction would fault (through the table of x86/extable.h).
 */
#ifndef X86_CPU_OPS_H
#define X86_CPU_OPS_H

#include "lib/errno.h"
#include "lib/types.h"
#include "x86/cpu_types.h"
#include "x86/msr.h"
#include "x86/percpu.h"
#include "x86/regs.h"

#ifdef HOST_TEST
#include "x86/host_ops.h"
#else

#include "x86/extable.h"

#define DEFINE_CONTROL_REGISTER(reg)						\
	static inline u64 read_##reg(void)					\
	{									\
		u64 v;								\
		__asm__ volatile ("mov %%" #reg ", %0" : "=r" (v) : : "memory");	\
		return v;							\
	}									\
	static inline void write_##reg(u64 v)					\
	{									\
		__asm__ volatile ("mov %0, %%" #reg : : "r" (v) : "memory");	\
	}

DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(dr0)
DEFINE_CONTROL_REGISTER(dr1)
DEFINE_CONTROL_REGISTER(dr2)
DEFINE_CONTROL_REGISTER(dr3)
DEFINE_CONTROL_REGISTER(dr6)
DEFINE_CONTROL_REGISTER(dr7)

#undef DEFINE_CONTROL_REGISTER

/* CR4 is kept in struct cpu_local: reading it costs a load. write_cr4() keeps the copy true. */
static inline u64 read_cr4(void)
{
	return cpu_local()->cr4;
}

static inline u64 read_cr4_hardware(void)
{
	u64 v;

	__asm__ volatile ("mov %%cr4, %0" : "=r" (v) : : "memory");
	return v;
}

static inline void write_cr4(u64 v)
{
	cpu_local()->cr4 = v;
	__asm__ volatile ("mov %0, %%cr4" : : "r" (v) : "memory");
}

static inline void clts(void)
{
	__asm__ volatile ("clts" : : : "memory");
}

static inline void stts(void)
{
	write_cr0(read_cr0() | CR0_TS);
}

static inline void invlpg(u64 va)
{
	__asm__ volatile ("invlpg (%0)" : : "r" (va) : "memory");
}

static inline void invpcid(u64 type, u64 pcid, u64 va)
{
	u64 desc[2] = { pcid, va };

	__asm__ volatile ("invpcid %0, %1" : : "m" (desc), "r" (type) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile ("rdtsc" : "=a" (lo), "=d" (hi));
	return (u64)hi << 32 | lo;
}

/* After all earlier loads: for comparing with what another CPU wrote. */
static inline u64 rdtsc_ordered(void)
{
	__asm__ volatile ("lfence" : : : "memory");
	return rdtsc();
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile ("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile ("wrmsr" : : "c" (msr), "a" ((u32)value), "d" ((u32)(value >> 32)) : "memory");
}

static inline int __must_check rdmsr_safe(u32 msr, u64 *value)
{
	u32 lo = 0, hi = 0;
	int rc = -EFAULT;

	__asm__ volatile ("1: rdmsr\n\t"
			  "xor %2, %2\n"
			  "2:\n\t"
			  EXTABLE("1b", "2b", EXTABLE_PLAIN)
			  : "+a" (lo), "+d" (hi), "+r" (rc) : "c" (msr) : "memory");
	*value = (u64)hi << 32 | lo;
	return rc;
}

static inline int __must_check wrmsr_safe(u32 msr, u64 value)
{
	int rc = -EFAULT;

	__asm__ volatile ("1: wrmsr\n\t"
			  "xor %0, %0\n"
			  "2:\n\t"
			  EXTABLE("1b", "2b", EXTABLE_PLAIN)
			  : "+r" (rc) : "c" (msr), "a" ((u32)value), "d" ((u32)(value >> 32)) : "memory");
	return rc;
}

static inline struct cpuid_regs cpuid_count(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile ("cpuid" : "=a" (r.eax), "=b" (r.ebx), "=c" (r.ecx), "=d" (r.edx)
			  : "0" (leaf), "2" (subleaf));
	return r;
}

static inline void hlt(void)
{
	__asm__ volatile ("hlt" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile ("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile ("sti" : : : "memory");
}

/* Sleep with interrupts on; one that came before is not missed. */
static inline void irq_enable_and_halt(void)
{
	__asm__ volatile ("sti; hlt" : : : "memory");
}

static inline u64 read_rflags(void)
{
	u64 flags;

	__asm__ volatile ("pushfq; popq %0" : "=r" (flags) : : "memory");
	return flags;
}

static inline void write_rflags(u64 flags)
{
	__asm__ volatile ("pushq %0; popfq" : : "r" (flags) : "memory", "cc");
}

#define DEFINE_PORT(suffix, type)						\
	static inline type in##suffix(u16 port)					\
	{									\
		type v;								\
		__asm__ volatile ("in" #suffix " %1, %0" : "=a" (v) : "Nd" (port) : "memory");	\
		return v;							\
	}									\
	static inline void out##suffix(u16 port, type v)			\
	{									\
		__asm__ volatile ("out" #suffix " %0, %1" : : "a" (v), "Nd" (port) : "memory");	\
	}

DEFINE_PORT(b, u8)
DEFINE_PORT(w, u16)
DEFINE_PORT(l, u32)

#undef DEFINE_PORT

/* SMAP's door. Only where features say so: the instructions fault elsewhere. */
static inline void stac(void)
{
	__asm__ volatile ("stac" : : : "memory");
}

static inline void clac(void)
{
	__asm__ volatile ("clac" : : : "memory");
}

static inline void lgdt(const struct desc_ptr *p)
{
	__asm__ volatile ("lgdt %0" : : "m" (*p) : "memory");
}

static inline void lidt(const struct desc_ptr *p)
{
	__asm__ volatile ("lidt %0" : : "m" (*p) : "memory");
}

static inline void ltr(u16 selector)
{
	__asm__ volatile ("ltr %0" : : "rm" (selector) : "memory");
}

static inline void lldt(u16 selector)
{
	__asm__ volatile ("lldt %0" : : "rm" (selector) : "memory");
}

static inline void swapgs(void)
{
	__asm__ volatile ("swapgs" : : : "memory");
}

/* FSGSBASE instructions; x86/segment.h chooses between these and the MSRs. */
static inline u64 rdfsbase(void)
{
	u64 v;

	__asm__ volatile ("rdfsbase %0" : "=r" (v));
	return v;
}

static inline u64 rdgsbase(void)
{
	u64 v;

	__asm__ volatile ("rdgsbase %0" : "=r" (v));
	return v;
}

static inline void wrfsbase(u64 v)
{
	__asm__ volatile ("wrfsbase %0" : : "r" (v) : "memory");
}

static inline void wrgsbase(u64 v)
{
	__asm__ volatile ("wrgsbase %0" : : "r" (v) : "memory");
}

#define DEFINE_SEGMENT(seg)							\
	static inline u16 read_##seg(void)					\
	{									\
		u16 v;								\
		__asm__ volatile ("mov %%" #seg ", %0" : "=r" (v));		\
		return v;							\
	}									\
	/* 0, or -EFAULT and the null selector loaded instead. */		\
	static inline int load_##seg(u16 selector)				\
	{									\
		int rc = 0;							\
		__asm__ volatile ("1: mov %w1, %%" #seg "\n\t"			\
				  "jmp 3f\n"					\
				  "2: mov %2, %%" #seg "\n\t"			\
				  "mov %3, %0\n"				\
				  "3:\n\t"					\
				  EXTABLE("1b", "2b", EXTABLE_PLAIN)		\
				  : "+r" (rc) : "r" ((u32)selector), "r" (0), "i" (-EFAULT) : "memory");	\
		return rc;							\
	}

DEFINE_SEGMENT(ds)
DEFINE_SEGMENT(es)
DEFINE_SEGMENT(fs)
DEFINE_SEGMENT(gs)

#undef DEFINE_SEGMENT

static inline void xsetbv(u32 index, u64 value)
{
	__asm__ volatile ("xsetbv" : : "c" (index), "a" ((u32)value), "d" ((u32)(value >> 32)) : "memory");
}

static inline u64 xgetbv(u32 index)
{
	u32 lo, hi;

	__asm__ volatile ("xgetbv" : "=a" (lo), "=d" (hi) : "c" (index));
	return (u64)hi << 32 | lo;
}

static inline void wbinvd(void)
{
	__asm__ volatile ("wbinvd" : : : "memory");
}

static inline void store_fence(void)
{
	__asm__ volatile ("sfence" : : : "memory");
}

#endif /* HOST_TEST */

static inline void cpu_pause(void)
{
	__asm__ volatile ("pause" : : : "memory");
}

static inline struct cpuid_regs cpuid(u32 leaf)
{
	return cpuid_count(leaf, 0);
}

static inline bool irq_enabled(void)
{
	return read_rflags() & RFLAGS_IF;
}

/* Interrupts off; the result restores what was. */
static inline u64 irq_save(void)
{
	u64 flags = read_rflags();

	irq_disable();
	return flags;
}

static inline void irq_restore(u64 flags)
{
	if (flags & RFLAGS_IF)
		irq_enable();
}

#endif
