/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU does that is no hypercall and no plain store: instructions that trap and are emulated, traps of every
 * kind, handlers that are there or not, the way back from them, selectors, modes, contexts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pv/desc.h"
#include "pv/priv_op.h"
#include "pv/pv.h"
#include "pv/ro_fault.h"
#include "sched/sched.h"
#include "x86/cpu_ops.h"

void set_code(const u8 *code, size_t len)
{
	guest_write(guest_va(CODE_PAGE), code, len);
	actor->regs.rip = guest_va(CODE_PAGE);
	actor->regs.cs = PV_CS64;
}

/* A context for vCPUs, mostly sane. */
void act_context(void)
{
	struct vcpu_guest_context c;

	pv_vcpu_get_context(actor, &c);
	if (in_bit())
		c.ctrlreg[3] = mfn_x(pick_mfn()) << PAGE_SHIFT;
	if (in_bit())
		c.ctrlreg[1] = in_bit() ? 0 : mfn_x(pick_mfn()) << PAGE_SHIFT;
	if (in_bit()) {
		c.gdt_ents = in_below(2) * 512 + in_below(64);
		for (u32 i = 0; i < 4; i++)
			c.gdt_frames[i] = mfn_x(pick_mfn());
	}
	if (in_bit()) {
		c.ldt_base = pick_va();
		c.ldt_ents = in_below(64);
	}
	if (in_bit())
		c.flags ^= VGCF_in_kernel;
	if (in_bit())
		((u64 *)&c)[in_word() % (sizeof(c) / 8)] = pick_any();
	guest_write(guest_va(CONTEXT_PAGE), &c, sizeof(c));
}

void act_page_table_store(void)
{
	static const u8 stores[][8] = {
		{ 0x48, 0x89, 0x07 },			/* mov %rax,(%rdi) */
		{ 0x48, 0x87, 0x07 },			/* xchg %rax,(%rdi) */
		{ 0x48, 0x21, 0x07 },			/* and %rax,(%rdi) */
		{ 0x48, 0x09, 0x07 },			/* or %rax,(%rdi) */
		{ 0xf0, 0x48, 0x0f, 0xb1, 0x0f },	/* lock cmpxchg %rcx,(%rdi) */
		{ 0xf0, 0x48, 0x0f, 0xba, 0x37, 0x01 },	/* lock btrq $1,(%rdi) */
		{ 0x89, 0x07 },				/* mov %eax,(%rdi) */
		{ 0x48, 0xc7, 0x07, 0, 0, 0, 0 },	/* movq $0,(%rdi) */
	};
	u64 va = guest_va(GUEST_PAGES + in_below(GUEST_TABLES)) + in_below(64) * 8;
	bool done;

	set_code(stores[in_below(ARRAY_SIZE(stores))], 8);
	actor->regs.rdi = in_byte() < 16 ? pick_va() : va;
	actor->regs.rax = pick_pte();
	actor->regs.rcx = pick_pte();
	done = pv_ro_fault(actor, actor->regs.rdi);
	if (fuzz_log)
		printf("d%uv%u stores %#lx to %#lx: %d\n", actor->domain->id, actor->id, actor->regs.rax,
		       actor->regs.rdi, done);
}

static u32 pick_msr(void)
{
	static const u32 msr[] = {
		0x10, 0x17, 0x1b, 0x3a, 0x8b, 0xce, 0x140, 0x179, 0x1a0, 0x1d9, 0x277, 0x400, 0xc0000080, 0xc0000082,
		0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010010, 0xc0010015, 0xc0010016, 0xc0010058,
		0xc0011029,
	};

	return msr[in_below(ARRAY_SIZE(msr))];
}

static u32 pick_leaf(void)
{
	static const u32 leaf[] = {
		0, 1, 4, 5, 6, 7, 0xa, 0xb, 0xd, 0x1f, 0x40000000, 0x40000001, 0x40000002, 0x40000003, 0x40000004,
		0x40000005, 0x40000100, 0x80000000, 0x80000001, 0x80000007, 0x80000008, 0x8000001c, 0xffffffff,
	};

	return leaf[in_below(ARRAY_SIZE(leaf))];
}

static u32 pick_port(void)
{
	static const u16 port[] = { 0x60, 0x70, 0x3f8, 0x3ff, 0x400, 0xcf8, 0xcfb, 0xcfc, 0xcfe, 0xcff, 0xffff };

	return port[in_below(ARRAY_SIZE(port))];
}

/* A register may hold what the instruction looks for there, or anything. */
static void set_registers(struct regs *r)
{
	r->rax = in_bit() ? pick_leaf() : in_bit() ? 7 : pick_any();
	r->rcx = in_bit() ? pick_msr() : in_byte() < 200 ? in_below(4) : pick_any();
	r->rdx = in_bit() ? pick_port() : in_bit() ? 0 : pick_any();
	r->rdi = r->rsi = pick_va();
	r->rflags = (r->rflags & ~RFLAGS_DF) | (in_byte() < 32 ? RFLAGS_DF : 0);
}

void act_instruction(void)
{
	static const u8 likely_ones[][4] = {
		{ 0x0f, 0x32 }, { 0x0f, 0x30 }, { 0x0f, 0xa2 }, { 0x0f, 0x01, 0xd1 }, { 0x0f, 0x06 }, { 0x0f, 0x09 },
		{ 0x0f, 0x20, 0xd8 }, { 0x0f, 0x20, 0xc0 }, { 0x0f, 0x20, 0xd0 }, { 0x0f, 0x20, 0xe0 },
		{ 0x0f, 0x22, 0xd8 }, { 0x0f, 0x22, 0xc0 }, { 0x0f, 0x22, 0xd0 }, { 0x0f, 0x22, 0xe0 },
		{ 0x0f, 0x23, 0xf8 }, { 0x0f, 0x23, 0xc0 }, { 0x0f, 0x21, 0xc0 }, { 0x0f, 0x01, 0x38 }, { 0x0f, 0x31 },
		{ 0x0f, 0x01, 0xf9 }, { 0xec }, { 0xed }, { 0xee }, { 0xef }, { 0x66, 0xed }, { 0x66, 0xef },
		{ 0xe4, 0x70 }, { 0xf3, 0x6c }, { 0xf3, 0x6d }, { 0xf3, 0x6e }, { 0xf3, 0x6f }, { 0x64, 0xf3, 0x6f },
		{ 0x65, 0x6e }, { 0xfa }, { 0xfb },
	};
	u32 which = in_byte();
	struct regs *r = &actor->regs;
	u8 code[16];

	for (u32 i = 0; i < sizeof(code); i++)
		code[i] = which < 220 ? i < 4 ? likely_ones[which % ARRAY_SIZE(likely_ones)][i] : 0x90 : in_byte();
	if (!actor->pv.kernel_mode && in_byte() < 160)
		pv_to_kernel(actor);
	set_code(code, sizeof(code));
	set_registers(r);
	if (in_byte() < 16)
		r->rip += PAGE_SIZE - 1 - in_below(3);
	if (in_byte() < 32)
		r->cs = in_bit() ? PV_CS32 : in_bit() ? 0x7 + 8 * in_below(4) : in_word() & 0xffff;
	if (in_byte() < 64)
		actor->pv.iopl = in_below(4);
	r->error_code = 0;
	pv_general_protection(actor);
}

/* INT n, and the prefix that asks for emulation: with their own traps. */
static void act_trapping_instruction(void)
{
	static const u8 forced_cpuid[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	u8 interrupt[2] = { 0xcd, in_bit() ? 0x80 : in_byte() };

	if (in_bit()) {
		set_code(interrupt, sizeof(interrupt));
		actor->regs.error_code = interrupt[1] * 8 + 2;
		pv_general_protection(actor);
	} else {
		set_code(forced_cpuid, sizeof(forced_cpuid) - (in_byte() < 32));
		set_registers(&actor->regs);
		pv_invalid_opcode(actor);
	}
}

/* The guest's handlers, as a kernel sets them when it starts; one or the other may be missing or nowhere. */
void act_handlers(void)
{
	for (u32 vector = 0; vector < 32; vector++)
		if (pv_set_trap(actor, vector, in_byte() < 240 ? guest_va(CODE_PAGE) : 0, PV_CS64, in_below(8)))
			abort();
	if (pv_set_trap(actor, 0x80, guest_va(CODE_PAGE), PV_CS64, 3))
		abort();
	for (u32 type = 0; type < 8; type++)
		(void)!pv_set_callback(actor, type, in_byte() < 240 ? guest_va(CODE_PAGE) : 0, PV_CS64, in_bit());
	actor->pv.kernel_sp = actor->regs.rsp = in_byte() < 240 ? guest_va(2) - 16 * in_below(64) : pick_va();
}

static u64 pick_fault_address(void)
{
	u32 b = in_byte();

	return b < 128 ? pick_va() : desc_gdt_va(actor) + in_word() % (1u << PERDOMAIN_VCPU_SHIFT);
}

void act_trap(void)
{
	u32 what = in_byte();

	actor->regs.error_code = in_below(32);
	switch (what % 10) {
	case 0:
		pv_page_fault(actor, pick_fault_address());
		break;
	case 1:
		pv_trap(actor, what / 10 % 32);
		break;
	case 2:
		pv_syscall(actor, what & 64);
		break;
	case 3:
		pv_debug(actor, in_word());
		break;
	case 4:
		(void)pv_deliver_pending(actor);
		break;
	case 5:
		pv_device_not_available(actor);
		break;
	case 6:
		pv_sysenter(actor);
		break;
	case 7:
		pv_iret_fault(actor);
		break;
	case 8:
		sched_send_nmi(actor);
		(void)pv_deliver_pending(actor);
		break;
	case 9:
		act_trapping_instruction();
		break;
	}
}

/* HYPERVISOR_iret from a frame that is mostly good. */
void act_return(void)
{
	u64 frame[9] = {
		0, 1, 2, in_bit() ? 0x100 : 0, guest_va(CODE_PAGE), in_bit() ? PV_CS64 : PV_CS64 & ~3u,
		in_bit() ? 0x200 : 0x3000, guest_va(1), PV_SS,
	};
	u64 at = in_byte() < 240 ? guest_va(3) : pick_va();

	if (in_byte() < 64)
		frame[in_below(9)] = pick_any();
	guest_write(at, frame, sizeof(frame));
	if (!actor->pv.kernel_mode)
		pv_to_kernel(actor);
	actor->regs.rsp = at;
	actor->regs.rax = (u64)pv_iret(actor);
}

/* The processor reads a descriptor of the LDT's window. */
void act_selector(void)
{
	u64 d;

	(void)pv_window_fault(actor, desc_ldt_va(actor) + in_below(64) * 512 + in_below(2) * 8);
	(void)!desc_read(actor, in_word() & 0xffff, &d);
}

void act_mode(void)
{
	if (!actor->pv.kernel_mode)
		pv_to_kernel(actor);
	else
		(void)pv_to_user(actor);
}
