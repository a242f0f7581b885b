/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op: arrays of elements, each copied in, performed, and its results copied out, until all are
 * done or the CPU has other work; then the guest calls again with the rest. What was done before an error
 * stays done: the guest sees it in the elements' status.
 */
#include "abi/grant_table.h"
#include "abi/xen.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "grant/grant.h"
#include "hypercall/hypercall.h"

union grant_arg {
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_setup_table setup;
	struct gnttab_transfer transfer;
	struct gnttab_copy copy;
	struct gnttab_query_size query;
	struct gnttab_unmap_and_replace replace;
	struct gnttab_set_version set_version;
	struct gnttab_get_status_frames status_frames;
	struct gnttab_get_version get_version;
	struct gnttab_swap_grant_ref swap;
	struct gnttab_cache_flush cache;
};

static int op_setup(struct domain *d, union grant_arg *a)
{
	return grant_setup_table(d, &a->setup);
}

static int op_transfer(struct domain *d, union grant_arg *a)
{
	grant_transfer(d, &a->transfer);
	return 0;
}

static int op_query(struct domain *d, union grant_arg *a)
{
	return grant_query_size(d, &a->query);
}

static int op_set_version(struct domain *d, union grant_arg *a)
{
	return grant_set_version(d, &a->set_version);
}

static int op_status_frames(struct domain *d, union grant_arg *a)
{
	a->status_frames.status = GNTST_general_error;		/* version 1 has none */
	return 0;
}

static int op_get_version(struct domain *d, union grant_arg *a)
{
	return grant_get_version(d, &a->get_version);
}

static int op_swap(struct domain *d, union grant_arg *a)
{
	return grant_swap_ref(d, &a->swap);
}

static int op_cache(struct domain *d, union grant_arg *a)
{
	return grant_cache_flush(d, &a->cache);
}

static long op_array_of_batches(struct domain *d, u32 cmd, u64 uop, u32 count);
static long op_array_of_copies(struct domain *d, u32 cmd, u64 uop, u32 count);

static const struct {
	int (*perform)(struct domain *d, union grant_arg *a);		/* one element */
	long (*array)(struct domain *d, u32 cmd, u64 uop, u32 count);	/* or all at once */
	u8 size;
	bool single;			/* count must be 1 */
} ops[] = {
	[GNTTABOP_map_grant_ref] = { NULL, op_array_of_batches, sizeof(struct gnttab_map_grant_ref), false },
	[GNTTABOP_unmap_grant_ref] = { NULL, op_array_of_batches, sizeof(struct gnttab_unmap_grant_ref),
	false },
	[GNTTABOP_setup_table] = { op_setup, NULL, sizeof(struct gnttab_setup_table), true },
	[GNTTABOP_transfer] = { op_transfer, NULL, sizeof(struct gnttab_transfer), false },
	[GNTTABOP_copy] = { NULL, op_array_of_copies, sizeof(struct gnttab_copy), false },
	[GNTTABOP_query_size] = { op_query, NULL, sizeof(struct gnttab_query_size), true },
	[GNTTABOP_unmap_and_replace] = { NULL, op_array_of_batches, sizeof(struct gnttab_unmap_and_replace),
	false },
	[GNTTABOP_set_version] = { op_set_version, NULL, sizeof(struct gnttab_set_version), true },
	[GNTTABOP_get_status_frames] = { op_status_frames, NULL, sizeof(struct gnttab_get_status_frames),
	true },
	[GNTTABOP_get_version] = { op_get_version, NULL, sizeof(struct gnttab_get_version), true },
	[GNTTABOP_swap_grant_ref] = { op_swap, NULL, sizeof(struct gnttab_swap_grant_ref), false },
	[GNTTABOP_cache_flush] = { op_cache, NULL, sizeof(struct gnttab_cache_flush), false },
};

static long again_from(u32 cmd, u64 uop, u32 count, u32 done)
{
	return hypercall_restart(__HYPERVISOR_grant_table_op, 3, (u64)cmd, uop + (u64)done * ops[cmd].size,
				 (u64)(count - done));
}

/* Maps and unmaps. A batch is done whole or, where older work has to be done first, not at all. */
static long op_array_of_batches(struct domain *d, u32 cmd, u64 uop, u32 count)
{
	union {
		struct gnttab_map_grant_ref map[GRANT_BATCH];
		union grant_unmap_op unmap[GRANT_BATCH];
	} batch;
	size_t size = cmd == GNTTABOP_map_grant_ref ? sizeof(batch.map[0]) : sizeof(batch.unmap[0]);
	u32 done, n;

	static_assert(sizeof(batch.unmap[0].unmap) == sizeof(batch.unmap[0].replace), "one size serves both");
	for (done = 0; done < count; done += n) {
		u64 va = uop + done * size;
		int rc;

		if (done && softirq_is_pending())
			return again_from(cmd, uop, count, done);
		n = MIN(count - done, GRANT_BATCH);
		if (guest_copy_from(&batch, va, n * size))
			return -EFAULT;
		if (cmd == GNTTABOP_map_grant_ref)
			rc = grant_map_refs(d, batch.map, n);
		else
			rc = grant_unmap_refs(d, batch.unmap, n, cmd == GNTTABOP_unmap_and_replace);
		if (unlikely(rc))
			return again_from(cmd, uop, count, done);
		if (guest_copy_to(va, &batch, n * size))
			return -EFAULT;
	}
	return 0;
}

static long op_array_of_copies(struct domain *d, u32 cmd, u64 uop, u32 count)
{
	struct grant_copier copier;
	struct gnttab_copy op;
	u32 done;
	long rc = 0;

	grant_copy_begin(&copier, d);
	for (done = 0; done < count; done++) {
		u64 va = uop + (u64)done * sizeof(op);

		if (done % 8 == 7 && softirq_is_pending()) {
			rc = -ERESTART;
			break;
		}
		if (unlikely(guest_get(&op, va))) {
			rc = -EFAULT;
			break;
		}
		grant_copy(&copier, &op);
		if (unlikely(guest_put(va + offsetof(struct gnttab_copy, status), &op.status))) {
			rc = -EFAULT;
			break;
		}
	}
	grant_copy_finish(&copier);
	return rc == -ERESTART ? again_from(cmd, uop, count, done) : rc;
}

static long op_array_of_others(struct domain *d, u32 cmd, u64 uop, u32 count)
{
	union grant_arg a;
	u32 done;
	int rc;

	for (done = 0; done < count; done++) {
		u64 va = uop + (u64)done * ops[cmd].size;

		if (done && softirq_is_pending())
			return again_from(cmd, uop, count, done);
		if (guest_copy_from(&a, va, ops[cmd].size))
			return -EFAULT;
		rc = ops[cmd].perform(d, &a);
		if (rc)
			return rc == -ERESTART ? again_from(cmd, uop, count, done) : rc;
		if (guest_copy_to(va, &a, ops[cmd].size))
			return -EFAULT;
	}
	return 0;
}

long do_grant_table_op(u32 cmd, u64 uop, u32 count)
{
	struct domain *d = current->domain;

	if ((s32)count < 0)
		return -EINVAL;
	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].size)
		return -ENOSYS;
	if (ops[cmd].single && cmd != GNTTABOP_set_version && cmd != GNTTABOP_get_version && count != 1)
		return -EINVAL;
	if (ops[cmd].single)
		count = 1;		/* two of them have always ignored it */
	if (!guest_range_ok(uop, (size_t)count * ops[cmd].size))
		return -EFAULT;
	if (ops[cmd].array)
		return ops[cmd].array(d, cmd, uop, count);
	return op_array_of_others(d, cmd, uop, count);
}
