/* SPDX-License-Identifier: MIT */
/*
 * What a PV guest adds to struct domain and struct vcpu. Data only: pv/ works on it. Kept on this floor so that
 * context switch and control operations see it without including pv/.
 */
#ifndef DOMAIN_PV_STATE_H
#define DOMAIN_PV_STATE_H

#include "abi/xen.h"
#include "lib/typesafe.h"

struct pv_domain {
	bool is_32bit;
	u64 *perdomain_l3;		/* slot 260 of every L4 of this domain */
	u64 vm_assist;			/* VMASST_TYPE_* bits */
	mfn_t undo;			/* PARTIAL table to be taken down first, 0: none; mmu_lock (pv/mmu.h) */
};

struct pv_trap {
	u64 address;
	u16 cs;
	u8 dpl;				/* 0..3: lowest privilege that may INT n */
	bool mask_events;		/* an interrupt gate rather than a trap gate */
};

#define PV_CALLBACKS	8		/* CALLBACKTYPE_* of abi/callback.h */

struct pv_callback {
	u64 address;
	u16 cs;				/* 32-bit guests */
	bool mask_events;
};

struct pv_vcpu {
	/* mode: guarded by running on it (or being paused) */
	bool kernel_mode;		/* the guest kernel runs, not its user */
	bool vts;			/* virtual CR0.TS */
	u8 iopl;			/* virtual IOPL, 0..3 */

	/* page tables: hold a type reference each; 0 if none. changed under mmu_lock */
	mfn_t kernel_l4;
	mfn_t user_l4;

	/* stack and segment bases of the kernel */
	u64 kernel_sp;
	u16 kernel_ss;
	u16 ds, es, fs, gs;		/* selectors, saved while not running */
	u64 fs_base;			/* saved while not running */
	u64 gs_base_kernel;		/* base while in kernel mode; saved while not running */
	u64 gs_base_user;

	/* descriptor tables: frames hold FT_DESC references */
	u32 gdt_entries;
	u32 ldt_entries;
	u64 ldt_base;			/* guest virtual; frames are mapped on first use */
	mfn_t gdt_frames[14];
	u32 ldt_mapped;			/* bit per page of the LDT mapped now */

	/* where the guest wants its traps */
	struct pv_trap traps[256];
	struct pv_callback callbacks[PV_CALLBACKS];

	/* control and debug registers as the guest sees them */
	u64 cr0, cr2, cr4;
	u64 dr[8];
	u64 tsc_aux;

	/* I/O permission bitmap in guest memory, if set (PHYSDEVOP_set_iobitmap) */
	u64 iobmp;
	u32 iobmp_limit;
};

#endif
