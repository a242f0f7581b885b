/* SPDX-License-Identifier: MIT */
/*
 * Decoder and emulator for the x86 instructions that a hypervisor must carry out for its guests: privileged
 * ones that trapped, and those that read, write or modify memory which the guest may not touch directly.
 *
 * Pure: no guest, no memory, no privilege is known here. The caller fetches the bytes, decodes, decides,
 * reads the memory operand, computes, writes memory (as atomically as `lock` and the place demand), and
 * commits.
 *
 *	emul_decode(&ctxt, &insn)			what is it, on which operands
 *	emul_compute(&insn, regs, old, &result)		what does it make of the old memory contents
 *	emul_commit(&insn, regs, &result)		write its registers and flags, step over it
 *
 * What depends on the linear address is the caller's: canonical form, segment limits, and the 16-byte
 * alignment that CMPXCHG16B demands (#GP).
 *
 * Nothing but emul_commit(), emul_skip(), emul_string_advance() and emul_write_reg() changes `regs`. None of
 * them looks at RFLAGS.TF: a caller that emulates for a single-stepped guest raises #DB afterwards.
 * Reference for all encodings: AMD64 Architecture Programmer's Manual volume 3. No locks.
 */
#ifndef EMUL_EMUL_H
#define EMUL_EMUL_H

#include "lib/types.h"
#include "x86/regs.h"

#define EMUL_MAX_LEN	15

/* As in the instruction encoding. */
enum emul_seg { EMUL_ES, EMUL_CS, EMUL_SS, EMUL_DS, EMUL_FS, EMUL_GS };

enum emul_rep { EMUL_REP_NONE, EMUL_REPE, EMUL_REPNE };

enum emul_op {
	EMUL_UNKNOWN,

	/*
	 * Data: `rm` (memory or register) and either `reg` or an immediate. The first eight are ordered as
	 * encoded.
	 */
	EMUL_ADD, EMUL_OR, EMUL_ADC, EMUL_SBB, EMUL_AND, EMUL_SUB, EMUL_XOR, EMUL_CMP,
	EMUL_MOV, EMUL_XCHG, EMUL_CMPXCHG, EMUL_CMPXCHG8B,	/* the last is CMPXCHG16B with size 16 */
	EMUL_TEST, EMUL_NOT, EMUL_NEG, EMUL_INC, EMUL_DEC, EMUL_XADD,
	EMUL_BT, EMUL_BTS, EMUL_BTR, EMUL_BTC, EMUL_MOVZX, EMUL_MOVSX,

	/* String instructions: see emul_string_*(). */
	EMUL_MOVS, EMUL_STOS, EMUL_LODS, EMUL_INS, EMUL_OUTS,

	/* Ports. The port is `port`; the register is the accumulator. */
	EMUL_IN, EMUL_OUT,

	/*
	 * Control and debug registers: number in `reg`, general register in `rm`, `src` is the latter's
	 * value.
	 */
	EMUL_MOV_FROM_CR, EMUL_MOV_TO_CR, EMUL_MOV_FROM_DR, EMUL_MOV_TO_DR,

	/*
	 * With operand `rm`; SMSW and SLDT store, LMSW, LLDT and LTR load 16 bits, the rest take an address.
	 */
	EMUL_SMSW, EMUL_LMSW, EMUL_SLDT, EMUL_STR, EMUL_LLDT, EMUL_LTR, EMUL_VERR, EMUL_VERW,
	EMUL_SGDT, EMUL_SIDT, EMUL_LGDT, EMUL_LIDT, EMUL_INVLPG, EMUL_INVPCID,	/* INVPCID: type in `reg` */
	EMUL_RDFSBASE, EMUL_RDGSBASE, EMUL_WRFSBASE, EMUL_WRGSBASE,

	/* Without operands, or with fixed registers. */
	EMUL_HLT, EMUL_CLI, EMUL_STI, EMUL_CLTS, EMUL_INVD, EMUL_WBINVD, EMUL_CPUID,
	EMUL_RDTSC, EMUL_RDTSCP, EMUL_RDPMC, EMUL_RDMSR, EMUL_WRMSR, EMUL_XGETBV, EMUL_XSETBV,
	EMUL_SWAPGS, EMUL_CLAC, EMUL_STAC, EMUL_MONITOR, EMUL_MWAIT, EMUL_UD2,
	EMUL_SYSCALL, EMUL_SYSRET, EMUL_SYSENTER, EMUL_SYSEXIT, EMUL_IRET,
	EMUL_INT3, EMUL_INT,					/* INT: vector in `src` */
	EMUL_VMCALL, EMUL_VMMCALL, EMUL_VMX_SVM,		/* VMX_SVM: any other of VMX and SVM */
};

struct emul_ctxt {
	const struct regs *regs;
	const u8 *bytes;	/* from rip on */
	u8 count;		/* how many of them; more than EMUL_MAX_LEN are not looked at */
	u8 mode;		/* the code segment's default address size in bytes: 2, 4, 8 */
};

struct emul_insn {
	u8 op;			/* enum emul_op */
	u8 len;			/* in bytes, with all prefixes */
	u8 size;		/* bytes of the memory operand (or its register instead): 1, 2, 4, 8, 16 */
	u8 reg_size;		/* of the register operand: differs from size in MOVZX and MOVSX only */
	u8 addr_size;		/* 2, 4, 8 */
	u8 mode;		/* as in the context */
	u8 reg;			/* register number: 0-15; 16-19 stand for AH, CH, DH, BH */
	u8 rm;			/* register number, if !is_mem */
	u8 seg;			/* enum emul_seg, of the memory operand; MOVS, LODS, OUTS: of the source */
	u8 rep;			/* enum emul_rep; only string instructions heed it */
	bool is_mem;
	bool to_reg;		/* the result goes to `reg`, memory is only read */
	bool src_is_imm;
	bool lock;		/* prefix given (XCHG is atomic without) */
	bool forced;		/* behind the forced-emulation prefix (ud2; "xen") */
	u16 port;		/* IN, OUT, INS, OUTS */
	u64 offset;		/* of the memory operand in its segment, cut to addr_size */
	u64 src;		/* value of the register or immediate operand, zero-extended from its size */
};

struct emul_result {
	u64 mem[2];		/* new contents, zero-extended; [1] only with size 16 */
	u64 reg[2];		/* value for the register that is written; CMPXCHG8B: rax, rdx */
	u64 rflags;
	bool write_mem;
	bool write_reg;
};

/*
 * Returns 0; -ENODATA: more bytes are needed; -E2BIG: longer than 15 bytes (hardware: #GP); -EILSEQ: no valid
 * encoding, or LOCK where it may not be (#UD); -EOPNOTSUPP: an instruction that is not known here.
 */
int __must_check emul_decode(const struct emul_ctxt *ctxt, struct emul_insn *insn);

/*
 * For EMUL_ADD to EMUL_MOVSX: the effect, given the old contents of the memory operand (old[1] is read only
 * with size 16). A plain MOV to memory does not look at it. -EOPNOTSUPP for other instructions.
 */
int __must_check emul_compute(const struct emul_insn *insn, const struct regs *regs, const u64 old[2],
			      struct emul_result *result);
void emul_commit(const struct emul_insn *insn, struct regs *regs, const struct emul_result *result);

/* Whether emul_compute() needs the old contents. */
static inline bool emul_reads_memory(const struct emul_insn *insn)
{
	return insn->op != EMUL_MOV || insn->to_reg;
}

/* Step over the instruction; RF is cleared as the hardware does. */
void emul_skip(const struct emul_insn *insn, struct regs *regs);

/*
 * String instructions. Each step moves `size` bytes: MOVS from seg:rSI to ES:rDI, STOS from the accumulator
 * (`src`) to ES:rDI, LODS from seg:rSI, INS from `port` to ES:rDI, OUTS from seg:rSI to `port`.
 * The caller does one step or several and reports them; the last one steps over the instruction.
 */
u64 emul_string_count(const struct emul_insn *insn, const struct regs *regs);	/* steps left, 0 possible */
u64 emul_string_src(const struct emul_insn *insn, const struct regs *regs);	/* offset in `seg` */
u64 emul_string_dst(const struct emul_insn *insn, const struct regs *regs);	/* offset in ES */
/* True if the instruction is complete (and stepped over). steps <= emul_string_count(), or 0 if that is 0. */
bool emul_string_advance(const struct emul_insn *insn, struct regs *regs, u64 steps);

/* Registers by number, as hardware writes them: 32-bit values are zero-extended, shorter ones merged. */
u64 emul_read_reg(const struct regs *regs, unsigned int number, unsigned int size);
void emul_write_reg(struct regs *regs, unsigned int number, unsigned int size, u64 value);

/* "mov", "cmpxchg"...: for messages. */
const char *emul_op_name(unsigned int op);

#endif /* EMUL_EMUL_H */
