/* SPDX-License-Identifier: MIT */
/*
 * What an opcode byte means to the decoder: the instruction and the form of its operands. Private to emul/.
 * An entry of zeroes is an opcode that is not known here. Constant data.
 */
#ifndef EMUL_OPCODES_H
#define EMUL_OPCODES_H

#include "emul/emul.h"

/* Low four bits of the attributes. From FORM_RM on there is a ModRM byte. */
enum {
	FORM_NONE,		/* no operand */
	FORM_IMM8,		/* a byte: vector, port */
	FORM_DX,		/* port in dx */
	FORM_STRING,
	FORM_MOFFS_LOAD,	/* accumulator, absolute address */
	FORM_MOFFS_STORE,
	FORM_RM,		/* one operand */
	FORM_RM_REG,		/* rm is the destination */
	FORM_REG_RM,		/* reg is the destination */
	FORM_RM_IMM8,		/* sign-extended to the operand size */
	FORM_RM_IMM,		/* 1, 2 or 4 bytes, sign-extended to 8 */
	FORM_CONTROL,		/* reg: control or debug register; rm: general register, whatever mod says */
	FORM_GROUP,		/* `op` is the group; ModRM.reg selects the entry */
};

#define ATTR_FORM	0x0f
#define ATTR_BYTE	0x10	/* operand size 1 */
#define ATTR_IO		0x20	/* operand size at most 4 */
#define ATTR_LOCK	0x40	/* LOCK is valid with a memory operand */
#define ATTR_ADJUST	0x80	/* sizes or address need adjust_operands() */

struct opcode {
	u8 op, attr;
};

/* Indices into emul_groups; EMUL_GROUP_NAMED have members that depend on mod or prefixes as well. */
enum {
	GROUP_1, GROUP_3, GROUP_4, GROUP_5, GROUP_6, GROUP_8, GROUP_11, GROUPS_BY_TABLE,
	GROUP_7 = GROUPS_BY_TABLE, GROUP_9, GROUP_15,
};

extern const struct opcode emul_one_byte[256];	/* opcode */
extern const struct opcode emul_two_byte[256];	/* 0f opcode */
extern const struct opcode emul_groups[GROUPS_BY_TABLE][8];
extern const struct opcode emul_group7_mem[8];	/* 0f 01 with a memory operand */
extern const u8 emul_group7_reg[64];		/* 0f 01 c0..ff: enum emul_op */

#endif /* EMUL_OPCODES_H */
