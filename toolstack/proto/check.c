/* SPDX-License-Identifier: MIT */
/*
 * Checking a request against the table of operations, before any handler sees it.  Pure.
 */
#include <errno.h>
#include <string.h>

#include "proto/proto.h"

#define STR_DEFAULT_MAX 4096
#define TEXT_MAX (256u << 10)
#define STRS_MAX 256
#define GUEST_MAX_BYTES 64

static int bad(struct error *err, const struct proto_op *op, const char *arg, const char *why)
{
	char what[96];

	snprintf(what, sizeof(what), "request '%s'", op->name);
	return error_set(err, ERR_USAGE, what, "argument '%s' %s", arg, why);
}

static int bad_number(struct error *err, const struct proto_op *op, const struct proto_arg *arg)
{
	char why[80];

	snprintf(why, sizeof(why), "is not a number from %lld to %lld", (long long)arg->min, (long long)arg->max);
	return bad(err, op, arg->name, why);
}

/* A string within its limit and without NUL inside, which C handlers would cut silently. */
static bool string_fits(const json_t *value, size_t max)
{
	size_t len = json_string_length(value);

	return json_is_string(value) && len <= max && memchr(json_string_value(value), 0, len) == NULL;
}

static bool strings_fit(const json_t *value)
{
	if (!json_is_array(value) || json_array_size(value) > STRS_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!string_fits(json_array_get(value, i), STR_DEFAULT_MAX))
			return false;
	return true;
}

static int check_arg(const struct proto_op *op, const struct proto_arg *arg, const json_t *value,
		     struct error *err)
{
	switch (arg->type) {
	case PROTO_STR:
		if (!string_fits(value, arg->max ? (size_t)arg->max : STR_DEFAULT_MAX))
			return bad(err, op, arg->name, "is not a string of allowed length");
		return 0;
	case PROTO_TEXT:
		if (!string_fits(value, TEXT_MAX))
			return bad(err, op, arg->name, "is not a text of at most 256 KiB");
		return 0;
	case PROTO_GUEST:
		if (!string_fits(value, GUEST_MAX_BYTES) || json_string_length(value) == 0)
			return bad(err, op, arg->name, "is not a guest's name, number or UUID");
		return 0;
	case PROTO_INT:
		if (!json_is_integer(value) || json_integer_value(value) < arg->min ||
		    json_integer_value(value) > arg->max)
			return bad_number(err, op, arg);
		return 0;
	case PROTO_BOOL:
		return json_is_boolean(value) ? 0 : bad(err, op, arg->name, "is neither true nor false");
	case PROTO_STRS:
		return strings_fit(value) ? 0 : bad(err, op, arg->name, "is not a list of strings");
	}
	return bad(err, op, arg->name, "has an unknown type");
}

static const struct proto_arg *find_arg(const struct proto_op *op, const char *name)
{
	for (const struct proto_arg *arg = op->args; arg->name; arg++)
		if (strcmp(arg->name, name) == 0)
			return arg;
	return NULL;
}

static int check_args(const struct proto_op *op, json_t *args, struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(args, name, value) {
		const struct proto_arg *arg = find_arg(op, name);
		char shown[64];
		int rc;

		if (!arg) {
			snprintf(shown, sizeof(shown), "%.60s", name);
			return bad(err, op, shown, "is unknown");
		}
		rc = check_arg(op, arg, value, err);
		if (rc)
			return rc;
	}
	for (const struct proto_arg *arg = op->args; arg->name; arg++)
		if (arg->required && !json_object_get(args, arg->name))
			return bad(err, op, arg->name, "is missing");
	return 0;
}

int proto_check_request(const json_t *msg, const struct proto_op **op, json_t **args, struct error *err)
{
	const json_t *v = json_object_get(msg, "v");
	const char *name = json_string_value(json_object_get(msg, "op"));

	if (!json_is_object(msg) || !json_is_integer(v) || !name)
		return error_set(err, ERR_USAGE, "request", "is no request: it needs 'v', 'op' and 'args'");
	if (json_integer_value(v) != PROTO_VERSION) {
		error_set(err, ERR_DAEMON, "xend", "speaks protocol version %d, the client version %lld",
			  PROTO_VERSION, (long long)json_integer_value(v));
		error_hint(err, "xl and xend are from different packages; restart xend after an upgrade");
		return error_to_errno(ERR_DAEMON);
	}
	*op = proto_op_find(name);
	if (!*op)
		return error_set(err, ERR_USAGE, "request", "unknown operation '%.60s'", name);
	*args = json_object_get(msg, "args");
	if (!json_is_object(*args))
		return error_set(err, ERR_USAGE, "request", "operation '%s' without arguments", name);
	return check_args(*op, *args, err);
}

const char *proto_arg_str(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

int64_t proto_arg_int(const json_t *args, const char *name, int64_t dflt)
{
	const json_t *value = json_object_get(args, name);

	return json_is_integer(value) ? json_integer_value(value) : dflt;
}

bool proto_arg_bool(const json_t *args, const char *name)
{
	return json_is_true(json_object_get(args, name));
}
