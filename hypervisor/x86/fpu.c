/* SPDX-License-Identifier: MIT */
/*
 * XSAVE, XSAVEOPT or FXSAVE, chosen at boot. All components are switched under the full XCR0, and only then
 * is the guest's smaller one loaded: a guest that raises its XCR0 later finds its own or the initial state,
 * nobody else's.
 */
#include "x86/fpu.h"

#include "lib/string.h"
#include "x86/cpu_ops.h"
#include "x86/extable.h"
#include "x86/features.h"

#define FXSAVE_SIZE	512
#define XSAVE_HEADER	64
#define XSAVE_AREA_MAX	(2 * 4096u)	/* more than all components known need */
#define MXCSR_RESET	0x1f80
#define FCW_RESET	0x37f

u32 fpu_area_size = FXSAVE_SIZE;
u64 fpu_xcr0_all = XCR0_X87 | XCR0_SSE;

/* Of the components wanted those that CPUID describes with sense; *size: of an area that holds them. */
static u64 fpu_components(u64 wanted, u32 *size)
{
	u64 have = wanted & (XCR0_X87 | XCR0_SSE);

	*size = FXSAVE_SIZE + XSAVE_HEADER;
	for (u32 i = 2; wanted >> i; i++) {
		struct cpuid_regs r = cpuid_count(0xd, i);

		if (!(wanted >> i & 1) || !r.eax || r.eax > XSAVE_AREA_MAX || r.ebx < FXSAVE_SIZE + XSAVE_HEADER ||
		    r.ebx > XSAVE_AREA_MAX - r.eax)
			continue;
		have |= BIT(i);
		*size = MAX(*size, r.ebx + r.eax);
	}
	return have;
}

void fpu_init(void)
{
	u64 have;

	if (!cpu_features.xsave)
		return;
	/* PKRU is left out: a PV guest's kernel and user share ring 3, so keys mean nothing to it. */
	have = fpu_components(cpuid_count(0xd, 0).eax & (XCR0_X87 | XCR0_SSE | XCR0_YMM | XCR0_BND | XCR0_ZMM),
			      &fpu_area_size);
	if ((have & XCR0_BND) != XCR0_BND)
		have &= ~XCR0_BND;
	if ((have & XCR0_ZMM) != XCR0_ZMM || !(have & XCR0_YMM))
		have &= ~XCR0_ZMM;
	fpu_xcr0_all = fpu_components(have, &fpu_area_size);
}

void fpu_init_cpu(void)
{
	clts();
	__asm__ volatile ("fninit");
	if (cpu_features.xsave)
		xsetbv(0, fpu_xcr0_all);
}

void fpu_area_init(void *area)
{
	memset(area, 0, fpu_area_size);
	*(u16 *)area = FCW_RESET;
	*(u32 *)((u8 *)area + 24) = MXCSR_RESET;
}

bool fpu_xcr0_valid(u64 xcr0)
{
	if (!(xcr0 & XCR0_X87) || (xcr0 & ~fpu_xcr0_all))
		return false;
	if ((xcr0 & XCR0_YMM) && !(xcr0 & XCR0_SSE))
		return false;
	if ((xcr0 & XCR0_BND) && (xcr0 & XCR0_BND) != XCR0_BND)
		return false;
	return !(xcr0 & XCR0_ZMM) || ((xcr0 & XCR0_ZMM) == XCR0_ZMM && (xcr0 & XCR0_YMM));
}

void fpu_set_xcr0(u64 xcr0)
{
	xsetbv(0, xcr0);
}

void fpu_save(void *area, u64 xcr0)
{
	clts();
	if (!cpu_features.xsave) {
		__asm__ volatile ("fxsave64 (%0)" : : "r" (area) : "memory");
		return;
	}
	if (xcr0 != fpu_xcr0_all)
		xsetbv(0, fpu_xcr0_all);
	if (cpu_features.xsaveopt)
		__asm__ volatile ("xsaveopt64 (%0)" : : "r" (area), "a" (~0u), "d" (~0u) : "memory");
	else
		__asm__ volatile ("xsave64 (%0)" : : "r" (area), "a" (~0u), "d" (~0u) : "memory");
}

/*
 * AMD: a restore without a pending exception keeps the last instruction's addresses; overwrite them with
 * ours.
 */
static void fpu_forget_pointers(const void *area)
{
	static const u32 zero;

	if (*(const u16 *)((const u8 *)area + 2) & 0x80)
		return;
	__asm__ volatile ("fnclex; ffree %%st(7); fildl %0" : : "m" (zero));
}

/* 0, or -EFAULT if the contents are such that the processor refuses them. */
static int fpu_load(const void *area)
{
	int rc = -EFAULT;

	if (cpu_features.xsave)
		__asm__ volatile ("1: xrstor64 (%1)\n\t"
				  "xor %0, %0\n"
				  "2:\n\t"
				  EXTABLE("1b", "2b", EXTABLE_PLAIN)
				  : "+r" (rc) : "r" (area), "a" (~0u), "d" (~0u) : "memory");
	else
		__asm__ volatile ("1: fxrstor64 (%1)\n\t"
				  "xor %0, %0\n"
				  "2:\n\t"
				  EXTABLE("1b", "2b", EXTABLE_PLAIN)
				  : "+r" (rc) : "r" (area) : "memory");
	return rc;
}

/* No component in use; the legacy part holds the control words that count even so. */
static const struct {
	u16 fcw, fsw, tag, fop;
	u64 ip, dp;
	u32 mxcsr, mxcsr_mask;
	u8 rest[FXSAVE_SIZE + XSAVE_HEADER - 32];
} initial __aligned(64) = { .fcw = FCW_RESET, .mxcsr = MXCSR_RESET };

void fpu_reset(void)
{
	(void)fpu_load(&initial);
}

int fpu_restore(const void *area, u64 xcr0)
{
	int rc;

	clts();
	if (cpu_features.fp_pointers_leak)
		fpu_forget_pointers(area);
	/* XCR0 is full here: fpu_save() of whoever ran before left it so, or it never was less. */
	rc = fpu_load(area);
	if (unlikely(rc))
		fpu_reset();
	if (cpu_features.xsave && xcr0 != fpu_xcr0_all)
		fpu_set_xcr0(xcr0);
	return rc;
}
