/* SPDX-License-Identifier: MIT */
/* The hypercalls that set registers and handlers of the calling vCPU. Decoding only; pv/regs.c and pv/desc.c check. */
#include "abi/callback.h"
#include "abi/nmi.h"
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "mm/pt.h"
#include "pv/desc.h"
#include "pv/pv.h"

/* A null pointer takes all handlers away. The list ends with an entry without an address. */
long do_set_trap_table(u64 traps)
{
	struct vcpu *v = current;
	struct trap_info t;

	if (!traps) {
		for (u32 i = 0; i < 256; i++)
			(void)!pv_set_trap(v, i, 0, 0, 0);
		return 0;
	}
	for (u32 i = 0; i <= 256; i++) {
		if (guest_get_nth(&t, traps, i))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (pv_set_trap(v, t.vector, t.address, t.cs, t.flags))
			return -EINVAL;
	}
	return 0;
}

long do_set_gdt(u64 list, u32 entries)
{
	u64 frames[DESC_GDT_FRAMES];

	if (entries > DESC_GDT_ENTRIES)
		return -EINVAL;
	if (guest_copy_from(frames, list, DIV_ROUND_UP(entries, 512) * sizeof(*frames)))
		return -EFAULT;
	return desc_set_gdt(current, frames, entries);
}

long do_stack_switch(u64 ss, u64 sp)
{
	struct vcpu *v = current;

	if (unlikely(!va_is_canonical(sp)))
		return -EINVAL;
	v->pv.kernel_ss = ss | 3;
	v->pv.kernel_sp = sp;
	return 0;
}

long do_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
	struct vcpu *v = current;

	if (!va_is_canonical(event) || !va_is_canonical(failsafe) || !va_is_canonical(syscall))
		return -EINVAL;
	(void)!pv_set_callback(v, CALLBACKTYPE_event, event, PV_CS64, true);
	(void)!pv_set_callback(v, CALLBACKTYPE_failsafe, failsafe, PV_CS64, false);
	(void)!pv_set_callback(v, CALLBACKTYPE_syscall, syscall, PV_CS64, false);
	return 0;
}

static long callback_register(u64 arg)
{
	struct callback_register reg;

	if (guest_get(&reg, arg))
		return -EFAULT;
	return pv_set_callback(current, reg.type, reg.address, PV_CS64,
			       (reg.flags & CALLBACKF_mask_events) || reg.type == CALLBACKTYPE_event);
}

static long callback_unregister(u64 arg)
{
	struct callback_unregister unreg;

	if (guest_get(&unreg, arg))
		return -EFAULT;
	/* a guest cannot be without these */
	if (unreg.type == CALLBACKTYPE_event || unreg.type == CALLBACKTYPE_failsafe ||
	    unreg.type == CALLBACKTYPE_syscall)
		return -EINVAL;
	return pv_set_callback(current, unreg.type, 0, 0, false);
}

long do_callback_op(int cmd, u64 arg)
{
	switch (cmd) {
	case CALLBACKOP_register:
		return callback_register(arg);
	case CALLBACKOP_unregister:
		return callback_unregister(arg);
	}
	return -ENOSYS;
}

long do_nmi_op(u32 cmd, u64 arg)
{
	struct xennmi_callback cb;

	switch (cmd) {
	case XENNMI_register_callback:
		if (guest_get(&cb, arg))
			return -EFAULT;
		return pv_set_callback(current, CALLBACKTYPE_nmi, cb.handler_address, PV_CS64, true);
	case XENNMI_unregister_callback:
		return pv_set_callback(current, CALLBACKTYPE_nmi, 0, 0, false);
	}
	return -ENOSYS;
}

long do_fpu_taskswitch(int set)
{
	pv_set_ts(current, set);
	return 0;
}

long do_set_debugreg(int reg, u64 value)
{
	return pv_set_debugreg(current, reg, value);
}

long do_get_debugreg(int reg)
{
	u64 value;

	return pv_get_debugreg(current, reg, &value) ? -ENODEV : (long)value;
}

long do_update_descriptor(u64 maddr, u64 desc)
{
	return desc_update(current->domain, maddr, desc);
}

long do_set_segment_base(u32 which, u64 base)
{
	return pv_set_segment_base(current, which, base);
}

#define VM_ASSIST_VALID	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) |			\
			 BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) |		\
			 BIT(VMASST_TYPE_architectural_iopl) | BIT(VMASST_TYPE_runstate_update_flag) |		\
			 BIT(VMASST_TYPE_m2p_strict))

long do_vm_assist(u32 cmd, u32 type)
{
	struct domain *d = current->domain;

	if (type >= 64 || !(VM_ASSIST_VALID >> type & 1))
		return -EINVAL;
	switch (cmd) {
	case VMASST_CMD_enable:
		atomic_fetch_or(&d->pv.vm_assist, 1ul << type);
		return 0;
	case VMASST_CMD_disable:
		atomic_fetch_and(&d->pv.vm_assist, ~(1ul << type));
		return 0;
	}
	return -ENOSYS;
}
