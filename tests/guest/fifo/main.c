/* SPDX-License-Identifier: MIT */
/*
 * FIFO event delivery: queues of event words in guest memory that the hypervisor links and the guest unlinks, both at
 * once. Right use delivers in order of priority; broken links, control blocks in wrong places, and arrays that grow
 * wrongly must harm nobody but the guest.
 */
#include "guest.h"

const char test_title[] = "fifo: event queues with priorities";

static struct evtchn_fifo_control_block control[PAGE_SIZE / sizeof(struct evtchn_fifo_control_block)] PAGE;
static volatile uint32_t words[2][1024] PAGE;

static void refusals(void)
{
	struct evtchn_init_control c = { .control_gfn = va_to_mfn(control), .vcpu = 0, .offset = 4 };
	struct evtchn_set_priority p = { .port = 1, .priority = 99 };
	struct evtchn_expand_array e = { .array_gfn = va_to_mfn((void *)words) };

	CHECK(hypercall(event_channel_op, EVTCHNOP_expand_array, &e) < 0, "an array before the control block");
	EXPECT(-XEN_EINVAL, hypercall(event_channel_op, EVTCHNOP_init_control, &c));	/* not on a multiple of 8 */
	c.offset = 4096 - 64;
	EXPECT(-XEN_EINVAL, hypercall(event_channel_op, EVTCHNOP_init_control, &c));	/* crosses the page */
	c.offset = 0;
	c.vcpu = 99;
	EXPECT(-XEN_ENOENT, hypercall(event_channel_op, EVTCHNOP_init_control, &c));
	c.vcpu = 0;
	c.control_gfn = 0xfffffff;
	CHECK(hypercall(event_channel_op, EVTCHNOP_init_control, &c) < 0, "a control block in no frame");
	c.control_gfn = root_mfn();
	CHECK(hypercall(event_channel_op, EVTCHNOP_init_control, &c) < 0, "a control block in the L4");
	CHECK(hypercall(event_channel_op, EVTCHNOP_set_priority, &p) < 0, "a priority without queues");
}

static void start(void)
{
	struct evtchn_init_control c = { .control_gfn = va_to_mfn(control), .vcpu = 0, .offset = 0 };
	struct evtchn_expand_array e = { .array_gfn = va_to_mfn((void *)words[0]) };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_init_control, &c));
	CHECK(c.link_bits == EVTCHN_FIFO_LINK_BITS, "%u link bits", c.link_bits);
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_expand_array, &e));
	EXPECT(-XEN_EINVAL, hypercall(event_channel_op, EVTCHNOP_init_control, &c));	/* once only */
	e.array_gfn = root_mfn();
	CHECK(hypercall(event_channel_op, EVTCHNOP_expand_array, &e) < 0, "an array in the L4");
	CHECK(map_at(control, va_to_mfn(control) << 12 | PTE_DATA, UVMF_INVLPG) == 0, "the control block is lost");
}

static bool bit(uint32_t port, unsigned int b)
{
	return words[0][port] >> b & 1;
}

static void unmask(uint32_t port)
{
	struct evtchn_unmask u = { port };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_unmask, &u));
}

/* Takes the head of the highest queue that is not empty; 0 if there is none. */
static uint32_t take(void)
{
	volatile struct evtchn_fifo_control_block *c = &control[0];
	uint32_t ready = __atomic_exchange_n(&control[0].ready, 0, __ATOMIC_SEQ_CST), port, word;
	unsigned int q;

	if (!ready)
		return 0;
	q = __builtin_ctz(ready);
	port = c->head[q];
	word = words[0][port];
	__atomic_fetch_and(&words[0][port],
			   ~(1U << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK | 1U << EVTCHN_FIFO_PENDING),
			   __ATOMIC_SEQ_CST);
	if (word & EVTCHN_FIFO_LINK_MASK) {
		c->head[q] = word & EVTCHN_FIFO_LINK_MASK;
		ready |= 1U << q;
	} else {
		c->head[q] = 0;
		ready &= ~(1U << q);
	}
	if (ready)
		__atomic_fetch_or(&control[0].ready, ready, __ATOMIC_SEQ_CST);
	return port;
}

static void delivery(void)
{
	struct evtchn_set_priority p = { .priority = 2 };
	uint32_t a = bind_ipi(0), b = bind_ipi(0), c = bind_ipi(0);

	EXPECT(0, event_send(a));
	CHECK(bit(a, EVTCHN_FIFO_PENDING) && !bit(a, EVTCHN_FIFO_LINKED), "masked and sent: word %#x", words[0][a]);
	unmask(a);
	CHECK(bit(a, EVTCHN_FIFO_LINKED), "unmasked: word %#x", words[0][a]);
	CHECK(control[0].ready == 1U << EVTCHN_FIFO_PRIORITY_DEFAULT, "ready %#x", control[0].ready);
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_pending, "no upcall");
	unmask(b);
	unmask(c);
	p.port = c;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_set_priority, &p));
	EXPECT(0, event_send(b));
	EXPECT(0, event_send(c));
	EXPECT(0, event_send(a));			/* pending already: stays once */
	CHECK(take() == c, "the urgent one does not come first");
	CHECK(take() == a, "the first does not come second");
	CHECK(take() == b, "the second does not come third");
	CHECK(take() == 0, "there is a fourth");
	EXPECT(0, event_send(a));
	CHECK(take() == a, "sent again, it does not come");
	close_port(a);
	close_port(b);
	close_port(c);
}

/* The guest scribbles over the words while events are sent. */
static void scribble(void)
{
	uint32_t ports[16], seed = 1;

	for (int i = 0; i < 16; i++) {
		ports[i] = bind_ipi(0);
		unmask(ports[i]);
	}
	for (int round = 0; round < 2000; round++) {
		seed = seed * 1103515245 + 12345;
		words[0][ports[seed >> 16 & 15]] = seed ^ seed << 13;
		if (round & 1)
			control[0].head[seed >> 20 & 15] = seed;
		if (round & 2)
			control[0].ready = seed;
		event_send(ports[seed >> 24 & 15]);
	}
	for (int i = 0; i < 16; i++) {
		words[0][ports[i]] = 1U << EVTCHN_FIFO_MASKED;
		close_port(ports[i]);
	}
}

void test_main(void)
{
	for (int i = 0; i < 1024; i++)
		words[0][i] = 1U << EVTCHN_FIFO_MASKED;
	refusals();
	start();
	delivery();
	scribble();
}
