/* SPDX-License-Identifier: MIT */
/*
 * One scalar value: from its text into the struct, and back, by the kind that the table states.
 * Every message names the key and the value that was found.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uuid/uuid.h>

#include "conf/conf.h"
#include "conf/keys.h"

static const char shift_of[] = "KMGT";

int conf_number(const char *text, int64_t *num)
{
	char *rest;

	if (!text[0] || text[0] == ' ' || text[0] == '+')
		return -EINVAL;
	errno = 0;
	*num = strtoll(text, &rest, 0);
	if (errno == ERANGE)
		return -ERANGE;
	return *rest || rest == text ? -EINVAL : 0;
}

static int parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = { "1", "true", "yes", "on" }, *const no[] = { "0", "false", "no",
										       "off" };

	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*value = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

int conf_no_memory(struct error *err)
{
	return error_set(err, ERR_RESOURCES, NULL, "no memory");
}

int conf_set_string(char **at, const char *text, struct error *err)
{
	char *copy = strdup(text);

	if (!copy)
		return conf_no_memory(err);
	free(*at);
	*at = copy;
	return 0;
}

int conf_set_script(char **at, const char *text, const char *own, struct error *err)
{
	static const char folder[] = "/etc/xen/scripts/";
	char path[256];
	int len = snprintf(path, sizeof(path), "%s%s", text[0] == '/' ? "" : folder, text);

	if (strcmp(text, own) == 0 ||
	    (strncmp(path, folder, strlen(folder)) == 0 && strcmp(path + strlen(folder), own) == 0))
		return 0;
	if (len >= (int)sizeof(path))
		return error_set(err, ERR_CONFIG, NULL, "script '%.60s...' is too long", text);
	return conf_set_string(at, path, err);
}

bool conf_format_string(const void *at, struct strbuf *out)
{
	const char *s = *(char *const *)at;

	if (s)
		strbuf_puts(out, s);
	return s != NULL;
}

bool conf_format_nothing(const void *at, struct strbuf *out)
{
	(void)at;
	(void)out;
	return false;
}

int conf_parse_backend(const char *text, void *at, struct error *err)
{
	(void)at;
	if (strcmp(text, "0") == 0 || strcmp(text, "Domain-0") == 0 || strcmp(text, "dom0") == 0)
		return 0;
	error_set(err, ERR_UNSUPPORTED, NULL, "backend = '%.60s': driver domains come in a later release", text);
	error_hint(err, "without backend= dom0 serves the device");
	return error_to_errno(ERR_UNSUPPORTED);
}

static int wrong(const struct conf_key *key, const char *text, struct error *err, const char *wanted)
{
	return error_set(err, ERR_CONFIG, NULL, "%s = '%.80s' %s", key->name, text, wanted);
}

int conf_parse_mem_kib(const char *text, char default_unit, uint64_t *kib, struct error *err)
{
	char digits[32], unit = default_unit;
	size_t len = strspn(text, "0123456789xabcdefABCDEF");
	const char *rest, *at;
	int64_t num;

	/* 'b' of "512Mb" is no digit we want, and neither is the unit itself. */
	if (strncasecmp(text, "0x", 2) != 0)
		len = strspn(text, "0123456789");
	if (len == 0 || len >= sizeof(digits))
		return error_set(err, ERR_CONFIG, NULL, "'%.60s' is no amount of memory", text);
	memcpy(digits, text, len);
	digits[len] = '\0';
	rest = text + len;
	if (*rest && *rest != 'i' && *rest != 'b' && *rest != 'B')
		unit = (char)(*rest >= 'a' ? *rest++ - 32 : *rest++);
	if (strcasecmp(rest, "ib") == 0 || strcasecmp(rest, "b") == 0)
		rest = "";
	at = strchr(shift_of, unit);
	if (*rest || !at || !unit || conf_number(digits, &num) || num < 0) {
		error_set(err, ERR_CONFIG, NULL, "'%.60s' is no amount of memory", text);
		error_hint(err, "write 512 or 512M, 2G, 524288K");
		return error_to_errno(ERR_CONFIG);
	}
	if (num > (INT64_C(1) << 40) >> (10 * (at - shift_of)))
		return error_set(err, ERR_CONFIG, NULL, "'%.60s' is more memory than any machine has", text);
	*kib = (uint64_t)num << (10 * (at - shift_of));
	return 0;
}

/* libvirt's users write a UUID without its dashes, too. */
static int parse_uuid(const struct conf_key *key, const char *text, uint8_t *at, struct error *err)
{
	char dashed[37];

	if (strlen(text) == 32 && strspn(text, "0123456789abcdefABCDEF") == 32) {
		snprintf(dashed, sizeof(dashed), "%.8s-%.4s-%.4s-%.4s-%s", text, text + 8, text + 12, text + 16,
			 text + 20);
		text = dashed;
	}
	if (uuid_parse(text, at))
		return wrong(key, text, err, "is not a UUID");
	return uuid_is_null(at) ? wrong(key, text, err, "is dom0's") : 0;
}

static int parse_number(const struct conf_key *key, const char *text, void *at, struct error *err)
{
	char wanted[96];
	int64_t num;

	if (conf_number(text, &num))
		return wrong(key, text, err, "is not a number");
	if (num < key->min || num > key->max) {
		snprintf(wanted, sizeof(wanted), "must be from %lld to %lld", (long long)key->min,
			 (long long)key->max);
		return wrong(key, text, err, wanted);
	}
	if (key->kind == KEY_U32)
		*(uint32_t *)at = (uint32_t)num;
	else
		*(int32_t *)at = (int32_t)num;
	return 0;
}

static int unknown_word(const struct conf_key *key, const char *text, size_t n, struct error *err)
{
	const char *near = nearest_word(text, key->words, n);
	struct strbuf all = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		strbuf_printf(&all, "%s%s", i ? ", " : "", key->words[i]);
	if (near)
		error_set(err, ERR_CONFIG, NULL, "%s = '%.60s': unknown value (did you mean '%s'?)",
			  key->name, text, near);
	else
		error_set(err, ERR_CONFIG, NULL, "%s = '%.60s': unknown value", key->name, text);
	error_hint(err, "one of: %s", all.data ? all.data : "");
	strbuf_free(&all);
	return error_to_errno(ERR_CONFIG);
}

static int parse_enum(const struct conf_key *key, const char *text, void *at, struct error *err)
{
	int64_t num;
	size_t n = 0;

	for (; key->words[n]; n++)
		if (strcmp(key->words[n], text) == 0) {
			*(unsigned int *)at = (unsigned int)n;
			return 0;
		}
	/* tsc_mode and others of its age may be given by number. */
	if (conf_number(text, &num) == 0 && num >= 0 && (size_t)num < n) {
		*(unsigned int *)at = (unsigned int)num;
		return 0;
	}
	return unknown_word(key, text, n, err);
}

static int parse_string(const struct conf_key *key, const char *text, char **at, struct error *err)
{
	size_t len = strlen(text), max = key->max ? (size_t)key->max : 4096;
	char wanted[64];

	if (len > max) {
		snprintf(wanted, sizeof(wanted), "is longer than %zu bytes", max);
		return wrong(key, text, err, wanted);
	}
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return wrong(key, "", err, "holds a control character");
	if (key->kind == KEY_PATH && len && text[0] != '/') {
		wrong(key, text, err, "is not an absolute path");
		error_hint(err, "paths start with '/': the daemon does not know your working folder");
		return error_to_errno(ERR_CONFIG);
	}
	if (len == 0) {
		free(*at);	/* key = "" takes a value back */
		*at = NULL;
		return 0;
	}
	return conf_set_string(at, text, err);
}

int conf_scalar_parse(const struct conf_key *key, const char *text, void *base, struct error *err)
{
	void *at = (char *)base + key->offset;

	switch (key->kind) {
	case KEY_STR: case KEY_PATH:
		return parse_string(key, text, at, err);
	case KEY_BOOL:
		return parse_bool(text, at) ? wrong(key, text, err, "must be 1 or 0") : 0;
	case KEY_FLAG:
		*(bool *)at = key->max != 0;
		return 0;
	case KEY_U32: case KEY_I32:
		return parse_number(key, text, at, err);
	case KEY_MEM:
		return conf_parse_mem_kib(text, 'M', at, err);
	case KEY_ENUM:
		return parse_enum(key, text, at, err);
	case KEY_UUID:
		return parse_uuid(key, text, at, err);
	case KEY_CUSTOM:
		return key->parse(text, at, err);
	case KEY_CPUS: case KEY_LIST:
		break;
	}
	return error_set(err, ERR_INTERNAL, NULL, "%s is no scalar", key->name);
}

static void format_mem(uint64_t kib, struct strbuf *out)
{
	if (kib % 1024 == 0)
		strbuf_printf(out, "%llu", (unsigned long long)kib / 1024);
	else
		strbuf_printf(out, "%lluK", (unsigned long long)kib);
}

bool conf_scalar_format(const struct conf_key *key, const void *base, struct strbuf *out)
{
	const void *at = (const char *)base + key->offset;
	char uuid[37];

	switch (key->kind) {
	case KEY_STR: case KEY_PATH:
		return conf_format_string(at, out);
	case KEY_BOOL:
		strbuf_puts(out, *(const bool *)at ? "1" : "0");
		return true;
	case KEY_U32:
		strbuf_printf(out, "%u", *(const uint32_t *)at);
		return true;
	case KEY_I32:
		strbuf_printf(out, "%d", *(const int32_t *)at);
		return true;
	case KEY_MEM:
		format_mem(*(const uint64_t *)at, out);
		return true;
	case KEY_ENUM:
		strbuf_puts(out, key->words[*(const unsigned int *)at]);
		return true;
	case KEY_UUID:
		uuid_unparse_lower(at, uuid);
		strbuf_puts(out, uuid);
		return true;
	case KEY_CUSTOM:
		return key->format(at, out);
	case KEY_FLAG: case KEY_CPUS: case KEY_LIST:
		break;
	}
	return false;
}

bool conf_scalar_same(const struct conf_key *key, const void *a, const void *b)
{
	struct strbuf ta = STRBUF_INIT, tb = STRBUF_INIT;
	bool sa = conf_scalar_format(key, a, &ta), sb = conf_scalar_format(key, b, &tb);
	bool same = sa == sb && ta.len == tb.len && (!ta.len || memcmp(ta.data, tb.data, ta.len) == 0);

	strbuf_free(&ta);
	strbuf_free(&tb);
	return same;
}
