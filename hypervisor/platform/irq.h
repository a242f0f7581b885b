/* SPDX-License-Identifier: MIT */
/*
 * Machine interrupts. An irq is a dense number: the GSIs first, then MSI vectors as they are allocated.
 * Handlers run in interrupt context with interrupts off. A level-triggered line whose handler asks to keep
 * it masked (IRQ_KEEP_MASKED: a guest must first serve the device) is unmasked by irq_unmask(). Lock:
 * RANK_IRQ.
 */
#ifndef PLATFORM_IRQ_H
#define PLATFORM_IRQ_H

#include "lib/types.h"
#include "platform/ioapic.h"

struct msi_desc;
struct regs;

enum irq_result { IRQ_DONE, IRQ_KEEP_MASKED };
typedef enum irq_result (*irq_handler_t)(int irq, void *arg);

#define IRQ_MAX		1024u

extern u32 irq_nr_gsis;

void irq_init(void);					/* boot: IO-APICs, descriptors */
int irq_from_gsi(u32 gsi);				/* -EINVAL if no IO-APIC has it */
/* PHYSDEVOP_setup_gsi; -EEXIST if already set. */
int irq_set_gsi_mode(u32 gsi, bool level, bool active_low);
bool irq_is_level(int irq);

/* Unmasked on success; -EBUSY. */
int irq_request(int irq, irq_handler_t fn, void *arg, const char *name);
void irq_release(int irq);				/* waits until no CPU runs the handler */
void irq_unmask(int irq);
/* Where it is delivered; -EBUSY while an earlier move settles. */
int irq_set_cpu(int irq, u32 cpu);
void irq_evacuate_cpu(u32 cpu);				/* all that come in there go to CPU 0 */
void irq_dispatch(struct regs *regs);			/* from entry/: vector in regs->vector, >= 0x20 */

/*
 * MSI and MSI-X: programs the device's capability. `table_base` is what dom0 said (0: read it from the
 * BAR).
 */
int irq_alloc_msi(u32 seg, u32 bus, u32 devfn, u32 entry_nr, u64 table_base, bool msix, u32 nvec,
		  int *first_irq);
void irq_free_msi(int irq);
void irq_resume(void);			/* writes all pins again; interrupts off */
int irq_restore_msi(u32 seg, u32 bus, u32 devfn);	/* after dom0 reset or resumed the device */

void irq_dump(void);

/* For msi.c: `count` irqs (a power of two) with consecutive aligned vectors on one CPU; each gets msi[i]. */
int irq_alloc_block(u32 count, struct msi_desc *const *msi, int *first_irq);
void irq_free_block(int first_irq, u32 count);
struct msi_desc *irq_msi_desc(int irq);

/* msi.c: called with the descriptor's lock held. */
void msi_write_target(struct msi_desc *msi, u32 apic_id, u8 vector);
void msi_set_masked(struct msi_desc *msi, bool masked);

#endif
