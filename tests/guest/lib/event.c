/* SPDX-License-Identifier: MIT */
/* Two-level event delivery, virtual time, and waiting for things to happen. */
#include "guest.h"

event_fn *event_handlers[4096];
volatile uint64_t event_count[4096];

void event_upcall(struct regs *regs);

void event_upcall(struct regs *regs)
{
	struct vcpu_info *v = &shared_info->vcpu_info[0];
	uint64_t words;

	(void)regs;
	v->evtchn_upcall_pending = 0;
	words = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (; words; words &= words - 1) {
		unsigned int w = __builtin_ctzl(words);
		uint64_t bits = *(volatile uint64_t *)&shared_info->evtchn_pending[w] &
				~*(volatile uint64_t *)&shared_info->evtchn_mask[w];

		__atomic_and_fetch(&shared_info->evtchn_pending[w], ~bits, __ATOMIC_SEQ_CST);
		for (; bits; bits &= bits - 1) {
			uint32_t port = w * 64 + __builtin_ctzl(bits);

			event_count[port]++;
			if (event_handlers[port])
				event_handlers[port](port);
		}
	}
}

void event_mask(uint32_t port)
{
	__atomic_or_fetch(&shared_info->evtchn_mask[port / 64], 1UL << port % 64, __ATOMIC_SEQ_CST);
}

void event_unmask(uint32_t port)
{
	struct evtchn_unmask u = { port };
	long r = hypercall(event_channel_op, EVTCHNOP_unmask, &u);

	if (r)
		test_error("cannot unmask port %u: %ld", port, r);
}

uint32_t bind_virq(uint32_t virq, uint32_t vcpu)
{
	struct evtchn_bind_virq b = { .virq = virq, .vcpu = vcpu };
	long r = hypercall(event_channel_op, EVTCHNOP_bind_virq, &b);

	if (r)
		test_error("cannot bind VIRQ %u of vCPU %u: %ld", virq, vcpu, r);
	return b.port;
}

uint32_t bind_ipi(uint32_t vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };
	long r = hypercall(event_channel_op, EVTCHNOP_bind_ipi, &b);

	if (r)
		test_error("cannot bind an IPI of vCPU %u: %ld", vcpu, r);
	return b.port;
}

void close_port(uint32_t port)
{
	struct evtchn_close c = { port };
	long r = hypercall(event_channel_op, EVTCHNOP_close, &c);

	if (r)
		test_error("cannot close port %u: %ld", port, r);
}

long event_send(uint32_t port)
{
	struct evtchn_send s = { port };

	return hypercall(event_channel_op, EVTCHNOP_send, &s);
}

uint64_t system_time(void)
{
	const volatile struct vcpu_time_info *t = &shared_info->vcpu_info[0].time;
	uint64_t delta, ns;
	uint32_t version;

	do {
		version = t->version;
		barrier();
		delta = rdtsc() - t->tsc_timestamp;
		if (t->tsc_shift >= 0)
			delta <<= t->tsc_shift;
		else
			delta >>= -t->tsc_shift;
		ns = t->system_time + (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
		barrier();
	} while ((version & 1) || version != t->version);
	return ns;
}

bool wait_event(uint32_t port, uint64_t count, uint64_t ns)
{
	uint64_t end = system_time() + ns;

	while (event_count[port] < count)
		if (system_time() > end)
			return false;
	return true;
}
