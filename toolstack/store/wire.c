/* SPDX-License-Identifier: MIT */
/* Parsing of xenstore payloads; see wire.h. */
#include "store/wire.h"

#include <errno.h>
#include <string.h>

const char *store_wire_first(const char *body, size_t len, const char **rest, size_t *rest_len)
{
	const char *end = len ? memchr(body, 0, len) : NULL;

	if (!end)
		return NULL;
	*rest = end + 1;
	*rest_len = len - (size_t)(end + 1 - body);
	return body;
}

int store_wire_split(const char *body, size_t len, const char **out, int max)
{
	int n = 0;

	while (len) {
		const char *s = store_wire_first(body, len, &body, &len);

		if (!s || n == max)
			return -EINVAL;
		out[n++] = s;
	}
	return n;
}

int store_wire_number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		v = v * 10 + digit;
		if (v > max)
			return -EINVAL;
	}
	*out = v;
	return 0;
}

int store_wire_signed(const char *s, int64_t *out)
{
	bool minus = *s == '-';
	uint64_t v;
	int rc = store_wire_number(s + minus, INT64_MAX, &v);

	if (rc)
		return rc;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

int store_wire_domid(const char *s, unsigned int *domid)
{
	uint64_t v;
	int rc = store_wire_number(s, STORE_DOMID_LIMIT - 1, &v);

	if (!rc)
		*domid = (unsigned int)v;
	return rc;
}

const char *store_wire_error_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ EINVAL, "EINVAL" }, { EACCES, "EACCES" }, { EEXIST, "EEXIST" }, { EISDIR, "EISDIR" },
		{ ENOENT, "ENOENT" }, { ENOMEM, "ENOMEM" }, { ENOSPC, "ENOSPC" }, { EIO, "EIO" },
		{ ENOTEMPTY, "ENOTEMPTY" }, { ENOSYS, "ENOSYS" }, { EROFS, "EROFS" }, { EBUSY, "EBUSY" },
		{ EAGAIN, "EAGAIN" }, { EISCONN, "EISCONN" }, { E2BIG, "E2BIG" }, { EPERM, "EPERM" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].err == err)
			return names[i].name;
	return "EINVAL";
}

const char *store_wire_type_name(uint32_t type)
{
	static const char *const names[] = {
		[XS_CONTROL] = "CONTROL", [XS_DIRECTORY] = "DIRECTORY", [XS_READ] = "READ",
		[XS_GET_PERMS] = "GET_PERMS", [XS_WATCH] = "WATCH", [XS_UNWATCH] = "UNWATCH",
		[XS_TRANSACTION_START] = "TRANSACTION_START", [XS_TRANSACTION_END] = "TRANSACTION_END",
		[XS_INTRODUCE] = "INTRODUCE", [XS_RELEASE] = "RELEASE",
		[XS_GET_DOMAIN_PATH] = "GET_DOMAIN_PATH",
		[XS_WRITE] = "WRITE", [XS_MKDIR] = "MKDIR", [XS_RM] = "RM", [XS_SET_PERMS] = "SET_PERMS",
		[XS_WATCH_EVENT] = "WATCH_EVENT", [XS_ERROR] = "ERROR",
		[XS_IS_DOMAIN_INTRODUCED] = "IS_DOMAIN_INTRODUCED", [XS_RESUME] = "RESUME",
		[XS_SET_TARGET] = "SET_TARGET", [XS_RESET_WATCHES] = "RESET_WATCHES",
		[XS_DIRECTORY_PART] = "DIRECTORY_PART",
	};

	if (type >= sizeof(names) / sizeof(names[0]) || !names[type])
		return "unknown";
	return names[type];
}
