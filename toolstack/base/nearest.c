/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean ...?": the nearest word by edit distance, where a swap of neighbours counts as one
 * edit (optimal string alignment).  Pure; words longer than WORD_MAX are nobody's typing mistake.
 */
#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"

#define WORD_MAX 48

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned int edit_distance(const char *a, size_t la, const char *b, size_t lb)
{
	unsigned int rows[3][WORD_MAX + 1];
	unsigned int *before = rows[0], *prev = rows[1], *cur = rows[2], *spare;

	for (size_t j = 0; j <= lb; j++)
		prev[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		cur[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);

			cur[j] = min3(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < cur[j])
				cur[j] = before[j - 2] + 1;
		}
		spare = before;
		before = prev;
		prev = cur;
		cur = spare;
	}
	return prev[lb];
}

const char *nearest_word(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	/* Three edits in a long word, one in a short one: more would be guessing. */
	unsigned int best = len <= 3 ? 1 : len <= 5 ? 2 : 3;
	const char *found = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t name_len = strlen(names[i]);
		unsigned int d;

		if (name_len > WORD_MAX)
			continue;
		d = edit_distance(word, len, names[i], name_len);
		if (d < best || (d == best && !found)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
