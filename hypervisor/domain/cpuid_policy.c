/* SPDX-License-Identifier: MIT */
/*
 * CPUID for PV guests. The hardware answers, then a table takes away what such a guest cannot have, leaf by leaf; what
 * depends on the vCPU is put in last. Features not named in a mask below are passed on: they are plain instructions.
 */
#include "domain/cpuid_policy.h"

#include "abi/arch_x86_64.h"
#include "abi/cpuid.h"
#include "abi/domctl.h"
#include "abi/xen.h"
#include "core/time.h"
#include "x86/fpu.h"
#include "x86/features.h"

#define HV_LEAF		0x40000000u
#define HV_LEAVES	5u
#define HV_SCAN_END	0x4000ffffu

/* Leaf 1: what PV cannot use, by bit. */
#define L1_ECX_HIDDEN	(BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(15) | BIT(17) | BIT(21) | BIT(24) | BIT(27))
#define L1_ECX_HYPERVISOR	BIT(31)
#define L1_EDX_HIDDEN	(BIT(1) | BIT(3) | BIT(12) | BIT(13) | BIT(17) | BIT(21) | BIT(22) | BIT(29) | BIT(31))
#define L1_EDX_APIC	BIT(9)
#define L1_EDX_SEP	BIT(11)
#define L1_EDX_MCE_MCA	(BIT(7) | BIT(14))

/* Leaf 7.0: SMEP, INVPCID, RTM, MPX, PQM, PQE, SMAP, PT; UMIP, PKU, OSPKE, WAITPKG, CET, LA57, RDPID kept out. */
#define L7_EBX_HIDDEN	(BIT(4) | BIT(7) | BIT(10) | BIT(11) | BIT(12) | BIT(14) | BIT(15) | BIT(20) | BIT(25))
#define L7_ECX_HIDDEN	(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(13) | BIT(16) | BIT(23) | \
			 BIT(24) | BIT(29) | BIT(30) | BIT(31))
#define L7_EDX_KEPT	(BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(10) | BIT(14) | BIT(23))
/* Leaf 7.1: arithmetic and strings; FRED, LKGS, WRMSRNS, HRESET, LAM, MSRLIST are ring 0's. */
#define L71_EAX_KEPT	(BITS(5, 0) | BIT(7) | BITS(12, 10) | BIT(23))

#define E1_ECX_HIDDEN	(BIT(2) | BIT(3) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | BIT(17) | BIT(19) | \
			 BIT(22) | BIT(23) | BIT(24) | BIT(26) | BIT(27) | BIT(28) | BIT(29))
#define E1_EDX_HIDDEN	(BIT(1) | BIT(3) | BIT(12) | BIT(13) | BIT(17) | BIT(26))

/* Instructions that work on state which this machine may not switch for guests: they go with it. */
static const struct state_users {
	u32 leaf, subleaf;
	u64 state;
	struct cpuid_regs bits;
} state_users[] = {
	{ 1, 0, XCR0_YMM, { .ecx = BIT(12) | BIT(28) | BIT(29) } },		/* FMA, AVX, F16C */
	{ 7, 0, XCR0_YMM, { .ebx = BIT(5), .ecx = BIT(9) | BIT(10) } },	/* AVX2; VAES, VPCLMULQDQ */
	{ 7, 0, XCR0_ZMM, { .ebx = BIT(16) | BIT(17) | BIT(21) | BITS(28, 26) | BIT(30) | BIT(31),
			    .ecx = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14),
			    .edx = BIT(2) | BIT(3) | BIT(8) | BIT(23) } },	/* AVX512 */
	{ 7, 1, XCR0_YMM, { .eax = BITS(2, 0) | BIT(4) | BIT(23) } },	/* SHA512, SM3, SM4, AVX-VNNI, AVX-IFMA */
	{ 7, 1, XCR0_ZMM, { .eax = BIT(5) } },					/* AVX512-BF16 */
	{ 0x80000001, 0, XCR0_YMM, { .ecx = BIT(11) | BIT(16) } },		/* XOP, FMA4 */
};

static const struct cpuid_regs nothing;

static void hide_users_of_missing_state(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	for (u32 i = 0; i < ARRAY_SIZE(state_users); i++) {
		const struct state_users *u = &state_users[i];

		if (u->leaf != leaf || u->subleaf != subleaf || (fpu_xcr0_all & u->state) == u->state)
			continue;
		r->eax &= ~u->bits.eax;
		r->ebx &= ~u->bits.ebx;
		r->ecx &= ~u->bits.ecx;
		r->edx &= ~u->bits.edx;
	}
}

static void basic_features(const struct vcpu *v, struct cpuid_regs *r)
{
	r->ecx &= ~(u32)L1_ECX_HIDDEN;
	r->ecx |= (u32)L1_ECX_HYPERVISOR;
	if (v->pv.cr4 & CR4_OSXSAVE)
		r->ecx |= (u32)BIT(27);
	if (!cpu_features.xsave)
		r->ecx &= ~(u32)(BIT(26) | BIT(27));
	r->edx &= ~(u32)L1_EDX_HIDDEN;
	if (!v->domain->is_privileged)
		r->edx &= ~(u32)(L1_EDX_APIC | L1_EDX_MCE_MCA);
	if (!cpu_features.sysenter || cpu_is_amd())	/* AMD has none in long mode, where the guest's kernel is */
		r->edx &= ~(u32)L1_EDX_SEP;
}

static void structured_features(u32 subleaf, struct cpuid_regs *r)
{
	if (subleaf == 0) {
		r->eax = MIN(r->eax, 2u);
		r->ebx &= ~(u32)L7_EBX_HIDDEN;
		r->ecx &= ~(u32)L7_ECX_HIDDEN;
		r->edx &= (u32)L7_EDX_KEPT;
		if (!cpu_features.fsgsbase)
			r->ebx &= ~1u;
	} else if (subleaf == 1) {
		r->eax &= (u32)L71_EAX_KEPT;
		r->ebx = r->ecx = r->edx = 0;
	} else {
		*r = nothing;
	}
}

#define XSAVE_FIRST_SIZE	576u		/* x87, SSE and the header */

/* What XCR0 has in XSAVEC's form, one behind the other; counted here, since not every emulator counts right. */
static u32 compact_size(u64 xcr0)
{
	u32 size = XSAVE_FIRST_SIZE;

	for (u32 i = 2; i < 63; i++) {
		struct cpuid_regs r;

		if (!(xcr0 >> i & 1))
			continue;
		r = cpuid_count(0xd, i);
		size = (r.ecx & BIT(1) ? ROUNDUP(size, 64) : size) + r.eax;
	}
	return size;
}

static void xsave_leaf(const struct vcpu *v, u32 subleaf, struct cpuid_regs *r)
{
	if (!cpu_features.xsave) {
		*r = nothing;
		return;
	}
	switch (subleaf) {
	case 0:
		r->eax = fpu_xcr0_all;
		r->edx = fpu_xcr0_all >> 32;
		r->ecx = fpu_area_size;
		break;
	case 1:
		r->eax &= 7;		/* XSAVEOPT, XSAVEC, XGETBV with ECX 1; no supervisor states */
		r->ebx = r->eax & BIT(1) ? compact_size(v->xcr0) : 0;
		r->ecx = r->edx = 0;
		break;
	default:
		if (subleaf > 62 || !(fpu_xcr0_all >> subleaf & 1))
			*r = nothing;
	}
}

static void extended_features(struct cpuid_regs *r)
{
	r->ecx &= ~(u32)E1_ECX_HIDDEN;
	r->edx &= ~(u32)E1_EDX_HIDDEN;
	if (!cpu_features.rdtscp)
		r->edx &= ~(u32)BIT(27);
}

static void hypervisor_leaf(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	u64 tsc_offset_ns;

	*r = nothing;
	switch (leaf - HV_LEAF) {
	case 0:
		r->eax = HV_LEAF + HV_LEAVES;
		r->ebx = XEN_CPUID_SIGNATURE_EBX;
		r->ecx = XEN_CPUID_SIGNATURE_ECX;
		r->edx = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		r->eax = 4 << 16 | 17;
		break;
	case 2:
		r->eax = 1;			/* hypercall pages by MSR */
		r->ebx = 0x40000000;
		r->ecx = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		tsc_offset_ns = time_tsc_to_ns(0);
		if (subleaf == 0) {
			r->eax = (cpu_features.tsc_invariant ? BIT(1) : 0) | (cpu_features.rdtscp ? BIT(2) : 0);
			r->ebx = v->domain->tsc_mode;
			r->ecx = time_tsc_khz;
			r->edx = v->domain->tsc_incarnation;
		} else if (subleaf == 1) {
			r->eax = tsc_offset_ns;
			r->ebx = tsc_offset_ns >> 32;
			r->ecx = time_tsc_scale.mul;
			r->edx = time_tsc_scale.shift;
		} else if (subleaf == 2) {
			r->eax = time_tsc_khz;
		}
		break;
	case 5:
		r->ebx = cpu_features.phys_bits;	/* width of machine addresses for a PV guest */
		break;
	}
}

/* Intel's processors answer leaves beyond their last with what the last one holds. */
static bool beyond_last(u32 leaf)
{
	return leaf >= 0x80000000 ? leaf > cpu_features.max_ext_leaf && leaf != 0x80000000 :
				    leaf > cpu_features.max_leaf;
}

static void default_policy(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *out)
{
	if (leaf >= HV_LEAF && leaf <= HV_SCAN_END) {
		hypervisor_leaf(v, leaf, subleaf, out);
		return;
	}
	*out = beyond_last(leaf) ? nothing : cpuid_count(leaf, subleaf);
	switch (leaf) {
	case 1:
		basic_features(v, out);
		break;
	case 5: case 6: case 0xa: case 0xf: case 0x10: case 0x12: case 0x14: case 0x1b: case 0x8000000a:
	case 0x8000001b: case 0x8000001c: case 0x8000001f: case 0x80000020: case 0x80000022:
		*out = nothing;
		break;
	case 7:
		structured_features(subleaf, out);
		break;
	case 0xd:
		xsave_leaf(v, subleaf, out);
		break;
	case 0x80000001:
		extended_features(out);
		break;
	case 0x80000007:
		out->eax = out->ebx = out->ecx = 0;
		out->edx &= cpu_features.tsc_invariant && v->domain->is_privileged ? (u32)BIT(8) : 0;
		break;
	case 0x80000008:
		out->ebx &= 1;
		out->ecx = v->domain->is_privileged ? out->ecx : 0;
		break;
	case 0x80000021:
		out->eax &= (u32)(BIT(2) | BIT(6));
		out->ebx = out->ecx = out->edx = 0;
		break;
	}
	hide_users_of_missing_state(leaf, leaf == 7 ? subleaf : 0, out);
}

/* Registers that are feature bits: a policy may take some away. Anything else it replaces. */
static const struct feature_leaf {
	u32 leaf, subleaf;
	bool a, b, c, d;
} feature_leaves[] = {
	{ 1, 0, false, false, true, true },
	{ 7, 0, false, true, true, true },
	{ 7, 1, true, true, true, true },
	{ 7, 2, false, false, false, true },
	{ 0xd, 1, true, false, false, false },
	{ 0x80000001, 0, false, false, true, true },
	{ 0x80000007, 0, false, false, false, true },
	{ 0x80000008, 0, false, true, false, false },
	{ 0x80000021, 0, true, false, false, false },
};

static const struct feature_leaf *feature_leaf(u32 leaf, u32 subleaf)
{
	for (u32 i = 0; i < ARRAY_SIZE(feature_leaves); i++)
		if (feature_leaves[i].leaf == leaf && feature_leaves[i].subleaf == subleaf)
			return &feature_leaves[i];
	return NULL;
}

/* What depends on the running vCPU and not on the policy: OSXSAVE in leaf 1, sizes in leaf 0xd. */
static bool leaf_is_dynamic(u32 leaf)
{
	return leaf == 0xd || leaf == 0xb || leaf == 0x1f || (leaf >= HV_LEAF && leaf <= HV_SCAN_END);
}

static void narrow(const struct cpu_policy *p, u32 leaf, u32 subleaf, struct cpuid_regs *out)
{
	const struct feature_leaf *f = feature_leaf(leaf, subleaf);

	for (u32 i = 0; i < p->nr_leaves; i++) {
		const xen_cpuid_leaf_t *l = &p->leaves[i];

		if (l->leaf != leaf || (l->subleaf != subleaf && l->subleaf != XEN_CPUID_INPUT_UNUSED))
			continue;
		if (!f && !leaf_is_dynamic(leaf))
			*out = (struct cpuid_regs){ l->a, l->b, l->c, l->d };
		if (f) {
			out->eax &= f->a ? l->a : ~0u;
			out->ebx &= f->b ? l->b : ~0u;
			out->ecx &= f->c ? l->c | (leaf == 1 ? (u32)BIT(27) : 0) : ~0u;
			out->edx &= f->d ? l->d : ~0u;
		}
		return;
	}
}

void cpuid_guest(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *out)
{
	default_policy(v, leaf, subleaf, out);
	if (unlikely(v->domain->policy))
		narrow(v->domain->policy, leaf, subleaf, out);
}
