/* SPDX-License-Identifier: MIT */
/*
 * builder_dom0: the steps, in order. Everything that can be wrong with the loader's modules has been found when the
 * domain is created.
 */
#include "boot/boot_info.h"
#include "builder/builder.h"
#include "builder/dom0_mem.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "domain/memory.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "platform/irq.h"
#include "platform/machine.h"
#include "pv/pv.h"
#include "sched/sched.h"
#include "x86/features.h"

#define START_MAGIC	"xen-3.0-x86_64p"
#define MAP_ROUND	(MiB(4))
#define MAP_PADDING	(KiB(512))
#define DOM0_GRANT_FRAMES	64u
#define DOM0_MAPTRACK_FRAMES	1024u

static u64 pages_of(u64 bytes)
{
	return DIV_ROUND_UP(bytes, PAGE_SIZE);
}

/* The size of the tables depends on the size of what they map, which includes them: count until it settles. */
static void lay_out(struct build *b, u64 initrd_len)
{
	u64 at = pages_of(b->k.virt_end - b->k.virt_base), tables = 0, end = 0;

	b->initrd_len = initrd_len;
	b->initrd_pages = pages_of(initrd_len);
	b->p2m_pages = pages_of(b->nr_pages * sizeof(u64));
	if (initrd_len && !b->k.initrd_unmapped) {
		b->initrd_pfn = at;
		at += b->initrd_pages;
	}
	if (!b->k.has_init_p2m) {
		b->p2m_pfn = at;
		at += b->p2m_pages;
	}
	b->start_info_pfn = at++;
	b->pt_pfn = at;
	do {
		b->pt_pages = tables;
		b->stack_pfn = at + tables;
		end = b->k.virt_base + ((b->stack_pfn + 1) << PAGE_SHIFT);
		end = ROUNDUP(end + MAP_PADDING, MAP_ROUND);
		b->map_end_pfn = (end - b->k.virt_base) >> PAGE_SHIFT;
		tables = 1 + build_count_tables(b->k.virt_base, b->map_end_pfn);
	} while (tables != b->pt_pages);
	at = b->map_end_pfn;
	if (initrd_len && b->k.initrd_unmapped) {
		b->initrd_pfn = at;
		at += b->initrd_pages;
	}
	if (b->k.has_init_p2m) {
		b->p2m_pfn = at;
		b->p2m_table_pages = build_count_tables(b->k.init_p2m, b->p2m_pages);
		at += b->p2m_pages + b->p2m_table_pages;
	}
	b->boot_end_pfn = at;
}

/* The p2m lies in contiguous frames so that it can be filled in place while the rest is allocated. */
static void allocate_p2m(struct build *b)
{
	u32 order = order_of(b->p2m_pages);
	struct frame *f = page_alloc(order, 0);

	if (!f)
		panic("dom0: no %lu KiB of contiguous memory for its p2m; lower dom0_mem=", b->p2m_pages * 4);
	for (u64 i = b->p2m_pages; i < 1ul << order; i++)
		page_free(f + i, 0);
	b->p2m = mfn_to_virt(frame_to_mfn(f));
	page_clear((u8 *)b->p2m + (b->p2m_pages - 1) * PAGE_SIZE);	/* there is room behind the last entry */
	for (u64 i = 0; i < b->p2m_pages; i++)
		if (domain_assign_frame(b->d, f + i))
			panic("dom0: its p2m cannot be assigned");
}

/* Frames for everything up to `until`, where the p2m's own frames already have their place. */
static void populate_around_p2m(struct build *b, u64 until)
{
	u64 first = mfn_x(virt_to_mfn(b->p2m));

	build_populate(b, MIN(until, b->p2m_pfn));
	if (b->done_pages == b->p2m_pfn && until > b->p2m_pfn) {
		for (u64 i = 0; i < b->p2m_pages; i++) {
			b->p2m[b->p2m_pfn + i] = first + i;
			m2p_set(mfn(first + i), b->p2m_pfn + i);
		}
		b->done_pages += b->p2m_pages;
	}
	build_populate(b, until);
}

static bool in_span(u64 pfn, u64 first, u64 pages)
{
	return pfn - first < pages;
}

/* What the kernel finds mapped, or in its segments, begins as zeros but for what will be put there. */
static void clear_boot_pages(const struct build *b)
{
	for (u64 pfn = 0; pfn < b->boot_end_pfn; pfn++)
		if (!in_span(pfn, b->initrd_pfn, b->initrd_pages) && !in_span(pfn, b->p2m_pfn, b->p2m_pages) &&
		    !image_fills(&b->k, pfn))
			page_clear(build_virt(b, pfn));
}

static void place_initrd(const struct build *b, const void *from)
{
	const u8 *src = from;

	for (u64 i = 0; i < b->initrd_pages; i++) {
		u64 len = MIN(PAGE_SIZE, b->initrd_len - i * PAGE_SIZE);
		u8 *to = build_virt(b, b->initrd_pfn + i);

		memcpy(to, src + i * PAGE_SIZE, len);
		memset(to + len, 0, PAGE_SIZE - len);
	}
}

/* What dom0's console driver should know of the screen: behind start_info in the same page. */
static void fill_video(struct start_info *si)
{
	struct dom0_vga_console_info *vga = (void *)(si + 1);
	const struct boot_video *v = &boot_info.video;

	if (!v->text && !v->linear)
		return;
	if (v->text) {
		vga->video_type = XEN_VGATYPE_TEXT_MODE_3;
		vga->u.text_mode_3.font_height = v->font_height;
		vga->u.text_mode_3.cursor_x = v->cursor_x;
		vga->u.text_mode_3.cursor_y = v->cursor_y;
		vga->u.text_mode_3.rows = v->rows;
		vga->u.text_mode_3.columns = v->columns;
	} else {
		vga->video_type = boot_info.efi_system_table ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
		vga->u.vesa_lfb.width = v->width;
		vga->u.vesa_lfb.height = v->height;
		vga->u.vesa_lfb.bytes_per_line = v->pitch;
		vga->u.vesa_lfb.bits_per_pixel = v->bpp;
		vga->u.vesa_lfb.lfb_base = v->lfb_base;
		vga->u.vesa_lfb.ext_lfb_base = v->lfb_base >> 32;
		/* as kernels read it natively: VBE counts in blocks of 64 KiB, UEFI in bytes */
		vga->u.vesa_lfb.lfb_size = boot_info.efi_system_table ? v->lfb_size :
					   DIV_ROUND_UP(v->lfb_size, KiB(64));
		vga->u.vesa_lfb.red_pos = v->red_pos;
		vga->u.vesa_lfb.red_size = v->red_size;
		vga->u.vesa_lfb.green_pos = v->green_pos;
		vga->u.vesa_lfb.green_size = v->green_size;
		vga->u.vesa_lfb.blue_pos = v->blue_pos;
		vga->u.vesa_lfb.blue_size = v->blue_size;
		vga->u.vesa_lfb.rsvd_pos = v->rsvd_pos;
		vga->u.vesa_lfb.rsvd_size = v->rsvd_size;
	}
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(*vga);
}

static u64 va_of(const struct build *b, u64 pfn)
{
	return b->k.virt_base + (pfn << PAGE_SHIFT);
}

static void fill_start_info(const struct build *b, const char *cmdline)
{
	struct start_info *si = build_virt(b, b->start_info_pfn);

	strlcpy(si->magic, START_MAGIC, sizeof(si->magic));
	si->nr_pages = b->nr_pages;
	si->shared_info = mfn_x(b->d->shared_info_mfn) << PAGE_SHIFT;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = va_of(b, b->pt_pfn);
	si->nr_pt_frames = b->pt_pages;
	si->mfn_list = b->k.has_init_p2m ? b->k.init_p2m : va_of(b, b->p2m_pfn);
	if (b->k.has_init_p2m) {
		si->first_p2m_pfn = b->p2m_pfn;
		si->nr_p2m_frames = b->p2m_pages + b->p2m_table_pages;
	}
	if (b->initrd_len) {
		si->mod_start = b->k.initrd_unmapped ? b->initrd_pfn : va_of(b, b->initrd_pfn);
		si->mod_len = b->initrd_len;
		si->flags |= b->k.initrd_unmapped ? SIF_MOD_START_PFN : 0;
	}
	if (strlcpy((char *)si->cmd_line, cmdline, sizeof(si->cmd_line)) >= sizeof(si->cmd_line))
		log_warn("dom0's command line is cut to %u characters", MAX_GUEST_CMDLINE - 1);
	fill_video(si);
}

static void deny_ports(u32 first, u32 last, void *arg)
{
	if (rangeset_remove(((struct domain *)arg)->ioports, first, last))
		panic("no memory for dom0's rights");
}

static void deny_mmio(u64 first, u64 last, void *arg)
{
	if (rangeset_remove(((struct domain *)arg)->iomem, first, last))
		panic("no memory for dom0's rights");
}

/* dom0 drives the hardware: everything but what the hypervisor itself uses. */
static void grant_rights(struct domain *d)
{
	u64 last_mfn = (1ul << (cpu_features.phys_bits - PAGE_SHIFT)) - 1;

	if (rangeset_add(d->ioports, 0, 0xffff) || rangeset_add(d->iomem, 0, last_mfn) ||
	    rangeset_add(d->irqs, 0, ~0u))
		panic("no memory for dom0's rights");
	deny_ports(0xcf8, 0xcff, d);		/* emulated: pv/priv_op.c */
	machine_hv_ports(deny_ports, d);
	machine_hv_mmio(deny_mmio, d);
}

static void pin(struct vcpu *v)
{
	cpumask_t one = { 0 };

	cpumask_set(v->id % cpu_online_count, &one);
	if (sched_set_affinity(v, &one, NULL))
		log_warn("dom0_vcpus_pin: vCPU %u cannot stay on CPU %u", v->id, v->id % cpu_online_count);
}

static struct domain *create(void)
{
	u32 vcpus = builder_vcpus(MAX(cpu_online_count, 1u));
	struct domain_config c = {
		.id = 0, .kind = DOMAIN_PV, .privileged = true, .max_vcpus = vcpus, .max_evtchn_port = ~0u,
		.max_grant_frames = DOM0_GRANT_FRAMES, .max_maptrack_frames = DOM0_MAPTRACK_FRAMES,
	};
	struct domain *d;
	int rc = domain_create(&c, &d);

	if (rc)
		panic("dom0 cannot be created (error %d)", rc);
	dom0 = d;
	grant_rights(d);
	for (u32 i = 0; i < vcpus; i++) {
		if (vcpu_create(d, i))
			panic("dom0's vCPU %u cannot be created: not enough memory", i);
		if (builder_pin_vcpus)
			pin(d->vcpu[i]);
	}
	return d;
}

static void start_vcpu(const struct build *b, mfn_t l4)
{
	struct vcpu_guest_context *c = heap_new(struct vcpu_guest_context);
	struct vcpu *v = b->d->vcpu[0];
	int rc;

	if (!c)
		panic("no memory for dom0's first context");
	c->flags = VGCF_in_kernel;
	c->user_regs.rip = b->k.entry;
	c->user_regs.rsp = va_of(b, b->stack_pfn) + PAGE_SIZE;
	c->user_regs.rsi = va_of(b, b->start_info_pfn);
	c->user_regs.cs = PV_CS64;
	c->user_regs.ss = PV_SS;
	c->user_regs.rflags = RFLAGS_IF;
	c->kernel_ss = PV_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = mfn_x(l4) << PAGE_SHIFT;
	rc = pv_vcpu_set_context(v, c);
	heap_free(c);
	if (rc)
		panic("dom0's first vCPU cannot be set up (error %d)", rc);
	atomic_fetch_and(&v->pause_flags, ~VPF_DOWN);
}

static u64 free_modules(void)
{
	u64 pages = 0;

	for (u32 i = 0; i < boot_info.nr_modules; i++) {
		u64 start = MAX(boot_info.modules[i].start & PAGE_MASK, MiB(1));
		u64 end = ROUNDUP(boot_info.modules[i].start + boot_info.modules[i].size, PAGE_SIZE);

		if (start >= end)
			continue;
		page_alloc_reclaim_region(start, end);
		pages += (end - start) >> PAGE_SHIFT;
	}
	boot_info.nr_modules = 0;
	return pages;
}

static u64 module_pages(void)
{
	u64 pages = 0;

	for (u32 i = 0; i < boot_info.nr_modules; i++)
		pages += pages_of(boot_info.modules[i].size);
	return pages;
}

void builder_dom0(void)
{
	const struct boot_module *kernel = &boot_info.modules[0], *initrd = &boot_info.modules[1];
	u64 available, initrd_len;
	struct build b = { 0 };
	mfn_t l4;

	if (!boot_info.nr_modules)
		panic("no dom0 kernel: the boot loader gave no module; add a module line with a kernel");
	initrd_len = boot_info.nr_modules > 1 ? initrd->size : 0;
	available = page_free_count() + module_pages();
	image_load(&b.k, maddr_to_virt(kernel->start), kernel->size);

	b.d = create();
	b.d->max_pages = ~0ul;
	b.nr_pages = dom0_mem_pages(available);
	lay_out(&b, initrd_len);
	if (b.boot_end_pfn > b.nr_pages)
		panic("dom0 needs at least %lu MiB for its kernel and initrd, and would get %lu MiB: "
		      "raise dom0_mem= or add RAM", (b.boot_end_pfn >> 8) + 1, b.nr_pages >> 8);
	allocate_p2m(&b);
	populate_around_p2m(&b, b.boot_end_pfn);
	clear_boot_pages(&b);
	image_place(&b);
	if (b.k.has_hypercall_page)
		pv_hypercall_page_fill(build_virt(&b, (b.k.hypercall_page - b.k.virt_base) >> PAGE_SHIFT));
	if (initrd_len)
		place_initrd(&b, maddr_to_virt(initrd->start));
	fill_start_info(&b, kernel->cmdline);
	image_free(&b.k);
	free_modules();
	build_populate(&b, b.nr_pages);
	b.d->max_pages = dom0_mem_max_pages(b.nr_pages, available);

	l4 = build_page_tables(&b);
	start_vcpu(&b, l4);
	log_info("Dom0 has maximum %u VCPUs, %lu MiB, kernel %#lx-%#lx, entry %#lx", b.d->max_vcpus, b.nr_pages >> 8,
		 b.k.virt_base, b.k.virt_end, b.k.entry);
}

void builder_start_dom0(void)
{
	dom0->creation_finished = true;
	dom0->controller_paused = false;
	domain_unpause(dom0);
}
