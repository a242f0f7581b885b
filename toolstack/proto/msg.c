/* SPDX-License-Identifier: MIT */
/*
 * Building and reading replies: see proto.h.  Text that comes from a guest or a file may hold any
 * bytes; proto_bytes() makes it valid UTF-8 before it becomes JSON.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

/* {"key": value}; value is stolen. */
static json_t *wrap(const char *key, json_t *value)
{
	json_t *msg = value ? json_object() : NULL;

	if (!msg) {
		json_decref(value);
		return NULL;
	}
	if (json_object_set_new(msg, key, value) < 0) {
		json_decref(msg);
		return NULL;
	}
	return msg;
}

json_t *proto_make_request(const char *op, json_t *args)
{
	json_t *msg;

	if (!args)
		return NULL;
	msg = json_pack("{s:i, s:s, s:O}", "v", PROTO_VERSION, "op", op, "args", args);
	json_decref(args);
	return msg;
}

json_t *proto_make_progress(int percent, const char *fmt, ...)
{
	char text[512];
	json_t *body;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	body = wrap("text", proto_text(text));
	if (body && percent >= 0 && json_object_set_new(body, "percent", json_integer(percent)) < 0) {
		json_decref(body);
		return NULL;
	}
	return wrap("progress", body);
}

json_t *proto_make_data(json_t *data)
{
	return wrap("data", data);
}

json_t *proto_make_ok(json_t *result)
{
	return wrap("ok", result);
}

json_t *proto_error(const struct error *err)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "code", error_code_name(err->code), "what", proto_text(err->what),
			 "why", proto_text(err->why), "hint", proto_text(err->hint));
}

json_t *proto_make_error(const struct error *err)
{
	return wrap("error", proto_error(err));
}

json_t *proto_text(const char *text)
{
	return proto_bytes(text, strlen(text));
}

json_t *proto_bytes(const void *data, size_t len)
{
	const unsigned char *s = data;
	struct strbuf sb = STRBUF_INIT;
	json_t *json = NULL;

	for (size_t i = 0; i < len; ) {
		size_t n = utf8_length(s + i, len - i);

		if (n)
			strbuf_add(&sb, s + i, n);
		else
			strbuf_puts(&sb, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	if (!sb.failed)
		json = json_stringn(sb.data ? sb.data : "", sb.len);
	strbuf_free(&sb);
	return json;
}

static void read_error(const json_t *body, struct error *err)
{
	const char *code = json_string_value(json_object_get(body, "code"));
	const char *what = json_string_value(json_object_get(body, "what"));
	const char *why = json_string_value(json_object_get(body, "why"));
	const char *hint = json_string_value(json_object_get(body, "hint"));

	error_set(err, code ? error_code_by_name(code) : ERR_FAILED, what, "%s",
		  why ? why : "no reason given");
	if (hint && hint[0])
		error_hint(err, "%s", hint);
}

int proto_check_reply(const json_t *msg, enum proto_reply_kind *kind, json_t **body, struct error *err)
{
	static const char *const names[] = {
		[PROTO_PROGRESS] = "progress",
		[PROTO_DATA] = "data",
		[PROTO_OK] = "ok",
		[PROTO_ERROR] = "error",
	};

	for (unsigned int k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		*body = json_object_get(msg, names[k]);
		if (!*body)
			continue;
		if (k != PROTO_DATA && !json_is_object(*body))
			break;
		*kind = (enum proto_reply_kind)k;
		if (k == PROTO_ERROR)
			read_error(*body, err);
		return 0;
	}
	return error_set(err, ERR_DAEMON, "xend", "sent a reply of unknown kind");
}
