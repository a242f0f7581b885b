/* SPDX-License-Identifier: MIT */
/*
 * The kernel parsers on arbitrary bytes (libFuzzer).  What they accept must hold what image_check() promises,
 * and the planner must lay it out without overlaps.
 */
#include <stdlib.h>
#include <string.h>

#include "build/image.h"
#include "build/pv.h"

#define LIMIT (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t *out;
	struct error err = ERROR_INIT;
	struct image_info info;
	const uint8_t *elf;
	uint8_t *unpacked;
	struct pv_plan p;
	size_t out_len, elf_len;
	char packed[16];

	if (!out)
		out = malloc(IMAGE_MAX);
	if (image_unpack(data, len, LIMIT, &unpacked, &out_len, &elf, &elf_len, packed, &err))
		return 0;
	if (image_parse_elf(elf, elf_len, &info, NULL, 0, &err) == 0) {
		if (info.vend - info.vstart <= LIMIT &&
		    image_parse_elf(elf, elf_len, &info, out, LIMIT, &err))
			abort();
		if (pv_plan(&p, &info, 12345, 64 << 8, &err) == 0 &&
		    (p.end > p.n_pages || p.stack < p.tables + p.n_tables))
			abort();
	}
	free(unpacked);
	return 0;
}
