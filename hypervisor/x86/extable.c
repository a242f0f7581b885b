/* SPDX-License-Identifier: MIT */
/*
 * The table of instructions that may fault: sorted once at boot, then searched by halving.
 */
#include "x86/extable.h"

#include "lib/sort.h"
#include "x86/image.h"

extern struct extable_entry extable_start[], extable_end[];

static int extable_compare(const void *a, const void *b)
{
	const struct extable_entry *x = a, *y = b;

	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

void extable_init(void)
{
	size_t count = extable_end - extable_start;

	for (size_t i = 0; i < count; i++) {
		struct extable_entry *e = &extable_start[i];

		e->insn = (s32)((u64)&e->insn + (s64)e->insn - (u64)image_start);
		e->fixup = (s32)((u64)&e->fixup + (s64)e->fixup - (u64)image_start);
	}
	sort(extable_start, count, sizeof(*extable_start), extable_compare);
}

u64 extable_find(u64 rip, u32 *kind)
{
	u64 offset = rip - (u64)image_start;
	const struct extable_entry *e;
	struct extable_entry key;

	if (offset >> 31)
		return 0;
	key.insn = (s32)offset;
	e = binary_search(&key, extable_start, extable_end - extable_start, sizeof(*e), extable_compare);
	if (!e)
		return 0;
	*kind = e->kind;
	return (u64)image_start + e->fixup;
}
