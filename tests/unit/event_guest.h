/* SPDX-License-Identifier: MIT */
/* What the tests of event channels share: a guest's calls in one line each, and what stands in its shared page. */
#ifndef EVENT_GUEST_H
#define EVENT_GUEST_H

#include "unit.h"

#include "event/internal.h"
#include "fake.h"
#include "lib/errno.h"

#define SETUP(cpus)	fake_start(cpus)
#define TEARDOWN()	CHECK(fake_check_clean())

static inline u32 unbound(struct domain *d, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = remote };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_alloc_unbound(d, &op), 0);
	return op.port;
}

static inline u32 interdomain(struct domain *d, domid_t remote, u32 port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = port };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_bind_interdomain(d, &op), 0);
	return op.local_port;
}

static inline u32 status_of(struct domain *d, u32 port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_status(&op), 0);
	return op.status;
}

static inline bool pending_2l(struct domain *d, u32 port)
{
	return d->shared_info->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static inline void forget_pending(struct domain *d)
{
	u32 i;

	memset(d->shared_info->evtchn_pending, 0, sizeof(d->shared_info->evtchn_pending));
	for (i = 0; i < d->max_vcpus; i++) {
		d->vcpu[i]->info->evtchn_upcall_pending = 0;
		d->vcpu[i]->info->evtchn_pending_sel = 0;
	}
}

static inline u32 bind_ipi(struct domain *d, u32 vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_bind_ipi(d, &op), 0);
	return op.port;
}

#endif
