/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and dispatch. Each CPU has its own vectors: (CPU, vector) leads to an irq. When an irq moves,
 * its old (CPU, vector) stays valid until the first interrupt comes in at the new place.
 *
 * A level-triggered pin is masked before the local APIC is acknowledged and unmasked when the device was
 * served, so that nothing stays in service while a guest takes its time.
 *
 * Locks: irq_lock guards allocation of irqs and vectors; each descriptor's lock guards its state and its
 * hardware.
 */
#include "platform/irq.h"

#include "core/ipi.h"
#include "core/keyhandler.h"
#include "core/lock.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "platform/acpi.h"
#include "x86/cpu_ops.h"
#include "x86/lapic.h"
#include "x86/regs.h"
#include "x86/vectors.h"
#include "x86/perfc.h"

#define NO_IRQ		(-1)
#define NO_CPU		0xffffu
#define GSI_MAX		(IRQ_MAX - 512)

struct irq_desc {
	struct spinlock lock;
	/* lock: */
	irq_handler_t fn;	/* read without it by the dispatcher, under `running` */
	void *arg;
	const char *name;
	struct msi_desc *msi;	/* NULL: a GSI */
	bool used, level, active_low, mode_set, masked;
	bool fixed;		/* one of a block of messages, which cannot move apart */
	u16 cpu, old_cpu;	/* NO_CPU: none */
	u8 vector, old_vector;

	u32 running;		/* CPUs inside the handler; atomic */
	u32 count;
};

u32 irq_nr_gsis;

static struct irq_desc irq_descs[IRQ_MAX];
static DEFINE_SPINLOCK(irq_lock, RANK_IRQ);
/* irq_lock for writing; the dispatcher of that CPU reads. Irq + 1, 0: none. */
static s16 vector_irq[MAX_CPUS][256];
static u32 next_cpu_hint;	/* irq_lock */

static struct irq_desc *irq_desc(int irq)
{
	return irq >= 0 && (u32)irq < IRQ_MAX && irq_descs[irq].used ? &irq_descs[irq] : NULL;
}

static bool vector_usable(u32 vector)
{
	/* Guests' software interrupts by way of the IDT keep their vectors. */
	return vector != 0x80 && vector != 0x82;
}

/* `count` free aligned vectors on `cpu`, or 0. irq_lock held. */
static u32 vector_find(u32 cpu, u32 count)
{
	for (u32 v = ROUNDUP((u32)VECTOR_DEVICE_FIRST,
			     count); v + count - 1 <= VECTOR_DEVICE_LAST; v += count) {
		u32 i = 0;

		while (i < count && !vector_irq[cpu][v + i] && vector_usable(v + i))
			i++;
		if (i == count)
			return v;
	}
	return 0;
}

/* Vectors for irqs [first, first + count) on `cpu`, or on any CPU if that one is full. */
static int vector_assign(int first, u32 count, u32 cpu)
{
	u64 flags = spin_lock_irqsave(&irq_lock);
	u32 v = vector_find(cpu, count);

	for (u32 other = 0; !v && other < MAX_CPUS; other++)
		if (cpumask_test(other, &cpu_online_mask))
			v = vector_find(cpu = other, count);
	for (u32 i = 0; v && i < count; i++) {
		vector_irq[cpu][v + i] = first + i + 1;
		irq_descs[first + i].cpu = cpu;
		irq_descs[first + i].vector = v + i;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return v ? 0 : -ENOSPC;
}

static void vector_release(u16 cpu, u8 vector)
{
	u64 flags = spin_lock_irqsave(&irq_lock);

	vector_irq[cpu][vector] = 0;
	spin_unlock_irqrestore(&irq_lock, flags);
}

/* Writes the descriptor's state to its chip. Descriptor lock held. */
static void irq_program(int irq, struct irq_desc *d)
{
	u32 apic_id = cpu_locals[d->cpu]->apic_id;

	if (d->msi) {
		msi_write_target(d->msi, apic_id, d->vector);
		return;
	}
	ioapic_write_rte(irq, (u64)apic_id << RTE_DEST_SHIFT | (d->masked ? RTE_MASKED : 0) |
			 (d->level ? RTE_LEVEL : 0) | (d->active_low ? RTE_LOW_ACTIVE : 0) | d->vector);
}

/* Changes only the mask. Descriptor lock held. */
static void irq_set_masked(int irq, struct irq_desc *d, bool masked)
{
	if (d->masked == masked)
		return;
	d->masked = masked;
	if (d->msi)
		msi_set_masked(d->msi, masked);
	else
		ioapic_write_rte_low(irq, (masked ? RTE_MASKED : 0) | (d->level ? RTE_LEVEL : 0) |
				     (d->active_low ? RTE_LOW_ACTIVE : 0) | d->vector);
}

int irq_from_gsi(u32 gsi)
{
	return gsi < irq_nr_gsis && irq_descs[gsi].used ? (int)gsi : -EINVAL;
}

int irq_set_gsi_mode(u32 gsi, bool level, bool active_low)
{
	int irq = irq_from_gsi(gsi), rc = 0;
	struct irq_desc *d = irq_desc(irq);
	u64 flags;

	if (!d)
		return -EINVAL;
	flags = spin_lock_irqsave(&d->lock);
	if (d->mode_set || d->fn) {
		rc = -EEXIST;
	} else {
		d->level = level;
		d->active_low = active_low;
		d->mode_set = true;
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return rc;
}

bool irq_is_level(int irq)
{
	const struct irq_desc *d = irq_desc(irq);

	return d && d->level;
}

static int irq_ensure_vector(int irq, struct irq_desc *d)
{
	return d->vector ? 0 : vector_assign(irq, 1, 0);
}

int irq_request(int irq, irq_handler_t fn, void *arg, const char *name)
{
	struct irq_desc *d = irq_desc(irq);
	u64 flags;
	int rc;

	if (!d)
		return -EINVAL;
	flags = spin_lock_irqsave(&d->lock);
	rc = d->fn ? -EBUSY : irq_ensure_vector(irq, d);
	if (!rc) {
		d->arg = arg;
		d->name = name;
		WRITE_ONCE(d->fn, fn);
		irq_program(irq, d);
		irq_set_masked(irq, d, false);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return rc;
}

void irq_release(int irq)
{
	struct irq_desc *d = irq_desc(irq);
	u64 flags;

	if (!d)
		return;
	flags = spin_lock_irqsave(&d->lock);
	irq_set_masked(irq, d, true);
	WRITE_ONCE(d->fn, NULL);
	d->name = NULL;
	spin_unlock_irqrestore(&d->lock, flags);
	smp_mb();
	while (atomic_read(&d->running))
		cpu_pause();
	d->arg = NULL;
}

void irq_unmask(int irq)
{
	struct irq_desc *d = irq_desc(irq);
	u64 flags;

	if (!d)
		return;
	flags = spin_lock_irqsave(&d->lock);
	if (d->fn)
		irq_set_masked(irq, d, false);
	spin_unlock_irqrestore(&d->lock, flags);
}

/* The move is over: an interrupt came in at the new place, or none was on its way. Descriptor lock held. */
static void irq_forget_old(struct irq_desc *d)
{
	if (d->old_cpu == NO_CPU)
		return;
	vector_release(d->old_cpu, d->old_vector);
	d->old_cpu = NO_CPU;
}

int irq_set_cpu(int irq, u32 cpu)
{
	struct irq_desc *d = irq_desc(irq);
	u64 flags;
	int rc = 0;

	if (!d || cpu >= MAX_CPUS || !cpumask_test(cpu, &cpu_online_mask))
		return -EINVAL;
	flags = spin_lock_irqsave(&d->lock);
	if (d->fixed) {
		rc = -EOPNOTSUPP;
	} else if (d->cpu == cpu && d->vector) {
		rc = 0;
	} else if (d->old_cpu != NO_CPU) {
		rc = -EBUSY;
	} else {
		u16 old_cpu = d->cpu;
		u8 old_vector = d->vector;

		rc = vector_assign(irq, 1, cpu);
		if (!rc && old_vector) {
			d->old_cpu = old_cpu;
			d->old_vector = old_vector;
		}
		if (!rc && d->fn)
			irq_program(irq, d);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return rc;
}

void irq_evacuate_cpu(u32 cpu)
{
	for (u32 irq = 0; irq < IRQ_MAX; irq++) {
		struct irq_desc *d = &irq_descs[irq];
		u64 flags;

		if (!d->used || !d->vector || d->cpu != cpu)
			continue;
		/* An earlier move that has not settled yet is taken as settled. */
		flags = spin_lock_irqsave(&d->lock);
		irq_forget_old(d);
		spin_unlock_irqrestore(&d->lock, flags);
		if (irq_set_cpu(irq, 0))
			log_warn("irq %u stays with CPU%u: no vector is free elsewhere", irq, cpu);
	}
}

/* Level: mask, acknowledge, serve, and unmask unless a guest still has to. */
static void irq_handle_level(int irq, struct irq_desc *d, irq_handler_t fn)
{
	spin_lock(&d->lock);
	irq_set_masked(irq, d, true);
	spin_unlock(&d->lock);
	lapic_eoi();
	if (fn && fn(irq, d->arg) == IRQ_DONE)
		irq_unmask(irq);
}

static void irq_handle(int irq, u8 vector)
{
	struct irq_desc *d = &irq_descs[irq];
	irq_handler_t fn;

	atomic_inc(&d->running);
	fn = READ_ONCE(d->fn);
	d->count++;
	if (unlikely(d->old_cpu != NO_CPU) && d->cpu == this_cpu() && d->vector == vector) {
		spin_lock(&d->lock);
		irq_forget_old(d);
		spin_unlock(&d->lock);
	}
	if (d->level) {
		irq_handle_level(irq, d, fn);
	} else {
		lapic_eoi();
		if (fn)
			fn(irq, d->arg);
	}
	atomic_dec(&d->running);
}

static __noinline void irq_dispatch_device(u8 vector)
{
	u32 cpu = this_cpu();
	int irq = vector_irq[cpu][vector] - 1;

	if (irq != NO_IRQ) {
		irq_handle(irq, vector);
	} else if (vector >= VECTOR_DEVICE_FIRST && vector != VECTOR_SPURIOUS &&
		   lapic_is_in_service(vector)) {
		lapic_eoi();
		log_debug("CPU%u: interrupt at vector %#x, which nobody has", cpu, vector);
	}
}

void irq_dispatch(struct regs *regs)
{
	u8 vector = regs->vector;
	vector_handler_t direct = vector_handlers[vector];
	struct cpu_local *local = cpu_local();
	u32 locks = lock_irq_enter();

	local->irq_depth++;
	perfc_inc(interrupts);
	if (likely(direct != NULL)) {
		direct(regs);
		lapic_eoi();
	} else {
		irq_dispatch_device(vector);
	}
	local->irq_depth--;
	lock_irq_exit(locks);
}

static void irq_desc_init(struct irq_desc *d)
{
	spin_lock_init(&d->lock, RANK_NONE, "irq_desc");
	d->old_cpu = d->cpu = NO_CPU;
	d->vector = 0;
	d->masked = true;
	d->used = true;
	d->count = 0;
}

static bool irq_block_free(u32 first, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (first + i >= IRQ_MAX || irq_descs[first + i].used)
			return false;
	return true;
}

int irq_alloc_block(u32 count, struct msi_desc *const *msi, int *first_irq)
{
	u64 flags = spin_lock_irqsave(&irq_lock);
	u32 first = irq_nr_gsis, cpu;
	int rc;

	while (first < IRQ_MAX && !irq_block_free(first, count))
		first++;
	if (first >= IRQ_MAX) {
		spin_unlock_irqrestore(&irq_lock, flags);
		return -ENOSPC;
	}
	for (u32 i = 0; i < count; i++) {
		irq_desc_init(&irq_descs[first + i]);
		irq_descs[first + i].level = false;
		irq_descs[first + i].fixed = count > 1;
		irq_descs[first + i].msi = msi[i];
	}
	/* Where no one says otherwise the load is spread. */
	do
		cpu = next_cpu_hint++ % MAX_CPUS;
	while (!cpumask_test(cpu, &cpu_online_mask));
	spin_unlock_irqrestore(&irq_lock, flags);
	rc = vector_assign(first, count, cpu);
	if (rc)
		irq_free_block(first, count);
	else
		*first_irq = first;
	return rc;
}

void irq_free_block(int first_irq, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct irq_desc *d = &irq_descs[first_irq + i];
		u64 flags = spin_lock_irqsave(&d->lock);

		irq_forget_old(d);
		if (d->vector)
			vector_release(d->cpu, d->vector);
		d->vector = 0;
		d->msi = NULL;
		d->used = false;
		spin_unlock_irqrestore(&d->lock, flags);
	}
}

struct msi_desc *irq_msi_desc(int irq)
{
	const struct irq_desc *d = irq_desc(irq);

	return d ? d->msi : NULL;
}

static void irq_apply_override(const struct acpi_override *o)
{
	struct irq_desc *d = irq_desc(irq_from_gsi(o->gsi));

	if (!d)
		return;
	d->active_low = (o->flags & 3) == 3;
	d->level = (o->flags >> 2 & 3) == 3;
}

void irq_resume(void)
{
	for (u32 gsi = 0; gsi < irq_nr_gsis; gsi++) {
		struct irq_desc *d = &irq_descs[gsi];

		if (!ioapic_has_gsi(gsi))
			continue;
		if (d->fn)
			irq_program(gsi, d);
		else
			ioapic_write_rte(gsi, RTE_MASKED);
	}
}

static void irq_key_dump(u8 key)
{
	irq_dump();
}

void irq_init(void)
{
	irq_nr_gsis = MIN(ioapic_init(), GSI_MAX);
	for (u32 gsi = 0; gsi < irq_nr_gsis; gsi++)
		if (ioapic_has_gsi(gsi)) {
			irq_desc_init(&irq_descs[gsi]);
			/*
			 * ISA is edge and high, PCI level and low, unless the firmware or dom0 says
			 * otherwise.
			 */
			irq_descs[gsi].level = irq_descs[gsi].active_low = gsi >= 16;
		}
	for (u32 i = 0; i < acpi_facts.nr_overrides; i++)
		irq_apply_override(&acpi_facts.overrides[i]);
	keyhandler_register('i', irq_key_dump, "interrupts");
}

void irq_dump(void)
{
	for (u32 irq = 0; irq < IRQ_MAX; irq++) {
		const struct irq_desc *d = &irq_descs[irq];

		if (d->used && (d->fn || d->msi))
			log_info("irq %u: %s CPU%u vector %#x %s%s count %u (%s)", irq, d->msi ? "MSI" :
				 "GSI", d->cpu,
				 d->vector, d->level ? "level" : "edge", d->masked ? " masked" : "", d->count,
				 d->name ? d->name : "-");
	}
	log_info("local APIC errors: %u, last status %#x", lapic_errors, lapic_last_error);
}
