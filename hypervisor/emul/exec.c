/* SPDX-License-Identifier: MIT */
/*
 * What the decoded instructions do: results and flags in plain C, and the writing of registers.
 *
 * Flags come from carry vectors: bit i of `carries` is the carry (or borrow) out of bit i. Where the manual
 * leaves a flag undefined we do what CPUs do: AF is cleared by logical operations, BTx keeps all but CF.
 * Pure, no locks.
 */
#include "emul/emul.h"
#include "emul/gpr.h"
#include "lib/errno.h"

#define ARITH_FLAGS	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

u64 emul_read_reg(const struct regs *regs, unsigned int number, unsigned int size)
{
	return gpr_read(regs, number, size);
}

void emul_write_reg(struct regs *regs, unsigned int number, unsigned int size, u64 value)
{
	u64 *reg = (u64 *)((char *)regs + gpr_offset[number & 15]);
	unsigned int shift = number >= REG_HIGH_BYTE ? 8 : 0;
	u64 mask;

	if (size >= 4) {
		*reg = size == 4 ? (u32)value : value;
		return;
	}
	mask = mask_of(size) << shift;
	*reg = (*reg & ~mask) | (value << shift & mask);
}

void emul_skip(const struct emul_insn *insn, struct regs *regs)
{
	u64 rip = regs->rip + insn->len;

	regs->rip = insn->mode == 8 ? rip : rip & mask_of(insn->mode);
	regs->rflags &= ~RFLAGS_RF;
}

/* SF, ZF and PF of a result. */
static inline u64 flags_of(u64 value, unsigned int size)
{
	u64 low = value ^ value >> 4;

	return (value >> (8 * size - 1) & 1 ? RFLAGS_SF : 0) | (value == 0 ? RFLAGS_ZF : 0) |
	       (0x9669u >> (low & 15) & 1 ? RFLAGS_PF : 0);
}

/* CF, AF and OF out of the carries: OF when the carries into and out of the top bit differ. */
static inline u64 flags_of_carries(u64 carries, unsigned int size)
{
	unsigned int top = 8 * size - 1;

	return (carries >> top & 1 ? RFLAGS_CF : 0) | (carries & 8 ? RFLAGS_AF : 0) |
	       ((carries >> top ^ carries >> (top - 1)) & 1 ? RFLAGS_OF : 0);
}

static u64 add(u64 a, u64 b, bool carry, unsigned int size, u64 *flags)
{
	u64 sum = (a + b + carry) & mask_of(size);

	*flags = flags_of(sum, size) | flags_of_carries((a & b) | ((a | b) & ~sum), size);
	return sum;
}

static u64 subtract(u64 a, u64 b, bool borrow, unsigned int size, u64 *flags)
{
	u64 difference = (a - b - borrow) & mask_of(size);

	*flags = flags_of(difference, size) |
		 flags_of_carries((~a & b) | ((~a | b) & difference), size);
	return difference;
}

static u64 logic(u64 value, unsigned int size, u64 *flags)
{
	*flags = flags_of(value, size);
	return value;
}

/* The two-operand ALU operations. CMP and TEST answer `a`: nothing changes but flags. */
static u64 alu(unsigned int op, u64 a, u64 b, unsigned int size, bool carry, u64 *flags)
{
	switch (op) {
	case EMUL_AND:
		return logic(a & b, size, flags);
	case EMUL_OR:
		return logic(a | b, size, flags);
	case EMUL_XOR:
		return logic(a ^ b, size, flags);
	case EMUL_ADD:
		return add(a, b, false, size, flags);
	case EMUL_ADC:
		return add(a, b, carry, size, flags);
	case EMUL_SUB:
		return subtract(a, b, false, size, flags);
	case EMUL_SBB:
		return subtract(a, b, carry, size, flags);
	case EMUL_CMP:
		subtract(a, b, false, size, flags);
		return a;
	default: /* EMUL_TEST */
		logic(a & b, size, flags);
		return a;
	}
}

static void compute_alu(const struct emul_insn *insn, u64 old, u64 rflags, struct emul_result *result)
{
	u64 a = insn->to_reg ? insn->src : old, b = insn->to_reg ? old : insn->src, flags, value;
	bool writes = insn->op != EMUL_CMP && insn->op != EMUL_TEST;

	value = alu(insn->op, a, b, insn->size, rflags & RFLAGS_CF, &flags);
	result->rflags = (rflags & ~ARITH_FLAGS) | flags;
	result->mem[0] = result->reg[0] = value;
	result->write_reg = writes && insn->to_reg;
	result->write_mem = writes && !insn->to_reg;
}

/* NOT, NEG, INC, DEC. */
static void compute_unary(const struct emul_insn *insn, u64 old, u64 rflags, struct emul_result *result)
{
	u64 flags, changed = ARITH_FLAGS;

	result->write_mem = true;
	switch (insn->op) {
	case EMUL_NOT:
		result->mem[0] = ~old & mask_of(insn->size);
		return;
	case EMUL_NEG:
		result->mem[0] = subtract(0, old, false, insn->size, &flags);
		break;
	case EMUL_INC:
		result->mem[0] = add(old, 1, false, insn->size, &flags);
		changed &= ~RFLAGS_CF;
		break;
	default: /* EMUL_DEC */
		result->mem[0] = subtract(old, 1, false, insn->size, &flags);
		changed &= ~RFLAGS_CF;
		break;
	}
	result->rflags = (rflags & ~changed) | (flags & changed);
}

static void compute_bit(const struct emul_insn *insn, u64 old, u64 rflags, struct emul_result *result)
{
	u64 bit = 1UL << insn->src;

	result->rflags = (rflags & ~RFLAGS_CF) | (old & bit ? RFLAGS_CF : 0);
	result->write_mem = insn->op != EMUL_BT;
	switch (insn->op) {
	case EMUL_BTS:
		result->mem[0] = old | bit;
		break;
	case EMUL_BTR:
		result->mem[0] = old & ~bit;
		break;
	default: /* EMUL_BTC, and BT, which writes nothing */
		result->mem[0] = old ^ bit;
		break;
	}
}

/* If the accumulator equals memory, memory gets the source; else the accumulator gets memory. */
static void compute_cmpxchg(const struct emul_insn *insn, const struct regs *regs, u64 old,
			    struct emul_result *result)
{
	u64 accumulator = gpr_read(regs, REG_AX, insn->size), flags;

	subtract(accumulator, old, false, insn->size, &flags);
	result->rflags = (regs->rflags & ~ARITH_FLAGS) | flags;
	result->write_mem = accumulator == old;
	result->write_reg = !result->write_mem;
	result->mem[0] = insn->src;
	result->reg[0] = old;
}

/* The same on edx:eax and ecx:ebx, or rdx:rax and rcx:rbx with memory in two words. */
static void compute_cmpxchg8b(const struct emul_insn *insn, const struct regs *regs, const u64 old[2],
			      struct emul_result *result)
{
	bool equal;

	if (insn->size == 16) {
		equal = old[0] == regs->rax && old[1] == regs->rdx;
		result->mem[0] = regs->rbx;
		result->mem[1] = regs->rcx;
		result->reg[0] = old[0];
		result->reg[1] = old[1];
	} else {
		equal = old[0] == ((u32)regs->rax | regs->rdx << 32);
		result->mem[0] = (u32)regs->rbx | regs->rcx << 32;
		result->reg[0] = (u32)old[0];
		result->reg[1] = old[0] >> 32;
	}
	result->write_mem = equal;
	result->write_reg = !equal;
	result->rflags = equal ? regs->rflags | RFLAGS_ZF : regs->rflags & ~RFLAGS_ZF;
}

static void compute_extend(const struct emul_insn *insn, u64 old, struct emul_result *result)
{
	unsigned int shift = 64 - 8 * insn->size;

	result->reg[0] = insn->op == EMUL_MOVSX ? (u64)((s64)(old << shift) >> shift) : old;
	result->write_reg = true;
}

int emul_compute(const struct emul_insn *insn, const struct regs *regs, const u64 old[2],
		 struct emul_result *result)
{
	u64 flags;

	result->rflags = regs->rflags;
	result->write_mem = false;
	result->write_reg = false;

	if (likely(insn->op == EMUL_MOV)) {
		result->write_mem = !insn->to_reg;
		result->write_reg = insn->to_reg;
		result->mem[0] = insn->src;
		result->reg[0] = insn->to_reg ? old[0] : 0;
	} else if (insn->op == EMUL_XCHG || insn->op == EMUL_XADD) {
		result->write_mem = true;
		result->write_reg = true;
		result->mem[0] = insn->src;
		result->reg[0] = old[0];
		if (insn->op == EMUL_XADD) {
			result->mem[0] = add(old[0], insn->src, false, insn->size, &flags);
			result->rflags = (regs->rflags & ~ARITH_FLAGS) | flags;
		}
	} else if (insn->op == EMUL_CMPXCHG) {
		compute_cmpxchg(insn, regs, old[0], result);
	} else if (insn->op == EMUL_UNKNOWN || insn->op > EMUL_MOVSX) {
		return -EOPNOTSUPP;
	} else if (insn->op <= EMUL_CMP || insn->op == EMUL_TEST) {
		compute_alu(insn, old[0], regs->rflags, result);
	} else if (insn->op == EMUL_CMPXCHG8B) {
		compute_cmpxchg8b(insn, regs, old, result);
	} else if (insn->op <= EMUL_DEC) {
		compute_unary(insn, old[0], regs->rflags, result);
	} else if (insn->op <= EMUL_BTC) {
		compute_bit(insn, old[0], regs->rflags, result);
	} else {
		compute_extend(insn, old[0], result);
	}
	return 0;
}

void emul_commit(const struct emul_insn *insn, struct regs *regs, const struct emul_result *result)
{
	regs->rflags = result->rflags;
	if (result->write_reg) {
		if (insn->op == EMUL_CMPXCHG8B) {
			regs->rax = result->reg[0];
			regs->rdx = result->reg[1];
		} else {
			emul_write_reg(regs, insn->op == EMUL_CMPXCHG ? REG_AX : insn->reg, insn->reg_size,
				       result->reg[0]);
		}
	}
	emul_skip(insn, regs);
}

u64 emul_string_count(const struct emul_insn *insn, const struct regs *regs)
{
	return insn->rep ? regs->rcx & mask_of(insn->addr_size) : 1;
}

u64 emul_string_src(const struct emul_insn *insn, const struct regs *regs)
{
	return regs->rsi & mask_of(insn->addr_size);
}

u64 emul_string_dst(const struct emul_insn *insn, const struct regs *regs)
{
	return regs->rdi & mask_of(insn->addr_size);
}

bool emul_string_advance(const struct emul_insn *insn, struct regs *regs, u64 steps)
{
	bool reads = insn->op == EMUL_MOVS || insn->op == EMUL_LODS || insn->op == EMUL_OUTS;
	bool writes = insn->op == EMUL_MOVS || insn->op == EMUL_STOS || insn->op == EMUL_INS;
	u64 moved = steps * insn->size, count = emul_string_count(insn, regs) - steps;

	if (regs->rflags & RFLAGS_DF)
		moved = -moved;
	if (steps && reads)
		emul_write_reg(regs, REG_SI, insn->addr_size, regs->rsi + moved);
	if (steps && writes)
		emul_write_reg(regs, REG_DI, insn->addr_size, regs->rdi + moved);
	if (steps && insn->rep)
		emul_write_reg(regs, REG_CX, insn->addr_size, count);
	if (count)
		return false;
	emul_skip(insn, regs);
	return true;
}
