/* SPDX-License-Identifier: MIT */
/*
 * What dom0 does with other domains: makes them, sets and reads their vCPUs' state, ends them while others look on,
 * names who hears of the machine's events.
 */
#include "two_guests.h"
#include "abi/event_channel.h"
#include "abi/memory.h"
#include "event/event.h"
#include "mm/pt.h"
#include "pv/pv.h"
#include "x86/features.h"
#include "x86/fpu.h"

/* As a toolstack: made, given vCPUs and memory, started, looked at, destroyed. */
TEST(a_domain_by_domctl)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 2, .max_evtchn_port = 100, .max_grant_frames = 4,
						     .max_maptrack_frames = 4, .grant_opts = 1 } };
	struct xen_memory_reservation r = { .extent_start = guest_va(1), .nr_extents = 8, .domid = 40 };

	start();
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	CHECK_EQ(op.domain, 40);
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), -EEXIST);
	memset(&op, 0, sizeof(op));
	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, 40, &op), 0);
	op.u.max_mem.max_memkb = 64;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, 40, &op), 0);
	CHECK_EQ(machine_op(LORD, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 8);
	CHECK(oracle_check());
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 40, &op), 0);
	CHECK_EQ(op.u.getdomaininfo.tot_pages, 8);
	CHECK_EQ(op.u.getdomaininfo.max_vcpu_id, 1);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, 40, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, 40, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, lord->d->id, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, lord->d->id, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0, &op), -EINVAL);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 40, &op), -ESRCH);
	op.interface_version++;
	end();
}

/* A context set by tools is the one they get back, field by field, in kernel mode and in user mode. */
static void context_comes_back(u64 flags)
{
	struct vcpu_guest_context *c = calloc(1, sizeof(*c)), *back = calloc(1, sizeof(*back));
	struct xen_domctl op = { 0 };

	pv_vcpu_get_context(V, c);
	for (u32 i = 0; i < offsetof(struct cpu_user_regs, error_code) / 8; i++)
		((u64 *)&c->user_regs)[i] = 0x1111 * (i + 1);
	c->user_regs.rip = guest_va(3), c->user_regs.rsp = guest_va(5);
	c->user_regs.cs = flags & VGCF_in_kernel ? PV_CS64 & ~3u : PV_CS64, c->user_regs.ss = PV_SS;
	c->user_regs.ds = 0x1b, c->user_regs.es = 0x2b, c->user_regs.fs = 0x33, c->user_regs.gs = 0x3b;
	c->user_regs.rflags = 0x246;
	c->trap_ctxt[3] = (struct trap_info){ .vector = 3, .flags = 7, .cs = PV_CS64, .address = guest_va(6) };
	c->trap_ctxt[14] = (struct trap_info){ .vector = 14, .flags = 0, .cs = PV_CS64, .address = guest_va(7) };
	c->kernel_sp = guest_va(9), c->kernel_ss = PV_SS;
	c->event_callback_eip = guest_va(10), c->failsafe_callback_eip = guest_va(11);
	c->syscall_callback_eip = guest_va(12);
	c->fs_base = 0x1000, c->gs_base_kernel = guest_va(0), c->gs_base_user = 0x2000;
	c->debugreg[0] = guest_va(1), c->debugreg[7] = 0x401;
	c->vm_assist = V->domain->pv.vm_assist = 1ul << VMASST_TYPE_writable_pagetables;
	c->ctrlreg[1] = mfn_x(g->user_l4) << PAGE_SHIFT;
	c->flags = flags | VGCF_online | VGCF_i387_valid;
	V->regs.error_code = 99;
	V->regs.vector = REGS_VEC_SYSCALL;		/* else rcx and r11 would not be those given */
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	op.u.vcpucontext.ctxt = guest_va(4);
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, g->d->id, &op), 0);
	CHECK_EQ(V->regs.error_code, 0);
	CHECK_EQ(V->regs.vector, 0);
	CHECK_EQ(V->pv.kernel_mode, !!(flags & VGCF_in_kernel));
	CHECK(oracle_check());
	op.u.vcpucontext.ctxt = guest_va(8);
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, g->d->id, &op), 0);
	CHECK(!machine_load(LORD, back, guest_va(8), sizeof(*back)));
	/* the event mask is the vCPU's own, and shows as the interrupt flag */
	back->user_regs.rflags = (back->user_regs.rflags & ~0x200ul) | 0x200;
	for (u32 i = 0; i < sizeof(*c) / 8; i++)
		if (((u64 *)c)[i] != ((u64 *)back)[i]) {
			printf("    word %u of the context (of %zu)\n", i, sizeof(*c) / 8);
			CHECK_EQ(((u64 *)c)[i], ((u64 *)back)[i]);
		}
	/* without a floating-point state it starts with the one after reset, not with the last one's */
	memset(V->fpu, 0x5a, fpu_area_size);
	c->flags &= ~VGCF_i387_valid;
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	op.u.vcpucontext.ctxt = guest_va(4);
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, g->d->id, &op), 0);
	CHECK(!memchr(V->fpu, 0x5a, fpu_area_size));
	CHECK_EQ(V->xcr0, 1);
	/* nor with a handler that this one does not name */
	c->trap_ctxt[3] = (struct trap_info){ 0 };
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, g->d->id, &op), 0);
	CHECK_EQ(V->pv.traps[3].address, 0);
	CHECK_EQ(V->pv.traps[14].address, guest_va(7));
	free(c);
	free(back);
}

TEST(a_context_comes_back)
{
	start();
	context_comes_back(VGCF_in_kernel);
	context_comes_back(VGCF_in_kernel | VGCF_failsafe_disables_events);
	context_comes_back(VGCF_syscall_disables_events);
	context_comes_back(0);
	end();
}

/* Registers that XSAVE has not written, since they are as after reset, come out like that; MXCSR is always written. */
TEST(a_context_has_registers_in_their_initial_state)
{
	struct vcpu_guest_context *c = calloc(1, sizeof(*c));
	u8 *area, *out = (u8 *)c->fpu_ctxt.x;
	bool had = cpu_features.xsave;

	start();
	area = V->fpu;
	cpu_features.xsave = true;
	memset(area, 0x5a, 512);
	memset(area + 512, 0, 64);
	*(u32 *)(area + 24) = 0x1fa0;
	pv_vcpu_get_context(V, c);
	CHECK_EQ(*(u16 *)out, 0x37f);
	CHECK_EQ(*(u32 *)(out + 24), 0x1fa0);
	CHECK(!memchr(out + 32, 0x5a, 128));
	CHECK(!memchr(out + 160, 0x5a, 256));
	area[512] = 3;
	pv_vcpu_get_context(V, c);
	CHECK(!memcmp(out, area, 512));
	fpu_area_init(area);
	cpu_features.xsave = had;
	free(c);
	end();
}

/* What happens to a domain that others look at while it goes. */
TEST(the_dying_get_nothing_new)
{
	struct xen_memory_reservation claim = { .nr_extents = 20 };
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE };
	struct xen_domctl op = { 0 };
	struct vcpu_guest_context *c = calloc(1, sizeof(*c));
	struct domain *d;

	start();
	d = g->d;
	pv_vcpu_get_context(V, c);
	/* a page of it is mapped, so that it stays */
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20),
			      pte_make(g->page[5], PTE_PRESENT | PTE_USER), 0, d->id), 0);
	c->ctrlreg[3] = mfn_x(g->page[5]) << PAGE_SHIFT;
	c->ctrlreg[1] = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, d->id, &op), 0);
	CHECK(oracle_check());
	CHECK(!machine_store(LORD, guest_va(4), c, sizeof(*c)));
	op.u.vcpucontext.ctxt = guest_va(4);
	CHECK(domctl(XEN_DOMCTL_setvcpucontext, d->id, &op) < 0);
	CHECK(oracle_check());
	pin.arg1.mfn = mfn_x(g->page[5]);
	CHECK(!machine_store(LORD, guest_va(0), &pin, sizeof(pin)));
	CHECK(machine_call(LORD, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, d->id) < 0);
	claim.domid = d->id;
	CHECK(machine_op(LORD, __HYPERVISOR_memory_op, XENMEM_claim_pages, &claim, sizeof(claim)) < 0);
	CHECK(oracle_check());
	free(c);
	free(g);
	g = NULL;
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping, guest_va(20), 0, UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
	end();
}

/* A vCPU made for it now would have its vcpu_info in a page that has been given back. */
TEST(the_dying_get_no_vcpus)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 2, .max_grant_frames = 4 } };
	struct xen_memory_reservation r = { .extent_start = guest_va(1), .nr_extents = 1, .domid = 40 };
	u64 m;

	start();
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	op.u.max_mem.max_memkb = 64;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, 40, &op), 0);
	CHECK_EQ(machine_op(LORD, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 1);
	CHECK(!machine_load(LORD, &m, guest_va(1), sizeof(m)));
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20),
			      pte_make(mfn(m), PTE_PRESENT | PTE_USER), 0, 40), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, 40, &op), -EINVAL);
	CHECK(!domain_lookup(40)->vcpu[0]);
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping, guest_va(20), 0, UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
	end();
}

/* All that names a domain, about one of no use: no vCPUs yet, or none of what it had any more. */
static void ask_everything_about(domid_t id)
{
	static const u8 calls[] = { __HYPERVISOR_memory_op, __HYPERVISOR_event_channel_op, __HYPERVISOR_grant_table_op,
				    __HYPERVISOR_physdev_op };
	static const u32 domid_at[] = { 0, 2, 28 };
	struct xen_domctl op;
	u8 arg[64];

	for (u32 i = 0; i < 3 * 40 * ARRAY_SIZE(calls); i++) {
		memset(arg, i & 1, sizeof(arg));
		memcpy(arg + domid_at[i % 3], &id, sizeof(id));
		CHECK(!machine_store(LORD, guest_va(0), arg, sizeof(arg)));
		(void)machine_call(LORD, calls[i / 120], i / 3 % 40, guest_va(0), 1, 0);
	}
	for (u32 i = 0; i < 3 * 90; i++) {
		if (i / 3 == XEN_DOMCTL_destroydomain)
			continue;
		memset(&op, 0, sizeof(op));
		op.u.vcpucontext.vcpu = i % 3 == 1;
		if (i % 3 == 2)
			memset(&op.u, 1, sizeof(op.u));
		(void)domctl(i / 3, id, &op);
	}
	CHECK(oracle_check());
}

TEST(questions_about_the_dying_and_the_unborn)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 2, .max_grant_frames = 4 } };
	struct domain *d;

	start();
	d = g->d;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	ask_everything_about(40);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20),
			      pte_make(g->page[5], PTE_PRESENT | PTE_USER), 0, d->id), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, d->id, &op), 0);
	ask_everything_about(d->id);
	free(g);
	g = NULL;
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_update_va_mapping, guest_va(20), 0, UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
	machine_idle();
	machine_renew_dom0();	/* some of it was about domain 0 */
	end();
}

/* All that a new domain is to have takes long, and stops between two vCPUs. */
static u32 looks;

static bool every_time(void)
{
	return ++looks;
}

TEST(many_vcpus_in_turns)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = 20 } };
	const u64 args[6] = { guest_va(0) };
	long rc;

	start();
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 40, &op), 0);
	op = (struct xen_domctl){ .cmd = XEN_DOMCTL_max_vcpus, .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				  .domain = 40, .u.max_vcpus.max = 20 };
	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	machine_preempt_by(every_time);
	if (machine_call_once(LORD, __HYPERVISOR_domctl, args, &rc))
		while (machine_repeat(LORD, &rc))
			machine_preempt_by(every_time);
	machine_preempt_by(NULL);
	CHECK_EQ(rc, 0);
	CHECK(looks >= 19);
	CHECK(domain_lookup(40)->vcpu[19]);
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 40, &op), 0);
	end();
}

/* Another domain than dom0 hears of the machine's events, until it ends or another is named. */
TEST(a_virq_for_another_domain)
{
	struct xen_domctl op = { .u.set_virq_handler.virq = VIRQ_TIMER };
	struct evtchn_bind_virq bind = { .virq = VIRQ_DOM_EXC };

	start();
	CHECK_EQ(machine_op(V, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &bind, sizeof(bind)), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 2, &op), -EINVAL);
	op.u.set_virq_handler.virq = 77;
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 2, &op), -EINVAL);
	event_send_virq_global(VIRQ_DOM_EXC);
	CHECK(!event_port_is_pending(g->d, bind.port));
	op.u.set_virq_handler.virq = VIRQ_DOM_EXC;
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 77, &op), -ESRCH);
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, 2, &op), 0);
	event_send_virq_global(VIRQ_DOM_EXC);
	CHECK(event_port_is_pending(g->d, bind.port));
	end();		/* and holds no domain that has ended */
}

int main(void)
{
	machine_start();
	RUN(a_domain_by_domctl);
	RUN(a_context_comes_back);
	RUN(a_context_has_registers_in_their_initial_state);
	RUN(the_dying_get_nothing_new);
	RUN(the_dying_get_no_vcpus);
	RUN(questions_about_the_dying_and_the_unborn);
	RUN(many_vcpus_in_turns);
	RUN(a_virq_for_another_domain);
	return unit_end();
}
