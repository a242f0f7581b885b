/* SPDX-License-Identifier: MIT */
/*
 * The oracle: recounts everything of events, grants and scheduling from what it stands for, while nothing
 * runs. Both ends of each channel know each other, each grant entry is pinned as often as handles say, each
 * frame is held by exactly those who use it, each vCPU that can run is on a CPU or a queue, no lock is held.
 * Aborts at the first lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/internal.h"
#include "fake.h"
#include "grant/internal.h"
#include "oracle.h"
#include "sched/internal.h"

static struct domain *const *dom;
static u32 domains;

#define CHECK(cond)										\
	do {											\
		if (!(cond)) {									\
			printf("oracle, line %d: %s\n", __LINE__, #cond);			\
			abort();								\
		}										\
	} while (0)

/* Recounted references and writable references of each frame. */
static u32 want_refs[FAKE_RAM_PAGES], want_types[FAKE_RAM_PAGES];

static void want(mfn_t m, bool writable)
{
	want_refs[mfn_x(m)]++;
	want_types[mfn_x(m)] += writable;
}

static void check_ports(struct domain *d)
{
	struct event_domain *ed = d->event;
	u32 port, open = 0, pollers = 0, i;
	struct vcpu *v;

	for (port = 1; port < ed->nr_ports; port++) {
		struct event_port *p = event_port_of(ed, port);

		open += p->type != EVENT_FREE;
		CHECK(p->type != EVENT_FREE || port >= ed->first_maybe_free);
		if (p->type == EVTCHNSTAT_interdomain) {
			CHECK(domain_lookup(p->remote_domid) == p->remote);
			CHECK(p->peer->type == EVTCHNSTAT_interdomain && p->peer->peer == p);
			CHECK(p->peer->remote == d && p->peer->remote_port == port);
			CHECK(event_port_of(p->remote->event, p->remote_port) == p->peer);
		} else if (p->type == EVTCHNSTAT_virq) {
			CHECK(p->virq < ARRAY_SIZE(v->virq_ports));
			for (i = 0; i < d->max_vcpus && d->vcpu[i]->virq_ports[p->virq] != port; i++)
				;
			CHECK(i < d->max_vcpus);
		}
		CHECK(p->vcpu < d->max_vcpus);
	}
	CHECK(open == ed->open_ports);
	for_each_vcpu(d, v, i)
		pollers += (v->pause_flags & VPF_POLL) != 0;
	CHECK(pollers == ed->nr_pollers);
	if (ed->fifo) {
		for (i = 0; i < d->max_vcpus; i++)
			if (ed->fifo->vcpu[i].control)
				want(frame_to_mfn(ed->fifo->vcpu[i].control_frame), true);
		for (i = 0; i < ed->fifo->nr_words / FIFO_WORDS_PER_PAGE; i++)
			want(frame_to_mfn(ed->fifo->frame[i]), true);
	}
	if (d->pirq_eoi_map)
		want(d->arch_pirq_eoi_mfn, true);
}

static u32 want_pins[ORACLE_DOMAINS][4 * ENTRIES_PER_FRAME][2];

static void check_tracks(struct domain *d)
{
	struct grant_table *gt = d->grant;
	u32 h, used = 0;

	for (h = 0; h < gt->nr_track_frames * TRACKS_PER_FRAME; h++) {
		const struct grant_track *t = grant_track_of(gt, h);
		bool writable = !(t->flags & GNTMAP_readonly);

		CHECK(!(t->flags & TRACK_BUSY));
		if (!(t->flags & TRACK_USED))
			continue;
		used++;
		if (t->flags & GNTMAP_device_map)
			want(mfn(t->mfn), writable);
		/* Of a domain that died, the shadow is kept for this handle alone. */
		if (domain_lookup(t->granter->id) == t->granter && t->granter->id < domains &&
		    t->granter == dom[t->granter->id])
			want_pins[t->granter->id][t->ref][writable]++;
	}
	CHECK(used == gt->tracks_used);
}

static void check_pins(u32 n)
{
	struct grant_table *gt = dom[n]->grant;
	u32 ref;

	for (ref = 0; ref < gt->nr_frames * ENTRIES_PER_FRAME; ref++) {
		const struct grant_active *page = gt->active[ref / ENTRIES_PER_FRAME];
		const struct grant_active *a = &page[ref % ENTRIES_PER_FRAME];

		CHECK((page ? a->readers : 0) == want_pins[n][ref][0]);
		CHECK((page ? a->writers : 0) == want_pins[n][ref][1]);
	}
}

static void check_frames(void)
{
	u32 i;

	for (i = 0; i < FAKE_PTES; i++)
		if (fake_ptes[i].d)
			want(fake_ptes[i].frame, !(fake_ptes[i].flags & GNTMAP_readonly));
	for (i = 1; i < fake_page_high; i++) {
		const struct frame *f = &frame_table[i];

		if (!f->refs && !want_refs[i])
			continue;
		CHECK((f->refs & FRAME_REFS_MASK) == want_refs[i] + (f->refs >> 31));
		CHECK((f->type & FT_COUNT_MASK) == want_types[i]);
	}
}

static void check_sched(void)
{
	u32 i, j, cpu;

	for (i = 0; i < domains; i++)
		for (j = 0; j < dom[i]->max_vcpus; j++) {
			const struct vcpu *v = dom[i]->vcpu[j];
			bool ready = vcpu_can_run(v) && !v->sched->parked;

			CHECK(v->is_running + v->sched->queued == ready);
			CHECK(!v->is_running || runqueues[v->processor].curr == v);
		}
	for (cpu = 0; cpu < fake_cpus; cpu++)
		CHECK(!cpu_locals[cpu]->locks_held);
	CHECK(irq_enabled());
	for (cpu = 0; cpu < fake_cpus; cpu++)
		CHECK(!cpu_locals[cpu]->event_readers);
}

void oracle(struct domain *const *all, u32 n)
{
	u32 i;

	dom = all;
	domains = n;
	memset(want_refs, 0, fake_page_high * sizeof(want_refs[0]));
	memset(want_types, 0, fake_page_high * sizeof(want_types[0]));
	for (i = 0; i < domains; i++)
		memset(want_pins[i], 0,
		       dom[i]->grant->nr_frames * ENTRIES_PER_FRAME * sizeof(want_pins[i][0]));
	for (i = 0; i < domains; i++)
		check_ports(dom[i]);
	for (i = 0; i < domains; i++)
		check_tracks(dom[i]);
	for (i = 0; i < domains; i++)
		check_pins(i);
	check_frames();
	check_sched();
}
