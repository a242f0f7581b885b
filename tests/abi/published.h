/* SPDX-License-Identifier: MIT */
/* The published headers, from libxen-dev, as a 64-bit x86 toolstack sees them at their newest version. */
#ifndef PUBLISHED_H
#define PUBLISHED_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __XEN_TOOLS__ 1

#include <xen/xen.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/arch-x86/xen-mca.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/e820.h>
#include <xen/hvm/hvm_info_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/ioreq.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>
#include <xen/hypfs.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/fbif.h>
#include <xen/io/kbdif.h>
#include <xen/io/libxenvchan.h>
#include <xen/io/netif.h>
#include <xen/io/pciif.h>
#include <xen/io/protocols.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/kexec.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/pmu.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/trace.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* The type codes of HVM records are published as sizes of arrays; ours are plain numbers. */
#define HVM_SAVE_CODE_END		(HVM_SAVE_CODE(END))
#define HVM_SAVE_CODE_HEADER		(HVM_SAVE_CODE(HEADER))
#define HVM_SAVE_CODE_CPU		(HVM_SAVE_CODE(CPU))
#define HVM_SAVE_CODE_PIC		(HVM_SAVE_CODE(PIC))
#define HVM_SAVE_CODE_IOAPIC		(HVM_SAVE_CODE(IOAPIC))
#define HVM_SAVE_CODE_LAPIC		(HVM_SAVE_CODE(LAPIC))
#define HVM_SAVE_CODE_LAPIC_REGS	(HVM_SAVE_CODE(LAPIC_REGS))
#define HVM_SAVE_CODE_PCI_IRQ		(HVM_SAVE_CODE(PCI_IRQ))
#define HVM_SAVE_CODE_ISA_IRQ		(HVM_SAVE_CODE(ISA_IRQ))
#define HVM_SAVE_CODE_PCI_LINK		(HVM_SAVE_CODE(PCI_LINK))
#define HVM_SAVE_CODE_PIT		(HVM_SAVE_CODE(PIT))
#define HVM_SAVE_CODE_RTC		(HVM_SAVE_CODE(RTC))
#define HVM_SAVE_CODE_HPET		(HVM_SAVE_CODE(HPET))
#define HVM_SAVE_CODE_PMTIMER		(HVM_SAVE_CODE(PMTIMER))
#define HVM_SAVE_CODE_MTRR		(HVM_SAVE_CODE(MTRR))
#define HVM_SAVE_CODE_VIRIDIAN_DOMAIN	(HVM_SAVE_CODE(VIRIDIAN_DOMAIN))
#define HVM_SAVE_CODE_VIRIDIAN_VCPU	(HVM_SAVE_CODE(VIRIDIAN_VCPU))
#define HVM_SAVE_CODE_VMCE_VCPU		(HVM_SAVE_CODE(VMCE_VCPU))
#define HVM_SAVE_CODE_TSC_ADJUST	(HVM_SAVE_CODE(TSC_ADJUST))

#endif
