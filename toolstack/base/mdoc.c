/* SPDX-License-Identifier: MIT */
/* Text as mdoc: see mdoc.h. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/mdoc.h"

#define COLUMNS 78

/* Length of a word as it will be written: a backslash takes two places. */
static int width_of(const char *word, size_t len)
{
	int width = (int)len;

	for (size_t i = 0; i < len; i++)
		width += word[i] == '\\';
	return width;
}

static void put_word(FILE *out, const char *word, size_t len, bool first)
{
	if (first && (*word == '.' || *word == '\''))
		fputs("\\&", out);	/* not a request */
	for (size_t i = 0; i < len; i++)
		fputs(word[i] == '\\' ? "\\e" : (char[]){ word[i], 0 }, out);
}

/* Does a sentence end with this word?  What follows begins with a capital then. */
static bool ends_sentence(const char *word, size_t len)
{
	const char *next = word + len + strspn(word + len, " ");

	return strchr(".:", word[len - 1]) && isupper((unsigned char)*next);
}

void mdoc_text(FILE *out, const char *text)
{
	int column = 0;

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + width_of(text, len) > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column)
			fputc(' ', out);
		put_word(out, text, len, column == 0);
		column += width_of(text, len) + 1;
		if (ends_sentence(text, len)) {
			fputc('\n', out);
			column = 0;
		}
		text += len;
	}
	if (column)
		fputc('\n', out);
}

void mdoc_arg(FILE *out, const char *text)
{
	fputs(" \"\\&", out);
	for (; *text; text++)
		fputs(*text == '"' ? "\\(dq" : *text == '\\' ? "\\e" : (char[]){ *text, 0 }, out);
	fputc('"', out);
}
