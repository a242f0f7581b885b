/* SPDX-License-Identifier: MIT */
/*
 * Instructions that may fault, and where to go on if they do. An entry is made beside the instruction by
 * EXTABLE() in C or assembly; the trap handler asks extable_find(). The linked form holds distances from
 * each field itself; extable_init() turns them into offsets from the image's start and sorts them, while
 * the image is still writable. Read only afterwards; no locks.
 */
#ifndef X86_EXTABLE_H
#define X86_EXTABLE_H

/* How the fault is told to the code at the fixup. */
#define EXTABLE_PLAIN		0	/* not at all: being there says it */
#define EXTABLE_VECTOR		1	/* RAX = vector << 16 | error code */

#ifdef __ASSEMBLY__

.macro EXTABLE insn, fixup, kind
	.pushsection .extable, "a"
	.balign 4
	.long \insn - .
	.long \fixup - .
	.long \kind
	.popsection
.endm

#else

#include "lib/types.h"

#define EXTABLE(insn, fixup, kind)		\
	".pushsection .extable, \"a\"\n\t"	\
	".balign 4\n\t"				\
	".long " insn " - .\n\t"		\
	".long " fixup " - .\n\t"		\
	".long " STRINGIFY(kind) "\n\t"		\
	".popsection\n\t"

struct extable_entry {
	s32 insn;
	s32 fixup;
	u32 kind;
};

void extable_init(void);
/* Address of the fixup for the instruction at `rip`, with its kind, or 0. */
u64 extable_find(u64 rip, u32 *kind);

#endif
#endif
