/* SPDX-License-Identifier: MIT */
/* Text of the tables as mdoc, for the manual pages: what `mandoc -T lint` has nothing to say about. */
#ifndef BASE_MDOC_H
#define BASE_MDOC_H

#include <stdio.h>

/* Whole sentences: each begins a line, lines end before column 80, nothing is taken for a request. */
void mdoc_text(FILE *out, const char *text);

/* A word inside a macro line, guarded against being taken for a macro or for punctuation. */
void mdoc_arg(FILE *out, const char *text);

#endif
