/* SPDX-License-Identifier: MIT */
/*
 * The oldest forms of three hypercalls, where the operation's number stands at the head of the argument. The argument
 * of the modern form follows it.
 */
#include "abi/event_channel.h"
#include "abi/physdev.h"
#include "abi/sched.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"

#define OP_HEAD	4u	/* both structures: a 32-bit number; then the union, aligned to 4 and 8 */

long do_event_channel_op_compat(u64 op)
{
	u32 cmd;

	if (guest_get(&cmd, op))
		return -EFAULT;
	if (cmd > EVTCHNOP_unmask)
		return -ENOSYS;
	return do_event_channel_op(cmd, op + OP_HEAD);
}

long do_physdev_op_compat(u64 op)
{
	u32 cmd;

	if (guest_get(&cmd, op))
		return -EFAULT;
	switch (cmd) {
	case PHYSDEVOP_irq_status_query:
	case PHYSDEVOP_set_iopl:
	case PHYSDEVOP_set_iobitmap:
	case PHYSDEVOP_apic_read:
	case PHYSDEVOP_apic_write:
	case PHYSDEVOP_alloc_irq_vector:
		return do_physdev_op(cmd, op + 2 * OP_HEAD);
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
		return do_physdev_op(PHYSDEVOP_eoi, op + 2 * OP_HEAD);
	}
	return -ENOSYS;
}

/* Here the shutdown reason comes in the argument itself. */
long do_sched_op_compat(int cmd, u64 arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
	case SCHEDOP_block:
		return do_sched_op(cmd, 0);
	case SCHEDOP_shutdown:
		domain_shutdown(current->domain, (u8)arg);
		return 0;
	}
	return -ENOSYS;
}
