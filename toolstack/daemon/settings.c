/* SPDX-License-Identifier: MIT */
/*
 * /etc/xend.conf: lines `key = value`, '#' begins a comment.  An unknown key or a wrong value stops the
 * daemon at its start with the line's number; a file that is not there means all defaults.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "daemon/xend.h"

enum setting_kind { SET_BOOL, SET_TEXT, SET_MIB, SET_COUNT };

static const struct setting {
	const char *key;
	enum setting_kind kind;
	void *at;
	size_t size;
} settings[] = {
	{ "operate", SET_BOOL, &xend.set.operate, 0 },
	{ "network", SET_BOOL, &xend.set.network, 0 },
	{ "bridge", SET_TEXT, xend.set.bridge, sizeof(xend.set.bridge) },
	{ "subnet", SET_TEXT, xend.set.subnet, sizeof(xend.set.subnet) },
	{ "dom0_floor", SET_MIB, &xend.set.dom0_floor_kib, 0 },
	{ "dumps", SET_COUNT, &xend.set.dump_keep, 0 },
	{ "script_timeout", SET_COUNT, &xend.set.script_timeout_s, 0 },
};
#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static bool take_value(const struct setting *s, const char *value)
{
	char *end;
	unsigned long n;

	switch (s->kind) {
	case SET_BOOL:
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return false;
		*(bool *)s->at = value[0] == 'y';
		return true;
	case SET_TEXT:
		if (strlen(value) >= s->size || !value[0])
			return false;
		snprintf(s->at, s->size, "%s", value);
		return true;
	default:
		errno = 0;
		n = strtoul(value, &end, 10);
		if (errno || end == value || *end || n > 1u << 30)
			return false;
		if (s->kind == SET_MIB)
			*(uint64_t *)s->at = (uint64_t)n << 10;
		else
			*(uint32_t *)s->at = (uint32_t)n;
		return true;
	}
}

static int take_line(char *line, const char *path, unsigned int nr, struct error *err)
{
	const char *names[N_SETTINGS], *near;
	char *eq, *key, *value;
	int rc;

	line[strcspn(line, "#")] = '\0';
	key = trim(line);
	if (!*key)
		return 0;
	eq = strchr(key, '=');
	if (eq)
		*eq = '\0';
	key = trim(key);
	value = eq ? trim(eq + 1) : key + strlen(key);
	for (size_t i = 0; i < N_SETTINGS; i++) {
		names[i] = settings[i].key;
		if (strcmp(settings[i].key, key) != 0)
			continue;
		if (eq && take_value(&settings[i], value))
			return 0;
		rc = error_set(err, ERR_CONFIG, NULL, "'%s' cannot be the value of '%s'", value, key);
		error_what(err, "%s:%u", path, nr);
		return rc;
	}
	near = nearest_word(key, names, N_SETTINGS);
	rc = error_set(err, ERR_CONFIG, NULL, "unknown key '%s'", key);
	error_what(err, "%s:%u", path, nr);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	return rc;
}

int xend_settings_load(const char *path, struct error *err)
{
	char *text, *line, *save = NULL;
	unsigned int nr = 0;
	size_t len;
	int rc = 0;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (file_read(path, 64 << 10, &text, &len, err) < 0)
		return -EIO;
	/* strtok() would swallow empty lines and their numbers. */
	for (save = text; !rc && (line = strsep(&save, "\n"));)
		rc = take_line(line, path, ++nr, err);
	free(text);
	return rc;
}
