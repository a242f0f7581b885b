/* SPDX-License-Identifier: MIT */
/* Path checks and walks; see path.h. */
#include "store/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '@' || c == '/';
}

/* Allowed characters, no doubled and no trailing slash. */
static bool text_ok(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		if (!char_ok(s[i]))
			return false;
		if (s[i] == '/' && (s[i + 1] == '/' || (!s[i + 1] && i)))
			return false;
	}
	return i > 0;
}

/* Neither absolute nor special. */
static bool is_relative(const char *given)
{
	return *given != '/' && *given != '@';
}

void store_path_home(unsigned int domid, char *buf, size_t size)
{
	snprintf(buf, size, "/local/domain/%u", domid);
}

int store_path_resolve(const char *given, unsigned int domid, char *buf)
{
	size_t len = strlen(given), home = 0;

	if (!text_ok(given))
		return -EINVAL;
	if (is_relative(given)) {
		if (len > XENSTORE_REL_PATH_MAX)
			return -EINVAL;
		store_path_home(domid, buf, STORE_PATH_BUF);
		home = strlen(buf);
		buf[home++] = '/';
	}
	if (home + len > XENSTORE_ABS_PATH_MAX)
		return -EINVAL;
	memcpy(buf + home, given, len + 1);
	return 0;
}

size_t store_path_parent_len(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : 1;
}

const char *store_path_next(const char **at, size_t *len)
{
	const char *start = *at;

	while (*start == '/')
		start++;
	if (!*start)
		return NULL;
	*len = strcspn(start, "/");
	*at = start + *len;
	return start;
}

unsigned int store_path_depth(const char *path, const char *top)
{
	unsigned int depth = 0;
	size_t i = strlen(top);

	if (i == 1 && path[1])
		return 1 + store_path_depth(path + 1, "");
	for (; path[i]; i++)
		depth += path[i] == '/';
	return depth;
}
