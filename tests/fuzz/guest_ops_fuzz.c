/* SPDX-License-Identifier: MIT */
/*
 * Sequences of event channel, grant table and scheduling hypercalls by three domains on three CPUs, with
 * guests that rewrite their shared memory in between, domains that die and come back, interrupts, time, and
 * memory running out.
 *
 * After each step an oracle recounts everything from what it stands for: both ends of each channel know each
 * other, each grant entry is pinned as often as handles say, each frame is held by exactly those who use it,
 * each vCPU that can run is on a CPU or a queue, no lock is held.
 *
 * Input: a byte that names the step, then the bytes it takes. Numbers are bent towards those that exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/domctl.h"
#include "abi/sched.h"
#include "core/softirq.h"
#include "domain/memory.h"
#include "event/internal.h"
#include "event/pirq.h"
#include "fake.h"
#include "grant/internal.h"
#include "hypercall/hypercall.h"
#include "oracle.h"
#include "sched/internal.h"

#define DOMAINS		3u
#define CPUS		3u
#define PAGES		8u		/* of each domain at the start */
#define ARG_BYTES	1024u

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const u8 *in;
static size_t left;
static struct domain *dom[DOMAINS];
static mfn_t page[DOMAINS][PAGES];
static u8 *arg;

static u8 byte(void)
{
	if (!left)
		return 0;
	left--;
	return *in++;
}

static u32 word(void)
{
	u32 v = byte();

	v |= (u32)byte() << 8;
	v |= (u32)byte() << 16;
	return v | (u32)byte() << 24;
}

/* Mostly small, sometimes anything. */
static u32 number(u32 limit)
{
	u8 b = byte();

	return b < 240 ? b % limit : word();
}

static domid_t some_domid(void)
{
	u8 b = byte();

	return b < 200 ? b % DOMAINS : b < 240 ? DOMID_SELF : (domid_t)word();
}

static u64 some_frame(void)
{
	u8 b = byte();
	u32 d = b % DOMAINS;

	if (b >= 250)
		return word();
	if (b >= 244)
		return mfn_x(dom[d]->shared_info_mfn);
	return mfn_x(page[d][b / DOMAINS % PAGES]);
}

/* Mostly a port that the running domain has open. */
static u32 some_port(void)
{
	struct event_domain *ed = current->domain->event;
	u8 b = byte();
	u32 i, port;

	if (b >= 230)
		return word();
	for (i = 0; i < 24; i++) {
		port = 1 + (b + i) % 24;
		if (event_port_of(ed, port) && event_port_of(ed, port)->type != EVENT_FREE)
			return port;
	}
	return b % 24;
}

/* Steps */

static void step_event(void)
{
	u32 cmd = byte() % 16, port = some_port(), other = number(24);
	domid_t id = some_domid();

	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		*(struct evtchn_alloc_unbound *)arg = (struct evtchn_alloc_unbound){ some_domid(), id, 0 };
		break;
	case EVTCHNOP_bind_interdomain:
		*(struct evtchn_bind_interdomain *)arg = (struct evtchn_bind_interdomain){ id, other, 0 };
		break;
	case EVTCHNOP_bind_virq:
		*(struct evtchn_bind_virq *)arg = (struct evtchn_bind_virq){
			other, other < 2 || other == 7 ? byte() % 3 : 0, 0,
		};
		break;
	case EVTCHNOP_bind_vcpu:
		*(struct evtchn_bind_vcpu *)arg = (struct evtchn_bind_vcpu){ port, other % 3 };
		break;
	case EVTCHNOP_status:
		*(struct evtchn_status *)arg = (struct evtchn_status){ .dom = id, .port = port };
		break;
	case EVTCHNOP_init_control:
		*(struct evtchn_init_control *)arg = (struct evtchn_init_control){
			.control_gfn = some_frame(), .offset = number(24) * 8, .vcpu = other % 3,
		};
		break;
	case EVTCHNOP_expand_array:
		((struct evtchn_expand_array *)arg)->array_gfn = some_frame();
		break;
	case EVTCHNOP_set_priority:
		*(struct evtchn_set_priority *)arg = (struct evtchn_set_priority){ port, other };
		break;
	case EVTCHNOP_reset:
	case EVTCHNOP_reset + 4:
		if (byte() < 200)
			return;
		((struct evtchn_reset *)arg)->dom = id;
		break;
	case EVTCHNOP_bind_ipi:
		((struct evtchn_bind_ipi *)arg)->vcpu = other % 3;
		break;
	case EVTCHNOP_bind_pirq:
		*(struct evtchn_bind_pirq *)arg = (struct evtchn_bind_pirq){
			14 + other % 8, byte() % 3, 0,
		};
		break;
	default:
		memcpy(arg, &port, sizeof(port));
		memcpy(arg + 4, &other, sizeof(other));
	}
	(void)do_event_channel_op(cmd, (u64)arg);
}

static u32 map_flags(void)
{
	u8 b = byte();

	return b < 230 ? (b % 4 ? b % 4 : GNTMAP_host_map) | (b & 4) : word();
}

static void copy_end_fill(struct gnttab_copy_ptr *p, bool is_ref)
{
	p->domid = is_ref ? some_domid() : byte() < 230 ? DOMID_SELF : some_domid();
	p->u.gmfn = is_ref ? number(8) : some_frame();
	p->offset = (u16)(byte() * 32);
}

static void fill_grant(u32 cmd, u8 *at)
{
	struct gnttab_copy *c = (void *)at;

	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		*(struct gnttab_map_grant_ref *)at = (struct gnttab_map_grant_ref){
			.host_addr = number(FAKE_PTES), .flags = map_flags(), .ref = number(8),
			.dom = some_domid(),
		};
		break;
	case GNTTABOP_unmap_grant_ref:
		*(struct gnttab_unmap_grant_ref *)at = (struct gnttab_unmap_grant_ref){
			.host_addr = number(FAKE_PTES),
			.dev_bus_addr = byte() & 1 ? some_frame() << PAGE_SHIFT : 0,
			.handle = number(16),
		};
		break;
	case GNTTABOP_unmap_and_replace:
		*(struct gnttab_unmap_and_replace *)at = (struct gnttab_unmap_and_replace){
			.host_addr = number(FAKE_PTES), .new_addr = number(FAKE_PTES), .handle = number(16),
		};
		break;
	case GNTTABOP_copy:
		c->flags = byte() % 4;
		c->len = (u16)(byte() * 16);
		copy_end_fill(&c->source, c->flags & GNTCOPY_source_gref);
		copy_end_fill(&c->dest, c->flags & GNTCOPY_dest_gref);
		break;
	case GNTTABOP_setup_table:
		*(struct gnttab_setup_table *)at = (struct gnttab_setup_table){
			.dom = some_domid(), .nr_frames = number(6), .frame_list = (u64)arg + 512,
		};
		break;
	case GNTTABOP_transfer:
		*(struct gnttab_transfer *)at = (struct gnttab_transfer){
			.mfn = some_frame(), .domid = some_domid(), .ref = number(8),
		};
		break;
	case GNTTABOP_swap_grant_ref:
		*(struct gnttab_swap_grant_ref *)at =
			(struct gnttab_swap_grant_ref){ number(8), number(8), 0 };
		break;
	default:
		memcpy(at, &(u32[2]){ some_domid(), number(4) }, 8);
	}
}

static void step_grant(void)
{
	static const u8 sizes[] = { 32, 24, 24, 4, 24, 40, 16, 24, 4, 24, 8, 12, 16 };
	u32 cmd = byte() % 14, count = 1 + byte() % 6, i;

	for (i = 0; cmd < ARRAY_SIZE(sizes) && i < count; i++)
		fill_grant(cmd, arg + i * sizes[cmd]);
	(void)do_grant_table_op(cmd, (u64)arg, byte() < 250 ? count : word());
}

static void step_sched(void)
{
	struct sched_poll *p = (void *)arg;
	u32 cmd = byte() % 9, ports[3] = { some_port(), some_port(), some_port() };

	switch (cmd) {
	case SCHEDOP_poll:
		memcpy(arg + 64, ports, sizeof(ports));
		*p = (struct sched_poll){
			.ports = (u64)arg + 64, .nr_ports = number(4),
			.timeout = byte() & 1 ? fake_now + word() : 0,
		};
		break;
	case SCHEDOP_pin_override:
		((struct sched_pin_override *)arg)->pcpu = (s32)number(4) - 1;
		break;
	default:
		memcpy(arg, ports, sizeof(ports));
	}
	(void)do_sched_op(cmd, (u64)arg);
}

/* A guest writes to what it shares with the hypervisor. */
static void step_scribble(void)
{
	struct domain *d = dom[byte() % DOMAINS];
	struct event_fifo *fifo = d->event->fifo;
	struct grant_entry_v1 *e;
	u32 value = word(), n = byte();

	switch (byte() % 6) {
	case 0:
		if (!d->grant->nr_frames)
			return;
		e = &d->grant->shared[0][n % 8];
		*e = (struct grant_entry_v1){ (u16)(byte() & 31), some_domid(), (u32)some_frame() };
		break;
	case 1:
		if (fifo && fifo->nr_words)
			fifo->page[0][n % 24] = value;
		break;
	case 2:
		if (fifo && fifo->vcpu[n % 2].control)
			((u32 *)fifo->vcpu[n % 2].control)[byte() % 18] = value;
		break;
	case 3:
		((u32 *)d->vcpu[n % 2]->info)[byte() % 4] = value;
		break;
	case 4:
		((u32 *)d->shared_info->evtchn_pending)[n % 2] = value;
		break;
	default:
		((u32 *)d->shared_info->evtchn_mask)[n % 2] = value;
	}
}

static void step_pirq(void)
{
	struct domain *d = current->domain;
	int pirq = (int)(14 + number(8));
	u32 nr;

	switch (byte() % 7) {
	case 0:
		(void)pirq_map_gsi(d, byte() < 200 ? (u32)pirq : number(30), &pirq);
		break;
	case 1:
		pirq = -1;
		(void)pirq_map_msi(d, 0, 0, 0, false, byte() % 5, &pirq);
		break;
	case 2:
		(void)pirq_unmap(d, byte() & 1 ? pirq : (int)(d->nr_pirqs - 1 - byte() % 8));
		break;
	case 3:
		(void)pirq_eoi(d, (u32)pirq);
		break;
	case 4:
		(void)pirq_set_eoi_map(d, some_frame(), byte() & 1);
		break;
	case 5:
		(void)pirq_get_free(d, byte() & 1, &nr);
		break;
	default:
		(void)fake_irq_fire((int)(byte() & 1 ? 14 + byte() % 8u : byte() % FAKE_IRQS));
	}
}

static void give_pages(u32 n)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		page[n][i] = fake_guest_page(dom[n]);
}

static void domain_begin(u32 n)
{
	mfn_t m;
	u32 i;

	dom[n] = fake_domain((domid_t)n, n == 0, 2);
	give_pages(n);
	if (grant_table_frame(dom[n], 0, &m))
		abort();
	for (i = 0; i < PAGES; i++)
		((struct grant_entry_v1 *)mfn_to_virt(m))[i] = (struct grant_entry_v1){
			GTF_permit_access | (i & 2 ? GTF_readonly : 0), (domid_t)((n + i) % DOMAINS),
				(u32)mfn_x(page[n][i]),
		};
	for (i = 0; i < 2; i++) {
		dom[n]->vcpu[i]->pause_flags = 0;
		sched_wake(dom[n]->vcpu[i]);
	}
	fake_all_softirqs();
}

static void step_memory(void)
{
	u32 n = byte() % DOMAINS, i = byte() % PAGES, cpu = this_cpu();

	switch (byte() % 4) {
	case 0:
		(void)domain_drop_frame(dom[n], page[n][i]);
		break;
	case 1:
		if (dom[n]->tot_pages < 64) {
			fake_alloc_fails = false;
			page[n][i] = fake_guest_page(dom[n]);
		}
		break;
	case 2:
		if (fake_ptes[i].d)
			fake_pte_drop(&fake_ptes[i]);
		break;
	default:
		/*
		 * A domain whose frames or entries others still use keeps its number: then it cannot come
		 * back.
		 */
		fake_alloc_fails = false;
		if (n == 0 || current->domain == dom[n] || byte() > 60)
			break;
		for (i = 0; i < DOMAINS; i++)
			if (dom[i]->grant->tracks_used)
				return;
		for (i = 0; i < FAKE_PTES; i++)
			if (fake_ptes[i].d)
				fake_pte_drop(&fake_ptes[i]);
		fake_domain_end(dom[n]);
		if (domain_lookup((domid_t)n))
			abort();
		domain_begin(n);
		fake_cpu(cpu);
	}
}

/* What only the hypervisor and its administrator do. */
static void step_admin(void)
{
	struct domain *d = dom[byte() % DOMAINS];
	struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo };
	cpumask_t mask = { { byte() % 8 } };

	switch (byte() % 5) {
	case 0:
		event_send_virq_global(byte() % 24);
		break;
	case 1:
		event_send_virq_vcpu(d->vcpu[byte() % 2], byte() % 24);
		break;
	case 2:
		op.u.credit2.weight = byte();
		op.u.credit2.cap = byte() & 1 ? byte() : 0;
		(void)sched_domctl(d, &op);
		break;
	case 3:
		(void)sched_set_affinity(d->vcpu[byte() % 2], &mask, NULL);
		break;
	default:
		(void)event_set_virq_handler(byte() & 1 ? d : NULL, byte() % 24);
	}
}

static void step_time(void)
{
	fake_advance((u64)byte() * 100000);
}

static void step_wake(void)
{
	sched_vcpu_unblock(dom[byte() % DOMAINS]->vcpu[byte() % 2]);
}

static void (*const steps[])(void) = {
	step_event, step_event, step_event, step_grant, step_grant, step_grant, step_sched, step_scribble,
	step_scribble,
	step_scribble, step_pirq, step_memory, step_time, step_wake, step_admin, step_pirq,
};

static void one_step(void)
{
	u8 b = byte();

	fake_cpu(b >> 4 & 3 ? (b >> 4 & 3) - 1 : this_cpu());
	fake_alloc_fails = b >> 6 == 3 && byte() > 200;
	fake_softirq_after = b >> 6 == 2 ? 1 + byte() % 4 : 0;
	if (current->is_idle)
		step_wake();
	else
		steps[(b & 15) % ARRAY_SIZE(steps)]();
	fake_alloc_fails = false;
	fake_softirq_after = 0;
	fake_all_softirqs();
	oracle(dom, DOMAINS);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 i;

	in = data;
	left = size;
	fake_start(CPUS);
	arg = fake_guest_alloc(ARG_BYTES);
	for (i = 0; i < DOMAINS; i++)
		domain_begin(i);
	for (i = 0; i < 400 && left; i++)
		one_step();
	fake_cpu(0);
	for (i = DOMAINS; i-- > 0;)
		fake_domain_end(dom[i]);
	if (!fake_check_clean())
		abort();
	return 0;
}
