/* SPDX-License-Identifier: MIT */
/*
 * Tokens of the xl.cfg syntax.  A line end or a semicolon ends an assignment, except inside
 * brackets.  A backslash before a line end joins lines.  Strings stand in '...' or "..." within one line and
 * know the escapes \\ \' \" \n \t \xHH.  Bytes below blank are an error: configurations are text.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/xl_lex.h"

void lexer_init(struct lexer *lx, const char *text, size_t len)
{
	*lx = (struct lexer){ .p = text, .end = text + len, .line = 1, .tok = TOK_LINE };
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		lx->p += 3;	/* a byte order mark, from an editor elsewhere */
}

void lexer_free(struct lexer *lx)
{
	strbuf_free(&lx->text);
}

static enum token bad(struct lexer *lx, const char *fmt, ...) __printf_like(2, 3);
static enum token bad(struct lexer *lx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(lx->why, sizeof(lx->why), fmt, ap);
	va_end(ap);
	return TOK_BAD;
}

static int peek(const struct lexer *lx, size_t at)
{
	return (size_t)(lx->end - lx->p) > at ? (unsigned char)lx->p[at] : -1;
}

static void skip_blanks(struct lexer *lx)
{
	for (;;) {
		int c = peek(lx, 0);

		if (c == ' ' || c == '\t' || c == '\r') {
			lx->p++;
		} else if (c == '\\' &&
			   (peek(lx, 1) == '\n' || (peek(lx, 1) == '\r' && peek(lx, 2) == '\n'))) {
			lx->p += peek(lx, 1) == '\n' ? 2 : 3;
			lx->line++;
		} else if (c == '#') {
			while (peek(lx, 0) >= 0 && peek(lx, 0) != '\n')
				lx->p++;
		} else if (c == '\n' && lx->depth) {
			lx->p++;
			lx->line++;
		} else {
			return;
		}
	}
}

static int hex_digit(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* The escape behind a backslash; p stands on its letter.  Byte value, or -1. */
static int lex_escape(struct lexer *lx)
{
	int c = peek(lx, 0), hi, lo;

	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '\\': case '\'': case '"':
		return c;
	case 'x':
		hi = peek(lx, 1) < 0 ? -1 : hex_digit(peek(lx, 1));
		lo = peek(lx, 2) < 0 ? -1 : hex_digit(peek(lx, 2));
		if (hi < 0 || lo < 0 || (hi | lo) == 0)
			return -1;
		lx->p += 2;
		return hi << 4 | lo;
	default:
		return -1;
	}
}

static enum token lex_string(struct lexer *lx)
{
	char quote = *lx->p++;

	for (;;) {
		int c = peek(lx, 0);

		if (c < 0 || c == '\n')
			return bad(lx, "string without its closing %c", quote);
		lx->p++;
		if (c == quote)
			break;
		if (c == '\\') {
			c = lex_escape(lx);
			if (c < 0)
				return bad(lx, "unknown escape in a string; write \\\\ for one backslash");
			lx->p++;
		} else if (c < 0x20 && c != '\t' && c != '\r') {
			return bad(lx, "control character \\x%02x in a string", c);
		}
		strbuf_putc(&lx->text, (char)c);
	}
	strbuf_add(&lx->text, "", 0);
	return lx->text.failed ? bad(lx, "no memory") : TOK_STR;
}

static enum token lex_number(struct lexer *lx)
{
	char *rest;

	strbuf_putc(&lx->text, *lx->p++);
	while (peek(lx, 0) >= 0 && (isalnum(peek(lx, 0)) || peek(lx, 0) == '_'))
		strbuf_putc(&lx->text, *lx->p++);
	if (lx->text.failed)
		return bad(lx, "no memory");
	errno = 0;
	lx->num = strtoll(lx->text.data, &rest, 0);
	if (errno == ERANGE)
		return bad(lx, "number %.60s is too large", lx->text.data);
	if (*rest || rest == lx->text.data)
		return bad(lx, "'%.60s' is no number; put text in quotes", lx->text.data);
	return TOK_NUM;
}

static enum token lex_word(struct lexer *lx)
{
	while (peek(lx, 0) >= 0 && (isalnum(peek(lx, 0)) || peek(lx, 0) == '_' || peek(lx, 0) == '-'))
		strbuf_putc(&lx->text, *lx->p++);
	return lx->text.failed ? bad(lx, "no memory") : TOK_WORD;
}

static enum token lex(struct lexer *lx)
{
	int c;

	skip_blanks(lx);
	lx->tok_line = lx->line;
	lx->text.len = 0;
	c = peek(lx, 0);
	if (c < 0)
		return TOK_END;
	if (isalpha(c) || c == '_')
		return lex_word(lx);
	if (isdigit(c) || (c == '-' && peek(lx, 1) >= 0 && isdigit(peek(lx, 1))))
		return lex_number(lx);
	if (c == '"' || c == '\'')
		return lex_string(lx);
	lx->p++;
	switch (c) {
	case '\n':
		lx->line++;
		return TOK_LINE;
	case ';':
		return TOK_LINE;
	case '=':
		return TOK_EQ;
	case '[':
		lx->depth++;
		return TOK_OPEN;
	case ']':
		lx->depth -= lx->depth > 0;
		return TOK_CLOSE;
	case ',':
		return TOK_COMMA;
	case '+':
		if (peek(lx, 0) == '=') {
			lx->p++;
			return TOK_PLUS_EQ;
		}
		break;
	}
	if (strchr("%+*()", c))
		return bad(lx, "'%c': values are not computed here; write the result", c);
	if (c < 0x20 || c >= 0x7f)
		return bad(lx, "unexpected byte \\x%02x", c);
	return bad(lx, "unexpected character '%c'", c);
}

enum token lexer_next(struct lexer *lx)
{
	if (lx->tok != TOK_BAD && lx->tok != TOK_END)
		lx->tok = lex(lx);
	return lx->tok;
}

void lexer_describe(const struct lexer *lx, char *buf, size_t size)
{
	static const char *const names[] = {
		[TOK_END] = "the end of the file", [TOK_LINE] = "the end of the line", [TOK_EQ] = "'='",
		[TOK_PLUS_EQ] = "'+='", [TOK_OPEN] = "'['", [TOK_CLOSE] = "']'", [TOK_COMMA] = "','",
	};

	if (lx->tok == TOK_BAD)
		snprintf(buf, size, "%s", lx->why);
	else if (lx->tok == TOK_WORD || lx->tok == TOK_STR || lx->tok == TOK_NUM)
		snprintf(buf, size, "'%.60s'", lx->text.data ? lx->text.data : "");
	else
		snprintf(buf, size, "%s", names[lx->tok]);
}
