/* SPDX-License-Identifier: MIT */
/*
 * What this processor can do, found once by CPUID on the boot CPU, minus what the command line turned off.
 * Required: long mode, NX, SYSCALL, SSE2; CMPXCHG16B is not. Every other CPU must have at least the same
 * (features_check_cpu). Constant after boot; no locks.
 */
#ifndef X86_FEATURES_H
#define X86_FEATURES_H

#include "lib/types.h"

enum cpu_vendor { VENDOR_OTHER, VENDOR_INTEL, VENDOR_AMD, VENDOR_HYGON, VENDOR_CENTAUR, VENDOR_ZHAOXIN };

struct cpu_features {
	enum cpu_vendor vendor;
	u32 family, model, stepping;
	u32 max_leaf, max_ext_leaf;
	u32 phys_bits, virt_bits;
	char name[49];

	bool smep, smap, umip, fsgsbase;
	bool xsave, xsaveopt;
	const char *xsave_unused;	/* why it is not, though it is shown; else NULL */
	bool pcid, invpcid;
	bool page_1g, la57;		/* LA57 is reported, never enabled */
	bool x2apic, tsc_deadline, arat;
	bool tsc_constant, tsc_invariant, rdtscp;
	bool monitor;
	bool mce, mca;
	bool sysenter;
	bool pat, clflush;
	bool svm, vmx;
	/* AMD's FXRSTOR and XRSTOR leave the last FP instruction's address as it was. */
	bool fp_pointers_leak;
	bool hypervisor;		/* we run below another one */
};

extern struct cpu_features cpu_features;

/* NULL, or what is missing. */
const char *features_detect(void);
/* Sets CR0, CR4, EFER and PAT of this CPU to what the features say. */
void features_enable_cpu(void);
/* Whether this CPU lacks something that the boot CPU has: its name, else NULL. */
const char *features_check_cpu(void);
/* "smep smap xsave ..." into buf. */
void features_describe(char *buf, size_t size);
/*
 * Turns one off by the name that features_describe prints; -ENOENT if no such name. Before
 * features_enable_cpu().
 */
int features_turn_off(const char *name);

static inline bool cpu_is_amd(void)
{
	return cpu_features.vendor == VENDOR_AMD || cpu_features.vendor == VENDOR_HYGON;
}

#endif
