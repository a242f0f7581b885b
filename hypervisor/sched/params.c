/* SPDX-License-Identifier: MIT */
/*
 * What an administrator sets and sees: weights, caps, the rate limit, the command line, the debug key. The
 * control interface speaks of credit2, whose parameters these are.
 */
#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "core/log.h"
#include "core/softirq.h"
#include "core/time.h"
#include "sched/internal.h"

static void weight_apply(struct domain *d, u32 weight)
{
	struct vcpu *v;
	u32 i;

	d->weight = weight;
	for_each_vcpu(d, v, i) {
		struct sched_unit *u = v->sched;
		u64 flags;
		struct runqueue *rq = rq_lock_of(v, &flags);

		rq_charge(rq, time_now_ns());
		policy->set_weight(u, weight);
		if (u->queued || rq->curr == v)
			rq_reload(rq, u);
		spin_unlock_irqrestore(&rq->lock, flags);
	}
}

/* From now on: what ran before is charged as it was, and whoever runs now gets its timer. */
static void cap_apply(struct domain *d, u32 cap)
{
	struct vcpu *v;
	u32 i;

	d->cap = cap;
	if (!domain_vcpu(d, 0) || READ_ONCE(d->vcpu[0]->sched->account->cap_percent) == cap)
		return;
	for_each_vcpu(d, v, i) {
		u64 flags;
		struct runqueue *rq = rq_lock_of(v, &flags);

		if (rq->curr == v)
			rq_charge(rq, time_now_ns());
		spin_unlock_irqrestore(&rq->lock, flags);
	}
	account_set_cap(d->vcpu[0]->sched->account, cap);
	for_each_vcpu(d, v, i)
		if (READ_ONCE(v->is_running))
			softirq_raise_cpu(READ_ONCE(v->processor), SOFTIRQ_SCHEDULE);
}

int sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op)
{
	if (op->sched_id != policy->id)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		op->u.credit2.weight = (u16)d->weight;
		op->u.credit2.cap = (u16)d->cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		if (op->u.credit2.weight)
			weight_apply(d, op->u.credit2.weight);
		cap_apply(d, op->u.credit2.cap);
		return 0;
	default:
		return -EINVAL;		/* parameters of single vCPUs belong to other schedulers */
	}
}

int sched_sysctl(struct xen_sysctl_scheduler_op *op)
{
	u32 us = op->u.sched_credit2.ratelimit_us;

	if (op->sched_id != policy->id)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_SYSCTL_SCHEDOP_putinfo:
		if (us && (us > XEN_SYSCTL_SCHED_RATELIMIT_MAX || us < XEN_SYSCTL_SCHED_RATELIMIT_MIN))
			return -EINVAL;
		sched_ratelimit_us = us;
		return 0;
	case XEN_SYSCTL_SCHEDOP_getinfo:
		op->u.sched_credit2.ratelimit_us = sched_ratelimit_us;
		return 0;
	default:
		return -EINVAL;
	}
}

u32 sched_policy_id(void)
{
	return policy->id;
}

static int set_ratelimit(const char *value)
{
	u32 us = 0;

	if (!value || !*value)
		return -EINVAL;
	for (; *value; value++) {
		if (*value < '0' || *value > '9' || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX)
			return -EINVAL;
		us = us * 10 + (u32)(*value - '0');
	}
	if (us && (us > XEN_SYSCTL_SCHED_RATELIMIT_MAX || us < XEN_SYSCTL_SCHED_RATELIMIT_MIN))
		return -EINVAL;
	sched_ratelimit_us = us;
	return 0;
}

static int set_policy(const char *value)
{
	static const char name[] = "credit2";
	u32 i;

	for (i = 0; value && i < sizeof(name); i++)
		if (value[i] != name[i])
			return -EINVAL;
	return value ? 0 : -EINVAL;
}

const struct param sched_params[] = {
	{ "sched", "the scheduler; credit2 is the only one", set_policy },
	{ "sched_ratelimit_us", "how many microseconds a vCPU runs before another preempts it; 0: no limit",
	  set_ratelimit },
	{ NULL, NULL, NULL },
};

static void dump_queue(struct runqueue *rq)
{
	const struct sched_unit *u;
	u32 n;

	log_info("CPU %u: %s, load %u, %u queued, clock %lu ms, timer %s", rq->cpu,
		 rq->curr->is_idle ? "idle" : "busy", rq->load, rq->nr_queued, rq->min_vtime / NS_PER_MS,
		 rq->timer_at_ns ? "set" : "off");
	if (!rq->curr->is_idle)
		log_info("    d%uv%u runs, vtime %lu ms", rq->curr->domain->id, rq->curr->id,
			 rq->curr->sched->vtime / NS_PER_MS);
	for (n = 0; n < 32 && (u = policy->nth(rq, n)) != NULL; n++)
		log_info("    d%uv%u waits, vtime %lu ms, weight %u", u->vcpu->domain->id, u->vcpu->id,
			 u->vtime / NS_PER_MS, u->weight);
}

void sched_dump(void)
{
	u32 cpu;
	u64 flags;

	log_info("Scheduler: %s, rate limit %u us, now %lu ms", policy->name, sched_ratelimit_us,
		 time_now_ns() / NS_PER_MS);
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		struct runqueue *rq = &runqueues[cpu];

		if (!rq->online)
			continue;
		flags = spin_lock_irqsave(&rq->lock);
		dump_queue(rq);
		spin_unlock_irqrestore(&rq->lock, flags);
	}
}
