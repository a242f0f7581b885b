/* SPDX-License-Identifier: MIT */
/* Any text as a command line: all words, all items, all value parsers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmdline.h"

static volatile unsigned long sink;

static void parse_values(const char *text)
{
	u64 value;
	s64 number;

	if (cmdline_parse_u64(text, &value) == 0 || cmdline_parse_size(text, &value) == 0)
		sink += value;
	if (cmdline_parse_s64(text, &number) == 0)
		sink += number;
	sink += cmdline_parse_bool(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1), *pos = line;
	struct cmdline_arg arg;

	memcpy(line, data, size);
	line[size] = '\0';
	while (cmdline_next(&pos, &arg)) {
		char *items = arg.value, *item;

		if (arg.key < line || pos > line + size)
			abort();
		sink += cmdline_match_bool(&arg, "smt");
		parse_values(arg.key);
		while ((item = cmdline_next_item(&items, ',')))
			parse_values(item);
	}
	free(line);
	return 0;
}
