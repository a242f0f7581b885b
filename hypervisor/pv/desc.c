/* SPDX-License-Identifier: MIT */
/*
 * GDT and LDT of PV guests. Locks: changes of a vCPU's tables come from the vCPU itself or while it is paused; frame
 * types are atomic. The window's level-1 entries are plain stores; the CPU that runs the vCPU flushes.
 */
#include "pv/desc.h"

#include "core/log.h"
#include "domain/guest_copy.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "pv/mmu.h"
#include "pv/type.h"
#include "x86/cpu_ops.h"
#include "x86/desc.h"
#include "x86/tlb.h"

#define SEG_TYPE	(15ul << 40)
#define SEG_PRESENT	(1ul << 47)
#define SEG_DPL		(3ul << 45)
#define SEG_CODE_DATA	(1ul << 44)
#define PTE_WINDOW	(PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

bool desc_fix(u64 *desc)
{
	u64 x = *desc;

	if (!(x & SEG_PRESENT))
		return true;
	if (!(x & SEG_CODE_DATA)) {
		/* gates, task states and local tables reach into the hypervisor; type 0 is nothing at all */
		return !(x & SEG_TYPE);
	}
	if ((x & SEG_DPL) != SEG_DPL)
		*desc = x | SEG_DPL;
	return true;
}

bool desc_page_is_safe(u64 *page)
{
	for (u32 i = 0; i < 512; i++)
		if (!desc_fix(&page[i])) {
			guest_warn("d%uv%u: descriptor %u (%016lx) is not one that a guest may have",
				   current->domain->id, current->id, i, page[i]);
			return false;
		}
	return true;
}

int desc_perdomain_init(struct domain *d)
{
	d->pv.perdomain_l3 = page_alloc_zeroed();
	return d->pv.perdomain_l3 ? 0 : -ENOMEM;
}

/* The level-1 entry of a page in the window, through the domain's own tables. Made at vCPU creation, so never NULL. */
static u64 *window_entry(const struct domain *d, u64 va, u64 (*alloc)(void))
{
	u64 *table = d->pv.perdomain_l3;

	for (u32 level = 3; level > 1; level--) {
		u64 *e = &table[pt_index(va, level)];

		if (!(*e & PTE_PRESENT)) {
			u64 page = alloc ? alloc() : 0;

			if (!page)
				return NULL;
			*e = page | PTE_HV_TABLE;
		}
		table = maddr_to_virt(*e & PTE_MFN_MASK);
	}
	return &table[pt_index(va, 1)];
}

int desc_perdomain_add_vcpu(struct vcpu *v)
{
	return window_entry(v->domain, desc_gdt_va(v), page_alloc_table) ? 0 : -ENOMEM;
}

void desc_perdomain_free(struct domain *d)
{
	u64 *l3 = d->pv.perdomain_l3;

	if (!l3)
		return;
	for (u32 i = 0; i < PT_ENTRIES; i++) {
		u64 *l2;

		if (!(l3[i] & PTE_PRESENT))
			continue;
		l2 = maddr_to_virt(l3[i] & PTE_MFN_MASK);
		for (u32 j = 0; j < PT_ENTRIES; j++)
			if (l2[j] & PTE_PRESENT)
				page_free_virt(maddr_to_virt(l2[j] & PTE_MFN_MASK));
		page_free_virt(l2);
	}
	page_free_virt(l3);
	d->pv.perdomain_l3 = NULL;
}

static void put_desc_frame(struct frame *f, struct domain *d)
{
	(void)!type_put_frame(f, d);	/* descriptor frames never restart */
}

void desc_drop_gdt(struct vcpu *v)
{
	for (u32 i = 0; i < DESC_GDT_FRAMES; i++) {
		if (!mfn_x(v->pv.gdt_frames[i]))
			continue;
		*window_entry(v->domain, desc_gdt_va(v) + i * PAGE_SIZE, NULL) = 0;
		put_desc_frame(mfn_to_frame(v->pv.gdt_frames[i]), v->domain);
		v->pv.gdt_frames[i] = mfn(0);
	}
	v->pv.gdt_entries = 0;
}

int desc_set_gdt(struct vcpu *v, const u64 *frames, u32 entries)
{
	u32 n = DIV_ROUND_UP(entries, 512), i;
	int rc = 0;

	if (entries > DESC_GDT_ENTRIES)
		return -EINVAL;
	for (i = 0; i < n && !rc; i++)
		rc = type_get_frame(mfn(frames[i]), FT_DESC, v->domain);
	if (rc) {
		for (i--; i-- > 0; )
			put_desc_frame(mfn_to_frame(mfn(frames[i])), v->domain);
		return rc;
	}
	desc_drop_gdt(v);
	for (i = 0; i < n; i++) {
		v->pv.gdt_frames[i] = mfn(frames[i]);
		*window_entry(v->domain, desc_gdt_va(v) + i * PAGE_SIZE, NULL) = pte_make(mfn(frames[i]), PTE_WINDOW);
	}
	v->pv.gdt_entries = entries;
	if (v == current)
		for (i = 0; i < DESC_GDT_FRAMES; i++)
			tlb_flush_page_local(desc_gdt_va(v) + i * PAGE_SIZE);
	return 0;
}

void desc_ldt_unmap(struct vcpu *v)
{
	for (u32 i = 0; v->pv.ldt_mapped; i++) {
		struct frame *f;
		u64 *e;

		if (!(v->pv.ldt_mapped & (1u << i)))
			continue;
		v->pv.ldt_mapped &= ~(1u << i);
		e = window_entry(v->domain, desc_ldt_va(v) + i * PAGE_SIZE, NULL);
		f = mfn_to_frame(pte_mfn(*e));
		*e = 0;
		if (v == current)
			tlb_flush_page_local(desc_ldt_va(v) + i * PAGE_SIZE);
		put_desc_frame(f, v->domain);	/* its stamp is from when nothing shows it any more */
	}
}

int desc_set_ldt_guest(struct vcpu *v, u64 base, u32 entries)
{
	if (entries > DESC_LDT_ENTRIES || (base & ~PAGE_MASK) || (entries && !guest_range_ok(base, entries * 8ul)))
		return -EINVAL;
	desc_ldt_unmap(v);
	v->pv.ldt_base = entries ? base : 0;
	v->pv.ldt_entries = entries;
	if (v == current)
		desc_set_ldt(desc_ldt_va(v), entries);
	return 0;
}

bool desc_ldt_fault(struct vcpu *v, u64 offset)
{
	u32 page = offset >> PAGE_SHIFT;
	u64 va = v->pv.ldt_base + (offset & PAGE_MASK);
	u64 e;

	if (offset >= v->pv.ldt_entries * 8ul || (v->pv.ldt_mapped & (1u << page)))
		return false;
	e = mmu_peek_l1(v, v->pv.kernel_l4, va);
	if (!e || type_get_frame(pte_mfn(e), FT_DESC, v->domain))
		return false;
	*window_entry(v->domain, desc_ldt_va(v) + page * PAGE_SIZE, NULL) = pte_make(pte_mfn(e), PTE_WINDOW);
	v->pv.ldt_mapped |= 1u << page;
	return true;
}

int desc_update(struct domain *d, u64 maddr, u64 desc)
{
	u64 *p = maddr_to_virt(maddr);
	struct frame *f;
	u32 type;
	int rc;

	if ((maddr & 7) || !mfn_valid(mfn(maddr >> PAGE_SHIFT)) || !desc_fix(&desc))
		return -EINVAL;
	f = mfn_to_frame(mfn(maddr >> PAGE_SHIFT));
	if (!frame_get(f, d->id))
		return -EINVAL;
	type = frame_type_settled(f);
	type = type & FT_MASK && (type & FT_COUNT_MASK) ? type & FT_MASK : FT_WRITABLE;
	rc = type == FT_DESC || type == FT_WRITABLE ? type_get(f, type, d) : -EINVAL;
	if (!rc) {
		WRITE_ONCE(*p, desc);
		(void)!type_put(f, d);
	}
	frame_put(f);
	return rc;
}

void desc_switch_begin(const struct vcpu *v)
{
	u64 va = desc_gdt_va(v) + DESC_GDT_FRAMES * PAGE_SIZE;

	*window_entry(v->domain, va, NULL) = pte_make(desc_gdt_page_mfn(this_cpu(), v->domain->pv.is_32bit),
						      PTE_WINDOW);
	desc_load_idle_gdt();
}

void desc_switch_to(const struct vcpu *v)
{
	desc_load_gdt(desc_gdt_va(v));
	desc_set_ldt(desc_ldt_va(v), v->pv.ldt_entries);
}

int desc_read(const struct vcpu *v, u16 selector, u64 *desc)
{
	u32 index = selector >> 3;
	bool local = selector & 4;

	if (index >= (local ? v->pv.ldt_entries : v->pv.gdt_entries))
		return -EFAULT;
	if (local)
		return guest_copy_from(desc, v->pv.ldt_base + index * 8ul, sizeof(*desc));
	*desc = READ_ONCE(((u64 *)mfn_to_virt(v->pv.gdt_frames[index / 512]))[index % 512]);
	return 0;
}
