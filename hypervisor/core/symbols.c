/* SPDX-License-Identifier: MIT */
/*
 * The symbol table: sorted offsets of functions from the image's start, and their names one after the
 * other. A name is found by walking them, which only crash dumps do.
 */
#include "core/symbols.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "x86/image.h"

extern const u32 symtab_count, symtab_offsets[];
extern const char symtab_names[];

static const char *symbol_name(u32 n)
{
	const char *name = symtab_names;

	while (n--)
		name += strlen(name) + 1;
	return name;
}

const char *symbol_find(u64 address, u32 *offset, u32 *size)
{
	u32 low = 0, high = symtab_count, where = address - (u64)image_start;

	if (!image_contains_text(address) || !high || where < symtab_offsets[0])
		return NULL;
	while (high - low > 1) {
		u32 mid = low + (high - low) / 2;

		if (symtab_offsets[mid] <= where)
			low = mid;
		else
			high = mid;
	}
	*offset = where - symtab_offsets[low];
	*size = (low + 1 < symtab_count ? symtab_offsets[low + 1] : (u32)(text_end - image_start)) -
		symtab_offsets[low];
	return symbol_name(low);
}

void symbol_format(char *buf, size_t len, u64 address)
{
	u32 offset, size;
	const char *name = symbol_find(address, &offset, &size);

	if (name)
		snprintf(buf, len, "%s+%#x/%#x", name, offset, size);
	else
		snprintf(buf, len, "%016lx", address);
}
