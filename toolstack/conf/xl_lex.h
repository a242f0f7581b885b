/* SPDX-License-Identifier: MIT */
/* Tokens of the xl.cfg syntax. */
#ifndef CONF_XL_LEX_H
#define CONF_XL_LEX_H

#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

enum token {
	TOK_END, TOK_LINE, TOK_WORD, TOK_STR, TOK_NUM, TOK_EQ, TOK_PLUS_EQ, TOK_OPEN, TOK_CLOSE, TOK_COMMA,
	TOK_BAD,
};

struct lexer {
	const char *p, *end;
	unsigned int line;
	unsigned int depth;	/* open brackets: line ends mean nothing inside */
	enum token tok;
	unsigned int tok_line;
	struct strbuf text;	/* of WORD, STR, NUM */
	int64_t num;
	char why[200];		/* of TOK_BAD */
};

void lexer_init(struct lexer *lx, const char *text, size_t len);
void lexer_free(struct lexer *lx);
enum token lexer_next(struct lexer *lx);

/* "end of line", "'x'": for messages. */
void lexer_describe(const struct lexer *lx, char *buf, size_t size);

#endif
