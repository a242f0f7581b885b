/* SPDX-License-Identifier: MIT */
/*
 * The bases of FS and GS: by the FSGSBASE instructions while CR4 allows them, which is the guest's choice, else by
 * MSRs. In ring 0 "gs" is the base that the guest runs with; the other one (swapped by SWAPGS) is the kernel base.
 */
#ifndef X86_SEGMENT_H
#define X86_SEGMENT_H

#include "x86/cpu_ops.h"
#include "x86/msr.h"

static inline bool fsgsbase_is_on(void)
{
	return read_cr4() & CR4_FSGSBASE;
}

static inline u64 fs_base_read(void)
{
	return fsgsbase_is_on() ? rdfsbase() : rdmsr(MSR_FS_BASE);
}

static inline u64 gs_base_read(void)
{
	return fsgsbase_is_on() ? rdgsbase() : rdmsr(MSR_GS_BASE);
}

static inline void fs_base_write(u64 base)
{
	if (fsgsbase_is_on())
		wrfsbase(base);
	else
		wrmsr(MSR_FS_BASE, base);
}

static inline void gs_base_write(u64 base)
{
	if (fsgsbase_is_on())
		wrgsbase(base);
	else
		wrmsr(MSR_GS_BASE, base);
}

static inline u64 gs_kernel_base_read(void)
{
	u64 base;

	if (!fsgsbase_is_on())
		return rdmsr(MSR_KERNEL_GS_BASE);
	swapgs();
	base = rdgsbase();
	swapgs();
	return base;
}

static inline void gs_kernel_base_write(u64 base)
{
	if (!fsgsbase_is_on()) {
		wrmsr(MSR_KERNEL_GS_BASE, base);
		return;
	}
	swapgs();
	wrgsbase(base);
	swapgs();
}

#endif
