# SPDX-License-Identifier: MIT
objs-y += hypercall/table.o hypercall/restart.o hypercall/foreign.o hypercall/flush.o hypercall/multicall.o hypercall/mmu.o hypercall/mmuext.o \
	  hypercall/memory.o hypercall/reservation.o hypercall/exchange.o hypercall/registers.o hypercall/version.o \
	  hypercall/console_io.o hypercall/vcpu_op.o hypercall/physdev_op.o hypercall/platform_op.o hypercall/firmware_info.o hypercall/efi_call.o hypercall/sleep.o hypercall/mca.o \
	  hypercall/compat_op.o hypercall/domctl.o hypercall/domctl_life.o hypercall/domctl_vcpu.o \
	  hypercall/domctl_rights.o hypercall/sysctl.o hypercall/sysctl_pm.o hypercall/perfc_op.o hypercall/hypfs.o hypercall/event_channel_op.o hypercall/grant_table_op.o hypercall/sched_op.o
