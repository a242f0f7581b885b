/* SPDX-License-Identifier: MIT */
/*
 * A configuration as JSON, and back.  Keys keep their names; numbers, switches and lists are JSON's own;
 * a disk or an interface is an object of its fields.  Reading turns it into the assignments that
 * the text parsers make, so that every check applies again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

static json_t *scalar_to_json(const struct conf_key *key, const void *base)
{
	const void *at = (const char *)base + key->offset;
	struct strbuf text = STRBUF_INIT;
	json_t *json = NULL;

	switch (key->kind) {
	case KEY_BOOL: case KEY_FLAG:
		return json_boolean(*(const bool *)at);
	case KEY_U32:
		return json_integer(*(const uint32_t *)at);
	case KEY_I32:
		return json_integer(*(const int32_t *)at);
	case KEY_MEM:
		if (*(const uint64_t *)at % 1024 == 0)
			return json_integer((json_int_t)(*(const uint64_t *)at / 1024));
		break;
	default:
		break;
	}
	if (conf_scalar_format(key, base, &text) && !text.failed)
		json = json_string(text.data ? text.data : "");
	strbuf_free(&text);
	return json;
}

static json_t *item_to_json(const struct conf_list *list, const void *item)
{
	struct strbuf text = STRBUF_INIT;
	json_t *json;

	if (list->format_item || list->format_head) {
		conf_item_format(list, item, &text);
		json = text.failed ? NULL : json_string(text.data ? text.data : "");
		strbuf_free(&text);
		return json;
	}
	json = json_object();
	for (const struct conf_key *f = list->fields; json && f->name; f++) {
		json_t *value;

		if (f->flags & KEY_INPUT || (f->kind == KEY_FLAG && f->max == 0))
			continue;
		value = scalar_to_json(f, item);
		if (value && json_object_set_new(json, f->name, value)) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static json_t *list_to_json(const struct conf_key *key, const void *base)
{
	const char *items = *(char *const *)((const char *)base + key->offset);
	size_t n = *(const size_t *)((const char *)base + key->offset_n);
	json_t *json = n ? json_array() : NULL;

	for (size_t i = 0; json && i < n; i++) {
		char cpus[4096];
		json_t *item;

		if (key->kind == KEY_CPUS) {
			conf_format_cpus((const struct guest_cpus *)(const void *)items + i, cpus,
					 sizeof(cpus));
			item = json_string(cpus);
		} else {
			item = item_to_json(key->list, items + i * key->list->item_size);
		}
		if (json_array_append_new(json, item)) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

/* Whether a key has the value that a fresh guest has. */
static bool is_default(const struct conf_key *key, const json_t *value, const struct guest_config *fresh)
{
	json_t *usual;
	bool same;

	if (key->flags & KEY_ALWAYS)
		return false;
	usual = scalar_to_json(key, fresh);
	same = usual && json_equal(usual, value);
	json_decref(usual);
	return same;
}

json_t *conf_to_json(const struct guest_config *cfg)
{
	struct guest_config *fresh = guest_config_new();
	json_t *json = fresh ? json_object() : NULL;

	conf_for_each_key(sec, key) {
		bool list = key->kind == KEY_LIST || key->kind == KEY_CPUS;
		json_t *value;

		if (!json || key->flags & KEY_INPUT)
			continue;
		value = list ? list_to_json(key, cfg) : scalar_to_json(key, cfg);
		if (value && !list && is_default(key, value, fresh)) {
			json_decref(value);
			value = NULL;
		}
		if (value && json_object_set_new(json, key->name, value)) {
			json_decref(json);
			json = NULL;
		}
	}
	guest_config_free(fresh);
	return json;
}

/* ---- and back ---- */

static int value_from_json(const json_t *json, struct conf_value *value, bool inner, struct error *err);

/* {"vdev": "xvda", ...} as "vdev=xvda,..."; the target stands last because it may hold commas. */
static char *item_text(const json_t *object, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	const char *name, *target = NULL;
	json_t *field;

	json_object_foreach((json_t *)(uintptr_t)object, name, field) {
		struct conf_value value = { 0 };
		bool failed = value_from_json(field, &value, true, err) || value.kind == VALUE_LIST;

		if (!failed && json_is_string(field) && strcmp(name, "target") == 0)
			target = json_string_value(field);
		else if (!failed && json_is_boolean(field) &&
			 (strcmp(name, "discard") == 0 || strcmp(name, "direct-io-safe") == 0))
			strbuf_printf(&sb, "%s",
				      json_is_true(field)	? name
				      : strcmp(name, "discard") ? ""
								: "no-discard");
		else if (!failed && !strchr(value.str, ','))
			strbuf_printf(&sb, "%s=%s", name, value.str);
		else
			failed = true;
		conf_value_clear(&value);
		if (failed) {
			error_set(err, ERR_CONFIG, NULL, "field '%.60s' has no plain value", name);
			strbuf_free(&sb);
			return NULL;
		}
		if (sb.len && sb.data[sb.len - 1] != ',')
			strbuf_putc(&sb, ',');
	}
	if (target)
		strbuf_printf(&sb, "target=%s", target);
	if (!target && sb.len)
		sb.data[--sb.len] = '\0';
	return strbuf_take(&sb);
}

static int value_from_json(const json_t *json, struct conf_value *value, bool inner, struct error *err)
{
	char num[32];

	if (json_is_array(json) && !inner) {
		value->kind = VALUE_LIST;
		for (size_t i = 0; i < json_array_size(json); i++) {
			struct conf_value *item = conf_value_push(value);

			if (!item)
				return error_set(err, ERR_CONFIG, NULL, "a list is too long");
			if (value_from_json(json_array_get(json, i), item, true, err))
				return -EBADMSG;
		}
		return 0;
	}
	if (json_is_string(json)) {
		if (strlen(json_string_value(json)) != json_string_length(json))
			return error_set(err, ERR_CONFIG, NULL, "a string holds a NUL");
		value->str = strdup(json_string_value(json));
	} else if (json_is_integer(json)) {
		value->kind = VALUE_NUM;
		value->num = json_integer_value(json);
		snprintf(num, sizeof(num), "%lld", (long long)value->num);
		value->str = strdup(num);
	} else if (json_is_boolean(json)) {
		value->str = strdup(json_is_true(json) ? "1" : "0");
	} else if (json_is_object(json) && inner) {
		value->str = item_text(json, err);
	}
	return value->str ? 0
			  : error_set(err, ERR_CONFIG, NULL, "a value is neither text nor number nor list");
}

int conf_from_json(const json_t *json, const struct conf_options *opt, struct guest_config **out,
		   struct conf_diags *diags)
{
	struct conf_assigns list = { 0 };
	const char *name;
	json_t *value;
	int rc = 0;

	*out = NULL;
	json_object_foreach((json_t *)(uintptr_t)json, name, value) {
		struct conf_assign *as = conf_assigns_push(&list);
		struct error err = ERROR_INIT;

		if (as)
			as->key = strdup(name);
		if (!as || !as->key)
			rc = error_set(&err, ERR_RESOURCES, conf_source(opt), "too many keys");
		else
			rc = value_from_json(value, &as->value, false, &err);
		if (!rc)
			continue;
		snprintf(err.what, sizeof(err.what), "%.100s: key '%.40s'", conf_source(opt), name);
		conf_diag_add(diags, true, 0, &err);
		break;
	}
	if (!rc)
		rc = conf_build_guest(&list, opt, out, diags);
	conf_assigns_free(&list);
	return rc;
}
