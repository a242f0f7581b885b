/* SPDX-License-Identifier: MIT */
/*
 * Sequences of hypercalls by three guests with two vCPUs each, the first one privileged, on two CPUs of the whole
 * machine (tests/unit/machine): everything from the dispatcher down is the real code. Between the calls guests store to
 * their memory, trap and fault; calls are interrupted at points that the input chooses, other vCPUs act, and the call
 * is repeated, or never is. Domains end and are made anew.
 *
 * The oracle (tests/unit/oracle) recounts everything after some steps (each one with FUZZ_EVERY=1 in the environment),
 * and at the end all domains go, and every frame and heap byte must have come back.
 *
 * FUZZ_LOG=1 prints each step: for an input that crashes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/lifecycle.h"
#include "event/event.h"
#include "event/pirq.h"
#include "fake.h"
#include "grant/grant.h"
#include "hypercall/fuzz.h"
#include "machine_internal.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "sched/sched.h"
#include "x86/features.h"

/* Objects come and go by the thousand: little is kept of those that went, and few words of who made them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=4:max_redzone=64";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct slot slots[SLOTS], *self;
struct vcpu *actor;
bool fuzz_log;

static u32 check_every = 8;
static domid_t next_id;

static void check(const char *when)
{
	if (oracle_check())
		return;
	printf("wrong %s\n", when);
	abort();
}

/* What takes many right calls in a row to get to, and then is a world of its own: the FIFO layout, interrupts. */
static void open_fifo(struct machine_guest *g)
{
	struct evtchn_expand_array page = { .array_gfn = mfn_x(g->page[23]) };

	for (u32 i = 0; i < VCPUS; i++) {
		struct evtchn_init_control c = { .control_gfn = mfn_x(g->page[22]), .vcpu = i, .offset = 128 * i };

		if (machine_op(g->d->vcpu[0], __HYPERVISOR_event_channel_op, EVTCHNOP_init_control, &c, sizeof(c)))
			abort();
	}
	if (machine_op(g->d->vcpu[0], __HYPERVISOR_event_channel_op, EVTCHNOP_expand_array, &page, sizeof(page)))
		abort();
}

static void give_interrupts(struct domain *d)
{
	static const u8 gsis[] = { 1, 3, 17, 19 };	/* from 16 on they are level-triggered */

	for (u32 i = 0; i < ARRAY_SIZE(gsis); i++) {
		int pirq = (int)i + 1;

		if (rangeset_add(d->irqs, gsis[i], gsis[i]) || pirq_map_gsi(d, gsis[i], &pirq))
			abort();
	}
}

/* What each guest has at the beginning, a bit each. */
static u8 beginning;

/* Some pages that are mapped nowhere, ready to be tables or to go; a grant table with entries for the others. */
static void settle_in(struct machine_guest *g, u32 which)
{
	struct vcpu *v = g->d->vcpu[0];

	for (u32 i = 14; i < 20; i++)
		if (machine_call(v, __HYPERVISOR_update_va_mapping, guest_va(i), 0, 0, 0))
			abort();
	for (u32 i = 0; i < VCPUS; i++)
		if (machine_call(v, __HYPERVISOR_update_va_mapping, guest_va(ALIAS_PAGE + i),
				 pte_make(g->page[ARG_PAGE + i], PTE_PRESENT | PTE_USER), 0, 0))
			abort();
	for (u32 i = 0; i < 6; i++)
		if (grant_preset(g->d, 8 + i, 1 + i % SLOTS, (u32)mfn_x(g->page[8 + i * 2])))
			abort();
	if (beginning >> which & 1)
		open_fifo(g);
	if (beginning >> (SLOTS + which) & 1)
		give_interrupts(g->d);
	if (which && beginning >> 6 & which) {
		g->d->creation_finished = false;
		if (become(&slots[0]))
			recipe_policy(g->d->id);
		g->d->creation_finished = true;
	}
	machine_idle();
}

/* The processor's kind and features, as far as the hypervisor looks. */
static void choose_processor(u32 b)
{
	cpu_features.vendor = b & 1 ? VENDOR_INTEL : VENDOR_AMD;
	cpu_features.sysenter = b & 2;
	cpu_features.tsc_invariant = b & 4;
	cpu_features.smap = b & 8;
	cpu_features.xsave = (b & 0x30) != 0x30;
	cpu_features.fsgsbase = (b & 0xc0) != 0xc0;
}

static void fill(struct slot *s)
{
	domid_t id;

	/* numbers of domains that somebody still holds are skipped */
	do
		id = 1 + next_id++ % 60;
	while (domain_lookup(id));
	memset(s, 0, sizeof(*s));
	s->g = machine_guest(id, s == slots, VCPUS);
	if (!s->g) {
		printf("no room for a guest\n");
		abort();
	}
	if (!domain_get(id))
		abort();
	settle_in(s->g, s - slots);
	if (fuzz_log)
		printf("slot %ld is domain %u\n", (long)(s - slots), id);
}

static bool now_and_then(void)
{
	return in_byte() >= 224;
}

/* Whatever state its domain is in, it ends now; not at one go, perhaps. */
static void empty(struct slot *s)
{
	struct domain *d = s->g->d;

	machine_preempt_by(now_and_then);
	machine_destroy(d);
	machine_preempt_by(NULL);
	free(s->g);
	s->g = NULL;
	domain_put(d);
}

bool may_act(struct vcpu *v)
{
	u32 flags = READ_ONCE(v->pause_flags);

	if (flags & (VPF_BLOCKED | VPF_POLL))
		sched_vcpu_unblock(v);
	return v->initialised && !(flags & ~(VPF_BLOCKED | VPF_POLL));
}

/* Chooses who acts; false if that domain is at its end, and another has taken its place. */
static bool choose(void)
{
	u32 b = in_byte();

	machine_cpu(b >> 7);
	self = &slots[b % SLOTS];
	for (u32 i = 0; i < VCPUS; i++) {
		actor = self->g->d->vcpu[(b / SLOTS + i) % VCPUS];
		if (may_act(actor))
			return true;
	}
	empty(self);
	fill(self);
	return false;
}

static void step(void)
{
	u32 what = in_byte();

	if (!choose())
		return;
	if (self->repeating[actor->id] && what < 240)
		repeat_hypercall(actor->id);	/* else it gives up */
	else if (what < 120)
		do_hypercall();
	else if (what < 190)
		do_act();
	else if (what < 254)
		do_recipe();
	else
		empty(self), fill(self);
	machine_settle();
}

static void end_all(void)
{
	struct domain *d;

	for (u32 i = 0; i < SLOTS; i++)
		empty(&slots[i]);
	machine_renew_dom0();
	/* and those that the privileged made */
	for_each_machine_domain(d)
		if (d != dom0 && d->dying != DOMDYING_DEAD)
			machine_destroy(d);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *every = getenv("FUZZ_EVERY");

	fuzz_log = getenv("FUZZ_LOG");
	if (every)
		check_every = strtoul(every, NULL, 0);
	machine_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 n = 0;

	next_id = 0;
	input_start(data, size);
	beginning = in_byte();
	choose_processor(in_byte());
	machine_cpu(0);
	machine_tlb_forget();
	for (u32 i = 0; i < SLOTS; i++)
		fill(&slots[i]);
	while (input_left()) {
		step();
		if (++n % check_every == 0)
			check("after a step");
	}
	check("after the last step");
	end_all();
	check("after the end of all domains");
	if (!machine_is_clean())
		abort();
	return 0;
}
