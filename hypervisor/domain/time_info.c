/* SPDX-License-Identifier: MIT */
/*
 * System time for guests. All CPUs' TSCs run at one rate from one start, so a vCPU's record never goes stale: it is
 * written when it is made or moved. Writers make the version odd meanwhile; readers retry.
 */
#include "domain/time_info.h"

#include "domain/guest_copy.h"
#include "lib/string.h"

static void fill(struct vcpu_time_info *t, const struct domain *d)
{
	u64 tsc = time_tsc();

	t->tsc_timestamp = tsc;
	t->system_time = time_tsc_to_ns(tsc);
	t->tsc_to_system_mul = time_tsc_scale.mul;
	t->tsc_shift = time_tsc_scale.shift;
	t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
}

void time_info_update(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->info->time, fresh = { 0 };
	u32 version = READ_ONCE(t->version) & ~1u;

	fill(&fresh, v->domain);
	WRITE_ONCE(t->version, version + 1);
	smp_wmb();
	t->tsc_timestamp = fresh.tsc_timestamp;
	t->system_time = fresh.system_time;
	t->tsc_to_system_mul = fresh.tsc_to_system_mul;
	t->tsc_shift = fresh.tsc_shift;
	t->flags = fresh.flags;
	smp_wmb();
	WRITE_ONCE(t->version, version + 2);
}

void time_info_to_guest(struct vcpu *v)
{
	struct vcpu_time_info t = { .version = (v->time_version += 2) };

	fill(&t, v->domain);
	if (v->time_guest && guest_put(v->time_guest, &t))
		v->time_guest = 0;
}

void time_wallclock_update(struct domain *d)
{
	struct shared_info *s = d->shared_info;
	u32 version = READ_ONCE(s->wc_version) & ~1u, nsec;
	u64 sec;

	time_wallclock_get(&sec, &nsec);
	sec += d->time_offset_seconds;
	WRITE_ONCE(s->wc_version, version + 1);
	smp_wmb();
	s->wc_sec = sec;
	s->wc_sec_hi = sec >> 32;
	s->wc_nsec = nsec;
	smp_wmb();
	WRITE_ONCE(s->wc_version, version + 2);
}

static bool update_one(struct domain *d, void *arg)
{
	spin_lock(&d->lock);
	if (d->shared_info)
		time_wallclock_update(d);
	spin_unlock(&d->lock);
	return true;
}

void time_wallclock_update_all(void)
{
	domain_each(0, update_one, NULL);
}
