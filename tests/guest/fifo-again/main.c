/* SPDX-License-Identifier: MIT */
/*
 * FIFO queues that are half there, and there again: events for a vCPU that has named no control block (XSA-107), and
 * queues set up anew after a reset, while the old block is the guest's to use as it likes (XSA-188): whoever still
 * writes to the old one writes to what may be a page table by then.
 */
#include "guest.h"

const char test_title[] = "fifo-again: queues without a control block, and after a reset";

static uint64_t first[512] PAGE, second[512] PAGE, third[512] PAGE;
static volatile uint32_t words[1024] PAGE;

static long control_block(const uint64_t *page, uint32_t vcpu)
{
	struct evtchn_init_control c = { .control_gfn = va_to_mfn(page), .vcpu = vcpu };

	return hypercall(event_channel_op, EVTCHNOP_init_control, &c);
}

static void word_array(void)
{
	struct evtchn_expand_array e = { .array_gfn = va_to_mfn((void *)words) };

	memset((void *)words, 0, sizeof(words));
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_expand_array, &e));
}

static bool is_set(uint32_t port, unsigned int bit)
{
	return words[port] >> bit & 1;
}

/* The event is on no queue, pending or lost; when the block comes, the next one is linked there. */
static void without_block(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_bind_vcpu move = { .vcpu = 1 };
	uint32_t ipi = bind_ipi(1);

	EXPECT(0, event_send(ipi));
	CHECK(!is_set(ipi, EVTCHN_FIFO_LINKED), "an event is linked on a queue that is not there");
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a));
	b.remote_port = a.port;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b));
	move.port = b.local_port;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_vcpu, &move));
	EXPECT(0, event_send(a.port));
	CHECK(!is_set(b.local_port, EVTCHN_FIFO_LINKED) || ((struct evtchn_fifo_control_block *)first)->ready,
	      "an event that moved to vCPU 1 is linked, and on no queue of vCPU 0");
	EXPECT(0, control_block(second, 1));
	words[ipi] = 0;
	EXPECT(0, event_send(ipi));
	CHECK(is_set(ipi, EVTCHN_FIFO_LINKED), "vCPU 1 has its block, and the event is on no queue");
	CHECK(((struct evtchn_fifo_control_block *)second)->head[EVTCHN_FIFO_PRIORITY_DEFAULT] == ipi,
	      "the queue does not begin with %u", ipi);
}

/* Both blocks are free now, and become page tables. Nothing is written to them any more. */
static void after_reset(void)
{
	struct evtchn_reset r = { .dom = DOMID_SELF };
	uint32_t port;

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &r));
	memset(first, 0, sizeof(first));
	memset(second, 0, sizeof(second));
	read_only(first);
	read_only(second);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(first)));
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(second)));
	CHECK(control_block(first, 0) < 0, "a page table becomes a control block");
	EXPECT(0, control_block(third, 0));
	word_array();
	port = bind_ipi(0);
	EXPECT(0, event_send(port));
	CHECK(is_set(port, EVTCHN_FIFO_LINKED), "the event is on no queue after a reset");
	CHECK(((struct evtchn_fifo_control_block *)third)->head[EVTCHN_FIFO_PRIORITY_DEFAULT] == port,
	      "the queue begins elsewhere");
	for (int i = 0; i < 512; i++)
		CHECK(!first[i] && !second[i], "word %d of an old control block is %#lx, %#lx", i, first[i], second[i]);
}

void test_main(void)
{
	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("this machine has one vCPU");
	events_off();
	EXPECT(0, control_block(first, 0));
	word_array();
	without_block();
	after_reset();
}
