/* SPDX-License-Identifier: MIT */
/*
 * The opcode maps, after AMD64 Architecture Programmer's Manual volume 3, appendix A. Constant data; an
 * opcode that is absent is not emulated. tests/unit/emul_test.c compares what they lead to with the CPU.
 */
#include "emul/opcodes.h"

#define LOCKED		ATTR_LOCK
#define BYTE		ATTR_BYTE
#define ADJUST		ATTR_ADJUST

/* The six classic encodings of an ALU operation; those on the accumulator never touch memory. */
#define ALU(base, op, lock)								\
	[base + 0] = { op, FORM_RM_REG | BYTE | lock }, [base + 1] = { op, FORM_RM_REG | lock },	\
	[base + 2] = { op, FORM_REG_RM | BYTE }, [base + 3] = { op, FORM_REG_RM }

const struct opcode emul_one_byte[256] = {
	ALU(0x00, EMUL_ADD, LOCKED), ALU(0x08, EMUL_OR, LOCKED),
	ALU(0x10, EMUL_ADC, LOCKED), ALU(0x18, EMUL_SBB, LOCKED),
	ALU(0x20, EMUL_AND, LOCKED), ALU(0x28, EMUL_SUB, LOCKED),
	ALU(0x30, EMUL_XOR, LOCKED), ALU(0x38, EMUL_CMP, 0),
	[0x6c] = { EMUL_INS, FORM_STRING | BYTE }, [0x6d] = { EMUL_INS, FORM_STRING | ATTR_IO },
	[0x6e] = { EMUL_OUTS, FORM_STRING | BYTE }, [0x6f] = { EMUL_OUTS, FORM_STRING | ATTR_IO },
	[0x80] = { GROUP_1, FORM_GROUP | BYTE }, [0x81] = { GROUP_1, FORM_GROUP },
	[0x83] = { GROUP_1, FORM_GROUP },
	[0x84] = { EMUL_TEST, FORM_RM_REG | BYTE }, [0x85] = { EMUL_TEST, FORM_RM_REG },
	[0x86] = { EMUL_XCHG, FORM_RM_REG | BYTE | LOCKED }, [0x87] = { EMUL_XCHG, FORM_RM_REG | LOCKED },
	[0x88] = { EMUL_MOV, FORM_RM_REG | BYTE }, [0x89] = { EMUL_MOV, FORM_RM_REG },
	[0x8a] = { EMUL_MOV, FORM_REG_RM | BYTE }, [0x8b] = { EMUL_MOV, FORM_REG_RM },
	[0xa0] = { EMUL_MOV, FORM_MOFFS_LOAD | BYTE }, [0xa1] = { EMUL_MOV, FORM_MOFFS_LOAD },
	[0xa2] = { EMUL_MOV, FORM_MOFFS_STORE | BYTE }, [0xa3] = { EMUL_MOV, FORM_MOFFS_STORE },
	[0xa4] = { EMUL_MOVS, FORM_STRING | BYTE }, [0xa5] = { EMUL_MOVS, FORM_STRING },
	[0xaa] = { EMUL_STOS, FORM_STRING | BYTE }, [0xab] = { EMUL_STOS, FORM_STRING },
	[0xac] = { EMUL_LODS, FORM_STRING | BYTE }, [0xad] = { EMUL_LODS, FORM_STRING },
	[0xc6] = { GROUP_11, FORM_GROUP | BYTE }, [0xc7] = { GROUP_11, FORM_GROUP },
	[0xcc] = { EMUL_INT3, FORM_NONE }, [0xcd] = { EMUL_INT, FORM_IMM8 },
	[0xcf] = { EMUL_IRET, FORM_NONE },
	[0xe4] = { EMUL_IN, FORM_IMM8 | BYTE }, [0xe5] = { EMUL_IN, FORM_IMM8 | ATTR_IO },
	[0xe6] = { EMUL_OUT, FORM_IMM8 | BYTE }, [0xe7] = { EMUL_OUT, FORM_IMM8 | ATTR_IO },
	[0xec] = { EMUL_IN, FORM_DX | BYTE }, [0xed] = { EMUL_IN, FORM_DX | ATTR_IO },
	[0xee] = { EMUL_OUT, FORM_DX | BYTE }, [0xef] = { EMUL_OUT, FORM_DX | ATTR_IO },
	[0xf4] = { EMUL_HLT, FORM_NONE },
	[0xf6] = { GROUP_3, FORM_GROUP | BYTE }, [0xf7] = { GROUP_3, FORM_GROUP },
	[0xfa] = { EMUL_CLI, FORM_NONE }, [0xfb] = { EMUL_STI, FORM_NONE },
	[0xfe] = { GROUP_4, FORM_GROUP | BYTE }, [0xff] = { GROUP_5, FORM_GROUP },
};

const struct opcode emul_two_byte[256] = {
	[0x00] = { GROUP_6, FORM_GROUP }, [0x01] = { GROUP_7, FORM_GROUP },
	[0x05] = { EMUL_SYSCALL, FORM_NONE }, [0x06] = { EMUL_CLTS, FORM_NONE },
	[0x07] = { EMUL_SYSRET, FORM_NONE },
	[0x08] = { EMUL_INVD, FORM_NONE }, [0x09] = { EMUL_WBINVD, FORM_NONE },
	[0x0b] = { EMUL_UD2, FORM_NONE },
	[0x20] = { EMUL_MOV_FROM_CR, FORM_CONTROL }, [0x21] = { EMUL_MOV_FROM_DR, FORM_CONTROL },
	[0x22] = { EMUL_MOV_TO_CR, FORM_CONTROL }, [0x23] = { EMUL_MOV_TO_DR, FORM_CONTROL },
	[0x30] = { EMUL_WRMSR, FORM_NONE }, [0x31] = { EMUL_RDTSC, FORM_NONE },
	[0x32] = { EMUL_RDMSR, FORM_NONE }, [0x33] = { EMUL_RDPMC, FORM_NONE },
	[0x34] = { EMUL_SYSENTER, FORM_NONE }, [0x35] = { EMUL_SYSEXIT, FORM_NONE },
	[0xa2] = { EMUL_CPUID, FORM_NONE },
	[0xa3] = { EMUL_BT, FORM_RM_REG | ADJUST }, [0xab] = { EMUL_BTS, FORM_RM_REG | ADJUST | LOCKED },
	[0xae] = { GROUP_15, FORM_GROUP },
	[0xb0] = { EMUL_CMPXCHG, FORM_RM_REG | BYTE | LOCKED },
	[0xb1] = { EMUL_CMPXCHG, FORM_RM_REG | LOCKED },
	[0xb3] = { EMUL_BTR, FORM_RM_REG | ADJUST | LOCKED },
	[0xb6] = { EMUL_MOVZX, FORM_REG_RM | ADJUST }, [0xb7] = { EMUL_MOVZX, FORM_REG_RM | ADJUST },
	[0xba] = { GROUP_8, FORM_GROUP }, [0xbb] = { EMUL_BTC, FORM_RM_REG | ADJUST | LOCKED },
	[0xbe] = { EMUL_MOVSX, FORM_REG_RM | ADJUST }, [0xbf] = { EMUL_MOVSX, FORM_REG_RM | ADJUST },
	[0xc0] = { EMUL_XADD, FORM_RM_REG | BYTE | LOCKED }, [0xc1] = { EMUL_XADD, FORM_RM_REG | LOCKED },
	[0xc3] = { EMUL_MOV, FORM_RM_REG | ATTR_IO | ADJUST },	/* MOVNTI */
	[0xc7] = { GROUP_9, FORM_GROUP },
};

/* FORM_RM_IMM in group 1 stands for 80 and 81; the decoder makes it FORM_RM_IMM8 for 83. */
const struct opcode emul_groups[GROUPS_BY_TABLE][8] = {
	[GROUP_1] = {
		{ EMUL_ADD, FORM_RM_IMM | LOCKED }, { EMUL_OR, FORM_RM_IMM | LOCKED },
		{ EMUL_ADC, FORM_RM_IMM | LOCKED }, { EMUL_SBB, FORM_RM_IMM | LOCKED },
		{ EMUL_AND, FORM_RM_IMM | LOCKED }, { EMUL_SUB, FORM_RM_IMM | LOCKED },
		{ EMUL_XOR, FORM_RM_IMM | LOCKED }, { EMUL_CMP, FORM_RM_IMM },
	},
	[GROUP_3] = {
		{ EMUL_TEST, FORM_RM_IMM }, { EMUL_TEST, FORM_RM_IMM },
		{ EMUL_NOT, FORM_RM | LOCKED }, { EMUL_NEG, FORM_RM | LOCKED },
	},
	[GROUP_4] = { { EMUL_INC, FORM_RM | LOCKED }, { EMUL_DEC, FORM_RM | LOCKED } },
	[GROUP_5] = { { EMUL_INC, FORM_RM | LOCKED }, { EMUL_DEC, FORM_RM | LOCKED } },
	[GROUP_6] = {
		{ EMUL_SLDT, FORM_RM | ADJUST }, { EMUL_STR, FORM_RM | ADJUST },
		{ EMUL_LLDT, FORM_RM | ADJUST }, { EMUL_LTR, FORM_RM | ADJUST },
		{ EMUL_VERR, FORM_RM | ADJUST }, { EMUL_VERW, FORM_RM | ADJUST },
	},
	[GROUP_8] = {
		[4] = { EMUL_BT, FORM_RM_IMM8 | ADJUST }, { EMUL_BTS, FORM_RM_IMM8 | ADJUST | LOCKED },
		{ EMUL_BTR, FORM_RM_IMM8 | ADJUST | LOCKED }, { EMUL_BTC, FORM_RM_IMM8 | ADJUST | LOCKED },
	},
	[GROUP_11] = { { EMUL_MOV, FORM_RM_IMM } },
};

const struct opcode emul_group7_mem[8] = {
	{ EMUL_SGDT, FORM_RM | ADJUST }, { EMUL_SIDT, FORM_RM | ADJUST },
	{ EMUL_LGDT, FORM_RM | ADJUST }, { EMUL_LIDT, FORM_RM | ADJUST },
	{ EMUL_SMSW, FORM_RM | ADJUST }, { 0, 0 }, { EMUL_LMSW, FORM_RM | ADJUST }, { EMUL_INVLPG, FORM_RM },
};

const u8 emul_group7_reg[64] = {
	[0x01] = EMUL_VMCALL, [0x02] = EMUL_VMX_SVM, [0x03] = EMUL_VMX_SVM, [0x04] = EMUL_VMX_SVM,
	[0x08] = EMUL_MONITOR, [0x09] = EMUL_MWAIT, [0x0a] = EMUL_CLAC, [0x0b] = EMUL_STAC,
	[0x10] = EMUL_XGETBV, [0x11] = EMUL_XSETBV, [0x14] = EMUL_VMX_SVM,
	[0x18] = EMUL_VMX_SVM, [0x19] = EMUL_VMMCALL, [0x1a] = EMUL_VMX_SVM, [0x1b] = EMUL_VMX_SVM,
	[0x1c] = EMUL_VMX_SVM, [0x1d] = EMUL_VMX_SVM, [0x1e] = EMUL_VMX_SVM, [0x1f] = EMUL_VMX_SVM,
	[0x20 ... 0x27] = EMUL_SMSW, [0x30 ... 0x37] = EMUL_LMSW,
	[0x38] = EMUL_SWAPGS, [0x39] = EMUL_RDTSCP,
};

static const char op_names[][12] = {
	"unknown", "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "mov", "xchg", "cmpxchg",
	"cmpxchg8b", "test", "not", "neg", "inc", "dec", "xadd", "bt", "bts", "btr", "btc", "movzx", "movsx",
	"movs", "stos", "lods", "ins", "outs", "in", "out",
	"mov-from-cr", "mov-to-cr", "mov-from-dr", "mov-to-dr",
	"smsw", "lmsw", "sldt", "str", "lldt", "ltr", "verr", "verw",
	"sgdt", "sidt", "lgdt", "lidt", "invlpg", "invpcid", "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase",
	"hlt", "cli", "sti", "clts", "invd", "wbinvd", "cpuid", "rdtsc", "rdtscp", "rdpmc", "rdmsr", "wrmsr",
	"xgetbv", "xsetbv", "swapgs", "clac", "stac", "monitor", "mwait", "ud2",
	"syscall", "sysret", "sysenter", "sysexit", "iret", "int3", "int", "vmcall", "vmmcall", "vmx/svm",
};

static_assert(ARRAY_SIZE(op_names) == EMUL_VMX_SVM + 1, "a name for each enum emul_op, in its order");

const char *emul_op_name(unsigned int op)
{
	return op_names[op < ARRAY_SIZE(op_names) ? op : 0];
}
