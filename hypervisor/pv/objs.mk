# SPDX-License-Identifier: MIT
objs-y += pv/type.o pv/entry_ref.o pv/mmu.o pv/desc.o pv/bounce.o pv/iret.o pv/fetch.o pv/ro_fault.o \
	  pv/trap.o pv/priv_op.o pv/regs.o pv/switch.o pv/domain.o pv/hypercall_page.o pv/grant.o
