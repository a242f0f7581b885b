/* SPDX-License-Identifier: MIT */
/*
 * console_io: text to and from the machine's console, for dom0. Long writes go in pieces. While the line is full the
 * call starts again and again, so that the vCPU waits, interrupts are served and others run.
 */
#include "abi/xen.h"
#include "core/console.h"
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "sched/sched.h"

#define PIECE	64u		/* on a full line: 6 ms at 115200 baud without interrupts */

static long write(u32 count, u64 buf)
{
	struct domain *d = current->domain;
	char text[PIECE];

	while (count) {
		u32 n = MIN(count, PIECE);

		if (console_is_full(n)) {
			sched_yield_vcpu();
			return hypercall_restart(__HYPERVISOR_console_io, 3, HC_ARG(CONSOLEIO_write), HC_ARG(count),
						 buf);
		}
		if (guest_copy_from(text, buf, n))
			return -EFAULT;
		console_guest_write(d->id, d->is_privileged, text, n);
		buf += n;
		count -= n;
		if (count && softirq_is_pending())
			return hypercall_restart(__HYPERVISOR_console_io, 3, HC_ARG(CONSOLEIO_write), HC_ARG(count),
						 buf);
	}
	return 0;
}

static long read(u32 count, u64 buf)
{
	char text[PIECE];
	size_t n = console_read(text, MIN(count, PIECE));

	return guest_copy_to(buf, text, n) ? -EFAULT : (long)n;
}

long do_console_io(u32 cmd, u32 count, u64 buf)
{
	if (cmd != CONSOLEIO_write && cmd != CONSOLEIO_read)
		return -ENOSYS;
	if ((s32)count < 0 || !guest_range_ok(buf, count))
		return -EFAULT;
	return cmd == CONSOLEIO_write ? write(count, buf) : read(count, buf);
}
