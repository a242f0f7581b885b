/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes what takes payloads apart: strings, numbers, paths, permissions; each result is held against its
 * contract.
 */
#include "store/path.h"
#include "store/perm.h"
#include "store/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
	if (!ok)
		abort();
}

static void one(const char *s)
{
	char path[STORE_PATH_BUF], text[8];
	struct store_perm p;
	unsigned int domid;
	uint64_t v;
	int64_t i;

	if (!store_path_resolve(s, 7, path)) {
		char again[STORE_PATH_BUF];

		check(*path == '/' || *path == '@');
		check(strlen(path) <= XENSTORE_ABS_PATH_MAX && !strstr(path, "//"));
		check(!store_path_resolve(path, 7, again) && !strcmp(path, again));
		check(store_path_parent_len(path, strlen(path)) <= strlen(path));
	}
	if (!store_perm_parse(s, &p)) {
		store_perm_format(&p, text);
		check(*text == *s && p.domid < STORE_DOMID_LIMIT);
	}
	if (!store_wire_domid(s, &domid))
		check(domid < STORE_DOMID_LIMIT);
	if (!store_wire_number(s, 1000, &v))
		check(v <= 1000);
	if (!store_wire_signed(s, &i))
		check(*s != '-' || i <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *strings[16], *rest;
	size_t rest_len;
	int n, i;

	if (size > XENSTORE_PAYLOAD_MAX)
		return 0;
	n = store_wire_split((const char *)data, size, strings, 16);
	for (i = 0; i < n; i++)
		one(strings[i]);
	if (store_wire_first((const char *)data, size, &rest, &rest_len))
		check(rest_len < size && rest + rest_len == (const char *)data + size);
	return 0;
}
