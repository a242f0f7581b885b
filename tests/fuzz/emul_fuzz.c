/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an instruction, in any mode, with any registers: the decoder stays inside its input, and what
 * it accepts can be computed and committed. The short way for page-table writes and the general one must
 * agree: with one byte fewer than 15 only the general one is taken.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "emul/emul.h"
#include "lib/errno.h"

#define REQUIRE(condition)	do { if (!(condition)) abort(); } while (0)

static void execute(const struct emul_insn *insn, struct regs *regs)
{
	const u64 old[2] = { regs->r8, regs->r9 };
	u64 cut[2] = { insn->size < 8 ? old[0] & ((1UL << 8 * insn->size) - 1) : old[0], old[1] };
	struct emul_result result;

	if (insn->op >= EMUL_MOVS && insn->op <= EMUL_OUTS) {
		u64 steps = emul_string_count(insn, regs);

		emul_string_advance(insn, regs, steps ? 1 : 0);
	} else if (emul_compute(insn, regs, cut, &result) == 0) {
		REQUIRE(!result.write_mem || insn->size >= 8 || result.mem[0] >> 8 * insn->size == 0);
		emul_commit(insn, regs, &result);
	}
}

/* The same instruction cut to its length takes the general way, unless it is 15 bytes long. */
static void check_ways(struct emul_ctxt ctxt, const struct emul_insn *insn)
{
	struct emul_insn other;

	if (insn->len >= EMUL_MAX_LEN)
		return;
	ctxt.count = insn->len;
	REQUIRE(emul_decode(&ctxt, &other) == 0);
	REQUIRE(memcmp(&other, insn, sizeof(other)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct regs regs;
	struct emul_ctxt ctxt = { .regs = &regs };
	struct emul_insn insn;
	u8 *bytes;
	int rc;

	if (size < 2)
		return 0;
	ctxt.mode = 2 << data[0] % 3;
	memset(&regs, data[1], sizeof(regs));
	regs.rax ^= 0x123456789UL;
	data += 2;
	size -= 2;
	ctxt.count = size < 20 ? size : 20;
	bytes = malloc(ctxt.count + 1);
	bytes = realloc(bytes, ctxt.count ? ctxt.count : 1);
	memcpy(bytes, data, ctxt.count);
	ctxt.bytes = bytes;

	memset(&insn, 0, sizeof(insn));
	rc = emul_decode(&ctxt, &insn);
	REQUIRE(rc == 0 || rc == -ENODATA || rc == -E2BIG || rc == -EILSEQ || rc == -EOPNOTSUPP);
	if (rc == 0) {
		REQUIRE(insn.len > 0 && insn.len <= ctxt.count);
		REQUIRE(insn.op > EMUL_UNKNOWN && insn.op <= EMUL_VMX_SVM);
		check_ways(ctxt, &insn);
		execute(&insn, &regs);
	}
	free(bytes);
	return 0;
}
