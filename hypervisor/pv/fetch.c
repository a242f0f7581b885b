/* SPDX-License-Identifier: MIT */
/*
 * Instruction bytes come from the guest's own address space, so they are copied once and may stop at a page border.
 */
#include "pv/fetch.h"

#include "domain/guest_copy.h"
#include "mm/pt.h"
#include "pv/desc.h"
#include "pv/pv.h"
#include "x86/segment.h"

#define SEG_LONG	(1ul << 53)
#define SEG_DEFAULT_32	(1ul << 54)

/* Default address size of the code segment, in bytes. */
static u8 code_mode(const struct vcpu *v)
{
	u64 d;

	if (v->regs.cs == PV_CS64)
		return 8;
	if (v->regs.cs == PV_CS32)
		return 4;
	if (desc_read(v, v->regs.cs, &d))
		return 8;
	return d & SEG_LONG ? 8 : d & SEG_DEFAULT_32 ? 4 : 2;
}

int pv_fetch_insn(struct vcpu *v, struct emul_insn *insn)
{
	u8 bytes[16];
	struct emul_ctxt ctxt = { .regs = &v->regs, .bytes = bytes, .count = EMUL_MAX_LEN, .mode = code_mode(v) };
	u64 rip = v->regs.rip, in_page = PAGE_SIZE - (rip & ~PAGE_MASK);

	if (likely(in_page >= sizeof(bytes))) {
		if (guest_copy_from(bytes, rip, sizeof(bytes)))
			return -EFAULT;
	} else if (guest_copy_from(bytes, rip, EMUL_MAX_LEN)) {
		ctxt.count = MIN(in_page, (u64)EMUL_MAX_LEN);
		if (guest_copy_from(bytes, rip, ctxt.count))
			return -EFAULT;
	}
	return emul_decode(&ctxt, insn);
}

u64 pv_linear(const struct vcpu *v, u32 seg, u64 offset)
{
	if (unlikely(seg == EMUL_FS))
		return fs_base_read() + offset;
	if (unlikely(seg == EMUL_GS))
		return gs_base_read() + offset;
	return offset;
}
