/* SPDX-License-Identifier: MIT */
/*
 * Events as guests use them: channels between two domains, ports of one, and interrupts, opened, sent by, masked,
 * moved, taken off their queue as a guest takes them, and closed by either end.
 */
#include "abi/domctl.h"
#include "abi/event_channel.h"
#include "abi/physdev.h"
#include "event/event.h"
#include "event/internal.h"
#include "fake.h"
#include "fuzz.h"

static long event_op(u32 cmd, void *op, size_t size)
{
	return recipe_call(__HYPERVISOR_event_channel_op, cmd, op, size, 1);
}

#define EVENT_OP(cmd, op)	event_op(EVTCHNOP_##cmd, &(op), sizeof(op))

/* As a guest takes an event off the head of a queue: reads the link and clears LINKED at once. */
static void take_event(const struct event_fifo *fifo, u32 vcpu, u32 queue)
{
	struct evtchn_fifo_control_block *control = fifo->vcpu[vcpu].control;
	u32 port, *word;

	if (!control)
		return;
	port = control->head[queue];
	word = fifo_word(fifo, port);
	if (!word)
		return;
	control->head[queue] = *word & EVTCHN_FIFO_LINK_MASK;
	*word &= ~(1u << EVTCHN_FIFO_LINKED | 1u << EVTCHN_FIFO_PENDING | EVTCHN_FIFO_LINK_MASK);
	if (!control->head[queue])
		control->ready &= ~(1u << queue);
}

static void take_events(struct domain *d)
{
	u64 *pending = (u64 *)d->shared_info->evtchn_pending;

	if (d->event->fifo)
		take_event(d->event->fifo, in_below(VCPUS), in_bit() ? EVTCHN_FIFO_PRIORITY_DEFAULT : in_below(16));
	else
		pending[0] &= ~(1ul << in_below(64));
}

static void mask(struct domain *d, u32 port)
{
	u64 *masks = (u64 *)d->shared_info->evtchn_mask;
	u32 *word = d->event->fifo ? fifo_word(d->event->fifo, port) : NULL;

	if (word)
		*word |= 1u << EVTCHN_FIFO_MASKED;
	else if (port < 64)
		masks[0] |= 1ul << port;
}

static void more_words(void)
{
	struct evtchn_init_control control = {
		.control_gfn = mfn_x(self->g->page[22]), .vcpu = in_below(VCPUS), .offset = 128 * in_below(8),
	};
	struct evtchn_expand_array array = { .array_gfn = mfn_x(self->g->page[23]) };

	(void)EVENT_OP(init_control, control);
	if (in_bit())
		(void)EVENT_OP(expand_array, array);
}

/* Ports are numbers of the actor's domain: the one given mostly, else any. */
static void one_use(u32 port)
{
	struct evtchn_send send = { port };
	struct evtchn_unmask unmask = { port };
	struct evtchn_status status = { .dom = DOMID_SELF, .port = port };
	struct evtchn_bind_vcpu move = { port, in_below(VCPUS) };
	struct evtchn_set_priority priority = { port, in_below(17) };
	struct evtchn_reset reset = { DOMID_SELF };
	struct domain *d = self->g->d;

	switch (in_byte() % 16) {
	case 0 ... 4:
		(void)EVENT_OP(send, send);
		break;
	case 5:
		(void)EVENT_OP(unmask, unmask);
		break;
	case 6:
		(void)EVENT_OP(status, status);
		break;
	case 7:
		(void)EVENT_OP(bind_vcpu, move);
		break;
	case 8:
		(void)EVENT_OP(set_priority, priority);
		break;
	case 9:
		mask(d, port);
		break;
	case 10 ... 11:
		take_events(d);
		break;
	case 12:
		more_words();
		break;
	case 13:
		event_send_virq_vcpu(d->vcpu[in_below(VCPUS)], in_below(24));
		break;
	case 14:
		event_send_virq_global(in_below(24));
		break;
	case 15:
		if (in_byte() < 32)
			(void)EVENT_OP(reset, reset);
		break;
	}
}

static void use(struct slot *s, u32 port)
{
	for (u32 n = in_below(8); n; n--) {
		if (!become(s))
			return;
		one_use(port);
	}
}

static void close_port(struct slot *s, u32 port)
{
	struct evtchn_close close = { port };

	if (become(s))
		(void)EVENT_OP(close, close);
}

/* From one domain to another or to itself, used from both ends; either closes first, or it stays. */
void recipe_channel(void)
{
	struct slot *a = self, *b = &slots[in_below(SLOTS)];
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = b->g->d->id };
	struct evtchn_bind_interdomain bind = { .remote_dom = a->g->d->id };
	u32 how = in_byte();

	if (EVENT_OP(alloc_unbound, alloc))
		return;
	if (how & 1)
		use(a, alloc.port);
	bind.remote_port = alloc.port;
	if (!become(b) || EVENT_OP(bind_interdomain, bind))
		return;
	use(b, bind.local_port);
	use(a, alloc.port);
	use(b, bind.local_port);
	if (how & 2)
		close_port(how & 4 ? a : b, how & 4 ? alloc.port : bind.local_port);
	if (how & 8)
		use(how & 4 ? b : a, how & 4 ? bind.local_port : alloc.port);
	if (how & 16)
		close_port(how & 4 ? b : a, how & 4 ? bind.local_port : alloc.port);
}

/* A port without another end: of a VIRQ, or from one vCPU to the other. */
void recipe_local_ports(void)
{
	struct evtchn_bind_virq virq = { .virq = in_below(24), .vcpu = in_bit() ? 0 : in_below(VCPUS) };
	struct evtchn_bind_ipi ipi = { .vcpu = in_below(VCPUS) };
	bool is_virq = in_bit();
	struct slot *s = self;
	u32 port;

	if (is_virq ? EVENT_OP(bind_virq, virq) : EVENT_OP(bind_ipi, ipi))
		return;
	port = is_virq ? virq.port : ipi.port;
	use(s, port);
	if (in_bit())
		close_port(s, port);
}

static long physdev_op(u32 cmd, void *op, size_t size)
{
	return recipe_call(__HYPERVISOR_physdev_op, cmd, op, size, 1);
}

#define PHYSDEV_OP(cmd, op)	physdev_op(PHYSDEVOP_##cmd, &(op), sizeof(op))

/* Mapped by the privileged for whom it is; a line of that domain's, or a device's message. */
static bool map_interrupt(struct slot *s, int *pirq, u32 *irq)
{
	static const u8 lines[] = { 1, 4, 17, 18 };	/* few, so that they are shared */
	static const u8 types[] = { MAP_PIRQ_TYPE_GSI, MAP_PIRQ_TYPE_GSI, MAP_PIRQ_TYPE_MSI, MAP_PIRQ_TYPE_MULTI_MSI };
	struct physdev_map_pirq map = {
		.domid = s->g->d->id, .type = types[in_below(ARRAY_SIZE(types))], .pirq = -1,
		.index = in_byte() < 240 ? lines[in_below(ARRAY_SIZE(lines))] : (int)in_below(30),
		.devfn = (int)in_below(16), .entry_nr = 1 + (int)in_below(4),
	};
	struct xen_domctl give = {
		.cmd = XEN_DOMCTL_irq_permission, .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = s->g->d->id, .u.irq_permission = { .pirq = (u32)map.index, .allow_access = 1 },
	};

	if (!become(&slots[0]))
		return false;
	if (map.type == MAP_PIRQ_TYPE_GSI && in_byte() < 200)
		(void)recipe_call(__HYPERVISOR_domctl, give.cmd, &give, sizeof(give), 0);
	if (in_byte() < 32)
		map.pirq = (int)in_below(64);
	if (PHYSDEV_OP(map_pirq, map))
		return false;
	*pirq = map.pirq;
	*irq = map.type == MAP_PIRQ_TYPE_GSI ? (u32)map.index : 32 + in_below(8);
	return true;
}

static void use_interrupt(struct slot *s, u32 pirq, u32 irq, u32 port)
{
	struct physdev_eoi eoi = { pirq };
	struct physdev_irq_status_query status = { .irq = pirq };
	struct physdev_pirq_eoi_gmfn map = { .gmfn = mfn_x(s->g->page[21]) };

	for (u32 n = in_below(8); n; n--) {
		(void)fake_irq_fire((int)irq);
		if (!become(s))
			return;
		switch (in_below(6)) {
		case 0 ... 1:
			(void)PHYSDEV_OP(eoi, eoi);
			break;
		case 2:
			(void)PHYSDEV_OP(irq_status_query, status);
			break;
		case 3:
			if (in_bit())
				(void)PHYSDEV_OP(pirq_eoi_gmfn_v1, map);
			else
				(void)PHYSDEV_OP(pirq_eoi_gmfn_v2, map);
			break;
		default:
			one_use(port);
			break;
		}
	}
}

void recipe_interrupt(void)
{
	struct slot *s = self;
	struct physdev_unmap_pirq unmap = { .domid = s->g->d->id };
	struct evtchn_bind_pirq bind = { .flags = in_byte() < 200 };
	int pirq;
	u32 irq;

	if (!map_interrupt(s, &pirq, &irq) || !become(s))
		return;
	bind.pirq = (u32)pirq;
	if (!EVENT_OP(bind_pirq, bind)) {
		use_interrupt(s, bind.pirq, irq, bind.port);
		if (in_bit())
			close_port(s, bind.port);
	}
	unmap.pirq = pirq;
	if (in_bit() && become(&slots[0]))
		(void)PHYSDEV_OP(unmap_pirq, unmap);
}

/* Two domains at one level-triggered line: it stays masked until both have seen it, or one of them has gone. */
void recipe_shared_line(void)
{
	struct slot *who[2] = { self, &slots[in_below(SLOTS)] };
	struct physdev_map_pirq map = { .type = MAP_PIRQ_TYPE_GSI, .index = 17 + in_below(2), .pirq = -1 };
	struct xen_domctl give = {
		.cmd = XEN_DOMCTL_irq_permission, .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.u.irq_permission = { .pirq = (u32)map.index, .allow_access = 1 },
	};
	struct evtchn_bind_pirq bind[2];
	u32 i;

	for (i = 0; i < 2; i++) {
		if (!become(&slots[0]))
			return;
		give.domain = map.domid = who[i]->g->d->id;
		map.pirq = -1;
		(void)recipe_call(__HYPERVISOR_domctl, give.cmd, &give, sizeof(give), 0);
		bind[i] = (struct evtchn_bind_pirq){ .flags = BIND_PIRQ__WILL_SHARE };
		if (PHYSDEV_OP(map_pirq, map))
			return;
		bind[i].pirq = (u32)map.pirq;
		if (!become(who[i]) || EVENT_OP(bind_pirq, bind[i]))
			return;
	}
	(void)fake_irq_fire(map.index);
	for (u32 n = 1 + in_below(4); n; n--) {
		struct physdev_eoi eoi;

		i = in_below(2);
		eoi.irq = bind[i].pirq;
		if (in_byte() < 170 && become(who[i]))
			(void)PHYSDEV_OP(eoi, eoi);
		else
			close_port(who[i], bind[i].port);
	}
}

/* PIRQ numbers until there are none, then interrupts for which one is wanted. */
void recipe_all_numbers(void)
{
	struct slot *s = self;
	u32 type = in_bit() ? MAP_PIRQ_TYPE_MSI : MAP_PIRQ_TYPE_GSI;

	for (u32 n = 0; n < 600; n++) {
		struct physdev_get_free_pirq get = { .type = type };

		if (!may_act(actor) || PHYSDEV_OP(get_free_pirq, get))
			break;
	}
	for (u32 n = in_below(3); n; n--) {
		int pirq;
		u32 irq;

		(void)map_interrupt(s, &pirq, &irq);
	}
}
