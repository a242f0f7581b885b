/* SPDX-License-Identifier: MIT */
/*
 * PV guests of the tests: made as a toolstack makes them, with frames of their own, page tables that map them, and
 * vCPUs set to a context through the same checks as a real one's.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "give_frame.h"
#include "lib/errno.h"
#include "machine.h"
#include "machine_internal.h"
#include "mm/m2p.h"
#include "mm/pt.h"
#include "pv/mmu.h"
#include "pv/pv.h"
#include "pv/type.h"
#include "sched/sched.h"

#define PTE_GUEST	(PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define GUEST_MAX_PAGES	(GUEST_PAGES + GUEST_TABLES + 64u)

static bool take_frames(struct machine_guest *g)
{
	mfn_t *const table[] = { &g->l4, &g->l3, &g->l2, &g->l1, &g->user_l4 };

	for (u32 i = 0; i < GUEST_PAGES + GUEST_TABLES; i++) {
		struct frame *f = give_frame(g->d);

		if (!f)
			return false;
		m2p_set(frame_to_mfn(f), i);
		*(i < GUEST_PAGES ? &g->page[i] : table[i - GUEST_PAGES]) = frame_to_mfn(f);
	}
	return true;
}

static void set_entry(mfn_t table, u32 index, mfn_t m, u64 flags)
{
	((u64 *)mfn_to_virt(table))[index] = pte_make(m, flags);
}

static void fill_tables(const struct machine_guest *g)
{
	const mfn_t table[] = { g->l4, g->l3, g->l2, g->l1, g->user_l4 };

	set_entry(g->l4, pt_index(GUEST_BASE, 4), g->l3, PTE_GUEST | PTE_WRITE);
	set_entry(g->user_l4, pt_index(GUEST_BASE, 4), g->l3, PTE_GUEST | PTE_WRITE);
	set_entry(g->l3, pt_index(GUEST_BASE, 3), g->l2, PTE_GUEST | PTE_WRITE);
	set_entry(g->l2, pt_index(GUEST_BASE, 2), g->l1, PTE_GUEST | PTE_WRITE);
	for (u32 i = 0; i < GUEST_PAGES; i++)
		set_entry(g->l1, i, g->page[i], PTE_GUEST | PTE_WRITE);
	for (u32 i = 0; i < GUEST_TABLES; i++)
		set_entry(g->l1, GUEST_PAGES + i, table[i], PTE_GUEST);
}

static void set_context(const struct machine_guest *g, struct vcpu *v)
{
	struct vcpu_guest_context *c = calloc(1, sizeof(*c));

	c->flags = VGCF_in_kernel;
	c->user_regs.rip = guest_va(0);
	c->user_regs.cs = PV_CS64;
	c->user_regs.ss = PV_SS;
	c->user_regs.rsp = c->kernel_sp = guest_va(1) + PAGE_SIZE;
	c->kernel_ss = PV_SS;
	c->ctrlreg[3] = mfn_x(g->l4) << PAGE_SHIFT;
	c->ctrlreg[1] = mfn_x(g->user_l4) << PAGE_SHIFT;
	c->event_callback_eip = c->failsafe_callback_eip = c->syscall_callback_eip = guest_va(0);
	if (pv_vcpu_set_context(v, c))
		abort();
	free(c);
	atomic_fetch_and(&v->pause_flags, ~VPF_DOWN);
}

/* What a domain may touch of the machine: a privileged one the devices, others nothing. */
static void give_rights(struct domain *d)
{
	if (!d->is_privileged)
		return;
	if (rangeset_add(d->iomem, MACHINE_MMIO_FIRST, MACHINE_MMIO_LAST) ||
	    rangeset_add(d->iomem, MACHINE_IO_FIRST, MACHINE_IO_LAST) || rangeset_add(d->ioports, 0, 0x3ff) ||
	    rangeset_add(d->irqs, 0, 23))
		abort();
}

struct machine_guest *machine_guest(domid_t id, bool privileged, u32 vcpus)
{
	struct machine_guest *g = calloc(1, sizeof(*g));
	struct domain_config c = {
		.id = id, .kind = DOMAIN_PV, .privileged = privileged, .max_vcpus = vcpus, .max_evtchn_port = ~0u,
		.max_grant_frames = 2, .max_maptrack_frames = 1,
	};

	machine_idle();
	if (domain_create(&c, &g->d)) {
		free(g);
		return NULL;
	}
	g->d->max_pages = GUEST_MAX_PAGES;
	for (u32 i = 0; i < vcpus; i++)
		if (vcpu_create(g->d, i))
			abort();
	give_rights(g->d);
	if (!take_frames(g)) {
		machine_guest_end(g);
		return NULL;
	}
	fill_tables(g);
	for (u32 i = 0; i < vcpus; i++)
		set_context(g, g->d->vcpu[i]);
	if (mmu_begin(g->d) || type_pin(g->l4, 4, g->d))
		abort();
	mmu_end(g->d);
	g->d->controller_paused = false;
	g->d->creation_finished = true;
	domain_unpause(g->d);
	return g;
}

void machine_destroy(struct domain *d)
{
	machine_idle();
	while (domain_destroy(d))
		machine_work_done();
}

void machine_guest_end(struct machine_guest *g)
{
	machine_destroy(g->d);
	free(g);
}

long machine_op(struct vcpu *v, u64 nr, u64 cmd, void *arg, size_t size)
{
	long rc;

	if (machine_store(v, guest_va(0), arg, size))
		abort();
	rc = machine_call(v, nr, cmd, guest_va(0), 1, 0);
	if (machine_load(v, arg, guest_va(0), size))
		abort();
	return rc;
}
