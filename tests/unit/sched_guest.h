/* SPDX-License-Identifier: MIT */
/*
 * Domains on the fake machine's scheduler: made with a weight and a cap, started, put to sleep and woken, and how much
 * time each got.
 */
#ifndef SCHED_GUEST_H
#define SCHED_GUEST_H

#include "unit.h"

#include "abi/domctl.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "core/softirq.h"
#include "event/event.h"
#include "fake.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "sched/internal.h"
#include "sched/sched.h"

#define MS		1000000ul
#define SECOND		(1000 * MS)
#define TEARDOWN()	CHECK(fake_check_clean())

static inline void start(struct vcpu *v)
{
	v->pause_flags = 0;
	sched_wake(v);
	fake_all_softirqs();
}

static inline void start_all(struct domain *d)
{
	u32 i;

	for (i = 0; i < d->max_vcpus; i++)
		start(d->vcpu[i]);
}

static inline void block(struct vcpu *v)
{
	atomic_fetch_or(&v->pause_flags, VPF_BLOCKED);
	sched_sleep_nosync(v);
	fake_all_softirqs();
}

static inline void wake(struct vcpu *v)
{
	sched_vcpu_unblock(v);
	fake_all_softirqs();
}

static inline u64 used(struct domain *d)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < d->max_vcpus; i++)
		sum += sched_vcpu_time_ns(d->vcpu[i]);
	return sum;
}

/* `got` is within 3 % of `want`. */
#define CHECK_CLOSE(got, want)								\
	do {										\
		double got_ = (double)(got), want_ = (double)(want);			\
		if (got_ < want_ * 0.97 || got_ > want_ * 1.03) {			\
			unit_report(__FILE__, __LINE__, #got " is close to " #want);	\
			printf("    %.1f against %.1f\n", got_ / 1e6, want_ / 1e6);	\
		}									\
	} while (0)

static inline struct domain *make(domid_t id, u32 vcpus, u32 weight, u32 cap)
{
	struct domain *d = fake_domain(id, id == 0, vcpus);
	struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo };

	op.u.credit2.weight = (u16)weight;
	op.u.credit2.cap = (u16)cap;
	CHECK_EQ(sched_domctl(d, &op), 0);
	return d;
}

#endif
