/* SPDX-License-Identifier: MIT */
/*
 * One item of a list, as text "a,b,key=value": parsed, written, copied and freed by the table of its
 * fields.  Blanks around the commas mean nothing.  A field marked KEY_REST takes all that follows.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"

#define FIELDS_MAX 32

static const struct conf_key *find_field(const struct conf_list *list, const char *name)
{
	for (const struct conf_key *f = list->fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static int unknown_field(const struct conf_list *list, const char *name, struct error *err)
{
	struct strbuf all = STRBUF_INIT;
	const char *names[FIELDS_MAX], *near;
	size_t n = 0;

	for (const struct conf_key *f = list->fields; f->name && n < FIELDS_MAX; f++) {
		names[n++] = f->name;
		strbuf_printf(&all, "%s%s", n > 1 ? " " : "", f->name);
	}
	near = nearest_word(name, names, n);
	if (near)
		error_set(err, ERR_CONFIG, NULL, "unknown field '%.60s' (did you mean '%s'?)", name, near);
	else
		error_set(err, ERR_CONFIG, NULL, "unknown field '%.60s'", name);
	if (!near && all.data)
		error_hint(err, "fields are: %s", all.data);
	strbuf_free(&all);
	return error_to_errno(ERR_CONFIG);
}

/* A field may be given once; an empty value means its default. */
static int store_field(const struct conf_list *list, const struct conf_key *f, const char *value, void *item,
		       uint32_t *given, struct error *err)
{
	uint32_t bit = UINT32_C(1) << (f - list->fields);

	if (!*value && f->kind != KEY_FLAG)
		return 0;
	if (*given & bit)
		return error_set(err, ERR_CONFIG, NULL, "'%s' is given twice", f->name);
	*given |= bit;
	return conf_scalar_parse(f, value, item, err);
}

/* Cut blanks from both ends, in place. */
static char *trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* The end of the field that starts at s: a comma, unless the field takes the rest. */
static char *field_end(const struct conf_list *list, char *s)
{
	size_t name_len = strcspn(s, "=,");
	char name[32];

	while (isspace((unsigned char)*s)) {
		s++;
		name_len--;
	}
	if (s[name_len] == '=' && name_len < sizeof(name)) {
		const struct conf_key *f;

		memcpy(name, s, name_len);
		name[name_len] = '\0';
		f = find_field(list, trim(name));
		if (f && f->flags & KEY_REST)
			return s + strlen(s);
	}
	return s + strcspn(s, ",");
}

static int parse_field(const struct conf_list *list, char *text, unsigned int *nth, uint32_t *given,
		       void *item, struct error *err)
{
	const struct conf_key *f = find_field(list, text);
	char *eq = strchr(text, '='), *name;

	if (f && f->kind == KEY_FLAG)
		return store_field(list, f, "", item, given, err);
	if (f && f->kind == KEY_BOOL)
		return store_field(list, f, "1", item, given, err);	/* the bare word says yes */
	if (!eq) {
		if (list->positional)
			return list->positional(item, (*nth)++, text, err);
		if (*text == '\0')
			return 0;
		error_set(err, ERR_CONFIG, NULL, "'%.60s' has no value (expected field=value)", text);
		if (!f)
			error_hint(err, "%s=%.60s, perhaps?", list->fields[1].name, text);
		return error_to_errno(ERR_CONFIG);
	}
	/* A path may hold '='; only a word before it makes a field. */
	if (list->positional && text[0] == '/')
		return list->positional(item, (*nth)++, text, err);
	*eq = '\0';
	name = trim(text);
	f = find_field(list, name);
	if (!f || f->kind == KEY_FLAG)
		return unknown_field(list, name, err);
	return store_field(list, f, trim(eq + 1), item, given, err);
}

int conf_item_parse(const struct conf_list *list, const char *text, void *item, struct error *err)
{
	unsigned int nth = 0;
	uint32_t given = 0;
	char *copy, *s, *end;
	int rc = 0;

	memset(item, 0, list->item_size);
	if (list->init)
		list->init(item);
	if (list->parse_item)
		return list->parse_item(text, item, err);
	copy = strdup(text);
	if (!copy)
		return conf_no_memory(err);
	for (s = copy; !rc && *s; s = end) {
		end = field_end(list, s);
		if (*end)
			*end++ = '\0';
		rc = parse_field(list, trim(s), &nth, &given, item, err);
	}
	free(copy);
	if (!rc && list->finish)
		rc = list->finish(item, err);
	if (rc)
		conf_item_clear(list, item);
	return rc;
}

void conf_item_format(const struct conf_list *list, const void *item, struct strbuf *out)
{
	char fresh[512] __attribute__((aligned(16))) = { 0 };
	const char *sep = "";

	if (list->format_item) {
		list->format_item(item, out);
		return;
	}
	if (list->item_size > sizeof(fresh)) {
		out->failed = true;
		return;
	}
	if (list->init)
		list->init(fresh);
	if (list->format_head) {
		list->format_head(item, out);
		sep = ",";
	}
	for (const struct conf_key *f = list->fields; f->name; f++) {
		const bool *flag = (const bool *)((const char *)item + f->offset);
		const bool *usual = (const bool *)(fresh + f->offset);

		if (f->flags & KEY_INPUT)
			continue;
		if (f->kind == KEY_FLAG ? *flag != (f->max != 0) || *flag == *usual
					: conf_scalar_same(f, item, fresh))
			continue;
		strbuf_printf(out, f->kind == KEY_FLAG ? "%s%s" : "%s%s=", sep, f->name);
		conf_scalar_format(f, item, out);
		sep = ",";
	}
	if (out->len == 0)
		strbuf_puts(out, "");
}

void conf_item_clear(const struct conf_list *list, void *item)
{
	for (const size_t *at = list->strings; at && *at != NO_STRING; at++)
		free(*(char **)((char *)item + *at));
	memset(item, 0, list->item_size);
}

int conf_item_copy(const struct conf_list *list, void *dst, const void *src)
{
	int rc = 0;

	memcpy(dst, src, list->item_size);
	for (const size_t *at = list->strings; at && *at != NO_STRING; at++) {
		char **copy = (char **)((char *)dst + *at);
		const char *from = *copy;

		*copy = NULL;
		if (from && !rc)
			rc = conf_set_string(copy, from, NULL);
	}
	return rc;
}
