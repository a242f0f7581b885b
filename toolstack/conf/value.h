/* SPDX-License-Identifier: MIT */
/*
 * What both parsers deliver: a list of assignments key = value in source order, before any key has
 * a meaning.  Values are strings, numbers or lists of values; they know their line.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define VALUE_ITEMS_MAX 1024	/* entries of one list */
#define VALUE_DEPTH_MAX 4	/* lists in lists */
#define ASSIGNS_MAX 1024	/* keys of one configuration */

enum value_kind { VALUE_STR, VALUE_NUM, VALUE_LIST };

struct conf_value {
	enum value_kind kind;
	unsigned int line;
	char *str;			/* VALUE_STR; VALUE_NUM: as it was spelled */
	int64_t num;			/* VALUE_NUM */
	struct conf_value *items;	/* VALUE_LIST */
	size_t n, cap;
};

struct conf_assign {
	char *key;
	bool append;			/* key += value */
	bool override;			/* from the command line: replaces what the file says */
	unsigned int line;
	struct conf_value value;
};

struct conf_assigns {
	struct conf_assign *items;
	size_t n, cap;
};

void conf_value_clear(struct conf_value *value);
void conf_assigns_free(struct conf_assigns *list);

/* A new zeroed entry at the end, or NULL without memory or beyond the maximum. */
struct conf_value *conf_value_push(struct conf_value *list);
struct conf_assign *conf_assigns_push(struct conf_assigns *list);

/* key = "text"; 0 or -ENOMEM.  text may be NULL: nothing is added. */
int conf_assigns_add_str(struct conf_assigns *list, const char *key, const char *text, unsigned int line)
	__must_check;
/* Append "text" to the list value of the last assignment of key, made if there is none. */
int conf_assigns_add_item(struct conf_assigns *list, const char *key, const char *text, unsigned int line)
	__must_check;

#endif
