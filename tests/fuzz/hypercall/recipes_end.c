/* SPDX-License-Identifier: MIT */
/*
 * A domain on its way out, which others still name in all they may ask for; and the machine's own end, which dom0 asks
 * for.
 */
#include "abi/domctl.h"
#include "abi/event_channel.h"
#include "abi/grant_table.h"
#include "abi/memory.h"
#include "abi/sched.h"
#include "fuzz.h"

static u32 looks_left;

static bool soon(void)
{
	return looks_left && !--looks_left;
}

/* One turn, after which a domain may be half gone. */
static void end_in_part(domid_t id)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_destroydomain, .interface_version = XEN_DOMCTL_INTERFACE_VERSION, .domain = id,
	};
	const u64 args[6] = { guest_va(CONTEXT_PAGE) };
	long rc;

	guest_write(args[0], &op, sizeof(op));
	looks_left = in_byte() < 200 ? 1 + in_below(4) : 1u << in_below(6);
	machine_preempt_by(soon);
	(void)machine_call_once(actor, __HYPERVISOR_domctl, args, &rc);
	machine_preempt_by(NULL);
}

static void ask_of_grants(domid_t id)
{
	struct gnttab_setup_table setup = { .dom = id, .nr_frames = in_below(3), .frame_list = guest_va(CONTEXT_PAGE) };
	struct gnttab_query_size size = { .dom = id };
	struct gnttab_map_grant_ref map = {
		.host_addr = guest_va(14 + in_below(6)), .flags = GNTMAP_host_map, .ref = 8 + in_below(6), .dom = id,
	};
	struct gnttab_transfer transfer = {
		.mfn = mfn_x(self->g->page[14 + in_below(6)]), .domid = id, .ref = 8 + in_below(6),
	};
	struct gnttab_copy copy = {
		.source = { .u.ref = map.ref, .domid = id },
		.dest = { .u.gmfn = mfn_x(self->g->page[8]), .domid = DOMID_SELF }, .flags = GNTCOPY_source_gref,
		.len = 8,
	};

	switch (in_below(5)) {
	case 0:
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &setup, sizeof(setup), 1);
		break;
	case 1:
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, &size, sizeof(size), 1);
		break;
	case 2:
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &map, sizeof(map), 1);
		break;
	case 3:
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_transfer, &transfer, sizeof(transfer), 1);
		break;
	case 4:
		(void)recipe_call(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &copy, sizeof(copy), 1);
		break;
	}
}

static void ask_of_events(domid_t id)
{
	struct evtchn_alloc_unbound alloc = { .dom = id, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain bind = { .remote_dom = id, .remote_port = 1 + in_below(8) };
	struct evtchn_status status = { .dom = id, .port = 1 + in_below(8) };
	struct evtchn_reset reset = { .dom = id };
	struct evtchn_close close = { .port = 1 + in_below(8) };

	switch (in_below(5)) {
	case 0:
		(void)recipe_call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc, sizeof(alloc), 1);
		break;
	case 1:
		(void)recipe_call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &bind, sizeof(bind), 1);
		break;
	case 2:
		(void)recipe_call(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &status, sizeof(status), 1);
		break;
	case 3:
		(void)recipe_call(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, &reset, sizeof(reset), 1);
		break;
	case 4:
		(void)recipe_call(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close, sizeof(close), 1);
		break;
	}
}

static void ask_of_memory(domid_t id)
{
	struct xen_memory_reservation r = {
		.extent_start = guest_va(CONTEXT_PAGE), .nr_extents = 1 + in_below(4), .extent_order = in_below(5),
		.domid = id,
	};
	struct xen_mem_acquire_resource frames = {
		.domid = id, .type = XENMEM_resource_grant_table, .nr_frames = 1, .frame = in_below(2),
		.frame_list = guest_va(CONTEXT_PAGE),
	};
	domid_t whom = id;
	u64 list[4];

	for (u32 i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = mfn_x(pick_mfn());
	guest_write(guest_va(CONTEXT_PAGE), list, sizeof(list));
	switch (in_below(5)) {
	case 0 ... 1:
		(void)recipe_call(__HYPERVISOR_memory_op,
				  in_bit() ? XENMEM_populate_physmap : XENMEM_decrease_reservation, &r, sizeof(r), 1);
		break;
	case 2:
		(void)recipe_call(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &frames, sizeof(frames), 1);
		break;
	case 3:
		(void)recipe_call(__HYPERVISOR_memory_op, XENMEM_claim_pages, &r, sizeof(r), 1);
		break;
	case 4:
		(void)recipe_call(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, &whom, sizeof(whom), 1);
		break;
	}
}

static void ask_of_control(domid_t id)
{
	static const u32 cmds[] = {
		XEN_DOMCTL_pausedomain, XEN_DOMCTL_unpausedomain, XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_setvcpucontext,
		XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_set_virq_handler, XEN_DOMCTL_max_vcpus, XEN_DOMCTL_resumedomain,
		XEN_DOMCTL_settimeoffset, XEN_DOMCTL_getvcpuextstate,
	};
	struct xen_domctl op = {
		.cmd = cmds[in_below(ARRAY_SIZE(cmds))], .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = id,
	};

	if (op.cmd == XEN_DOMCTL_setvcpucontext || op.cmd == XEN_DOMCTL_getvcpucontext)
		op.u.vcpucontext.ctxt = guest_va(CONTEXT_PAGE);
	else if (op.cmd == XEN_DOMCTL_set_virq_handler)
		op.u.set_virq_handler.virq = 3;
	else if (op.cmd == XEN_DOMCTL_max_vcpus)
		op.u.max_vcpus.max = VCPUS;
	(void)recipe_call(__HYPERVISOR_domctl, op.cmd, &op, sizeof(op), 0);
}

void recipe_dying(void)
{
	static void (*const ask[])(domid_t id) = { ask_of_grants, ask_of_events, ask_of_memory, ask_of_control };
	domid_t id = slots[1 + in_below(2)].g->d->id;

	if (!become(&slots[0]))
		return;
	for (u32 n = 1 + in_below(3); n; n--) {
		end_in_part(id);
		for (u32 k = in_below(6); k; k--) {
			if (in_byte() < 64)
				(void)become(&slots[1 + in_below(2)]);
			if (may_act(actor))
				ask[in_below(ARRAY_SIZE(ask))](id);
		}
		if (!become(&slots[0]))
			return;
	}
}

/* The inert dom0 of this machine steps aside for a call: the privileged guest is it, and says that all is over. */
void recipe_end_of_machine(void)
{
	struct domain *inert = dom0;

	if (!become(&slots[0]))
		return;
	dom0 = self->g->d;
	(void)machine_call(actor, __HYPERVISOR_sched_op_compat, SCHEDOP_shutdown, in_below(7), 0, 0);
	dom0 = inert;
}
