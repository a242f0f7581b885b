/* SPDX-License-Identifier: MIT */
/*
 * The CPU of a host test: control registers, MSRs and descriptor tables that are variables of the test
 * (defined in tests/unit's fake machine), and instructions that do nothing. Included by x86/cpu_ops.h only.
 */
#ifndef X86_HOST_OPS_H
#define X86_HOST_OPS_H

#include "lib/types.h"
#include "x86/cpu_types.h"
#include "x86/msr.h"
#include "x86/regs.h"

struct host_cpu {
	u64 cr0, cr2, cr3, cr4, dr[8];
	u64 rflags, tsc, xcr0;
	u64 fs_base, gs_base;
	u16 ds, es, fs, gs;
	u64 (*rdmsr)(u32 msr);			/* NULL: all read as 0 */
	void (*wrmsr)(u32 msr, u64 value);	/* NULL: ignored */
	u32 (*port_in)(u16 port, u32 bytes);	/* NULL: all ones */
	void (*port_out)(u16 port, u32 bytes, u32 value);
	void (*cpuid)(u32 leaf, u32 subleaf, struct cpuid_regs *r);	/* changes what this machine's processor says */
	u64 invlpg_count, cr3_writes;
};
extern struct host_cpu host_cpu;

#define HOST_REGISTER(name, field)						\
	static inline u64 read_##name(void) { return host_cpu.field; }		\
	static inline void write_##name(u64 v) { host_cpu.field = v; }

HOST_REGISTER(cr0, cr0)
HOST_REGISTER(cr2, cr2)
HOST_REGISTER(cr4, cr4)
HOST_REGISTER(dr0, dr[0])
HOST_REGISTER(dr1, dr[1])
HOST_REGISTER(dr2, dr[2])
HOST_REGISTER(dr3, dr[3])
HOST_REGISTER(dr6, dr[6])
HOST_REGISTER(dr7, dr[7])
HOST_REGISTER(rflags, rflags)

#undef HOST_REGISTER

static inline u64 read_cr3(void) { return host_cpu.cr3; }
static inline void write_cr3(u64 v) { host_cpu.cr3 = v; host_cpu.cr3_writes++; }
static inline u64 read_cr4_hardware(void) { return host_cpu.cr4; }
static inline void clts(void) { host_cpu.cr0 &= ~CR0_TS; }
static inline void stts(void) { host_cpu.cr0 |= CR0_TS; }
static inline void invlpg(u64 va) { (void)va; host_cpu.invlpg_count++; }
static inline void invpcid(u64 type, u64 pcid, u64 va) { (void)type; (void)pcid; (void)va; }
static inline u64 rdtsc(void) { return host_cpu.tsc += 100; }
static inline u64 rdtsc_ordered(void) { return rdtsc(); }

/* The bases of FS and GS, which two ways of access share; NULL for other registers. */
static inline u64 *host_base_msr(u32 msr)
{
	return msr == MSR_FS_BASE ? &host_cpu.fs_base : msr == MSR_GS_BASE ? &host_cpu.gs_base : NULL;
}

static inline u64 rdmsr(u32 msr)
{
	return host_base_msr(msr) ? *host_base_msr(msr) : host_cpu.rdmsr ? host_cpu.rdmsr(msr) : 0;
}

static inline void wrmsr(u32 msr, u64 value)
{
	if (host_base_msr(msr))
		*host_base_msr(msr) = value;
	else if (host_cpu.wrmsr)
		host_cpu.wrmsr(msr, value);
}

static inline int __must_check rdmsr_safe(u32 msr, u64 *value) { *value = rdmsr(msr); return 0; }
static inline int __must_check wrmsr_safe(u32 msr, u64 value) { wrmsr(msr, value); return 0; }

static inline struct cpuid_regs cpuid_count(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile ("cpuid" : "=a" (r.eax), "=b" (r.ebx), "=c" (r.ecx), "=d" (r.edx)
			  : "0" (leaf), "2" (subleaf));
	if (host_cpu.cpuid)
		host_cpu.cpuid(leaf, subleaf, &r);
	return r;
}

static inline void hlt(void) { }
static inline void irq_disable(void) { host_cpu.rflags &= ~RFLAGS_IF; }
static inline void irq_enable(void) { host_cpu.rflags |= RFLAGS_IF; }
static inline void irq_enable_and_halt(void) { irq_enable(); }

#define HOST_PORT(suffix, type)							\
	static inline type in##suffix(u16 port)					\
	{									\
		return host_cpu.port_in ? (type)host_cpu.port_in(port, sizeof(type)) : (type)~0u;	\
	}									\
	static inline void out##suffix(u16 port, type v)			\
	{									\
		if (host_cpu.port_out)						\
			host_cpu.port_out(port, sizeof(type), v);		\
	}

HOST_PORT(b, u8)
HOST_PORT(w, u16)
HOST_PORT(l, u32)

#undef HOST_PORT

static inline void stac(void) { }
static inline void clac(void) { }
static inline void lgdt(const struct desc_ptr *p) { (void)p; }
static inline void lidt(const struct desc_ptr *p) { (void)p; }
static inline void ltr(u16 selector) { (void)selector; }
static inline void lldt(u16 selector) { (void)selector; }
static inline void swapgs(void) { }
static inline u64 rdfsbase(void) { return host_cpu.fs_base; }
static inline u64 rdgsbase(void) { return host_cpu.gs_base; }
static inline void wrfsbase(u64 v) { host_cpu.fs_base = v; }
static inline void wrgsbase(u64 v) { host_cpu.gs_base = v; }

#define HOST_SEGMENT(seg)							\
	static inline u16 read_##seg(void) { return host_cpu.seg; }		\
	static inline int load_##seg(u16 selector) { host_cpu.seg = selector; return 0; }

HOST_SEGMENT(ds)
HOST_SEGMENT(es)
HOST_SEGMENT(fs)
HOST_SEGMENT(gs)

#undef HOST_SEGMENT

static inline void xsetbv(u32 index, u64 value) { (void)index; host_cpu.xcr0 = value; }
static inline u64 xgetbv(u32 index) { (void)index; return host_cpu.xcr0; }
static inline void wbinvd(void) { }
static inline void store_fence(void) { }

#endif
