/* SPDX-License-Identifier: MIT */
/*
 * Several right steps in a row, which chance alone seldom makes: a frame transferred to who asked for it, a grant
 * mapped, used and unmapped in each way there is, what tools read of a domain written back with a word changed. One
 * number of any step may be another, a step may be interrupted and go on, and the heap may be exhausted. Those about
 * events are in recipes_event.c, those about a domain's life and memory in recipes_domain.c.
 */
#include <stdio.h>

#include "abi/domctl.h"
#include "abi/grant_table.h"
#include "fuzz.h"
#include "grant/internal.h"
#include "mm/pt.h"

static u64 arg_va(void)
{
	return guest_va(ARG_PAGE + actor->id);
}

bool become(struct slot *s)
{
	for (u32 i = 0; i < VCPUS; i++)
		if (may_act(s->g->d->vcpu[i])) {
			self = s;
			actor = s->g->d->vcpu[i];
			s->repeating[i] = false;
			machine_run(actor);
			return true;
		}
	return false;
}

static u32 left_until_interrupted;

static bool now_and_then(void)
{
	return left_until_interrupted && !--left_until_interrupted;
}

long recipe_call(u64 nr, u64 cmd, void *arg, size_t size, u64 count)
{
	bool is_control = nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl || nr == __HYPERVISOR_platform_op;
	u32 first = is_control ? 4 : 0, how = in_byte();	/* whom it is about is not changed */
	u64 at;
	long rc;

	if (!may_act(actor))
		return -1;
	if (how < 16 && size / 4 > first)
		((u32 *)arg)[first + in_byte() % (size / 4 - first)] = in_word();
	left_until_interrupted = how < 96 ? how / 16 : how < 128 ? 1u << in_below(8) : 0;
	at = as_seen(arg_va());
	guest_write(arg_va(), arg, size);
	machine_preempt_by(now_and_then);
	if (how >= 240)
		machine_heap_fail_after(how - 239);
	rc = is_control ? machine_call(actor, nr, at, 0, 0, 0) : machine_call(actor, nr, cmd, at, count, 0);
	machine_heap_fail_after(0);
	machine_preempt_by(NULL);
	(void)!machine_load(actor, arg, arg_va(), size);
	if (fuzz_log)
		printf("d%uv%u calls %lu(%lu) = %ld\n", actor->domain->id, actor->id, nr, cmd, rc);
	return rc;
}

static long grant_op(u32 cmd, void *op, size_t size)
{
	return recipe_call(__HYPERVISOR_grant_table_op, cmd, op, size, 1);
}

static struct grant_entry_v1 *entry_of(const struct slot *s, u32 ref)
{
	struct grant_table *gt = s->g->d->grant;

	return gt && gt->nr_frames && gt->shared[0] ? &gt->shared[0][ref] : NULL;
}

static void transfer(void)
{
	const struct slot *to = &slots[in_below(SLOTS)];
	struct gnttab_transfer op = {
		.mfn = mfn_x(self->g->page[14 + in_below(6)]), .domid = to->g->d->id, .ref = 8 + in_below(6),
	};
	struct grant_entry_v1 *e = entry_of(to, op.ref);

	if (e)
		*e = (struct grant_entry_v1){ .flags = GTF_accept_transfer, .domid = self->g->d->id };
	if (in_byte() < 32)
		to->g->d->max_pages = to->g->d->tot_pages;
	(void)grant_op(GNTTABOP_transfer, &op, sizeof(op));
}

static void map_and_unmap(void)
{
	const struct slot *granter = &slots[in_below(SLOTS)];
	u32 page = 14 + in_below(6), other = 14 + in_below(6), how = in_byte();
	u64 pte = (mfn_x(self->g->l1) << PAGE_SHIFT) + page * 8;
	struct gnttab_map_grant_ref map = {
		.host_addr = how & 1 ? pte : guest_va(page), .ref = 8 + in_below(6), .dom = granter->g->d->id,
		.flags = GNTMAP_host_map | (how & 1 ? GNTMAP_contains_pte : 0) | (how & 2 ? GNTMAP_readonly : 0) |
			 (how & 4 ? GNTMAP_device_map : 0),
	};
	struct gnttab_unmap_grant_ref unmap = { .host_addr = map.host_addr };
	struct gnttab_unmap_and_replace replace = { .host_addr = map.host_addr, .new_addr = guest_va(other) };
	struct grant_entry_v1 *e = entry_of(granter, map.ref);
	u64 word = pick_any();

	if (e)
		*e = (struct grant_entry_v1){ .flags = GTF_permit_access | (how & 8 ? GTF_readonly : 0),
					      .domid = self->g->d->id,
					      .frame = (u32)mfn_x(granter->g->page[8 + in_below(12)]) };
	if (grant_op(GNTTABOP_map_grant_ref, &map, sizeof(map)) || map.status)
		return;
	guest_write(guest_va(page), &word, sizeof(word));
	unmap.handle = replace.handle = map.handle;
	unmap.dev_bus_addr = how & 4 && how & 16 ? map.dev_bus_addr : 0;
	if (how & 32)
		(void)grant_op(GNTTABOP_unmap_and_replace, &replace, sizeof(replace));
	else if (how & 64)
		(void)grant_op(GNTTABOP_unmap_grant_ref, &unmap, sizeof(unmap));
	if (how & 128)
		(void)grant_op(GNTTABOP_unmap_grant_ref, &unmap, sizeof(unmap));
}

/* So many at once that the work is interrupted: copies between a page and a grant, or to map and unmap. */
static void many_at_once(void)
{
	const struct slot *granter = &slots[in_below(SLOTS)];
	struct gnttab_copy copies[20] = { 0 };
	struct gnttab_unmap_grant_ref unmaps[20] = { 0 };

	for (u32 i = 0; i < ARRAY_SIZE(copies); i++) {
		copies[i].source = (struct gnttab_copy_ptr){ .u.gmfn = mfn_x(self->g->page[8]), .domid = DOMID_SELF };
		copies[i].dest = (struct gnttab_copy_ptr){ .u.ref = 8 + in_below(6), .domid = granter->g->d->id };
		copies[i].flags = GNTCOPY_dest_gref;
		copies[i].len = in_below(64);
		unmaps[i].handle = in_below(6);
		unmaps[i].host_addr = guest_va(14 + in_below(6));
	}
	if (in_bit())
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_copy, copies, sizeof(copies),
				  ARRAY_SIZE(copies));
	else
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, unmaps, sizeof(unmaps),
				  ARRAY_SIZE(unmaps));
}

static void flush_what_is_mapped(void)
{
	struct gnttab_cache_flush op = {
		.a.dev_bus_addr = mfn_x(slots[in_below(SLOTS)].g->page[8 + in_below(12)]) << PAGE_SHIFT,
		.length = in_below(64), .op = GNTTAB_CACHE_CLEAN | (in_bit() ? GNTTAB_CACHE_INVAL : 0),
	};

	(void)grant_op(GNTTABOP_cache_flush, &op, sizeof(op));
}

/* Read with `get` into the context's pages, a word changed, written with `set`. */
static void write_back(u32 get, u32 set, struct xen_domctl *op)
{
	u64 va = guest_va(CONTEXT_PAGE) + (in_byte() * 8 & 0x7ff), word = pick_any();
	struct xen_domctl again;

	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = slots[in_below(SLOTS)].g->d->id;
	op->cmd = get;
	if (recipe_call(__HYPERVISOR_domctl, get, op, sizeof(*op), 0))
		return;
	if (in_byte() < 160)
		guest_write(va, &word, in_bit() ? 8 : 4);
	again = *op;
	again.cmd = set;
	(void)recipe_call(__HYPERVISOR_domctl, set, &again, sizeof(again), 0);
}

static void extended_state(void)
{
	struct xen_domctl op = { .u.vcpuextstate = {
		.vcpu = in_below(VCPUS), .size = in_bit() ? 4096 : 848, .buffer = guest_va(CONTEXT_PAGE),
	} };

	write_back(XEN_DOMCTL_getvcpuextstate, XEN_DOMCTL_setvcpuextstate, &op);
}

static void context(void)
{
	struct xen_domctl op = { .u.vcpucontext = { .vcpu = in_below(VCPUS), .ctxt = guest_va(CONTEXT_PAGE) } };

	write_back(XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_setvcpucontext, &op);
}

void do_plain_recipe(void)
{
	static void (*const recipes[])(void) = {
		transfer, map_and_unmap, map_and_unmap, map_and_unmap, many_at_once, flush_what_is_mapped,
		extended_state, context, recipe_channel, recipe_channel, recipe_local_ports, recipe_local_ports,
		recipe_interrupt, recipe_interrupt, recipe_new_domain, recipe_tools, recipe_tools, recipe_memory,
		recipe_memory, recipe_parameters, recipe_sleep, recipe_descriptors, recipe_tables, recipe_tables,
		recipe_registers, recipe_registers, recipe_firmware, recipe_dying, recipe_dying, recipe_shared_line,
		recipe_all_numbers, recipe_vcpu, recipe_end_of_machine,
	};

	if (become(self))
		recipes[in_below(ARRAY_SIZE(recipes))]();
}

void do_recipe(void)
{
	if (in_byte() < 12)
		recipe_shortage();
	else
		do_plain_recipe();
}
