# SPDX-License-Identifier: MIT
objs-y += $(addprefix hypercall/, \
	  table.o restart.o foreign.o flush.o multicall.o mmu.o mmuext.o memory.o reservation.o exchange.o registers.o \
	  version.o console_io.o vcpu_op.o physdev_op.o platform_op.o firmware_info.o efi_call.o cpu_switch.o sleep.o \
	  mca.o compat_op.o domctl.o domctl_life.o domctl_vcpu.o domctl_rights.o sysctl.o sysctl_pm.o perfc_op.o \
	  hypfs.o event_channel_op.o grant_table_op.o sched_op.o)
