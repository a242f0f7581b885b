/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op: copies the argument in, calls event/, copies results out. If the results cannot be
 * written back the channel just opened is closed again, so that a call that fails has done nothing.
 */
#include "abi/event_channel.h"
#include "abi/xen.h"
#include "domain/guest_copy.h"
#include "event/event.h"
#include "hypercall/hypercall.h"

union event_arg {
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_pirq bind_pirq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_close close;
	struct evtchn_send send;
	struct evtchn_status status;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_unmask unmask;
	struct evtchn_reset reset;
	struct evtchn_init_control init_control;
	struct evtchn_expand_array expand_array;
	struct evtchn_set_priority set_priority;
};

static int op_bind_interdomain(struct domain *d, union event_arg *a)
{
	return event_bind_interdomain(d, &a->bind_interdomain);
}

static int op_bind_virq(struct domain *d, union event_arg *a)
{
	return event_bind_virq(d, &a->bind_virq);
}

static int op_bind_pirq(struct domain *d, union event_arg *a)
{
	return event_bind_pirq(d, &a->bind_pirq);
}

static int op_close(struct domain *d, union event_arg *a)
{
	return event_close(d, a->close.port);
}

static int op_send(struct domain *d, union event_arg *a)
{
	return (int)event_send(d, a->send.port);
}

static int op_status(struct domain *d, union event_arg *a)
{
	return event_status(&a->status);
}

static int op_alloc_unbound(struct domain *d, union event_arg *a)
{
	return event_alloc_unbound(d, &a->alloc_unbound);
}

static int op_bind_ipi(struct domain *d, union event_arg *a)
{
	return event_bind_ipi(d, &a->bind_ipi);
}

static int op_bind_vcpu(struct domain *d, union event_arg *a)
{
	return event_bind_vcpu(d, a->bind_vcpu.port, a->bind_vcpu.vcpu);
}

static int op_unmask(struct domain *d, union event_arg *a)
{
	return event_unmask(d, a->unmask.port);
}

static int op_reset(struct domain *d, union event_arg *a)
{
	return event_reset(a->reset.dom, false);
}

static int op_reset_cont(struct domain *d, union event_arg *a)
{
	return event_reset(a->reset.dom, true);
}

static int op_init_control(struct domain *d, union event_arg *a)
{
	return event_init_control(&a->init_control);
}

static int op_expand_array(struct domain *d, union event_arg *a)
{
	return event_expand_array(&a->expand_array, false);
}

static int op_expand_cont(struct domain *d, union event_arg *a)
{
	return event_expand_array(&a->expand_array, true);
}

static int op_set_priority(struct domain *d, union event_arg *a)
{
	return event_set_priority(&a->set_priority);
}

#define OPENED(member)	offsetof(union event_arg, member)
#define NOT_OPENED	0xffu
#define OP(name, ...)	[EVTCHNOP_##name] = { op_##name, sizeof(struct evtchn_##name), __VA_ARGS__ }

static const struct {
	int (*perform)(struct domain *d, union event_arg *a);
	u8 size;
	bool writes_back;
	u8 opened_port;		/* where the number of a port of the caller's that this opens will stand */
} ops[] = {
	OP(bind_interdomain, true, OPENED(bind_interdomain.local_port)),
	OP(bind_virq, true, OPENED(bind_virq.port)),
	OP(bind_pirq, true, OPENED(bind_pirq.port)),
	OP(close, false, NOT_OPENED),
	OP(send, false, NOT_OPENED),
	OP(status, true, NOT_OPENED),
	OP(alloc_unbound, true, NOT_OPENED),
	OP(bind_ipi, true, OPENED(bind_ipi.port)),
	OP(bind_vcpu, false, NOT_OPENED),
	OP(unmask, false, NOT_OPENED),
	OP(reset, false, NOT_OPENED),
	OP(init_control, true, NOT_OPENED),
	OP(expand_array, false, NOT_OPENED),
	OP(set_priority, false, NOT_OPENED),
};

/* In the operation's number, ours: one that said -ERESTART goes on. Harmless if a guest sets it. */
#define GOES_ON		(1u << 31)

static int (*const go_on[ARRAY_SIZE(ops)])(struct domain *d, union event_arg *a) = {
	[EVTCHNOP_reset] = op_reset_cont,
	[EVTCHNOP_expand_array] = op_expand_cont,
};

static __noinline long perform(u32 cmd, u64 arg)
{
	struct domain *d = current->domain;
	bool goes_on = cmd & GOES_ON;
	union event_arg a;
	int rc;

	cmd &= ~GOES_ON;
	if (cmd >= ARRAY_SIZE(ops) || (goes_on && !go_on[cmd]))
		return -ENOSYS;
	if (guest_copy_from(&a, arg, ops[cmd].size))
		return -EFAULT;
	rc = goes_on ? go_on[cmd](d, &a) : ops[cmd].perform(d, &a);
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_event_channel_op, 2, HC_ARG(cmd | GOES_ON), arg);
	if (rc || !ops[cmd].writes_back)
		return rc;
	if (unlikely(guest_copy_to(arg, &a, ops[cmd].size))) {
		if (ops[cmd].opened_port != NOT_OPENED)
			(void)event_close(d, *(u32 *)((char *)&a + ops[cmd].opened_port));
		return -EFAULT;
	}
	return 0;
}

/* Hot: sending, which all the rest is for. */
long do_event_channel_op(u32 cmd, u64 arg)
{
	u32 port;

	if (likely(cmd == EVTCHNOP_send && guest_quick_u32(&port, arg)))
		return event_send(current->domain, port);
	return perform(cmd, arg);
}
