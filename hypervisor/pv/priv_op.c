/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions that trapped with #GP. One handler an instruction, in a table by operation; a handler answers
 * whether it did the work (the instruction is then stepped over) or the guest gets its #GP.
 */
#include "pv/priv_op.h"

#include "domain/cpuid_policy.h"
#include "domain/guest_copy.h"
#include "domain/msr_policy.h"
#include "platform/machine.h"
#include "pv/fetch.h"
#include "pv/mmu.h"
#include "pv/pv.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/tlb.h"
#include "x86/perfc.h"

enum outcome { FAULT, DONE, DONE_NO_SKIP };

typedef enum outcome (*priv_op_t)(struct vcpu *v, const struct emul_insn *insn);

/*
 * The virtual IOPL lets kernel (ring 1 to the ABI; ring 0 with VMASST_TYPE_architectural_iopl) or user (ring 3) use
 * ports and the interrupt flag.
 */
static bool iopl_allows(const struct vcpu *v)
{
	u32 kernel_ring = v->domain->pv.vm_assist & BIT(VMASST_TYPE_architectural_iopl) ? 0 : 1;

	return v->pv.iopl >= (v->pv.kernel_mode ? kernel_ring : 3);
}

static bool bitmap_allows(struct vcpu *v, u32 port, u32 bytes)
{
	u8 bits[2] = { 0xff, 0xff };

	if (!v->pv.iobmp || port + bytes > v->pv.iobmp_limit)
		return false;
	if (guest_copy_from(bits, v->pv.iobmp + port / 8, port / 8 < 8191 ? 2 : 1))
		return false;
	return !((bits[0] | bits[1] << 8) >> (port & 7) & ((1u << bytes) - 1));
}

static bool port_allowed(struct vcpu *v, u32 port, u32 bytes)
{
	return iopl_allows(v) || bitmap_allows(v, port, bytes);
}

/* 0xcf8/0xcfc: the address register is virtual, the data go through the hypervisor's own accesses. */
static bool cf8_covers(const struct domain *d, u32 port, u32 bytes)
{
	return d->is_privileged && port >= 0xcfc && port + bytes <= 0xd00 && (d->pci_cf8 & 0x80000000u);
}

/*
 * Who has no rights to a port reads ones, as where no device is; but Linux, which looks at this counter 100,000 times
 * as long as it reads ones, sees one that has run out.
 */
#define PIT_SPEAKER	0x42

u32 pv_port_read(struct domain *d, u32 port, u32 bytes)
{
	u32 cf8 = d->pci_cf8;

	if (d->is_privileged && port == 0xcf8 && bytes == 4)
		return cf8;
	if (cf8_covers(d, port, bytes))
		return pci_conf_read(0, cf8 >> 16 & 0xff, cf8 >> 8 & 0xff,
				     (cf8 & 0xfc) | (port & 3) | (cf8 >> 16 & 0xf00), bytes);
	if (!rangeset_contains(d->ioports, port, port + bytes - 1))
		return port == PIT_SPEAKER ? 0 : ~0u;
	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

void pv_port_write(struct domain *d, u32 port, u32 bytes, u32 value)
{
	u32 cf8 = d->pci_cf8;

	if (d->is_privileged && port == 0xcf8 && bytes == 4)
		d->pci_cf8 = value;
	else if (cf8_covers(d, port, bytes))
		pci_conf_write(0, cf8 >> 16 & 0xff, cf8 >> 8 & 0xff,
			       (cf8 & 0xfc) | (port & 3) | (cf8 >> 16 & 0xf00), bytes, value);
	else if (!rangeset_contains(d->ioports, port, port + bytes - 1))
		return;
	else if (bytes == 1)
		outb(port, value);
	else if (bytes == 2)
		outw(port, value);
	else
		outl(port, value);
}

/* A breakpoint of ports strikes when the instruction is over. */
static enum outcome done_with_port(struct vcpu *v, const struct emul_insn *insn)
{
	if (likely(!(v->pv.cr4 & CR4_DE)))
		return DONE;
	emul_skip(insn, &v->regs);
	pv_io_breakpoint(v, insn->port, insn->size);
	return DONE_NO_SKIP;
}

static enum outcome op_in(struct vcpu *v, const struct emul_insn *insn)
{
	if (!port_allowed(v, insn->port, insn->size))
		return FAULT;
	emul_write_reg(&v->regs, 0, insn->size, pv_port_read(v->domain, insn->port, insn->size));
	return done_with_port(v, insn);
}

static enum outcome op_out(struct vcpu *v, const struct emul_insn *insn)
{
	if (!port_allowed(v, insn->port, insn->size))
		return FAULT;
	pv_port_write(v->domain, insn->port, insn->size, v->regs.rax);
	return done_with_port(v, insn);
}

#define STRING_STEPS	64	/* then the guest executes the instruction again */

static u64 string_source(const struct vcpu *v, const struct emul_insn *insn)
{
	return pv_linear(v, insn->seg, emul_string_src(insn, &v->regs));
}

/* One step of INS or OUTS; false if guest memory was not there. */
static bool string_step(struct vcpu *v, const struct emul_insn *insn)
{
	u32 value = 0;

	if (insn->op == EMUL_INS) {
		value = pv_port_read(v->domain, insn->port, insn->size);
		return !guest_copy_to(emul_string_dst(insn, &v->regs), &value, insn->size);
	}
	if (guest_copy_from(&value, string_source(v, insn), insn->size))
		return false;
	pv_port_write(v->domain, insn->port, insn->size, value);
	return true;
}

static enum outcome op_string_io(struct vcpu *v, const struct emul_insn *insn)
{
	bool is_in = insn->op == EMUL_INS;

	if (!port_allowed(v, insn->port, insn->size))
		return FAULT;
	for (u32 i = 0; i < STRING_STEPS; i++) {
		if (!emul_string_count(insn, &v->regs)) {
			emul_string_advance(insn, &v->regs, 0);
			return DONE_NO_SKIP;
		}
		if (!string_step(v, insn)) {
			u64 at = is_in ? emul_string_dst(insn, &v->regs) : string_source(v, insn);

			pv_inject_page_fault(v, at, is_in ? PFEC_WRITE : 0);
			return DONE_NO_SKIP;
		}
		if (emul_string_advance(insn, &v->regs, 1))
			return DONE_NO_SKIP;
	}
	return DONE_NO_SKIP;
}

static enum outcome op_interrupt_flag(struct vcpu *v, const struct emul_insn *insn)
{
	return iopl_allows(v) ? DONE : FAULT;	/* the flag itself is nobody's: events have their own mask */
}

static enum outcome op_mov_from_cr(struct vcpu *v, const struct emul_insn *insn)
{
	u64 value;

	switch (insn->reg) {
	case 0:
		value = (v->pv.cr0 & ~CR0_TS) | (v->pv.vts ? CR0_TS : 0);
		break;
	case 2:
		value = v->pv.cr2;
		break;
	case 3:
		value = mfn_x(v->pv.kernel_l4) << PAGE_SHIFT;
		break;
	case 4:
		value = v->pv.cr4;
		break;
	default:
		return FAULT;
	}
	emul_write_reg(&v->regs, insn->rm, 8, value);
	return DONE;
}

static enum outcome op_mov_to_cr(struct vcpu *v, const struct emul_insn *insn)
{
	u64 value = insn->src;

	switch (insn->reg) {
	case 0:
		if ((value ^ v->pv.cr0) & ~(u64)CR0_TS)
			return FAULT;
		pv_set_ts(v, value & CR0_TS);
		return DONE;
	case 2:
		v->pv.cr2 = v->info->arch.cr2 = value;
		return DONE;
	case 3:
		switch (mmu_new_kernel_base(v, mfn(value >> PAGE_SHIFT))) {
		case 0:
			return DONE;
		case -ERESTART:
			return DONE_NO_SKIP;
		}
		return FAULT;
	case 4:
		return pv_set_cr4(v, value) ? FAULT : DONE;
	}
	return FAULT;
}

static enum outcome op_mov_from_dr(struct vcpu *v, const struct emul_insn *insn)
{
	u64 value;

	if (pv_get_debugreg(v, insn->reg, &value))
		return FAULT;
	emul_write_reg(&v->regs, insn->rm, 8, value);
	return DONE;
}

static enum outcome op_mov_to_dr(struct vcpu *v, const struct emul_insn *insn)
{
	return pv_set_debugreg(v, insn->reg, insn->src) ? FAULT : DONE;
}

/* CPUID leaf 0x40000002 names it: a guest writes the number of one of its frames, which becomes a hypercall page. */
#define MSR_HYPERCALL_PAGE 0x40000000u

static enum outcome op_rdmsr(struct vcpu *v, const struct emul_insn *insn)
{
	u32 msr = v->regs.rcx;
	u64 value = 0;

	if (msr != MSR_HYPERCALL_PAGE && msr_guest_read(v, msr, &value))
		return FAULT;
	v->regs.rax = (u32)value;
	v->regs.rdx = value >> 32;
	return DONE;
}

static enum outcome op_wrmsr(struct vcpu *v, const struct emul_insn *insn)
{
	u64 value = v->regs.rdx << 32 | (u32)v->regs.rax;
	u32 msr = v->regs.rcx;

	if (msr != MSR_HYPERCALL_PAGE)
		return msr_guest_write(v, msr, value) ? FAULT : DONE;
	return (value & ~PAGE_MASK) || pv_hypercall_page_set(v->domain, value >> PAGE_SHIFT) ? FAULT : DONE;
}

/* Traps only while the kernel keeps its processes (CR4.TSD) from the clock; it may look itself. */
static enum outcome op_rdtsc(struct vcpu *v, const struct emul_insn *insn)
{
	u64 now = rdtsc();

	if (insn->op == EMUL_RDTSCP && !cpu_features.rdtscp)
		return FAULT;
	v->regs.rax = (u32)now;
	v->regs.rdx = now >> 32;
	if (insn->op == EMUL_RDTSCP)
		v->regs.rcx = v->pv.tsc_aux;
	return DONE;
}

static enum outcome op_xsetbv(struct vcpu *v, const struct emul_insn *insn)
{
	u64 value = v->regs.rdx << 32 | (u32)v->regs.rax;

	if ((u32)v->regs.rcx || !(v->pv.cr4 & CR4_OSXSAVE) || !fpu_xcr0_valid(value))
		return FAULT;
	v->xcr0 = value;
	fpu_set_xcr0(value);
	return DONE;
}

void pv_emulate_cpuid(struct vcpu *v)
{
	struct cpuid_regs out;

	cpuid_guest(v, v->regs.rax, v->regs.rcx, &out);
	v->regs.rax = out.eax;
	v->regs.rbx = out.ebx;
	v->regs.rcx = out.ecx;
	v->regs.rdx = out.edx;
}

static enum outcome op_cpuid(struct vcpu *v, const struct emul_insn *insn)
{
	pv_emulate_cpuid(v);
	return DONE;
}

static enum outcome op_clts(struct vcpu *v, const struct emul_insn *insn)
{
	pv_set_ts(v, false);
	return DONE;
}

static enum outcome op_cache(struct vcpu *v, const struct emul_insn *insn)
{
	if (v->domain->is_privileged)
		wbinvd();
	return DONE;			/* without devices of its own a guest has nothing to flush */
}

static enum outcome op_invlpg(struct vcpu *v, const struct emul_insn *insn)
{
	u64 va = pv_linear(v, insn->seg, insn->offset);

	if (guest_range_ok(va, 1))
		tlb_flush_page_local(va);
	return DONE;
}

static const priv_op_t ops[] = {
	[EMUL_IN] = op_in, [EMUL_OUT] = op_out, [EMUL_INS] = op_string_io, [EMUL_OUTS] = op_string_io,
	[EMUL_CLI] = op_interrupt_flag, [EMUL_STI] = op_interrupt_flag,
	[EMUL_MOV_FROM_CR] = op_mov_from_cr, [EMUL_MOV_TO_CR] = op_mov_to_cr,
	[EMUL_MOV_FROM_DR] = op_mov_from_dr, [EMUL_MOV_TO_DR] = op_mov_to_dr,
	[EMUL_RDMSR] = op_rdmsr, [EMUL_WRMSR] = op_wrmsr, [EMUL_XSETBV] = op_xsetbv,
	[EMUL_CPUID] = op_cpuid, [EMUL_CLTS] = op_clts, [EMUL_WBINVD] = op_cache, [EMUL_INVD] = op_cache,
	[EMUL_INVLPG] = op_invlpg, [EMUL_RDTSC] = op_rdtsc, [EMUL_RDTSCP] = op_rdtsc,
};

/* What user mode may do too: ports and the interrupt flag, if its IOPL says so, and CPUID. */
static bool user_may(u32 op)
{
	return op == EMUL_IN || op == EMUL_OUT || op == EMUL_INS || op == EMUL_OUTS || op == EMUL_CLI ||
	       op == EMUL_STI || op == EMUL_CPUID;
}

bool pv_emulate_privileged(struct vcpu *v)
{
	struct emul_insn insn;

	if (pv_fetch_insn(v, &insn) || insn.op >= ARRAY_SIZE(ops) || !ops[insn.op])
		return false;
	if (!v->pv.kernel_mode && !user_may(insn.op))
		return false;
	perfc_inc(instructions);
	switch (ops[insn.op](v, &insn)) {
	case DONE:
		emul_skip(&insn, &v->regs);
		return true;
	case DONE_NO_SKIP:
		return true;
	default:
		return false;
	}
}
