/* SPDX-License-Identifier: MIT */
/*
 * CPU policies as control tools read and write them: a flat list of leaves. Leaves with subleaves are listed up to the
 * last one that says anything.
 */
#include "abi/arch_x86_64.h"
#include "abi/domctl.h"
#include "domain/cpuid_policy.h"
#include "domain/guest_copy.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "x86/features.h"

typedef void (*answer_t)(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *out);

/* Subleaves of a leaf that tools expect; 1: the leaf has none. */
static u32 subleaves(u32 leaf)
{
	switch (leaf) {
	case 4:
		return 6;
	case 7:
		return 3;
	case 0xb:
		return 2;
	case 0xd:
		return 10;
	}
	return 1;
}

struct list {
	u64 to;			/* guest address, 0: only count */
	u32 room, count;
};

static int append(struct list *l, u32 leaf, u32 subleaf, const struct cpuid_regs *r)
{
	xen_cpuid_leaf_t x = { leaf, subleaf, r->eax, r->ebx, r->ecx, r->edx };

	if (l->to) {
		if (l->count == l->room)
			return -ENOBUFS;
		if (guest_put_nth(l->to, l->count, &x))
			return -EFAULT;
	}
	l->count++;
	return 0;
}

static int append_range(struct list *l, const struct vcpu *v, u32 first, u32 last, answer_t answer)
{
	struct cpuid_regs r;

	for (u32 leaf = first; leaf <= last; leaf++) {
		u32 n = subleaves(leaf);

		for (u32 s = 0; s < n; s++) {
			int rc;

			answer(v, leaf, s, &r);
			rc = append(l, leaf, n > 1 ? s : XEN_CPUID_INPUT_UNUSED, &r);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int export(const struct vcpu *v, u64 leaves, u32 *count, answer_t answer)
{
	struct list l = { .to = leaves, .room = *count };
	struct cpuid_regs r;
	int rc;

	if (!leaves) {
		*count = CPUID_POLICY_MAX;
		return 0;
	}
	answer(v, 0, 0, &r);
	rc = append_range(&l, v, 0, MIN(r.eax, 0x1fu), answer);
	answer(v, 0x80000000, 0, &r);
	if (!rc && r.eax >= 0x80000000)
		rc = append_range(&l, v, 0x80000000, MIN(r.eax, 0x80000021u), answer);
	*count = l.count;
	return rc;
}

static void hardware(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *out)
{
	*out = cpuid_count(leaf, subleaf);
}

int cpuid_host_export(u64 leaves, u32 *count)
{
	return export(NULL, leaves, count, hardware);
}

/* A PV guest that has just been created, for questions about no domain in particular. */
static struct domain no_domain;
static struct vcpu no_vcpu = { .domain = &no_domain };

int cpuid_policy_export(struct domain *d, u64 leaves, u32 *count)
{
	return export(d && d->vcpu[0] ? d->vcpu[0] : &no_vcpu, leaves, count, cpuid_guest);
}

/* Only features can be asked for in vain; OSXSAVE and the hypervisor bit are not the policy's. */
static bool host_has(u32 leaf, u32 subleaf, const xen_cpuid_leaf_t *l)
{
	struct cpuid_regs host = cpuid_count(leaf, subleaf == XEN_CPUID_INPUT_UNUSED ? 0 : subleaf);

	switch (leaf) {
	case 1:
		return !((l->c & ~(host.ecx | (u32)BIT(27) | (u32)BIT(31))) | (l->d & ~(host.edx | (u32)BIT(28))));
	case 7:
		return subleaf || !((l->b & ~host.ebx) | (l->c & ~host.ecx));
	case 0x80000001:
		return !((l->c & ~(host.ecx | 2)) | (l->d & ~host.edx));
	}
	return true;
}

int cpuid_policy_import(struct domain *d, u64 leaves, u32 count, u32 *err_leaf, u32 *err_subleaf)
{
	struct cpu_policy *p;

	if (count > CPUID_POLICY_MAX * 2)
		return -E2BIG;
	p = heap_alloc(sizeof(*p) + count * sizeof(p->leaves[0]));
	if (!p)
		return -ENOMEM;
	p->nr_leaves = count;
	if (guest_copy_from(p->leaves, leaves, count * sizeof(p->leaves[0]))) {
		heap_free(p);
		return -EFAULT;
	}
	for (u32 i = 0; i < count; i++) {
		const xen_cpuid_leaf_t *l = &p->leaves[i];

		if (host_has(l->leaf, l->subleaf, l))
			continue;
		*err_leaf = l->leaf;
		*err_subleaf = l->subleaf;
		heap_free(p);
		return -EINVAL;
	}
	heap_free(d->policy);
	d->policy = p;
	return 0;
}

static const u32 policy_msrs[CPUID_POLICY_MSRS] = { MSR_PLATFORM_INFO, MSR_ARCH_CAPABILITIES };

static u64 host_msr(u32 index)
{
	u64 value;

	return rdmsr_safe(index, &value) ? 0 : value;
}

int cpuid_msrs_export(bool host, u64 msrs, u32 *count)
{
	u32 room = *count;

	*count = CPUID_POLICY_MSRS;
	if (!msrs)
		return 0;
	if (room < CPUID_POLICY_MSRS)
		return -ENOBUFS;
	for (u32 i = 0; i < CPUID_POLICY_MSRS; i++) {
		xen_msr_entry_t e = { .idx = policy_msrs[i] };

		/* of platform info, only what a guest could have: CPUID faulting, which we do not use */
		if (host && e.idx != MSR_PLATFORM_INFO)
			e.val = host_msr(e.idx);
		if (guest_put_nth(msrs, i, &e))
			return -EFAULT;
	}
	return 0;
}

int cpuid_msrs_check(u64 msrs, u32 count, u32 *err_msr)
{
	xen_msr_entry_t e;

	if (count > CPUID_POLICY_MSRS)
		return -E2BIG;
	for (u32 i = 0; i < count; i++) {
		bool known = false;

		if (guest_get_nth(&e, msrs, i))
			return -EFAULT;
		for (u32 k = 0; k < CPUID_POLICY_MSRS; k++)
			known |= e.idx == policy_msrs[k];
		if (known && !e.val && !e.flags)
			continue;
		*err_msr = e.idx;
		return -EINVAL;
	}
	return 0;
}

void cpuid_featureset(bool guest, u32 *words)
{
	u64 arch_caps = guest ? 0 : host_msr(MSR_ARCH_CAPABILITIES);
	answer_t answer = guest ? cpuid_guest : hardware;
	struct cpuid_regs r1, re1, rd1, r7, r71, r72, re7, re8, re21;

	answer(&no_vcpu, 1, 0, &r1);
	answer(&no_vcpu, 0x80000001, 0, &re1);
	answer(&no_vcpu, 0xd, 1, &rd1);
	answer(&no_vcpu, 7, 0, &r7);
	answer(&no_vcpu, 7, 1, &r71);
	answer(&no_vcpu, 7, 2, &r72);
	answer(&no_vcpu, 0x80000007, 0, &re7);
	answer(&no_vcpu, 0x80000008, 0, &re8);
	answer(&no_vcpu, 0x80000021, 0, &re21);
	memcpy(words, (const u32[CPUID_FEATURE_WORDS]){
		r1.edx, r1.ecx, re1.edx, re1.ecx, rd1.eax, r7.ebx, r7.ecx, re7.edx, re8.ebx, r7.edx, r71.eax, re21.eax,
		r71.ebx, r72.edx, r71.ecx, r71.edx, (u32)arch_caps, arch_caps >> 32, re21.ecx },
	       CPUID_FEATURE_WORDS * sizeof(u32));
}
