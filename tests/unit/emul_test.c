/* SPDX-License-Identifier: MIT */
/*
 * emul/: a table of encodings, above all those of privileged instructions, with what the decoder must see in
 * them; segments, refusals, and any bytes at all. emul_cpu_test.c compares the rest with the CPU.
 */
#include "unit.h"
#include "emul/emul.h"
#include "lib/errno.h"

struct encoding {
	const char *bytes;
	u8 len, mode, op, size;
	u64 detail;		/* register, port or offset, as the instruction has it */
};

#define BYTES(text)	text, sizeof(text) - 1

static const struct encoding encodings[] = {
	{ BYTES("\xf4"), 8, EMUL_HLT, 0, 0 },
	{ BYTES("\xfa"), 8, EMUL_CLI, 0, 0 },
	{ BYTES("\xfb"), 4, EMUL_STI, 0, 0 },
	{ BYTES("\xe4\x80"), 8, EMUL_IN, 1, 0x80 },
	{ BYTES("\xe5\x70"), 8, EMUL_IN, 4, 0x70 },
	{ BYTES("\x66\xe7\x70"), 8, EMUL_OUT, 2, 0x70 },
	{ BYTES("\xec"), 8, EMUL_IN, 1, 0x3f8 },
	{ BYTES("\x66\xed"), 8, EMUL_IN, 2, 0x3f8 },
	{ BYTES("\x48\xef"), 8, EMUL_OUT, 4, 0x3f8 },
	{ BYTES("\xee"), 4, EMUL_OUT, 1, 0x3f8 },
	{ BYTES("\xed"), 2, EMUL_IN, 2, 0x3f8 },
	{ BYTES("\x66\xed"), 2, EMUL_IN, 4, 0x3f8 },
	{ BYTES("\xf3\x6c"), 8, EMUL_INS, 1, 0x3f8 },
	{ BYTES("\x66\x6f"), 8, EMUL_OUTS, 2, 0x3f8 },
	{ BYTES("\x0f\x20\xc0"), 8, EMUL_MOV_FROM_CR, 8, 0 },
	{ BYTES("\x44\x0f\x20\xc1"), 8, EMUL_MOV_FROM_CR, 8, 8 },
	{ BYTES("\xf0\x0f\x22\xc1"), 8, EMUL_MOV_TO_CR, 8, 8 },
	{ BYTES("\x0f\x22\xda"), 8, EMUL_MOV_TO_CR, 8, 3 },
	{ BYTES("\x0f\x22\xe2"), 4, EMUL_MOV_TO_CR, 4, 4 },
	{ BYTES("\x0f\x21\xf8"), 8, EMUL_MOV_FROM_DR, 8, 7 },
	{ BYTES("\x0f\x23\xf0"), 8, EMUL_MOV_TO_DR, 8, 6 },
	{ BYTES("\x0f\x32"), 8, EMUL_RDMSR, 0, 0 },
	{ BYTES("\x0f\x30"), 8, EMUL_WRMSR, 0, 0 },
	{ BYTES("\x0f\x31"), 8, EMUL_RDTSC, 0, 0 },
	{ BYTES("\x0f\x33"), 8, EMUL_RDPMC, 0, 0 },
	{ BYTES("\x0f\x01\xf9"), 8, EMUL_RDTSCP, 0, 0 },
	{ BYTES("\x0f\x01\xd0"), 8, EMUL_XGETBV, 0, 0 },
	{ BYTES("\x0f\x01\xd1"), 8, EMUL_XSETBV, 0, 0 },
	{ BYTES("\x0f\x01\xf8"), 8, EMUL_SWAPGS, 0, 0 },
	{ BYTES("\x0f\x01\xca"), 8, EMUL_CLAC, 0, 0 },
	{ BYTES("\x0f\x01\xc1"), 8, EMUL_VMCALL, 0, 0 },
	{ BYTES("\x0f\x01\xd9"), 8, EMUL_VMMCALL, 0, 0 },
	{ BYTES("\x0f\x06"), 8, EMUL_CLTS, 0, 0 },
	{ BYTES("\x0f\x08"), 8, EMUL_INVD, 0, 0 },
	{ BYTES("\x0f\x09"), 8, EMUL_WBINVD, 0, 0 },
	{ BYTES("\x0f\xa2"), 8, EMUL_CPUID, 0, 0 },
	{ BYTES("\x0f\x0bxen\x0f\xa2"), 8, EMUL_CPUID, 0, 0 },
	{ BYTES("\x0f\x0b"), 8, EMUL_UD2, 0, 0 },
	{ BYTES("\x0f\x01\x38"), 8, EMUL_INVLPG, 4, 0x1000 },
	{ BYTES("\x0f\x01\x10"), 8, EMUL_LGDT, 8, 0x1000 },
	{ BYTES("\x0f\x01\x58\x10"), 4, EMUL_LIDT, 4, 0x1010 },
	{ BYTES("\x0f\x01\xe1"), 8, EMUL_SMSW, 4, 1 },
	{ BYTES("\x0f\x01\x20"), 8, EMUL_SMSW, 2, 0x1000 },
	{ BYTES("\x0f\x01\xf2"), 8, EMUL_LMSW, 2, 2 },
	{ BYTES("\x0f\x00\xd1"), 8, EMUL_LLDT, 2, 1 },
	{ BYTES("\x0f\x00\xd9"), 8, EMUL_LTR, 2, 1 },
	{ BYTES("\x66\x0f\x38\x82\x08"), 8, EMUL_INVPCID, 8, 0x1000 },
	{ BYTES("\xf3\x48\x0f\xae\xd9"), 8, EMUL_WRGSBASE, 8, 1 },
	{ BYTES("\x48\xcf"), 8, EMUL_IRET, 8, 0 },
	{ BYTES("\x0f\x07"), 8, EMUL_SYSRET, 0, 0 },
	{ BYTES("\xcd\x80"), 8, EMUL_INT, 0, 0x80 },
	{ BYTES("\xcc"), 8, EMUL_INT3, 0, 0 },
	{ BYTES("\x48\x89\x08"), 8, EMUL_MOV, 8, 0x1000 },
	{ BYTES("\x48\x87\x48\x08"), 8, EMUL_XCHG, 8, 0x1008 },
	{ BYTES("\xf0\x80\x60\x05\xbf"), 8, EMUL_AND, 1, 0x1005 },
	{ BYTES("\xf0\x48\x0f\xb1\x90\x00\x01\x00\x00"), 8, EMUL_CMPXCHG, 8, 0x1100 },
	{ BYTES("\xf0\x0f\xc7\x08"), 4, EMUL_CMPXCHG8B, 8, 0x1000 },
	{ BYTES("\xf0\x48\x0f\xc7\x08"), 8, EMUL_CMPXCHG8B, 16, 0x1000 },
	/* 16-bit addressing: [bx+si], [bp+2], [disp16]; and 32-bit code with the address prefix. */
	{ BYTES("\x89\x00"), 2, EMUL_MOV, 2, 0x2300 },
	{ BYTES("\x89\x46\x02"), 2, EMUL_MOV, 2, 0x4002 },
	{ BYTES("\x66\x89\x0e\x34\x12"), 2, EMUL_MOV, 4, 0x1234 },
	{ BYTES("\x67\x88\x00"), 4, EMUL_MOV, 1, 0x2300 },
	{ BYTES("\x67\x66\x89\x00"), 2, EMUL_MOV, 4, 0x1000 },
	/* Absolute, 32-bit: no RIP-relative addressing there. */
	{ BYTES("\x89\x0d\x78\x56\x34\x12"), 4, EMUL_MOV, 4, 0x12345678 },
	{ BYTES("\x89\x0d\x10\x00\x00\x00"), 8, EMUL_MOV, 4, 0x800016 },
	/* Seen by 64-bit code as a REX prefix, by 32-bit code not at all. */
	{ BYTES("\x67\x89\x08"), 8, EMUL_MOV, 4, 0x1000 },
};

static u64 detail_of(const struct emul_insn *insn)
{
	switch (insn->op) {
	case EMUL_IN: case EMUL_OUT: case EMUL_INS: case EMUL_OUTS:
		return insn->port;
	case EMUL_MOV_FROM_CR: case EMUL_MOV_TO_CR: case EMUL_MOV_FROM_DR: case EMUL_MOV_TO_DR:
		return insn->reg;
	case EMUL_INT:
		return insn->src;
	default:
		return insn->is_mem ? insn->offset : insn->rm;
	}
}

TEST(encodings_of_the_table)
{
	const struct regs regs = {
		.rax = 0x1000, .rbx = 0x2000, .rsi = 0x300, .rdx = 0x3f8, .rbp = 0x4000, .rip = 0x800000,
	};

	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
		const struct encoding *e = &encodings[i];
		u8 bytes[16] = { 0 };
		struct emul_ctxt ctxt = { .regs = &regs, .bytes = bytes, .count = 15, .mode = e->mode };
		struct emul_insn insn;
		unsigned int failed = unit_checks_failed;

		memcpy(bytes, e->bytes, e->len);
		CHECK_EQ(emul_decode(&ctxt, &insn), 0);
		CHECK_STR(emul_op_name(insn.op), emul_op_name(e->op));
		CHECK_EQ(insn.len, e->len);
		if (e->size) {
			CHECK_EQ(insn.size, e->size);
			CHECK_EQ(detail_of(&insn), e->detail);
		}
		/* With fewer bytes the decoder asks for more, whatever it has seen. */
		for (ctxt.count = 0; ctxt.count < e->len; ctxt.count++)
			CHECK(emul_decode(&ctxt, &insn) == -ENODATA || e->bytes[0] == 0x0f);
		if (unit_checks_failed != failed)
			printf("    in row %zu\n", i);
	}
}

TEST(segments_and_prefixes)
{
	struct regs regs = { .rbp = 0x100, .rsp = 0x200 };
	struct emul_ctxt ctxt = { .regs = &regs, .count = 15, .mode = 8 };
	struct emul_insn insn;
	static const struct {
		u8 bytes[16], mode, seg;
	} rows[] = {
		{ { 0x89, 0x45, 0x00 }, 8, EMUL_SS }, { { 0x89, 0x04, 0x24 }, 8, EMUL_SS },
		{ { 0x41, 0x89, 0x45, 0x00 }, 8, EMUL_DS }, { { 0x89, 0x07 }, 8, EMUL_DS },
		{ { 0x64, 0x89, 0x45, 0x00 }, 8, EMUL_FS }, { { 0x65, 0x2e, 0x89, 0x07 }, 8, EMUL_GS },
		{ { 0x2e, 0x89, 0x07 }, 8, EMUL_DS }, { { 0x2e, 0x89, 0x07 }, 4, EMUL_CS },
		{ { 0x26, 0x89, 0x45, 0x00 }, 4, EMUL_ES }, { { 0x89, 0x46, 0x00 }, 2, EMUL_SS },
		{ { 0x89, 0x06, 0x00, 0x00 }, 2, EMUL_DS }, { { 0x36, 0x89, 0x07 }, 2, EMUL_SS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ctxt.bytes = rows[i].bytes;
		ctxt.mode = rows[i].mode;
		CHECK_EQ(emul_decode(&ctxt, &insn), 0);
		CHECK_EQ(insn.seg, rows[i].seg);
	}
}

TEST(refusals)
{
	struct regs regs = { 0 };
	static const u8 endless[16] = "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";
	static const u8 unknown[16] = "\x0f\x58\xc0", locked_cli[16] = "\xf0\xfa", cr1[16] = "\x0f\x20\xc8";
	static const u8 locked_load[16] = "\xf0\x8b\x00", swapgs[16] = "\x0f\x01\xf8", inc_32[16] = "\x40";
	struct emul_ctxt ctxt = { .regs = &regs, .bytes = endless, .count = 15, .mode = 8 };
	struct emul_insn insn;

	CHECK_EQ(emul_decode(&ctxt, &insn), -E2BIG);
	ctxt.count = 14;
	CHECK_EQ(emul_decode(&ctxt, &insn), -ENODATA);
	ctxt.count = 15;
	ctxt.bytes = unknown;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EOPNOTSUPP);
	ctxt.bytes = locked_cli;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.bytes = locked_load;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.bytes = cr1;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.mode = 4;
	ctxt.bytes = swapgs;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.bytes = inc_32;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EOPNOTSUPP);
}

/* Nothing but a decode here: any bytes at all, at the very end of a heap block, in all modes. */
TEST(any_bytes_decode_or_fail)
{
	struct regs regs = { .rax = ~0UL, .rcx = 1UL << 63, .rip = ~0UL - 3 };

	for (int i = 0; i < 300000; i++) {
		size_t n = unit_random() % 16;
		u8 *bytes = malloc(n ? n : 1);
		struct emul_ctxt ctxt = {
			.regs = &regs, .bytes = bytes, .count = n, .mode = 2 << unit_random() % 3,
		};
		struct emul_insn insn;

		for (size_t k = 0; k < n; k++)
			bytes[k] = unit_random();
		if (n && unit_random() & 1)
			bytes[0] = 0x0f;
		if (emul_decode(&ctxt, &insn) == 0) {
			CHECK(insn.len > 0 && insn.len <= n);
			CHECK(insn.op > EMUL_UNKNOWN && insn.op <= EMUL_VMX_SVM);
			CHECK(insn.is_mem || insn.rm < 20);
		}
		free(bytes);
	}
}

int main(void)
{
	RUN(encodings_of_the_table);
	RUN(segments_and_prefixes);
	RUN(refusals);
	RUN(any_bytes_decode_or_fail);
	return unit_end();
}
