/* SPDX-License-Identifier: MIT */
/*
 * CPUID, read once into named booleans by a table, so that detection, the check of the other CPUs, the log
 * line and the switches of the command line all follow from the same rows.
 */
#include "x86/features.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "x86/cpu_ops.h"
#include "x86/fpu.h"

struct cpu_features cpu_features;

#define CPUID_1D_APIC	(1u << 9)

enum word { W_1C, W_1D, W_6A, W_7B, W_7C, W_D1A, W_E1C, W_E1D, W_E7D, W_COUNT };

struct feature {
	const char *name;
	u16 offset;
	u8 word, bit;
	bool same;		/* every CPU must have it if the first has */
};

/* Nothing goes without these. */
static const struct {
	const char *name;
	u8 word, bit;
} required[] = {
	{ "long mode", W_E1D, 29 },
	{ "NX (no-execute pages; look for a switch of this name in the firmware's setup)", W_E1D, 20 },
	{ "SYSCALL", W_E1D, 11 },
	{ "SSE2", W_1D, 26 },
	{ "FXSAVE", W_1D, 24 },
	{ "a local APIC", W_1D, 9 },
};

#define FEATURE(field, word, bit, same)	{ #field, offsetof(struct cpu_features, field), word, bit, same }

static const struct feature feature_table[] = {
	FEATURE(smep, W_7B, 7, true),
	FEATURE(smap, W_7B, 20, true),
	FEATURE(umip, W_7C, 2, true),
	FEATURE(fsgsbase, W_7B, 0, true),
	FEATURE(xsave, W_1C, 26, true),
	FEATURE(xsaveopt, W_D1A, 0, true),
	FEATURE(pcid, W_1C, 17, true),
	FEATURE(invpcid, W_7B, 10, true),
	FEATURE(page_1g, W_E1D, 26, true),
	FEATURE(la57, W_7C, 16, false),
	FEATURE(x2apic, W_1C, 21, true),
	FEATURE(tsc_deadline, W_1C, 24, true),
	FEATURE(arat, W_6A, 2, false),
	FEATURE(tsc_invariant, W_E7D, 8, false),
	FEATURE(rdtscp, W_E1D, 27, true),
	FEATURE(monitor, W_1C, 3, false),
	FEATURE(mce, W_1D, 7, true),
	FEATURE(mca, W_1D, 14, false),
	FEATURE(sysenter, W_1D, 11, true),
	FEATURE(pat, W_1D, 16, true),
	FEATURE(clflush, W_1D, 19, true),
	FEATURE(svm, W_E1C, 2, false),
	FEATURE(vmx, W_1C, 5, false),
	FEATURE(hypervisor, W_1C, 31, false),
};

static enum cpu_vendor features_vendor(const struct cpuid_regs *leaf0)
{
	static const struct { char id[13]; u8 vendor; } known[] = {
		{ "GenuineIntel", VENDOR_INTEL }, { "AuthenticAMD", VENDOR_AMD }, { "HygonGenuine", VENDOR_HYGON },
		{ "CentaurHauls", VENDOR_CENTAUR }, { "  Shanghai  ", VENDOR_ZHAOXIN },
	};
	u32 id[3] = { leaf0->ebx, leaf0->edx, leaf0->ecx };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!memcmp(id, known[i].id, sizeof(id)))
			return known[i].vendor;
	return VENDOR_OTHER;
}

/*
 * What firmware may have hidden from CPUID on this CPU: Intel's leaves above 3 (a switch for the sake of old
 * systems), and a local APIC that it left off.
 */
static void features_uncover(void)
{
	struct cpuid_regs r = cpuid(0);
	u64 value;

	if (features_vendor(&r) == VENDOR_INTEL && !rdmsr_safe(MSR_MISC_ENABLE, &value) &&
	    (value & MISC_ENABLE_LIMIT_CPUID))
		(void)!wrmsr_safe(MSR_MISC_ENABLE, value & ~MISC_ENABLE_LIMIT_CPUID);
	if (!(cpuid(1).edx & CPUID_1D_APIC) && !rdmsr_safe(MSR_APIC_BASE, &value) && !(value & APIC_BASE_ENABLE))
		(void)!wrmsr_safe(MSR_APIC_BASE, value | APIC_BASE_ENABLE);
}

static bool *feature_flag(const struct feature *f)
{
	return (bool *)((u8 *)&cpu_features + f->offset);
}

static const char *features_missing(const u32 *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(required); i++)
		if (!(w[required[i].word] >> required[i].bit & 1))
			return required[i].name;
	return NULL;
}

static void features_read_words(u32 *w)
{
	u32 max = cpuid(0).eax, max_ext = cpuid(0x80000000u).eax;
	struct cpuid_regs r;

	memset(w, 0, W_COUNT * sizeof(*w));
	r = cpuid(1);
	w[W_1C] = r.ecx;
	w[W_1D] = r.edx;
	if (max >= 6)
		w[W_6A] = cpuid(6).eax;
	if (max >= 7) {
		r = cpuid_count(7, 0);
		w[W_7B] = r.ebx;
		w[W_7C] = r.ecx;
	}
	if (max >= 0xd && (w[W_1C] & 1u << 26))
		w[W_D1A] = cpuid_count(0xd, 1).eax;
	if (max_ext >> 16 != 0x8000)
		return;
	if (max_ext >= 0x80000001u) {
		r = cpuid(0x80000001u);
		w[W_E1C] = r.ecx;
		w[W_E1D] = r.edx;
	}
	if (max_ext >= 0x80000007u)
		w[W_E7D] = cpuid(0x80000007u).edx;
}

static void features_identify(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid_regs r = cpuid(0);
	u32 eax;

	f->max_leaf = r.eax;
	f->vendor = features_vendor(&r);
	eax = cpuid(1).eax;
	f->stepping = eax & 0xf;
	f->model = eax >> 4 & 0xf;
	f->family = eax >> 8 & 0xf;
	if (f->family >= 6)
		f->model |= (eax >> 16 & 0xf) << 4;
	if (f->family == 0xf)
		f->family += eax >> 20 & 0xff;
	r = cpuid(0x80000000u);
	f->max_ext_leaf = r.eax >> 16 == 0x8000 ? r.eax : 0;
	for (u32 i = 0; f->max_ext_leaf >= 0x80000004u && i < 3; i++) {
		r = cpuid(0x80000002u + i);
		memcpy(f->name + 16 * i, &r, 16);
	}
	f->phys_bits = 36;
	f->virt_bits = 48;
	if (f->max_ext_leaf >= 0x80000008u) {
		r = cpuid(0x80000008u);
		f->phys_bits = r.eax & 0xff;
		f->virt_bits = r.eax >> 8 & 0xff;
	}
	if (f->phys_bits < 32 || f->phys_bits > 52)
		f->phys_bits = 36;
	f->fp_pointers_leak = cpu_is_amd() && !(f->max_ext_leaf >= 0x80000008u && (r.ebx & 1u << 2));
}

static bool features_tsc_is_constant(void)
{
	const struct cpu_features *f = &cpu_features;

	if (f->tsc_invariant)
		return true;
	if (f->vendor == VENDOR_INTEL)
		return (f->family == 0xf && f->model >= 3) || (f->family == 6 && f->model >= 0xe);
	return f->hypervisor;
}

/* The components of state that this CPU's XSAVE has; 0 where CPUID does not say. */
static u64 features_xsave_components(void)
{
	return cpuid(0).eax >= 0xd ? cpuid_count(0xd, 0).eax : 0;
}

/*
 * QEMU's TCG, 10 too, takes CR4.OSXSAVE for a reserved bit where leaf 0xd.1 is empty (as on Opteron_G4 and G5), and
 * then repeats the write for ever.
 */
static bool features_xsave_hangs(u32 w_d1a)
{
	struct cpuid_regs r = cpuid(0x40000000u);

	return cpu_features.hypervisor && !w_d1a && !memcmp(&r.ebx, "TCGTCGTCGTCG", 12);
}

static const char *features_xsave_unused(u32 w_d1a)
{
	const u64 least = XCR0_X87 | XCR0_SSE;

	if (!cpu_features.xsave)
		return NULL;
	if ((features_xsave_components() & least) != least)
		return "CPUID does not describe it in leaf 0xd; look for a limit of CPUID in the firmware's setup";
	return features_xsave_hangs(w_d1a) ? "this emulator, QEMU's, has it only together with XSAVEOPT" : NULL;
}

const char *features_detect(void)
{
	u32 w[W_COUNT];

	features_uncover();
	features_identify();
	features_read_words(w);
	for (size_t i = 0; i < ARRAY_SIZE(feature_table); i++)
		*feature_flag(&feature_table[i]) = w[feature_table[i].word] >> feature_table[i].bit & 1;
	cpu_features.tsc_constant = features_tsc_is_constant();
	cpu_features.xsave_unused = features_xsave_unused(w[W_D1A]);
	if (cpu_features.xsave_unused)
		(void)features_turn_off("xsave");
	return features_missing(w);
}

const char *features_check_cpu(void)
{
	u32 w[W_COUNT];

	features_uncover();
	features_read_words(w);
	for (size_t i = 0; i < ARRAY_SIZE(feature_table); i++) {
		const struct feature *f = &feature_table[i];

		if (f->same && *feature_flag(f) && !(w[f->word] >> f->bit & 1))
			return f->name;
	}
	if (cpu_features.xsave && (fpu_xcr0_all & ~features_xsave_components()))
		return "a component of xsave";
	return features_missing(w);
}

/*
 * AMD families 0fh to 11h: firmware may let HLT stop the local APIC's timer (C1E, INT_PENDING bits 27 and
 * 28).
 */
static void features_disable_c1e(void)
{
	u64 value;

	if (!cpu_is_amd() || cpu_features.family < 0xf || cpu_features.family > 0x11 || cpu_features.hypervisor)
		return;
	if (!rdmsr_safe(MSR_INT_PENDING, &value) && (value & 3ul << 27))
		(void)!wrmsr_safe(MSR_INT_PENDING, value & ~(3ul << 27));
}

void features_enable_cpu(void)
{
	const struct cpu_features *f = &cpu_features;
	u64 cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	features_disable_c1e();
	wrmsr(MSR_EFER, (rdmsr(MSR_EFER) & ~EFER_FFXSR) | EFER_NXE | EFER_SCE);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
	if (f->mce)
		cr4 |= CR4_MCE;
	if (f->smep)
		cr4 |= CR4_SMEP;
	if (f->smap)
		cr4 |= CR4_SMAP;
	if (f->fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (f->xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	if (f->pat)
		wrmsr(MSR_PAT, PAT_HYPERVISOR);
}

void features_describe(char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(feature_table) && len < size; i++)
		if (*feature_flag(&feature_table[i]))
			len += scnprintf(buf + len, size - len, "%s%s", len ? " " : "",
					 feature_table[i].name);
}

int features_turn_off(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(feature_table); i++)
		if (!strcmp(feature_table[i].name, name)) {
			*feature_flag(&feature_table[i]) = false;
			if (!strcmp(name, "xsave"))
				cpu_features.xsaveopt = false;
			return 0;
		}
	return -ENOENT;
}
