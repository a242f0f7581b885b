/* SPDX-License-Identifier: MIT */
/*
 * One row a register: what a read gives, what a write does. A PV guest's own state (segment bases, TSC_AUX) is real;
 * the rest are the values that a kernel probes for and is content with.
 */
#include "domain/msr_policy.h"

#include "lib/errno.h"
#include "mm/pt.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/segment.h"

#define HWCR_TSC_FREQ_SEL	BIT(24)
#define DE_CFG_LFENCE_SERIAL	BIT(1)
#define FEATURE_CONTROL_LOCK	BIT(0)
#define MISC_ENABLE_FAST_STRING	BIT(0)
#define MISC_ENABLE_BTS_UNAVAIL	BIT(11)
#define MISC_ENABLE_PEBS_UNAVAIL BIT(12)

enum vendor_kind { ANY, AMD_ONLY, INTEL_ONLY };

struct msr_row {
	u32 first, last;
	enum vendor_kind vendor;
	int (*read)(struct vcpu *v, u32 msr, u64 *value);
	int (*write)(struct vcpu *v, u32 msr, u64 value);
};

static int read_zero(struct vcpu *v, u32 msr, u64 *value)
{
	*value = 0;
	return 0;
}

static int ignore_write(struct vcpu *v, u32 msr, u64 value)
{
	return 0;
}

static int read_hardware(struct vcpu *v, u32 msr, u64 *value)
{
	return rdmsr_safe(msr, value) ? -EPERM : 0;
}

/* Where the machine's memory lies is the hardware domain's to know. */
static int read_dom0(struct vcpu *v, u32 msr, u64 *value)
{
	return v->domain->is_privileged ? read_hardware(v, msr, value) : -EPERM;
}

static int write_same(struct vcpu *v, u32 msr, u64 value)
{
	u64 now;

	return msr_guest_read(v, msr, &now) || now != value ? -EPERM : 0;
}

static int read_tsc(struct vcpu *v, u32 msr, u64 *value)
{
	*value = rdtsc();
	return 0;
}

static int read_apic_base(struct vcpu *v, u32 msr, u64 *value)
{
	*value = 0xfee00000 | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
	return 0;
}

static int read_pat(struct vcpu *v, u32 msr, u64 *value)
{
	*value = PAT_HYPERVISOR;
	return 0;
}

static int read_efer(struct vcpu *v, u32 msr, u64 *value)
{
	*value = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	return 0;
}

static int read_feature_control(struct vcpu *v, u32 msr, u64 *value)
{
	*value = FEATURE_CONTROL_LOCK;
	return 0;
}

static int read_misc_enable(struct vcpu *v, u32 msr, u64 *value)
{
	*value = MISC_ENABLE_FAST_STRING | MISC_ENABLE_BTS_UNAVAIL | MISC_ENABLE_PEBS_UNAVAIL;
	return 0;
}

static int read_hwcr(struct vcpu *v, u32 msr, u64 *value)
{
	*value = HWCR_TSC_FREQ_SEL;
	return 0;
}

static int read_de_cfg(struct vcpu *v, u32 msr, u64 *value)
{
	*value = DE_CFG_LFENCE_SERIAL;
	return 0;
}

static int read_base(struct vcpu *v, u32 msr, u64 *value)
{
	*value = msr == MSR_FS_BASE ? fs_base_read() : msr == MSR_GS_BASE ? gs_base_read() : gs_kernel_base_read();
	return 0;
}

static int write_base(struct vcpu *v, u32 msr, u64 value)
{
	if (!va_is_canonical(value))
		return -EPERM;
	if (msr == MSR_FS_BASE)
		fs_base_write(value);
	else if (msr == MSR_GS_BASE)
		gs_base_write(value);
	else
		gs_kernel_base_write(value);
	return 0;
}

static int read_tsc_aux(struct vcpu *v, u32 msr, u64 *value)
{
	if (!cpu_features.rdtscp)
		return -EPERM;
	*value = v->pv.tsc_aux;
	return 0;
}

static int write_tsc_aux(struct vcpu *v, u32 msr, u64 value)
{
	if (!cpu_features.rdtscp || value >> 32)
		return -EPERM;
	v->pv.tsc_aux = value;
	wrmsr(MSR_TSC_AUX, value);
	return 0;
}

/* In the order of their numbers. */
static const struct msr_row rows[] = {
	{ 0x0, 0x1, ANY, read_zero, NULL },					/* the Pentium's machine check */
	{ MSR_TSC, MSR_TSC, ANY, read_tsc, NULL },
	{ 0x17, 0x17, INTEL_ONLY, read_zero, ignore_write },			/* platform id */
	{ MSR_APIC_BASE, MSR_APIC_BASE, ANY, read_apic_base, write_same },
	{ 0x34, 0x34, INTEL_ONLY, read_zero, NULL },				/* SMI count */
	{ MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, INTEL_ONLY, read_feature_control, NULL },
	{ 0x79, 0x79, INTEL_ONLY, NULL, ignore_write },			/* microcode update */
	{ MSR_UCODE_REV, MSR_UCODE_REV, ANY, read_hardware, ignore_write },
	{ MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, ANY, read_zero, NULL },
	{ 0x140, 0x140, ANY, read_zero, write_same },				/* CPUID faulting: none */
	{ MSR_MCG_CAP, MSR_MCG_STATUS, ANY, read_zero, ignore_write },		/* no banks */
	{ MSR_MISC_ENABLE, MSR_MISC_ENABLE, INTEL_ONLY, read_misc_enable, ignore_write },
	{ MSR_DEBUGCTL, MSR_DEBUGCTL, ANY, read_zero, write_same },		/* no branch records */
	{ MSR_PAT, MSR_PAT, ANY, read_pat, write_same },
	{ 0x345, 0x345, INTEL_ONLY, read_zero, NULL },			/* performance capabilities: none */
	{ 0x400, 0x47f, ANY, read_zero, ignore_write },			/* machine check banks */
	{ MSR_EFER, MSR_EFER, ANY, read_efer, write_same },
	{ MSR_FS_BASE, MSR_KERNEL_GS_BASE, ANY, read_base, write_base },
	{ MSR_TSC_AUX, MSR_TSC_AUX, ANY, read_tsc_aux, write_tsc_aux },
	{ 0xc0010000, 0xc0010007, AMD_ONLY, read_zero, ignore_write },		/* performance counters */
	{ MSR_SYSCFG, MSR_SYSCFG, AMD_ONLY, read_zero, ignore_write },
	{ MSR_HWCR, MSR_HWCR, AMD_ONLY, read_hwcr, ignore_write },
	{ 0xc0010016, 0xc001001a, AMD_ONLY, read_dom0, NULL },		/* ranges of memory and devices */
	{ 0xc001001d, 0xc001001d, AMD_ONLY, read_dom0, NULL },		/* end of memory above 4 GiB */
	{ MSR_INT_PENDING, MSR_INT_PENDING, AMD_ONLY, read_zero, ignore_write },
	{ 0xc0010058, 0xc0010058, AMD_ONLY, read_zero, NULL },			/* MMIO configuration base */
	{ 0xc0010140, 0xc0010141, AMD_ONLY, read_zero, NULL },			/* OS-visible workarounds: none */
	{ 0xc0011029, 0xc0011029, AMD_ONLY, read_de_cfg, ignore_write },
};

static const struct msr_row *find(u32 msr)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows) && rows[i].first <= msr; i++)
		if (msr <= rows[i].last && (rows[i].vendor == ANY || (rows[i].vendor == AMD_ONLY) == cpu_is_amd()))
			return &rows[i];
	return NULL;
}

int msr_guest_read(struct vcpu *v, u32 msr, u64 *value)
{
	const struct msr_row *row = find(msr);

	return row && row->read ? row->read(v, msr, value) : -EPERM;
}

int msr_guest_write(struct vcpu *v, u32 msr, u64 value)
{
	const struct msr_row *row = find(msr);

	return row && row->write ? row->write(v, msr, value) : -EPERM;
}
