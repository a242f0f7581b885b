/* SPDX-License-Identifier: MIT */
/*
 * The xl.cfg grammar, by recursive descent:
 *
 *	file   := { [ WORD ( '=' | '+=' ) value ] LINE }
 *	value  := STR | NUM | '[' [ value { ',' value } [ ',' ] ] ']'
 *
 * After an error the parser goes on at the next line, so that one run shows every mistake; at most
 * ERRORS_MAX of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/xl_lex.h"
#include "conf/xl_syntax.h"

#define ERRORS_MAX 20

struct parser {
	struct lexer lx;
	const char *source;
	struct conf_diags *diags;
	unsigned int errors;
};

static int syntax_error(struct parser *ps, unsigned int line, const char *fmt, ...) __printf_like(3, 4);
static int syntax_error(struct parser *ps, unsigned int line, const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	char what[128];
	va_list ap;

	snprintf(what, sizeof(what), "%.100s:%u", ps->source, line);
	va_start(ap, fmt);
	error_vset(&err, ERR_CONFIG, what, fmt, ap);
	va_end(ap);
	ps->errors++;
	conf_diag_add(ps->diags, true, line, &err);
	return -EBADMSG;
}

static int unexpected(struct parser *ps, const char *wanted)
{
	char seen[200];

	lexer_describe(&ps->lx, seen, sizeof(seen));
	if (ps->lx.tok == TOK_BAD)
		return syntax_error(ps, ps->lx.tok_line, "%s", seen);
	return syntax_error(ps, ps->lx.tok_line, "expected %s, found %s", wanted, seen);
}

/* Words that Python has for what they may have meant, and text without quotes. */
static int unquoted(struct parser *ps)
{
	static const char *const words[] = { "True", "true", "yes", "on", "False", "false", "no", "off", "None" };
	const char *word = ps->lx.text.data;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return syntax_error(ps, ps->lx.tok_line, "'%s' is no value; a switch is 1 or 0", word);
	return syntax_error(ps, ps->lx.tok_line, "expected a value, found '%.60s'; text stands in quotes",
			    word);
}

/*
 * Files of xm were Python programs.  The first statement of one is the only problem worth telling: all that
 * follows depends on it.
 */
static bool is_python(struct parser *ps, const char *word)
{
	static const char *const statements[] = { "import", "from", "def", "if", "elif", "else", "for", "while",
						  "try", "print", "class" };
	bool python = false;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		python |= strcmp(word, statements[i]) == 0;
	if (!python || ps->lx.tok == TOK_EQ || ps->lx.tok == TOK_PLUS_EQ)
		return false;
	syntax_error(ps, ps->lx.tok_line,
		     "'%s' is Python, as the files of xm could be; write lines KEY = VALUE with the plain values",
		     word);
	ps->errors = ERRORS_MAX;
	return true;
}

static int parse_value(struct parser *ps, struct conf_value *value, unsigned int depth);

static int parse_list(struct parser *ps, struct conf_value *list, unsigned int depth)
{
	unsigned int opened = ps->lx.tok_line;
	struct conf_value *item;
	int rc;

	list->kind = VALUE_LIST;
	if (depth > VALUE_DEPTH_MAX)
		return syntax_error(ps, opened, "lists nested deeper than %d", VALUE_DEPTH_MAX);
	lexer_next(&ps->lx);
	while (ps->lx.tok != TOK_CLOSE) {
		if (ps->lx.tok == TOK_END)
			return syntax_error(ps, opened, "'[' is never closed");
		item = conf_value_push(list);
		if (!item)
			return syntax_error(ps, ps->lx.tok_line, "list longer than %d", VALUE_ITEMS_MAX);
		rc = parse_value(ps, item, depth);
		if (rc)
			return rc;
		if (ps->lx.tok == TOK_COMMA)
			lexer_next(&ps->lx);
		else if (ps->lx.tok == TOK_END)
			return syntax_error(ps, opened, "'[' is never closed");
		else if (ps->lx.tok != TOK_CLOSE)
			return unexpected(ps, "',' or ']'");
	}
	return 0;
}

/* On success the lexer stands behind the value. */
static int parse_value(struct parser *ps, struct conf_value *value, unsigned int depth)
{
	struct lexer *lx = &ps->lx;
	int rc;

	value->line = lx->tok_line;
	switch (lx->tok) {
	case TOK_NUM:
		value->num = lx->num;
		/* fall through */
	case TOK_STR:
		value->kind = lx->tok == TOK_NUM ? VALUE_NUM : VALUE_STR;
		value->str = strdup(lx->text.data ? lx->text.data : "");
		if (!value->str)
			return syntax_error(ps, lx->tok_line, "no memory");
		break;
	case TOK_OPEN:
		rc = parse_list(ps, value, depth + 1);
		if (rc)
			return rc;
		break;
	case TOK_WORD:
		return unquoted(ps);
	default:
		return unexpected(ps, "a value");
	}
	lexer_next(lx);
	return 0;
}

static int parse_assign(struct parser *ps, struct conf_assigns *list, bool override)
{
	struct lexer *lx = &ps->lx;
	struct conf_assign *as;
	int rc;

	if (lx->tok != TOK_WORD)
		return unexpected(ps, "a key");
	as = conf_assigns_push(list);
	if (!as)
		return syntax_error(ps, lx->tok_line, "more than %d keys", ASSIGNS_MAX);
	as->line = lx->tok_line;
	as->override = override;
	as->key = strdup(lx->text.data);
	if (!as->key)
		return syntax_error(ps, lx->tok_line, "no memory");
	lexer_next(lx);
	if (is_python(ps, as->key))
		return -EBADMSG;
	if (lx->tok != TOK_EQ && lx->tok != TOK_PLUS_EQ)
		return unexpected(ps, "'=' after the key");
	as->append = lx->tok == TOK_PLUS_EQ;
	lexer_next(lx);
	rc = parse_value(ps, &as->value, 0);
	if (rc)
		return rc;
	if (lx->tok != TOK_LINE && lx->tok != TOK_END)
		return unexpected(ps, "the end of the line");
	return 0;
}

/* After an error: go to the next line that is outside of brackets. */
static void resynchronise(struct parser *ps)
{
	struct lexer *lx = &ps->lx;

	lx->depth = 0;
	lx->tok = TOK_LINE;
	while (lx->p < lx->end && *lx->p != '\n')
		lx->p++;
}

/* An assignment that broke off must not be taken for a whole one. */
static void drop_last(struct conf_assigns *list, size_t keep)
{
	while (list->n > keep) {
		struct conf_assign *as = &list->items[--list->n];

		free(as->key);
		conf_value_clear(&as->value);
	}
}

int conf_xl_parse(const char *text, size_t len, const char *source, bool override,
		  struct conf_assigns *list, struct conf_diags *diags)
{
	struct parser ps = { .source = source, .diags = diags };

	lexer_init(&ps.lx, text, len);
	while (ps.errors < ERRORS_MAX && lexer_next(&ps.lx) != TOK_END) {
		size_t before = list->n;

		if (ps.lx.tok == TOK_LINE)
			continue;
		if (parse_assign(&ps, list, override)) {
			drop_last(list, before);
			resynchronise(&ps);
		} else if (ps.lx.tok == TOK_END) {
			break;
		}
	}
	lexer_free(&ps.lx);
	return ps.errors ? -EBADMSG : 0;
}
