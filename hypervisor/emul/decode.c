/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: prefixes, opcode (by the tables in opcodes.c), ModRM and addresses, immediates.
 *
 *   [legacy prefixes] [REX] opcode [ModRM [SIB] [displacement]] [immediate]
 *
 * Invariant: no byte is read at or beyond `end`, which lies at most 15 bytes (20 with the forced-emulation
 * prefix) behind the start; next_byte() and next_signed() check. The way of `mov %reg, mem` through here is
 * the hot one: page-table writes of PV kernels. Pure, no locks.
 */
#include "emul/emul.h"
#include "emul/gpr.h"
#include "emul/opcodes.h"
#include "lib/errno.h"
#include "lib/string.h"

#define REX_B	1u
#define REX_X	2u
#define REX_R	4u
#define REX_W	8u

/* What a prefix byte is; 0 for all others. 0x40-0x4f are prefixes in 64-bit mode only. */
enum { PREFIX_NONE, PREFIX_SEG, PREFIX_OPSIZE, PREFIX_ADDRSIZE, PREFIX_LOCK, PREFIX_REP, PREFIX_REX };

struct decoder {
	const u8 *pos, *end;
	const struct regs *regs;
	bool opsize_prefix;
	bool seg_given;
	bool rip_relative;
	u8 rex;
	u8 opcode;		/* last byte of it */
	u8 modrm;
};

static const u8 prefix_kind[256] = {
	[0x26] = PREFIX_SEG, [0x2e] = PREFIX_SEG, [0x36] = PREFIX_SEG, [0x3e] = PREFIX_SEG,
	[0x64] = PREFIX_SEG, [0x65] = PREFIX_SEG, [0x66] = PREFIX_OPSIZE, [0x67] = PREFIX_ADDRSIZE,
	[0xf0] = PREFIX_LOCK, [0xf2] = PREFIX_REP, [0xf3] = PREFIX_REP, [0x40 ... 0x4f] = PREFIX_REX,
};

static inline u64 cut(u64 value, unsigned int size)
{
	return size >= 8 ? value : value & mask_of(size);
}

static inline u64 sign_extend(u64 value, unsigned int size)
{
	unsigned int shift = 64 - 8 * size;

	return (u64)((s64)(value << shift) >> shift);
}

static inline int next_byte(struct decoder *d, u8 *byte)
{
	if (unlikely(d->pos == d->end))
		return -ENODATA;
	*byte = *d->pos++;
	return 0;
}

/* A little-endian number of 1, 2, 4 or 8 bytes, sign-extended. */
static int next_signed(struct decoder *d, unsigned int size, u64 *value)
{
	*value = 0;
	if (unlikely((size_t)(d->end - d->pos) < size))
		return -ENODATA;
	for (unsigned int i = 0; i < size; i++)
		*value |= (u64)d->pos[i] << 8 * i;
	*value = sign_extend(*value, size);
	d->pos += size;
	return 0;
}

/* In 64-bit mode only FS and GS can be asked for. */
static void take_segment(struct decoder *d, struct emul_insn *insn, u8 byte)
{
	u8 seg = byte >= 0x64 ? byte - 0x64 + EMUL_FS : byte >> 3 & 3;

	if (insn->mode == 8 && seg < EMUL_FS)
		return;
	insn->seg = seg;
	d->seg_given = true;
}

/* A legacy prefix. */
static void take_prefix(struct decoder *d, struct emul_insn *insn, u8 byte)
{
	switch (prefix_kind[byte]) {
	case PREFIX_LOCK:
		insn->lock = true;
		break;
	case PREFIX_OPSIZE:
		d->opsize_prefix = true;
		break;
	case PREFIX_REP:
		insn->rep = byte == 0xf3 ? EMUL_REPE : EMUL_REPNE;
		break;
	case PREFIX_ADDRSIZE:
		insn->addr_size = insn->mode == 4 ? 2 : 4;
		break;
	default:
		take_segment(d, insn, byte);
		break;
	}
}

/* All prefixes, and the byte behind them. A REX counts only as the last one. */
static inline int decode_prefixes(struct decoder *d, struct emul_insn *insn)
{
	u8 byte, kind;

	for (;;) {
		if (next_byte(d, &byte))
			return -ENODATA;
		kind = prefix_kind[byte];
		if (kind == PREFIX_REX && insn->mode == 8) {
			d->rex = byte;
			continue;
		}
		if (kind == PREFIX_NONE || kind == PREFIX_REX) {
			d->opcode = byte;
			return 0;
		}
		take_prefix(d, insn, byte);
		d->rex = 0;
	}
}

/* 16-bit addressing: rm selects a sum of base registers, listed here (0xff: none). */
static __noinline int decode_address16(struct decoder *d, struct emul_insn *insn)
{
	static const u8 base[8] = { REG_BX, REG_BX, REG_BP, REG_BP, REG_SI, REG_DI, REG_BP, REG_BX };
	static const u8 index[8] = { REG_SI, REG_DI, REG_SI, REG_DI, 0xff, 0xff, 0xff, 0xff };
	unsigned int mod = d->modrm >> 6, rm = d->modrm & 7;
	u64 sum = 0, disp = 0;

	if (mod == 0 && rm == 6)
		mod = 2;
	else
		sum = gpr_read_full(d->regs, base[rm]) +
		      (index[rm] == 0xff ? 0 : gpr_read_full(d->regs, index[rm]));
	if (mod && next_signed(d, mod, &disp))
		return -ENODATA;
	if (!d->seg_given && base[rm] == REG_BP && (d->modrm & 0xc7) != 6)
		insn->seg = EMUL_SS;
	insn->offset = sum + disp;
	return 0;
}

/* The SIB byte: base + (index << scale). `mod` 0 with base 5 means a displacement instead of a base. */
static int decode_sib(struct decoder *d, unsigned int mod, u64 *sum, unsigned int *base, bool *no_base)
{
	unsigned int index;
	u8 sib;

	if (next_byte(d, &sib))
		return -ENODATA;
	*no_base = (sib & 7) == 5 && mod == 0;
	*base = (sib & 7) | (d->rex & REX_B) << 3;
	*sum = *no_base ? 0 : gpr_read_full(d->regs, *base);
	index = (sib >> 3 & 7) | (d->rex & REX_X) << 2;
	if (index != REG_SP)
		*sum += gpr_read_full(d->regs, index) << (sib >> 6);
	return 0;
}

/* 32- and 64-bit addressing. A RIP-relative sum is completed when the length is known. */
static int decode_address(struct decoder *d, struct emul_insn *insn)
{
	unsigned int mod = d->modrm >> 6, base = d->modrm & 7;
	bool no_base = false;
	u64 sum = 0, disp = 0;

	if (base == REG_SP) {
		if (decode_sib(d, mod, &sum, &base, &no_base))
			return -ENODATA;
	} else if (mod == 0 && base == REG_BP) {
		no_base = true;
		d->rip_relative = insn->mode == 8;
	} else {
		base |= (d->rex & REX_B) << 3;
		sum = gpr_read_full(d->regs, base);
	}
	if (mod == 1) {
		if (next_signed(d, 1, &disp))
			return -ENODATA;
	} else if (mod == 2 || no_base) {
		if (next_signed(d, 4, &disp))
			return -ENODATA;
	}
	if (!no_base && (base == REG_SP || base == REG_BP) && !d->seg_given)
		insn->seg = EMUL_SS;
	insn->offset = sum + disp;
	return 0;
}

/* Everything that hangs on the ModRM byte, which has been read. */
static inline int decode_modrm(struct decoder *d, struct emul_insn *insn)
{
	insn->reg = (d->modrm >> 3 & 7) | (d->rex & REX_R) << 1;
	if (d->modrm >= 0xc0) {
		insn->rm = (d->modrm & 7) | (d->rex & REX_B) << 3;
		return 0;
	}
	insn->is_mem = true;
	return unlikely(insn->addr_size == 2) ? decode_address16(d, insn) : decode_address(d, insn);
}

/* 0f 01: system instructions, told apart by the whole ModRM byte. */
static __noinline int decode_group7(struct decoder *d, struct emul_insn *insn, struct opcode *entry)
{
	if (d->modrm < 0xc0) {
		*entry = emul_group7_mem[d->modrm >> 3 & 7];
	} else {
		entry->op = emul_group7_reg[d->modrm & 63];
		entry->attr = FORM_RM | ATTR_ADJUST;
		/* Only SWAPGS is confined to 64-bit mode; f3 0f 01 belongs to CET and others. */
		if (entry->op == EMUL_SWAPGS && insn->mode != 8)
			return -EILSEQ;
		if (insn->rep && entry->op != EMUL_SMSW && entry->op != EMUL_LMSW)
			return -EOPNOTSUPP;
	}
	return entry->op ? 0 : -EOPNOTSUPP;
}

/* 0f c7 /1: CMPXCHG8B or CMPXCHG16B. The other members have nothing to do with memory. */
static __noinline int decode_group9(struct decoder *d, struct emul_insn *insn, struct opcode *entry)
{
	if ((d->modrm >> 3 & 7) != 1)
		return -EOPNOTSUPP;
	if (d->modrm >= 0xc0)
		return -EILSEQ;
	insn->size = d->rex & REX_W ? 16 : 8;
	*entry = (struct opcode){ EMUL_CMPXCHG8B, FORM_RM | ATTR_LOCK };
	return 0;
}

/* 0f ae: the four that read and write the FS and GS base; 64-bit mode only. */
static __noinline int decode_group15(struct decoder *d, struct emul_insn *insn, struct opcode *entry)
{
	if (d->modrm < 0xc0 || insn->rep != EMUL_REPE || (d->modrm >> 3 & 7) > 3)
		return -EOPNOTSUPP;
	if (insn->mode != 8 || d->opsize_prefix)
		return -EILSEQ;
	*entry = (struct opcode){ EMUL_RDFSBASE + (d->modrm >> 3 & 7), FORM_RM };
	insn->size = d->rex & REX_W ? 8 : 4;
	return 0;
}

static int decode_group(struct decoder *d, struct emul_insn *insn, struct opcode *entry)
{
	if (likely(entry->op < GROUPS_BY_TABLE)) {
		*entry = emul_groups[entry->op][d->modrm >> 3 & 7];
		if (d->opcode == 0x83)
			entry->attr ^= FORM_RM_IMM ^ FORM_RM_IMM8;
		return entry->op ? 0 : -EOPNOTSUPP;
	}
	if (entry->op == GROUP_7)
		return decode_group7(d, insn, entry);
	return entry->op == GROUP_9 ? decode_group9(d, insn, entry) : decode_group15(d, insn, entry);
}

/* 0f and the byte behind it; of the three-byte maps only INVPCID (66 0f 38 82). */
static __noinline int decode_two_byte(struct decoder *d, struct emul_insn *insn, struct opcode *entry)
{
	if (next_byte(d, &d->opcode))
		return -ENODATA;
	*entry = emul_two_byte[d->opcode];
	if (d->opcode == 0x38) {
		if (next_byte(d, &d->opcode))
			return -ENODATA;
		if (d->opcode != 0x82 || !d->opsize_prefix)
			return -EOPNOTSUPP;
		*entry = (struct opcode){ EMUL_INVPCID, FORM_REG_RM | ATTR_ADJUST };
	}
	if (!entry->op && !(entry->attr & ATTR_FORM))
		return -EOPNOTSUPP;
	return 0;
}

static inline void set_operand_size(const struct decoder *d, struct emul_insn *insn, u8 attr)
{
	if (attr & ATTR_BYTE)
		insn->size = 1;
	else if (d->rex & REX_W)
		insn->size = attr & ATTR_IO ? 4 : 8;
	else
		insn->size = d->opsize_prefix != (insn->mode == 2) ? 2 : 4;
}

/* The sizes that are not told by attributes alone. */
static __noinline int adjust_sizes(const struct decoder *d, struct emul_insn *insn)
{
	switch (insn->op) {
	case EMUL_MOVZX:
	case EMUL_MOVSX:
		insn->size = d->opcode & 1 ? 2 : 1;
		break;
	case EMUL_LMSW: case EMUL_LLDT: case EMUL_LTR: case EMUL_VERR: case EMUL_VERW:
		insn->size = insn->reg_size = 2;
		break;
	case EMUL_SMSW: case EMUL_SLDT: case EMUL_STR:
		if (insn->is_mem)
			insn->size = insn->reg_size = 2;
		break;
	case EMUL_INVPCID:
		if (!insn->is_mem)
			return -EILSEQ;
		fallthrough;
	case EMUL_SGDT: case EMUL_SIDT: case EMUL_LGDT: case EMUL_LIDT:
		insn->size = insn->reg_size = insn->mode == 8 ? 8 : 4;
		break;
	case EMUL_MOV:	/* MOVNTI: memory only, 4 or 8 bytes, no prefix */
		if (!insn->is_mem || insn->rep || d->opsize_prefix)
			return -EILSEQ;
		insn->size = insn->reg_size = d->rex & REX_W ? 8 : 4;
		break;
	}
	return 0;
}

/* Without REX, byte registers 4 to 7 are AH, CH, DH, BH. */
static inline unsigned int byte_register(u8 rex, unsigned int number)
{
	return !rex && number >= 4 && number < 8 ? number - 4 + REG_HIGH_BYTE : number;
}

/* BTx with a register: the bit may lie outside the operand at the address; move the address there. */
static void adjust_bit_offset(struct emul_insn *insn)
{
	unsigned int bits = insn->size * 8;

	if (insn->is_mem && !insn->src_is_imm) {
		s64 words = (s64)sign_extend(insn->src, insn->size) >> __builtin_ctz(bits);

		insn->offset += words * insn->size;
	}
	insn->src &= bits - 1;
}

/* Immediates, and the values of register operands. */
static inline int decode_source(struct decoder *d, struct emul_insn *insn, u8 attr)
{
	unsigned int form = attr & ATTR_FORM;

	if (form == FORM_RM_REG || form == FORM_REG_RM) {
		insn->to_reg = form == FORM_REG_RM;
		if (insn->reg_size == 1)
			insn->reg = byte_register(d->rex, insn->reg);
		insn->src = gpr_read(d->regs, insn->reg, insn->reg_size);
	} else if (form == FORM_RM_IMM8 || form == FORM_RM_IMM) {
		insn->src_is_imm = true;
		if (next_signed(d, form == FORM_RM_IMM8 ? 1 : MIN(insn->size, 4), &insn->src))
			return -ENODATA;
		insn->src = cut(insn->src, insn->size);
	}
	if (!insn->is_mem && insn->size == 1)
		insn->rm = byte_register(d->rex, insn->rm);
	if (unlikely(attr & ATTR_ADJUST) && insn->op >= EMUL_BT && insn->op <= EMUL_BTC)
		adjust_bit_offset(insn);
	return 0;
}

/* mov to and from CRn, DRn. AMD: LOCK turns CR0 into CR8; only CR0, 2, 3, 4 and 8 exist. */
static __noinline int decode_control(struct decoder *d, struct emul_insn *insn)
{
	bool is_cr = insn->op == EMUL_MOV_FROM_CR || insn->op == EMUL_MOV_TO_CR;

	insn->reg = (d->modrm >> 3 & 7) | (d->rex & REX_R) << 1;
	insn->rm = (d->modrm & 7) | (d->rex & REX_B) << 3;
	insn->size = insn->reg_size = insn->mode == 8 ? 8 : 4;
	insn->src = gpr_read(d->regs, insn->rm, insn->size);
	if (insn->lock) {
		if (!is_cr || insn->reg != 0)
			return -EILSEQ;
		insn->reg = 8;
		insn->lock = false;
	}
	if (is_cr ? insn->reg > 8 || !(0x11d >> insn->reg & 1) : insn->reg > 7)
		return -EILSEQ;
	return 0;
}

/* Operands of the forms without a ModRM byte. */
static __noinline int decode_implicit(struct decoder *d, struct emul_insn *insn, unsigned int form)
{
	insn->reg_size = insn->size;
	insn->port = (u16)d->regs->rdx;
	insn->reg = REG_AX;
	switch (form) {
	case FORM_IMM8:
		if (next_signed(d, 1, &insn->src))
			return -ENODATA;
		insn->src &= 0xff;
		insn->port = insn->src;
		if (insn->op == EMUL_OUT)
			insn->src = gpr_read(d->regs, REG_AX, insn->size);
		return 0;
	case FORM_MOFFS_LOAD:
	case FORM_MOFFS_STORE:
		insn->is_mem = true;
		insn->to_reg = form == FORM_MOFFS_LOAD;
		if (next_signed(d, insn->addr_size, &insn->offset))
			return -ENODATA;
		fallthrough;
	case FORM_DX:
	case FORM_STRING:
		insn->src = gpr_read(d->regs, REG_AX, insn->size);
		return 0;
	}
	/* The instructions without operands: their registers are 4 or 8 bytes wide. */
	return 0;
}

static int decode_operands(struct decoder *d, struct emul_insn *insn, struct opcode entry)
{
	unsigned int form = entry.attr & ATTR_FORM;
	int rc;

	set_operand_size(d, insn, entry.attr);
	if (form < FORM_RM) {
		insn->op = entry.op;
		return unlikely(insn->lock) ? -EILSEQ : decode_implicit(d, insn, form);
	}
	if (next_byte(d, &d->modrm))
		return -ENODATA;
	if (form == FORM_GROUP) {
		u8 size_attr = entry.attr & ATTR_BYTE;

		rc = decode_group(d, insn, &entry);
		if (rc)
			return rc;
		form = entry.attr & ATTR_FORM;
		entry.attr |= size_attr;
	}
	insn->op = entry.op;
	if (form == FORM_CONTROL)
		return decode_control(d, insn);
	rc = decode_modrm(d, insn);
	if (rc)
		return rc;
	insn->reg_size = insn->size;
	if (unlikely(entry.attr & ATTR_ADJUST)) {
		rc = adjust_sizes(d, insn);
		if (rc)
			return rc;
	}
	if (unlikely(insn->lock) && (!insn->is_mem || !(entry.attr & ATTR_LOCK)))
		return -EILSEQ;
	return decode_source(d, insn, entry.attr);
}

/*
 * A sign-extended number of no, one or four bytes (0, 1, 2: as `mod` codes displacements); *p moves behind
 * it.
 */
static inline u64 simple_number(const u8 **p, unsigned int coded_len)
{
	const u8 *at = *p;

	if (coded_len == 0)
		return 0;
	if (coded_len == 1) {
		*p = at + 1;
		return (u64)(s64)(s8)at[0];
	}
	*p = at + 4;
	return (u64)(s64)(s32)(at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24);
}

/*
 * The shapes that page-table writes of 64-bit PV kernels have: [lock] [REX] opcode, with `reg` or an
 * immediate as source and memory at register + displacement. It takes some 125 instructions where the general
 * way takes 210, and needs no check of bounds: all 15 bytes are there and none of these is longer than 13.
 * False: another shape.
 */
static inline bool decode_simple(const struct emul_ctxt *ctxt, struct emul_insn *insn)
{
	const u8 *p = ctxt->bytes;
	bool lock = *p == 0xf0;
	unsigned int mod, rm, size;
	struct opcode entry;
	u8 rex = 0, modrm, opcode;
	u64 offset, src;

	p += lock;
	if ((*p & 0xf0) == 0x40)
		rex = *p++;
	opcode = *p++;
	entry = opcode == 0x0f ? emul_two_byte[*p++] : emul_one_byte[opcode];
	modrm = *p++;
	mod = modrm >> 6;
	rm = modrm & 7;
	size = entry.attr & ATTR_BYTE ? 1 : rex & REX_W ? 8 : 4;
	if (mod == 3 || rm == REG_SP || (mod == 0 && rm == REG_BP))
		return false;
	if ((entry.attr & ATTR_FORM) == FORM_GROUP && entry.op < GROUPS_BY_TABLE)
		entry = emul_groups[entry.op][modrm >> 3 & 7];
	if ((entry.attr & ATTR_ADJUST) || (lock && !(entry.attr & ATTR_LOCK)))
		return false;
	rm |= (rex & REX_B) << 3;
	offset = gpr_read_full(ctxt->regs, rm) + simple_number(&p, mod);

	*insn = (struct emul_insn){
		.op = entry.op, .size = size, .reg_size = size, .addr_size = 8, .mode = 8,
		.reg = (modrm >> 3 & 7) | (rex & REX_R) << 1, .seg = rm == REG_BP ? EMUL_SS : EMUL_DS,
		.is_mem = true, .lock = lock, .offset = offset,
	};
	if ((entry.attr & ATTR_FORM) == FORM_RM_REG) {
		if (size == 1)
			insn->reg = byte_register(rex, insn->reg);
		src = gpr_read(ctxt->regs, insn->reg, size);
	} else if ((entry.attr & ATTR_FORM) == FORM_RM_IMM) {
		insn->src_is_imm = true;
		src = cut(simple_number(&p, size == 1 || opcode == 0x83 ? 1 : 2), size);
	} else {
		return false;
	}
	insn->src = src;
	insn->len = p - ctxt->bytes;
	return true;
}

/* ud2a; "xen": asks a hypervisor to emulate what follows, with no meaning to the hardware. */
static __noinline bool has_forced_prefix(const u8 *bytes, unsigned int count)
{
	return count >= 5 && memcmp(bytes, "\x0f\x0bxen", 5) == 0;
}

static __noinline int decode_general(const struct emul_ctxt *ctxt, struct emul_insn *insn)
{
	struct decoder d = { .pos = ctxt->bytes, .regs = ctxt->regs };
	unsigned int count = ctxt->count, max = EMUL_MAX_LEN;
	struct opcode entry;
	int rc;

	*insn = (struct emul_insn){ .mode = ctxt->mode, .addr_size = ctxt->mode, .seg = EMUL_DS };
	if (unlikely(count && *d.pos == 0x0f) && has_forced_prefix(d.pos, count)) {
		insn->forced = true;
		d.pos += 5;
		max += 5;
	}
	d.end = ctxt->bytes + MIN(count, max);

	rc = decode_prefixes(&d, insn);
	if (likely(rc == 0)) {
		entry = emul_one_byte[d.opcode];
		if (d.opcode == 0x0f)
			rc = decode_two_byte(&d, insn, &entry);
		else if (!entry.op && !(entry.attr & ATTR_FORM))
			rc = -EOPNOTSUPP;
	}
	if (likely(rc == 0))
		rc = decode_operands(&d, insn, entry);
	if (unlikely(rc))
		return rc == -ENODATA && count >= max ? -E2BIG : rc;

	insn->len = d.pos - ctxt->bytes;
	if (d.rip_relative)
		insn->offset += ctxt->regs->rip + insn->len;
	if (insn->addr_size != 8)
		insn->offset = cut(insn->offset, insn->addr_size);
	return 0;
}

int emul_decode(const struct emul_ctxt *ctxt, struct emul_insn *insn)
{
	if (likely(ctxt->count >= EMUL_MAX_LEN && ctxt->mode == 8) && decode_simple(ctxt, insn))
		return 0;
	return decode_general(ctxt, insn);
}
