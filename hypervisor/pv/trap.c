/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of a PV guest: the few that concern the hypervisor, and the rest, which go to the guest's own handlers.
 * v is current; nothing here may trust what the guest's registers hold.
 */
#include "core/log.h"
#include "domain/guest_copy.h"
#include "mm/layout.h"
#include "pv/desc.h"
#include "mm/pt.h"
#include "pv/fetch.h"
#include "pv/mmu.h"
#include "pv/priv_op.h"
#include "pv/pv.h"
#include "pv/ro_fault.h"
#include "x86/cpu_ops.h"
#include "x86/tlb.h"

#define DR6_DEFAULT	0xffff0ff0ul

static bool vector_has_error(u32 vector)
{
	return vector == X86_VEC_DF || (vector >= X86_VEC_TS && vector <= X86_VEC_PF) || vector == X86_VEC_AC ||
	       vector == X86_VEC_CP;
}

void pv_trap(struct vcpu *v, u32 vector)
{
	pv_inject(v, vector, vector_has_error(vector), v->regs.error_code);
}

/* A selector load met the vCPU's window of descriptor tables. True if there is nothing more to do. */
static bool window_fault(struct vcpu *v, u64 cr2)
{
	u64 offset = cr2 - desc_gdt_va(v), half = 1ul << (PERDOMAIN_VCPU_SHIFT - 1);

	if (offset >= 2 * half)
		return false;
	if (offset < half) {
		pv_inject(v, X86_VEC_GP, true, offset & 0xfff8);
		return true;
	}
	offset -= half;
	if (!desc_ldt_fault(v, offset))
		pv_inject_page_fault(v, v->pv.ldt_base + offset, v->regs.error_code & ~PFEC_USER);
	return true;
}

bool pv_window_fault(struct vcpu *v, u64 cr2)
{
	u64 half = 1ul << (PERDOMAIN_VCPU_SHIFT - 1), offset = cr2 - desc_gdt_va(v) - half;

	return !v->is_idle && offset < half && desc_ldt_fault(v, offset);
}

static bool is_write_to_readonly(u32 error)
{
	return (error & (PFEC_PRESENT | PFEC_WRITE | PFEC_RSVD | PFEC_INSN)) == (PFEC_PRESENT | PFEC_WRITE);
}

/*
 * A guest need not flush when it makes a page writable: a processor that remembers less drops that by the fault, and
 * the guest's own handler finds that nothing is wrong. Here it must be found before the guest's memory passes for
 * absent.
 */
bool pv_stale_write(struct vcpu *v, u64 cr2, u32 error)
{
	mfn_t base = v->pv.kernel_mode ? v->pv.kernel_l4 : v->pv.user_l4;

	if (v->is_idle || !is_write_to_readonly(error) || !(mmu_peek_l1(v, base, cr2) & PTE_WRITE))
		return false;
	tlb_flush_page_local(cr2);
	return true;
}

/*
 * In ring 3 a processor reads and writes the supervisor's way only what descriptor registers point to, and that is
 * ours. QEMU before 8 does so with the stack of IRET and of far returns and calls, and SMAP forbids it: every PV kernel
 * would end here. Without SMAP the instruction goes on. True if that was it.
 */
static bool smap_misjudged(u32 error)
{
	static bool told;

	if (!(error & PFEC_PRESENT) || !(read_cr4() & CR4_SMAP))
		return false;
	write_cr4(read_cr4() & ~CR4_SMAP);
	if (!told)
		log_warn("SMAP is off: this processor applies it to IRET in ring 3, as QEMU 7.2 does");
	told = true;
	return true;
}

void pv_page_fault(struct vcpu *v, u64 cr2)
{
	u32 error = v->regs.error_code;

	if (unlikely(cr2 - HV_VIRT_START < HV_VIRT_END - HV_VIRT_START)) {
		if (window_fault(v, cr2))
			return;
	} else if (unlikely(!(error & PFEC_USER)) && smap_misjudged(error)) {
		return;
	} else if (is_write_to_readonly(error) && v->pv.kernel_mode &&
		   (v->domain->pv.vm_assist & (1ul << VMASST_TYPE_writable_pagetables)) &&
		   pv_ro_fault(v, cr2)) {
		return;
	}
	pv_inject_page_fault(v, cr2, error);
}

/* INT n whose gate is ours: the guest's own gate decides. */
static bool software_interrupt(struct vcpu *v)
{
	u8 insn[2];
	const struct pv_trap *t;

	if (guest_copy_from(insn, v->regs.rip, 2) || insn[0] != 0xcd)
		return false;
	t = &v->pv.traps[insn[1]];
	if (!t->address || (!v->pv.kernel_mode && t->dpl < 3)) {
		v->regs.error_code = insn[1] * 8 + 2;
		return false;
	}
	v->regs.rip += 2;
	pv_inject(v, insn[1], false, 0);
	return true;
}

void pv_general_protection(struct vcpu *v)
{
	if ((v->regs.error_code & 2) && software_interrupt(v))
		return;
	if (!v->regs.error_code && pv_emulate_privileged(v))
		return;
	pv_inject(v, X86_VEC_GP, true, v->regs.error_code);
}

#define CPUID_1C_XSAVE		BIT(26)
#define CPUID_1C_OSXSAVE	BIT(27)
#define FORCED_PREFIX		0x6e65780b0ful		/* ud2; "xen" */
#define FORCED_PREFIX_MASK	0xfffffffffful

/* Whether the five bytes of the forced-emulation prefix stand at rip; most #UD are not about it. */
static bool has_forced_prefix(const struct vcpu *v)
{
	u64 bytes = 0;

	/* at the end of a page the prefix and its instruction may be shorter than 8 bytes: let the decoder see */
	return guest_get(&bytes, v->regs.rip) || (bytes & FORCED_PREFIX_MASK) == FORCED_PREFIX;
}

/* Linux takes XSAVE for usable only if its kernel sees OSXSAVE before it has set it, and so it always has. */
static void forced_cpuid(struct vcpu *v)
{
	u32 leaf = v->regs.rax;

	pv_emulate_cpuid(v);
	if (leaf == 1 && v->pv.kernel_mode && (v->regs.rcx & CPUID_1C_XSAVE))
		v->regs.rcx |= CPUID_1C_OSXSAVE;
}

void pv_invalid_opcode(struct vcpu *v)
{
	struct emul_insn insn;

	if (has_forced_prefix(v) && !pv_fetch_insn(v, &insn) && insn.forced && insn.op == EMUL_CPUID) {
		forced_cpuid(v);
		emul_skip(&insn, &v->regs);
		return;
	}
	pv_inject(v, X86_VEC_UD, false, 0);
}

void pv_device_not_available(struct vcpu *v)
{
	clts();
	if (v->pv.vts) {
		v->pv.vts = false;	/* the guest's handler finds it clear, as the hypervisor ABI says */
		pv_inject(v, X86_VEC_NM, false, 0);
	}
}

void pv_debug(struct vcpu *v, u64 dr6)
{
	v->pv.dr[6] = dr6 | DR6_DEFAULT;
	pv_inject(v, X86_VEC_DB, false, 0);
}

void pv_set_ts(struct vcpu *v, bool set)
{
	v->pv.vts = set;
	if (set)
		stts();
	else
		clts();
}
