/* SPDX-License-Identifier: MIT */
/*
 * Many hypercalls in one. Entries are copied, executed and their results written back, one by one; when the CPU has
 * other work, the guest repeats the multicall from the entry that comes next (or that asked to go on). An iret ends
 * it: the guest is elsewhere then, perhaps in user mode, and has no place for results.
 */
#include "abi/xen.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"

/* Runs entry e at guest address va. 0; 1: to be repeated with its new arguments; -EFAULT. */
static int run_entry(struct vcpu *v, struct multicall_entry *e, u64 va)
{
	long result;

	v->multicall = e;
	v->multicall_restart = false;
	result = hypercall_call_entry(v, e);
	v->multicall = NULL;
	if (v->multicall_restart)
		return guest_put(va, e) ? -EFAULT : 1;
	return guest_copy_to(va + offsetof(struct multicall_entry, result), &result, sizeof(result));
}

long do_multicall(u64 calls, u32 count)
{
	struct vcpu *v = current;
	struct multicall_entry e;

	if (v->multicall || !guest_range_ok(calls, (u64)count * sizeof(e)))
		return v->multicall ? -EINVAL : -EFAULT;
	while (count) {
		int rc;

		if (guest_get(&e, calls))
			return -EFAULT;
		if (unlikely(e.op == __HYPERVISOR_iret))
			return do_iret();
		rc = run_entry(v, &e, calls);
		if (unlikely(rc < 0))
			return rc;
		if (!rc) {
			calls += sizeof(e);
			count--;
		}
		if (count && unlikely(rc || softirq_is_pending()))
			return hypercall_restart(__HYPERVISOR_multicall, 2, HC_ARG(calls), HC_ARG(count));
	}
	return 0;
}
