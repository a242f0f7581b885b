/* SPDX-License-Identifier: MIT */
/*
 * A guest that signals dom0 without end: the ports of its store ring and of its console, in turn, as fast as it can.
 * For tests/system/t/isolation.test, which starts it beside others; dom0 itself has nobody to signal.
 */
#include "guest.h"

const char test_title[] = "event-flood: signals dom0 without end";

void test_main(void)
{
	struct evtchn_send store = { start_info->store_evtchn }, console = { start_info->console.domU.evtchn };

	if (start_info->flags & SIF_INITDOMAIN)
		test_skip("a guest's kernel: see tests/system/t/isolation.test");
	for (;;) {
		hypercall(event_channel_op, EVTCHNOP_send, &store);
		hypercall(event_channel_op, EVTCHNOP_send, &console);
	}
}
