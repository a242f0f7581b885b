/* SPDX-License-Identifier: MIT */
/* Trees of parsed values: see value.h.  Owns all its memory; bounded by the maxima there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "conf/value.h"

void conf_value_clear(struct conf_value *value)
{
	for (size_t i = 0; i < value->n; i++)
		conf_value_clear(&value->items[i]);
	free(value->items);
	free(value->str);
	memset(value, 0, sizeof(*value));
}

void conf_assigns_free(struct conf_assigns *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].key);
		conf_value_clear(&list->items[i].value);
	}
	free(list->items);
	memset(list, 0, sizeof(*list));
}

struct conf_value *conf_value_push(struct conf_value *list)
{
	if (list->n >= VALUE_ITEMS_MAX ||
	    array_reserve((void **)&list->items, &list->cap, list->n, sizeof(*list->items)))
		return NULL;
	memset(&list->items[list->n], 0, sizeof(*list->items));
	return &list->items[list->n++];
}

struct conf_assign *conf_assigns_push(struct conf_assigns *list)
{
	if (list->n >= ASSIGNS_MAX ||
	    array_reserve((void **)&list->items, &list->cap, list->n, sizeof(*list->items)))
		return NULL;
	memset(&list->items[list->n], 0, sizeof(*list->items));
	return &list->items[list->n++];
}

int conf_assigns_add_str(struct conf_assigns *list, const char *key, const char *text, unsigned int line)
{
	struct conf_assign *as;

	if (!text)
		return 0;
	as = conf_assigns_push(list);
	if (!as)
		return -ENOMEM;
	as->line = as->value.line = line;
	as->key = strdup(key);
	as->value.str = strdup(text);
	return as->key && as->value.str ? 0 : -ENOMEM;
}

int conf_assigns_add_item(struct conf_assigns *list, const char *key, const char *text, unsigned int line)
{
	struct conf_assign *as = NULL;
	struct conf_value *item;

	for (size_t i = 0; i < list->n && !as; i++)
		if (list->items[i].key && strcmp(list->items[i].key, key) == 0)
			as = &list->items[i];
	if (!as) {
		as = conf_assigns_push(list);
		if (!as)
			return -ENOMEM;
		as->line = as->value.line = line;
		as->value.kind = VALUE_LIST;
		as->key = strdup(key);
		if (!as->key)
			return -ENOMEM;
	}
	item = conf_value_push(&as->value);
	if (!item)
		return -ENOMEM;
	item->line = line;
	item->str = strdup(text);
	return item->str ? 0 : -ENOMEM;
}
