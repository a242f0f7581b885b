/* SPDX-License-Identifier: MIT */
/*
 * Assignments into a guest under construction.  Refused and unknown keys, double ones, wrong kinds
 * of values and wrong values end here, each as one problem with its line; the rest of the
 * configuration is still looked at, so that one run shows all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

const char *conf_source(const struct conf_options *opt)
{
	return opt && opt->source ? opt->source : "config";
}

#define LIST_PROBLEMS 256	/* entries of a list of which each problem is told */

struct applier {
	bool not_pv;		/* type or builder asks for what we do not run: that is the one cause to tell */
	const struct conf_options *opt;
	struct conf_build *b;
	struct conf_diags *diags;
};

/* Put "web.cfg:9" before the message and keep it. */
static void report(struct applier *ap, const struct conf_assign *as, unsigned int line, struct error *err,
		   bool fatal)
{
	const char *source = as->override ? "command line" : conf_source(ap->opt);

	if (as->override || !line)
		snprintf(err->what, sizeof(err->what), "%.140s", source);
	else
		snprintf(err->what, sizeof(err->what), "%.140s:%u", source, line);
	conf_diag_add(ap->diags, fatal, as->override ? 0 : line, err);
}

static int wrong_kind(const struct conf_key *key, const struct conf_value *value, struct error *err)
{
	static const char *const kinds[] = { "a string", "a number", "a list" };

	error_set(err, ERR_CONFIG, NULL, "%s = %.60s: %s is not what this key takes", key->name,
		  value->str ? value->str : "[...]", kinds[value->kind]);
	if (key->example)
		error_hint(err, "for example: %s = %s", key->name, key->example);
	return error_to_errno(ERR_CONFIG);
}

/* ---- lists ---- */

static int add_list_item(const struct conf_key *key, const struct conf_value *value, struct conf_build *b,
			 struct error *err)
{
	char **items = (char **)((char *)b + key->offset);
	size_t *n = (size_t *)((char *)b + key->offset_n);
	char *grown;
	int rc;

	if (value->kind == VALUE_LIST)
		return wrong_kind(key, value, err);
	if (*n >= key->list->max_items)
		return error_set(err, ERR_CONFIG, NULL, "%s holds more than %zu", key->name,
				 key->list->max_items);
	grown = reallocarray(*items, *n + 1, key->list->item_size);
	if (!grown)
		return conf_no_memory(err);
	*items = grown;
	rc = conf_item_parse(key->list, value->str, grown + *n * key->list->item_size, err);
	if (rc) {
		char why[sizeof(err->why)];

		snprintf(why, sizeof(why), "%s = ['%.80s']: %.500s", key->name, value->str, err->why);
		memcpy(err->why, why, sizeof(why));
		return rc;
	}
	(*n)++;
	return 0;
}

static int add_cpus(const struct conf_key *key, const struct conf_value *value, struct conf_build *b,
		    struct error *err)
{
	struct guest_cpus **sets = (struct guest_cpus **)((char *)b + key->offset);
	size_t *n = (size_t *)((char *)b + key->offset_n);
	struct guest_cpus *grown;
	int rc;

	if (value->kind == VALUE_LIST)
		return wrong_kind(key, value, err);
	if (*n >= GUEST_VCPUS_MAX)
		return error_set(err, ERR_CONFIG, NULL, "%s holds more than %d", key->name, GUEST_VCPUS_MAX);
	grown = reallocarray(*sets, *n + 1, sizeof(**sets));
	if (!grown)
		return conf_no_memory(err);
	*sets = grown;
	rc = conf_parse_cpus(value->str, &grown[*n], err);
	if (!rc)
		(*n)++;
	return rc;
}

static void apply_list(struct applier *ap, const struct conf_key *key, const struct conf_assign *as)
{
	const struct conf_value *value = &as->value;
	int (*add)(const struct conf_key *, const struct conf_value *, struct conf_build *, struct error *) =
		key->kind == KEY_CPUS ? add_cpus : add_list_item;
	bool single = value->kind != VALUE_LIST;
	size_t n = single ? 1 : value->n;

	if (!as->append)
		conf_list_clear(key, ap->b);
	if (single && key->kind == KEY_LIST) {
		struct error err = ERROR_INIT;

		wrong_kind(key, value, &err);
		report(ap, as, as->line, &err, true);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct conf_value *item = single ? value : &value->items[i];
		struct error err = ERROR_INIT;

		if (add(key, item, ap->b, &err))
			report(ap, as, item->line, &err, true);
		if (error_is_set(&err) && i >= LIST_PROBLEMS)
			break;	/* enough to see what is wrong */
	}
}

/* ---- scalars ---- */

/* What a key of texts holds so far. */
static const char *text_of(const struct conf_key *key, const struct conf_build *b)
{
	const char *text = *(char *const *)((const char *)b + key->offset);

	return text ? text : "";
}

/* key += "more": behind what is there. */
static int append_string(const struct conf_key *key, const struct conf_value *value, struct conf_build *b,
			 struct error *err)
{
	char *joined = NULL;
	int rc;

	if (key->kind != KEY_STR && key->kind != KEY_PATH)
		return error_set(err, ERR_CONFIG, NULL, "%s += works on strings and lists only", key->name);
	if (asprintf(&joined, "%s%s", text_of(key, b), value->str) < 0)
		return conf_no_memory(err);
	rc = conf_scalar_parse(key, joined, b, err);
	free(joined);
	return rc;
}

/* Some texts may be given as a list of strings, too: the separator that joins them.  NULL for other keys. */
static const char *list_separator(const struct conf_key *key)
{
	return strcmp(key->name, "cpuid") == 0 ? ";" : strcmp(key->name, "bootloader_args") == 0 ? " " : NULL;
}

static int join_list(const struct conf_key *key, const struct conf_assign *as, struct conf_build *b, struct error *err)
{
	const struct conf_value *value = &as->value;
	struct strbuf sb = STRBUF_INIT;
	int rc;

	if (as->append)
		strbuf_puts(&sb, text_of(key, b));
	for (size_t i = 0; i < value->n; i++) {
		if (value->items[i].kind == VALUE_LIST) {
			strbuf_free(&sb);
			return wrong_kind(key, value, err);
		}
		strbuf_printf(&sb, "%s%s", sb.len ? list_separator(key) : "", value->items[i].str);
	}
	rc = sb.failed ? conf_no_memory(err) :
	     conf_scalar_parse(key, sb.data ? sb.data : "", b, err);
	strbuf_free(&sb);
	return rc;
}

static void apply_scalar(struct applier *ap, const struct conf_key *key, const struct conf_assign *as)
{
	const struct conf_value *value = &as->value;
	struct error err = ERROR_INIT;
	int rc;

	if (value->kind == VALUE_LIST && list_separator(key))
		rc = join_list(key, as, ap->b, &err);
	else if (value->kind == VALUE_LIST)
		rc = wrong_kind(key, value, &err);
	else if (as->append)
		rc = append_string(key, value, ap->b, &err);
	else
		rc = conf_scalar_parse(key, value->str, ap->b, &err);
	if (!rc)
		return;
	if (key->example)
		error_hint(&err, "for example: %s = %s", key->name, key->example);
	report(ap, as, value->line, &err, true);
}

/* ---- keys ---- */

/* Values that switch off what a guest here does not have anyway; an empty list, too. */
static bool asks_for_nothing(const struct conf_value *value)
{
	static const char *const words[] = { "", "0", "none", "disabled" };

	for (size_t i = 0; value->kind != VALUE_LIST && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value->str, words[i]) == 0)
			return true;
	return value->kind == VALUE_LIST && value->n == 0;
}

static void refuse(struct applier *ap, const struct conf_assign *as)
{
	const struct conf_refused *rf = conf_refused_find(as->key);
	const char *near = rf ? NULL : conf_key_nearest(as->key);
	bool harmless = rf && (rf->why == REFUSE_IGNORED || rf->why == REFUSE_HVM);
	bool note = rf && (harmless || asks_for_nothing(&as->value) || (ap->opt && ap->opt->lenient));
	struct error err = ERROR_INIT;

	if (rf && rf->why == REFUSE_HVM && ap->not_pv)
		return;
	if (rf)
		error_set(&err, ERR_UNSUPPORTED, NULL, "key '%s' %s", rf->name, conf_refusal_text(rf->why));
	else if (near)
		error_set(&err, ERR_CONFIG, NULL, "unknown key '%.60s' (did you mean '%s'?)", as->key, near);
	else
		error_set(&err, ERR_CONFIG, NULL, "unknown key '%.60s'", as->key);
	if (rf && rf->hint)
		error_hint(&err, "%s", rf->hint);
	else if (rf && !note)
		error_hint(&err, "remove it, or use --lenient to start without it");
	else if (!rf && !near)
		error_hint(&err, "'man vm.cfg' lists all keys");
	report(ap, as, as->line, &err, !note);
}

/* The same key again in one source is a mistake; the command line may replace what the file says. */
static bool is_double(struct applier *ap, const struct conf_assigns *list, size_t index)
{
	const struct conf_assign *as = &list->items[index];
	bool lenient = ap->opt && ap->opt->lenient;
	struct error err = ERROR_INIT;

	if (as->append)
		return false;
	for (size_t i = 0; i < index; i++) {
		const struct conf_assign *old = &list->items[i];

		if (strcmp(old->key, as->key) || old->override != as->override)
			continue;
		error_set(&err, ERR_CONFIG, NULL, "key '%s' is given twice, first in line %u", as->key,
			  old->line);
		error_hint(&err, "keep one; to add to the first, write %s += ...", as->key);
		report(ap, as, as->line, &err, !lenient);
		return !lenient;
	}
	return false;
}

static bool asks_for_hvm(const struct conf_assigns *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct conf_assign *as = &list->items[i];
		const char *text = as->value.str;

		if (text && (strcmp(as->key, "type") == 0 || strcmp(as->key, "builder") == 0) &&
		    (strcmp(text, "hvm") == 0 || strcmp(text, "pvh") == 0))
			return true;
	}
	return false;
}

/* Everything we keep can be written as JSON, so all of it is UTF-8. */
static bool is_text(const struct conf_value *value)
{
	for (size_t i = 0; i < value->n; i++)
		if (!is_text(&value->items[i]))
			return false;
	return !value->str || utf8_is_valid(value->str);
}

static void refuse_bytes(struct applier *ap, const struct conf_assign *as)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CONFIG, NULL, "the value of '%s' is not UTF-8 text", as->key);
	report(ap, as, as->line, &err, true);
}

void conf_apply(const struct conf_assigns *list, const struct conf_options *opt, struct conf_build *b,
		struct conf_diags *diags)
{
	struct applier ap = { asks_for_hvm(list), opt, b, diags };

	for (size_t i = 0; i < list->n; i++) {
		const struct conf_assign *as = &list->items[i];
		const struct conf_key *key = conf_key_find(as->key);

		if (!key)
			refuse(&ap, as);
		else if (is_double(&ap, list, i))
			continue;
		else if (!is_text(&as->value))
			refuse_bytes(&ap, as);
		else if (key->kind == KEY_LIST || key->kind == KEY_CPUS)
			apply_list(&ap, key, as);
		else
			apply_scalar(&ap, key, as);
	}
}
