/* SPDX-License-Identifier: MIT */
/*
 * Segment descriptors of PV guests. A guest's GDT lies in up to 14 frames of its own, mapped into the per-domain area
 * (one window of 32 pages a vCPU: 16 GDT, 16 LDT); page 14 of the window is the CPU's own page with the hypervisor's
 * descriptors. Frames with descriptors have type FT_DESC: only the hypervisor writes them, checked.
 */
#ifndef PV_DESC_H
#define PV_DESC_H

#include "domain/domain.h"
#include "mm/layout.h"

#define DESC_GDT_FRAMES		14
#define DESC_GDT_ENTRIES	(DESC_GDT_FRAMES * 512)
#define DESC_LDT_ENTRIES	8192

static inline u64 desc_gdt_va(const struct vcpu *v)
{
	return PERDOMAIN_VIRT_START + ((u64)v->id << PERDOMAIN_VCPU_SHIFT);
}

static inline u64 desc_ldt_va(const struct vcpu *v)
{
	return desc_gdt_va(v) + (1ul << (PERDOMAIN_VCPU_SHIFT - 1));
}

/* Checks 512 descriptors, raising privilege levels to ring 3 where they are lower. False if one may not be. */
bool desc_page_is_safe(u64 *page);
bool desc_fix(u64 *desc);

int desc_perdomain_init(struct domain *d);
int desc_perdomain_add_vcpu(struct vcpu *v);	/* tables for its window */
void desc_perdomain_free(struct domain *d);

/* `frames` holds (entries + 511) / 512 frame numbers. All or nothing. */
int desc_set_gdt(struct vcpu *v, const u64 *frames, u32 entries);
void desc_drop_gdt(struct vcpu *v);
int desc_set_ldt_guest(struct vcpu *v, u64 base, u32 entries);
void desc_ldt_unmap(struct vcpu *v);
/* A fault inside v's LDT window: maps the page behind it. False if there is none. */
bool desc_ldt_fault(struct vcpu *v, u64 offset);
int desc_update(struct domain *d, u64 maddr, u64 desc);	/* HYPERVISOR_update_descriptor */
/*
 * Around the load of v's CR3, interrupts off. Before: v's window shows this CPU's page 14, and the CPU stands on its
 * own GDT, since the last guest's goes with its address space, and an NMI reads its selectors there. After: v's tables.
 */
void desc_switch_begin(const struct vcpu *v);
void desc_switch_to(const struct vcpu *v);
/* The descriptor behind a selector of v's own tables: 0 or -EFAULT. For emulation. */
int desc_read(const struct vcpu *v, u16 selector, u64 *desc);

#endif
