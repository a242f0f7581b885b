/* SPDX-License-Identifier: MIT */
/*
 * Registers that a guest sets by hypercall: traps, callbacks, segment bases, debug registers. Each value is checked
 * here, whoever asks; v is current, or not running.
 */
#include "abi/callback.h"
#include "lib/errno.h"
#include "mm/pt.h"
#include "domain/guest_copy.h"
#include "pv/pv.h"
#include "pv/switch.h"
#include "x86/cpu_ops.h"
#include "x86/segment.h"

#define DR7_GD		(1ul << 13)
#define DR7_FIXED	(1ul << 10)
#define DR6_RESERVED	(0xfffffffful << 32)
#define DR6_FIXED	0xffff0ff0ul

int pv_set_trap(struct vcpu *v, u32 vector, u64 address, u16 cs, u8 flags)
{
	struct pv_trap *t = &v->pv.traps[vector];

	if (vector > 255 || !va_is_canonical(address))
		return -EINVAL;
	t->address = address;
	t->cs = cs | 3;
	t->dpl = flags & 3;
	t->mask_events = flags & 4;
	return 0;
}

int pv_set_callback(struct vcpu *v, u32 type, u64 address, u16 cs, bool mask_events)
{
	if (type == CALLBACKTYPE_sysenter_deprecated)
		type = CALLBACKTYPE_sysenter;
	if (type >= PV_CALLBACKS || type == 6)
		return -ENOSYS;
	if (!va_is_canonical(address))
		return -EINVAL;
	v->pv.callbacks[type].address = address;
	v->pv.callbacks[type].cs = cs | 3;
	v->pv.callbacks[type].mask_events = mask_events;
	return 0;
}

/* GS by selector loads into the base that user mode will have: the one not active now. */
static int load_user_gs(struct vcpu *v, u16 selector)
{
	int rc;

	if (v != current)
		return -EINVAL;
	swapgs();
	rc = load_gs(selector);
	v->pv.gs = selector;
	swapgs();
	return rc ? -EFAULT : 0;
}

int pv_set_segment_base(struct vcpu *v, u32 which, u64 base)
{
	if (which != SEGBASE_GS_USER_SEL && !va_is_canonical(base))
		return -EINVAL;
	switch (which) {
	case SEGBASE_FS:
		fs_base_write(base);
		return 0;
	case SEGBASE_GS_USER:
		gs_kernel_base_write(base);
		return 0;
	case SEGBASE_GS_KERNEL:
		gs_base_write(base);
		return 0;
	case SEGBASE_GS_USER_SEL:
		return load_user_gs(v, base);
	}
	return -EINVAL;
}

/* Every enabled breakpoint must be of a kind that the guest may have. */
static bool dr7_ok(const struct vcpu *v, u64 dr7)
{
	for (u32 i = 0; i < 4; i++) {
		u32 kind = dr7 >> (16 + i * 4) & 3;

		if ((dr7 >> (2 * i) & 3) && kind == 2)
			return false;		/* I/O breakpoints need CR4.DE, which stays off */
	}
	return true;
}

void pv_load_debugregs(const struct pv_vcpu *pv)
{
	write_dr0(pv->dr[0]);
	write_dr1(pv->dr[1]);
	write_dr2(pv->dr[2]);
	write_dr3(pv->dr[3]);
	write_dr6(pv->dr[6]);
	write_dr7(pv->dr[7]);
}

int pv_set_debugreg(struct vcpu *v, u32 reg, u64 value)
{
	bool was_active;

	switch (reg) {
	case 0 ... 3:
		if (!guest_range_ok(value, 8))
			return -EPERM;
		break;
	case 4:
	case 6:
		if (value & DR6_RESERVED)
			return -EPERM;
		reg = 6;
		value = (value & 0xe00f) | DR6_FIXED;
		break;
	case 5:
	case 7:
		if ((value & DR7_GD) || value >> 32 || !dr7_ok(v, value))
			return -EPERM;
		reg = 7;
		value = (value & ~0xdc00ul) | DR7_FIXED;
		break;
	default:
		return -EINVAL;
	}
	was_active = pv_debug_active(&v->pv);
	v->pv.dr[reg] = value;
	/* while no breakpoint is active the CPU holds anybody's: with the first one all are loaded */
	if (v == current && (was_active || pv_debug_active(&v->pv)))
		pv_load_debugregs(&v->pv);
	return 0;
}

int pv_get_debugreg(const struct vcpu *v, u32 reg, u64 *value)
{
	if (reg > 7)
		return -EINVAL;
	if (reg == 4 || reg == 5)
		reg += 2;
	*value = v->pv.dr[reg];
	return 0;
}
