/* SPDX-License-Identifier: MIT */
/*
 * Events, grants and scheduling with real parallelism: a thread for each CPU of the fake machine, each being the vCPU
 * that the scheduler put there and calling whatever comes into its head; domains rewrite shared memory meanwhile. When
 * all have stopped the oracle recounts everything, and every domain can be destroyed without a leak.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "unit.h"

#include "core/softirq.h"
#include "event/internal.h"
#include "fake.h"
#include "grant/internal.h"
#include "oracle.h"
#include "sched/internal.h"

#define CPUS		3u
#define DOMAINS		3u
#define VCPUS		2u
#define ROUNDS		40u
#define STEPS		1500u

static struct domain *dom[DOMAINS];
static mfn_t page[DOMAINS][8];
static u32 still_running;
static __thread u64 seed;

static u32 any(u32 limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)(seed >> 20) % limit;
}

static void event_step(struct domain *d)
{
	struct evtchn_bind_interdomain inter = { .remote_dom = (domid_t)any(DOMAINS), .remote_port = any(24) };
	struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF, .remote_dom = (domid_t)any(DOMAINS) };
	struct evtchn_bind_ipi ipi = { .vcpu = any(VCPUS) };
	struct evtchn_bind_virq virq = { .virq = any(16), .vcpu = any(VCPUS) };
	struct evtchn_status status = { .dom = DOMID_SELF, .port = any(24) };
	struct evtchn_init_control control = {
		.control_gfn = mfn_x(page[d->id][any(2)]), .vcpu = any(VCPUS), .offset = 128 * any(8),
	};
	struct evtchn_expand_array expand = { .array_gfn = mfn_x(page[d->id][2 + any(2)]) };
	struct evtchn_set_priority priority = { .port = any(24), .priority = any(16) };

	switch (any(40)) {
	case 0 ... 3:
		(void)event_bind_interdomain(d, &inter);
		break;
	case 4 ... 6:
		(void)event_alloc_unbound(d, &unbound);
		break;
	case 7:
		(void)event_bind_ipi(d, &ipi);
		break;
	case 8:
		(void)event_bind_virq(d, &virq);
		break;
	case 9:
		(void)event_status(&status);
		break;
	case 10 ... 14:
		(void)event_close(d, 1 + any(24));
		break;
	case 15:
		(void)event_bind_vcpu(d, any(24), any(VCPUS));
		break;
	case 16:
		(void)event_init_control(&control);
		break;
	case 17:
		(void)event_expand_array(&expand, false);
		break;
	case 18:
		(void)event_set_priority(&priority);
		break;
	case 19:
		if (any(20) == 0)
			(void)event_reset(DOMID_SELF, false);
		break;
	case 20:
		event_send_virq_global(any(16));
		break;
	case 21:
		event_send_virq_vcpu(dom[any(DOMAINS)]->vcpu[any(VCPUS)], any(16));
		break;
	case 22 ... 24:
		(void)event_unmask(d, any(24));
		break;
	default:
		(void)event_send(d, 1 + any(24));
	}
}

static void grant_step(struct domain *d)
{
	struct gnttab_map_grant_ref map = {
		.host_addr = any(FAKE_PTES), .ref = any(8), .dom = (domid_t)any(DOMAINS),
		.flags = 1 + any(3) + (any(2) ? GNTMAP_readonly : 0),
	};
	union grant_unmap_op unmap = { .unmap = { .host_addr = any(FAKE_PTES), .handle = any(16) } };
	struct gnttab_copy copy = {
		.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref, .len = 64,
		.source = { .domid = (domid_t)any(DOMAINS), .u.ref = any(8) },
		.dest = { .domid = (domid_t)any(DOMAINS), .u.ref = any(8) },
	};
	struct gnttab_swap_grant_ref swap = { any(8), any(8), 0 };
	struct grant_copier copier;

	switch (any(8)) {
	case 0:
	case 1:
		(void)!grant_map_refs(d, &map, 1);
		break;
	case 2:
	case 3:
		unmap.unmap.host_addr = fake_ptes[any(FAKE_PTES)].addr;
		unmap.unmap.dev_bus_addr = any(2) ? mfn_x(page[any(DOMAINS)][any(8)]) << PAGE_SHIFT : 0;
		(void)!grant_unmap_refs(d, &unmap, 1, false);
		break;
	case 4:
		(void)grant_swap_ref(d, &swap);
		break;
	default:
		grant_copy_begin(&copier, d);
		grant_copy(&copier, &copy);
		grant_copy(&copier, &copy);
		grant_copy_finish(&copier);
	}
}

/* The guest's other vCPU writes while we look. */
static void scribble(void)
{
	struct domain *d = dom[any(DOMAINS)];
	u32 ref = any(8);

	d->grant->shared[0][ref] = (struct grant_entry_v1){
		GTF_permit_access | (any(4) ? 0 : GTF_readonly), (domid_t)any(DOMAINS),
		(u32)mfn_x(page[any(DOMAINS)][any(8)]),
	};
	WRITE_ONCE(d->vcpu[any(VCPUS)]->info->evtchn_upcall_pending, 0);
	WRITE_ONCE(d->shared_info->evtchn_pending[0], 0);
	((u32 *)mfn_to_virt(page[d->id][2]))[any(24)] &= ~(1u << any(32));
}

static void sched_step(struct vcpu *v)
{
	cpumask_t mask = { { 1 + any(7) } };
	u32 ports[2] = { any(24), any(24) };

	switch (any(6)) {
	case 0:
		(void)sched_block();
		break;
	case 1:
		sched_yield_vcpu();
		break;
	case 2:
		(void)sched_poll(any(3), ports, any(2) ? fake_now + any(100000) : 0);
		break;
	case 3:
		(void)sched_set_affinity(dom[any(DOMAINS)]->vcpu[any(VCPUS)], &mask, NULL);
		break;
	default:
		sched_vcpu_unblock(dom[any(DOMAINS)]->vcpu[any(VCPUS)]);
	}
	(void)v;
}

static void one_step(void)
{
	struct vcpu *v = current;

	if (any(4) == 0)
		atomic_add(&fake_now, any(300000));
	if (v->is_idle) {
		sched_vcpu_unblock(dom[any(DOMAINS)]->vcpu[any(VCPUS)]);
		sched_yield();
	} else {
		switch (any(8)) {
		case 0 ... 3:
			event_step(v->domain);
			break;
		case 4 ... 5:
			grant_step(v->domain);
			break;
		case 6:
			scribble();
			break;
		default:
			sched_step(v);
		}
	}
	while (fake_fire_timer())
		;
	fake_softirqs(this_cpu());
}

static void *cpu_main(void *arg)
{
	u32 cpu = (u32)(unsigned long)arg, i;

	fake_thread_is_cpu(cpu);
	for (i = 0; i < STEPS; i++)
		one_step();
	/* The others may still wait for this CPU to do its part. */
	atomic_dec(&still_running);
	while (READ_ONCE(still_running)) {
		fake_softirqs(cpu);
		sched_yield();
	}
	return NULL;
}

static void *seeded(void *arg)
{
	seed = (u64)arg * 0x9e3779b97f4a7c15ul | 1;
	return cpu_main((void *)((unsigned long)arg % CPUS));
}

static void begin(void)
{
	mfn_t m;
	u32 n, i;

	fake_start(CPUS);
	for (n = 0; n < DOMAINS; n++) {
		dom[n] = fake_domain((domid_t)n, n == 0, VCPUS);
		for (i = 0; i < 8; i++)
			page[n][i] = fake_guest_page(dom[n]);
		CHECK_EQ(grant_table_frame(dom[n], 0, &m), 0);
		for (i = 0; i < VCPUS; i++) {
			dom[n]->vcpu[i]->pause_flags = 0;
			sched_wake(dom[n]->vcpu[i]);
		}
	}
	fake_all_softirqs();
}

TEST(a_thread_for_each_cpu)
{
	pthread_t thread[CPUS];
	unsigned long round, i;

	for (round = 0; round < ROUNDS; round++) {
		begin();
		still_running = CPUS;
		for (i = 0; i < CPUS; i++)
			pthread_create(&thread[i], NULL, seeded, (void *)(unit_random() / CPUS * CPUS + i));
		for (i = 0; i < CPUS; i++)
			pthread_join(thread[i], NULL);
		fake_all_softirqs();
		oracle(dom, DOMAINS);
		for (i = DOMAINS; i-- > 0;)
			fake_domain_end(dom[i]);
		CHECK(fake_check_clean());
	}
}

int main(void)
{
	alarm(250);
	RUN(a_thread_for_each_cpu);
	return unit_end();
}
