/* SPDX-License-Identifier: MIT */
/*
 * Registers that a guest sets by hypercall: traps, callbacks, segment bases, debug registers. Each value is checked
 * here, whoever asks; v is current, or not running.
 */
#include "abi/callback.h"
#include "domain/cpuid_policy.h"
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
	t->mask_events = flags & TRAP_MASKS_EVENTS;
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
	/* another name for the trap table's entry, which a context brings, too */
	if (type == CALLBACKTYPE_nmi)
		return pv_set_trap(v, X86_VEC_NMI, address, cs, TRAP_MASKS_EVENTS);
	v->pv.callbacks[type].address = address;
	v->pv.callbacks[type].cs = cs | 3;
	v->pv.callbacks[type].mask_events = mask_events;
	return 0;
}

/*
 * GS by selector loads into the base that user mode will have: the one not active now. A selector that the tables do
 * not allow becomes null: it may be one that a process has chosen, and Linux takes an error for a bug of its own.
 */
static int load_user_gs(struct vcpu *v, u16 selector)
{
	if (v != current)
		return -EINVAL;
	swapgs();
	v->pv.gs = load_gs(selector) ? 0 : selector;
	swapgs();
	return 0;
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

#define DR7_KIND_IO	2u

static bool breakpoint_is_io(u64 dr7, u32 i)
{
	return (dr7 >> (2 * i) & 3) && (dr7 >> (16 + i * 4) & 3) == DR7_KIND_IO;
}

/* Every enabled breakpoint must be of a kind that the guest may have: those of ports only with CR4.DE. */
static bool dr7_ok(const struct vcpu *v, u64 dr7)
{
	for (u32 i = 0; i < 4; i++)
		if (breakpoint_is_io(dr7, i) && !(v->pv.cr4 & CR4_DE))
			return false;
	return true;
}

/* The hardware never meets a guest's port access, so breakpoints of ports are pv_io_breakpoint()'s. */
static u64 hardware_dr7(const struct pv_vcpu *pv)
{
	u64 dr7 = pv->dr[7];

	for (u32 i = 0; i < 4; i++)
		if (breakpoint_is_io(dr7, i))
			dr7 &= ~(3ul << (2 * i) | 0xful << (16 + i * 4));
	return dr7;
}

void pv_io_breakpoint(struct vcpu *v, u32 port, u32 bytes)
{
	u64 dr7 = v->pv.dr[7], hit = 0;

	for (u32 i = 0; i < 4; i++) {
		u32 len = (dr7 >> (18 + i * 4) & 3) + 1;	/* 1, 2, 8 (none for ports), 4 */
		u64 at = v->pv.dr[i] & ~(u64)(len - 1);

		if (breakpoint_is_io(dr7, i) && port < at + len && at < port + bytes)
			hit |= BIT(i);
	}
	if (hit)
		pv_debug(v, hit);
}

void pv_load_debugregs(const struct pv_vcpu *pv)
{
	write_dr0(pv->dr[0]);
	write_dr1(pv->dr[1]);
	write_dr2(pv->dr[2]);
	write_dr3(pv->dr[3]);
	write_dr6(pv->dr[6]);
	write_dr7(hardware_dr7(pv));
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
			return -EINVAL;
		reg = 6;
		value = (value & 0xe00f) | DR6_FIXED;
		break;
	case 5:
	case 7:
		if (value >> 32)
			return -EINVAL;
		if ((value & DR7_GD) || !dr7_ok(v, value))
			return -EPERM;
		reg = 7;
		value = (value & ~0xdc00ul) | DR7_FIXED;
		break;
	default:
		return -ENODEV;
	}
	was_active = pv_debug_active(&v->pv);
	v->pv.dr[reg] = value;
	/* while no breakpoint is active the CPU holds anybody's: with the first one all are loaded */
	if (v == current && (was_active || pv_debug_active(&v->pv)))
		pv_load_debugregs(&v->pv);
	return 0;
}

/* What a guest may turn on and off for itself, and what of it the hardware must follow. */
#define CR4_GUEST_OWN	(CR4_TSD | CR4_OSXSAVE | CR4_FSGSBASE | CR4_DE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | \
			 CR4_PGE | CR4_MCE)
#define CR4_HARDWARE	(CR4_TSD | CR4_FSGSBASE)

static u64 cr4_allowed(const struct vcpu *v)
{
	struct cpuid_regs r1, r7;

	cpuid_guest(v, 1, 0, &r1);
	cpuid_guest(v, 7, 0, &r7);
	return CR4_GUEST_OWN & ~((r1.ecx & BIT(26) ? 0 : CR4_OSXSAVE) | (r7.ebx & 1 ? 0 : CR4_FSGSBASE));
}

int pv_set_cr4(struct vcpu *v, u64 cr4)
{
	if ((cr4 ^ v->pv.cr4) & ~cr4_allowed(v))
		return -EPERM;
	v->pv.cr4 = cr4;
	pv_load_cr4(v);
	return 0;
}

void pv_context_cr4(struct vcpu *v, u64 cr4)
{
	u64 allowed = cr4_allowed(v);

	v->pv.cr4 = (v->pv.cr4 & ~allowed) | (cr4 & allowed);
}

void pv_load_cr4(const struct vcpu *v)
{
	u64 cr4 = (read_cr4() & ~(u64)CR4_HARDWARE) | (v->pv.cr4 & CR4_HARDWARE);

	if (unlikely(cr4 != read_cr4()))
		write_cr4(cr4);
}

int pv_get_debugreg(const struct vcpu *v, u32 reg, u64 *value)
{
	if (reg > 7)
		return -ENODEV;
	if (reg == 4 || reg == 5)
		reg += 2;
	*value = v->pv.dr[reg];
	return 0;
}
