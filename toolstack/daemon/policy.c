/* SPDX-License-Identifier: MIT */
/*
 * cpuid= into the hypervisor's policy of a new domain: its leaves are asked for, and those with something to hide given
 * back.  Nothing is added: what a guest is to be shown must be there, or it is refused before it runs.
 */
#include <errno.h>

#include "conf/cpuid.h"
#include "daemon/policy.h"

#define LEAVES_MAX 400u

static xen_cpuid_leaf_t *find_leaf(xen_cpuid_leaf_t *leaves, unsigned int n, const struct cpuid_reg *reg)
{
	for (unsigned int i = 0; i < n; i++)
		if (leaves[i].leaf == reg->leaf && leaves[i].subleaf == reg->subleaf)
			return &leaves[i];
	return NULL;
}

static uint32_t *register_of(xen_cpuid_leaf_t *leaf, unsigned int reg)
{
	uint32_t *const regs[] = { &leaf->a, &leaf->b, &leaf->c, &leaf->d };

	return regs[reg];
}

static int refuse(unsigned int reg, uint32_t missing, struct error *err)
{
	char name[64];

	conf_cpuid_bit_name(reg, (unsigned int)__builtin_ctz(missing), name, sizeof(name));
	(void)error_set(err, ERR_UNSUPPORTED, NULL, "cpuid: this host cannot give its guests '%s'", name);
	error_hint(err, "leave it out, or say %s=x", name);
	return error_to_errno(ERR_UNSUPPORTED);
}

/* Takes away what is to be hidden.  True in changed[] for leaves that have to be given back. */
static int narrow(const struct conf_cpuid *want, xen_cpuid_leaf_t *leaves, unsigned int n, bool *changed,
		  struct error *err)
{
	for (unsigned int i = 0; i < CPUID_REGS; i++) {
		xen_cpuid_leaf_t *leaf = find_leaf(leaves, n, &conf_cpuid_regs[i]);
		uint32_t *value = leaf ? register_of(leaf, conf_cpuid_regs[i].reg) : NULL;
		uint32_t missing = want->on[i] & ~(value ? *value : 0);

		if (missing)
			return refuse(i, missing, err);
		if (value && *value & want->off[i]) {
			*value &= ~want->off[i];
			changed[leaf - leaves] = true;
		}
	}
	return 0;
}

int policy_apply(domid_t domid, const char *cpuid, struct error *err)
{
	xen_cpuid_leaf_t leaves[LEAVES_MAX];
	bool changed[LEAVES_MAX] = { false };
	unsigned int n = LEAVES_MAX, k = 0;
	struct conf_cpuid want;
	int rc = cpuid ? conf_parse_cpuid(cpuid, &want, err) : 0;

	if (rc || !cpuid)
		return rc;
	rc = hv_domctl_get_cpu_policy(domid, leaves, &n);
	if (!rc) {
		rc = narrow(&want, leaves, n, changed, err);
		if (rc)
			return rc;
		for (unsigned int i = 0; i < n; i++)
			if (changed[i])
				leaves[k++] = leaves[i];
		rc = k ? hv_domctl_set_cpu_policy(domid, leaves, k) : 0;
	}
	return rc ? error_set_errno(err, ERR_FAILED, -rc, NULL, "the hypervisor does not take cpuid='%.60s'",
				    cpuid) : 0;
}
