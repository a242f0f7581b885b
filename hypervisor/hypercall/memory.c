/* SPDX-License-Identifier: MIT */
/*
 * memory_op: the dispatcher and the operations that only answer questions. What changes memory is in reservation.c
 * and exchange.c.
 */
#include "hypercall/memory.h"

#include "boot/boot_info.h"
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "grant/grant.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"

#define M2P_EXTENT	(MiB(2))
#define MAX_E820_GUEST	128u

struct e820_entry_abi {		/* as the ABI has it: 20 bytes */
	u64 addr, size;
	u32 type;
} __packed;

long memory_restart(u32 cmd, u64 at, u64 arg)
{
	return hypercall_restart(__HYPERVISOR_memory_op, 2, HC_ARG(cmd | at << MEMOP_EXTENT_SHIFT), arg);
}

/* What a domain, named by its number in the guest's memory, says of itself. */
static long ask_domain(u64 arg, long (*answer)(struct domain *d))
{
	struct domain *d;
	domid_t id;
	long rc;

	if (guest_get(&id, arg))
		return -EFAULT;
	d = domain_get_for_caller(id);
	if (!d)
		return -ESRCH;
	rc = answer(d);
	domain_put(d);
	return rc;
}

static long tot_pages_of(struct domain *d)
{
	return d->tot_pages;
}

static long max_pages_of(struct domain *d)
{
	return d->max_pages;
}

static long max_gpfn_of(struct domain *d)
{
	long rc;

	spin_lock(&d->lock);
	/* gone with a dying domain's memory; 0 while nobody has said, which is no error to who restores a guest */
	rc = d->shared_info ? (long)(MAX(READ_ONCE(d->shared_info->arch.max_pfn), 1ul) - 1) : -ESRCH;
	spin_unlock(&d->lock);
	return rc;
}

static long machphys_mapping(u64 arg)
{
	struct xen_machphys_mapping m = {
		.v_start = M2P_VIRT_START, .v_end = M2P_VIRT_END, .max_mfn = m2p_entries - 1,
	};

	return guest_put(arg, &m);
}

/*
 * The machine frame behind each 2 MiB of the M2P, so that tools map it in one piece: 5,120 on the largest machine. In a
 * hole of RAM, where nobody looks, it is the one before.
 */
static long machphys_mfn_list(u64 start, u64 arg)
{
	struct xen_machphys_mfn_list list;
	u64 extents = DIV_ROUND_UP(m2p_entries * sizeof(u64), M2P_EXTENT), last = 0, i = MIN(start, extents);

	if (guest_get(&list, arg))
		return -EFAULT;
	for (u64 back = i; back-- > 0 && !last;)
		last = m2p_extent_mfn(back);
	for (; i < list.max_extents && i < extents; i++) {
		u64 frame = m2p_extent_mfn(i);

		if (i > start && softirq_is_pending())
			return memory_restart(XENMEM_machphys_mfn_list, i, arg);
		last = frame ? frame : last;
		if (guest_put_nth(list.extent_start, i, &last))
			return -EFAULT;
	}
	list.nr_extents = i;
	return guest_put(arg, &list);
}

static long machine_memory_map(u64 arg)
{
	struct xen_memory_map map;
	u32 i;

	if (guest_get(&map, arg))
		return -EFAULT;
	for (i = 0; i < boot_info.nr_e820 && i < map.nr_entries; i++) {
		const struct e820_entry *e = &boot_info.e820[i];
		struct e820_entry_abi out = { e->start, e->size, e->type };

		if (guest_copy_to(map.buffer + i * sizeof(out), &out, sizeof(out)))
			return -EFAULT;
	}
	map.nr_entries = i;
	return guest_put(arg, &map);
}

static long memory_map(u64 arg)
{
	struct domain *d = current->domain;
	struct xen_memory_map map;
	long rc = 0;

	if (guest_get(&map, arg))
		return -EFAULT;
	spin_lock(&d->lock);
	if (!d->memory_map)
		rc = -ENOSYS;
	map.nr_entries = MIN(map.nr_entries, d->nr_memory_map);
	if (!rc && guest_copy_to(map.buffer, d->memory_map, map.nr_entries * sizeof(*d->memory_map)))
		rc = -EFAULT;
	spin_unlock(&d->lock);
	return rc ? rc : guest_put(arg, &map);
}

static long set_memory_map(u64 arg)
{
	struct xen_foreign_memory_map f;
	struct e820_entry_abi *fresh, *old;
	struct domain *d;

	if (guest_get(&f, arg))
		return -EFAULT;
	if (f.map.nr_entries > MAX_E820_GUEST)
		return -EINVAL;
	d = domain_get_for_caller(f.domid);
	if (!d)
		return -ESRCH;
	fresh = heap_alloc_array(MAX(f.map.nr_entries, 1u), sizeof(*fresh));
	if (!fresh || guest_copy_from(fresh, f.map.buffer, f.map.nr_entries * sizeof(*fresh))) {
		heap_free(fresh);
		domain_put(d);
		return fresh ? -EFAULT : -ENOMEM;
	}
	spin_lock(&d->lock);
	old = d->memory_map;
	d->memory_map = fresh;
	d->nr_memory_map = f.map.nr_entries;
	spin_unlock(&d->lock);
	heap_free(old);
	domain_put(d);
	return 0;
}

/* Memory set aside for a domain being built: so that two builds do not both count on the last of it. */
static long claim_pages(u64 arg)
{
	struct xen_memory_reservation r;
	struct domain *d;
	long rc;

	if (guest_get(&r, arg))
		return -EFAULT;
	if (r.extent_order || r.nr_extents > page_total_count())
		return -EINVAL;
	d = domain_get_for_caller(r.domid);
	if (!d)
		return -ESRCH;
	rc = domain_claim_pages(d, r.nr_extents);
	domain_put(d);
	return rc;
}

/* Frames from `start` on; -ERESTART with *start advanced when the CPU has other work. */
static long acquire_grant_frames(struct domain *d, const struct xen_mem_acquire_resource *r, u64 *start)
{
	if (r->frame > d->max_grant_frames || r->nr_frames > d->max_grant_frames - r->frame)
		return -EINVAL;
	while (*start < r->nr_frames) {
		mfn_t m;
		u64 frame;
		int rc = grant_table_frame(d, r->frame + *start, &m);

		if (rc)
			return rc;
		frame = mfn_x(m);
		if (guest_put_nth(r->frame_list, *start, &frame))
			return -EFAULT;
		++*start;
		if (*start < r->nr_frames && softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}

static long acquire_resource(u64 start, u64 arg)
{
	struct xen_mem_acquire_resource r;
	struct domain *d;
	long rc;

	if (guest_get(&r, arg))
		return -EFAULT;
	if (r.pad || r.type != XENMEM_resource_grant_table || r.id != XENMEM_resource_grant_table_id_shared)
		return r.pad ? -EINVAL : -EOPNOTSUPP;
	d = domain_get_for_caller(r.domid);
	if (!d)
		return -ESRCH;
	if (!r.frame_list) {
		r.nr_frames = d->max_grant_frames;
		rc = guest_put(arg, &r);
	} else {
		rc = acquire_grant_frames(d, &r, &start);
	}
	domain_put(d);
	return rc == -ERESTART ? memory_restart(XENMEM_acquire_resource, start, arg) : rc;
}

/* No guest has virtual NUMA nodes; -EOPNOTSUPP is how tools hear that of a domain that exists. */
static long vnuma_info(u64 arg)
{
	struct xen_vnuma_topology_info t;
	struct domain *d;

	if (guest_get(&t, arg))
		return -EFAULT;
	if (t.pad)
		return -EINVAL;
	d = domain_get_for_caller(t.domid);
	if (!d)
		return -ESRCH;
	domain_put(d);
	return -EOPNOTSUPP;
}

static long maximum_ram_page(u64 arg)
{
	return frame_max - 1;
}

static long nothing_is_shared(u64 arg)
{
	return 0;
}

#define OP(name, ...)	[XENMEM_##name] = { __VA_ARGS__ }

static const struct {
	long (*all)(u64 arg);			/* one of these three: in one piece, */
	long (*from)(u64 start, u64 arg);	/* or in several, each from where the last one stopped, */
	long (*of)(struct domain *d);		/* or what a domain says of itself */
	bool privileged;
} ops[] = {
	OP(increase_reservation, .from = memory_increase),
	OP(decrease_reservation, .from = memory_decrease),
	OP(populate_physmap, .from = memory_populate),
	OP(exchange, .all = memory_exchange),
	OP(maximum_ram_page, .all = maximum_ram_page),
	OP(current_reservation, .of = tot_pages_of),
	OP(maximum_reservation, .of = max_pages_of),
	OP(maximum_gpfn, .of = max_gpfn_of),
	OP(machphys_mapping, .all = machphys_mapping),
	OP(machphys_mfn_list, .from = machphys_mfn_list),
	OP(memory_map, .all = memory_map),
	OP(get_vnumainfo, .all = vnuma_info),
	OP(get_sharing_freed_pages, .all = nothing_is_shared),
	OP(get_sharing_shared_pages, .all = nothing_is_shared),
	OP(machine_memory_map, .all = machine_memory_map, .privileged = true),
	OP(set_memory_map, .all = set_memory_map, .privileged = true),
	OP(claim_pages, .all = claim_pages, .privileged = true),
	OP(acquire_resource, .from = acquire_resource, .privileged = true),
};

long do_memory_op(u64 cmd, u64 arg)
{
	u32 op = cmd & MEMOP_CMD_MASK;

	if (op >= ARRAY_SIZE(ops) || !(ops[op].all || ops[op].from || ops[op].of))
		return -ENOSYS;
	if (ops[op].privileged && !current->domain->is_privileged)
		return -EPERM;
	if (ops[op].all)
		return ops[op].all(arg);
	if (ops[op].from)
		return ops[op].from(cmd >> MEMOP_EXTENT_SHIFT, arg);
	return ask_domain(arg, ops[op].of);
}
