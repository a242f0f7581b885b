/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's half of the address space: level-4 slots 256 to 271, the hole that the PV ABI leaves it
 * (abi/xen.h, HYPERVISOR_VIRT_START). Everything here is present in every page table that a CPU ever runs on.
 *
 *   slot  address             what                                          guest may
 *   256   ffff8000_00000000   M2P, 8 bytes a frame                          read
 *   257   ffff8080_00000000   the frame table, backed where there is RAM
 *   258   ffff8100_00000000   M2P again, for the hypervisor to write
 *   260   ffff8200_00000000   per-domain area: each vCPU's GDT and LDT      (by selector)
 *   261   ffff8280_00000000   the image, linked here; below it vmap: MMIO and other special mappings
 *   262+  ffff8300_00000000   every byte of RAM, once (5 TiB: to the end of slot 271)
 *
 * Invariant: no page is writable and executable here. Constants only, no locks.
 */
#ifndef MM_LAYOUT_H
#define MM_LAYOUT_H

#ifdef __ASSEMBLY__
#define ADDRESS(x)	x		/* assembler and linker know no suffixes */
#else
#define ADDRESS(x)	x##ul
#endif

#define HV_SLOT_FIRST		256u
#define HV_SLOT_LAST		271u
#define HV_VIRT_START		ADDRESS(0xffff800000000000)
#define HV_VIRT_END		ADDRESS(0xffff880000000000)	/* exclusive */

#define M2P_VIRT_START		ADDRESS(0xffff800000000000)
#define M2P_VIRT_END		ADDRESS(0xffff804000000000)	/* published: 256 GiB, enough for 16 EiB / 512 */

#define FRAME_TABLE_VIRT_START	ADDRESS(0xffff808000000000)
#define M2P_RW_VIRT_START	ADDRESS(0xffff810000000000)

#define PERDOMAIN_SLOT		260u
#define PERDOMAIN_VIRT_START	ADDRESS(0xffff820000000000)
#define PERDOMAIN_VCPU_SHIFT	17			/* 16 pages of GDT, 16 pages of LDT */

#define IMAGE_SLOT		261u
#define IMAGE_VIRT_START	ADDRESS(0xffff828000000000)	/* boot/xen.lds.S links the image here */
#define IMAGE_VIRT_SIZE		(64ul << 20)
#define VMAP_VIRT_START		ADDRESS(0xffff829000000000)	/* 64 GiB for mm/hostmap's hostmap_mmio() */
#define VMAP_VIRT_END		ADDRESS(0xffff82a000000000)

#define DIRECTMAP_SLOT		262u
#define DIRECTMAP_VIRT_START	ADDRESS(0xffff830000000000)
#define DIRECTMAP_VIRT_END	HV_VIRT_END

#endif
