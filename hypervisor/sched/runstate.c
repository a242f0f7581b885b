/* SPDX-License-Identifier: MIT */
/*
 * Runstates: how long a vCPU has been running, runnable, blocked and offline, for its domain's accounting and
 * for the guest itself, which may have a copy kept in its memory. The times add up to system time exactly.
 *
 * Lock: the vCPU's run queue. The guest's copy is written by the vCPU's own CPU with its page tables loaded.
 */
#include "domain/guest_copy.h"
#include "core/time.h"
#include "lib/string.h"
#include "sched/internal.h"

/* How a 32-bit guest sees struct vcpu_runstate_info. */
struct runstate_info32 {
	s32 state;
	u64 state_entry_time;
	u64 time[4];
} __packed;
static_assert(sizeof(struct runstate_info32) == 44, "i386 aligns 64-bit words to 4");

static bool wants_cpu(u32 state)
{
	return state == RUNSTATE_running || state == RUNSTATE_runnable;
}

/* How many of its vCPUs share the domain's weight. */
static void count_wanting(const struct vcpu *v, u32 state)
{
	bool was = wants_cpu(v->runstate), is = wants_cpu(state);

	if (was == is || v->is_idle)
		return;
	if (is)
		atomic_inc(&v->sched->account->wanting);
	else
		atomic_dec(&v->sched->account->wanting);
}

void runstate_set(struct vcpu *v, u32 state, u64 now)
{
	s64 ns = (s64)(now - v->runstate_entry_ns);

	count_wanting(v, state);
	/* Clocks of two CPUs may differ by a hair: time does not run backwards here. */
	if (ns > 0) {
		v->runstate_time[v->runstate] += (u64)ns;
		v->runstate_entry_ns = now;
	}
	v->runstate = state;
}

void sched_runstate(struct vcpu *v, struct vcpu_runstate_info *out)
{
	u64 flags, now;
	struct runqueue *rq = rq_lock_of(v, &flags);

	now = time_now_ns();
	memset(out, 0, sizeof(*out));		/* the gap behind `state` too: it goes to guests */
	out->state = (int)v->runstate;
	out->state_entry_time = v->runstate_entry_ns;
	memcpy(out->time, v->runstate_time, sizeof(out->time));
	if ((s64)(now - v->runstate_entry_ns) > 0)
		out->time[v->runstate] += now - v->runstate_entry_ns;
	spin_unlock_irqrestore(&rq->lock, flags);
}

u64 sched_vcpu_time_ns(struct vcpu *v)
{
	struct vcpu_runstate_info info;

	sched_runstate(v, &info);
	return info.time[RUNSTATE_running];
}

/*
 * The guest's copy. With VMASST_TYPE_runstate_update_flag the top bit of the entry time is set while the rest
 * is being written. A copy that cannot be written (the guest unmapped it) is not written.
 */
static int put64(const struct vcpu *v, bool flagged)
{
	u64 va = v->runstate_guest, entry = v->runstate_entry_ns, marked = entry | XEN_RUNSTATE_UPDATE;
	struct vcpu_runstate_info info;
	u64 entry_va = va + offsetof(struct vcpu_runstate_info, state_entry_time);

	memset(&info, 0, sizeof(info));		/* the gap, as above */
	info.state = (int)v->runstate;
	info.state_entry_time = flagged ? marked : entry;
	memcpy(info.time, v->runstate_time, sizeof(info.time));
	if (!flagged)
		return guest_put(va, &info);
	if (guest_put(entry_va, &marked) || guest_put(va, &info))
		return -EFAULT;
	return guest_put(entry_va, &entry);
}

static int put32(const struct vcpu *v, bool flagged)
{
	u64 va = v->runstate_guest, entry = v->runstate_entry_ns, marked = entry | XEN_RUNSTATE_UPDATE;
	struct runstate_info32 info = {
		.state = (s32)v->runstate, .state_entry_time = flagged ? marked : entry,
	};
	u64 entry_va = va + offsetof(struct runstate_info32, state_entry_time);

	memcpy(info.time, v->runstate_time, sizeof(info.time));
	if (!flagged)
		return guest_put(va, &info);
	if (guest_put(entry_va, &marked) || guest_put(va, &info))
		return -EFAULT;
	return guest_put(entry_va, &entry);
}

void sched_runstate_to_guest(struct vcpu *v)
{
	const struct pv_domain *pv = &v->domain->pv;
	bool flagged = pv->vm_assist >> VMASST_TYPE_runstate_update_flag & 1;

	if (!v->runstate_guest)
		return;
	(void)(pv->is_32bit ? put32(v, flagged) : put64(v, flagged));
}
