/* SPDX-License-Identifier: MIT */
/* A configuration as xl.cfg text: what `xl config NAME` prints; conf_parse() reads it back to the same. */
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

static void put_quoted(struct strbuf *out, const char *s)
{
	strbuf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_putc(out, '\\');
		if ((unsigned char)*s < 0x20)
			strbuf_printf(out, "\\x%02x", (unsigned char)*s);
		else
			strbuf_putc(out, *s);
	}
	strbuf_putc(out, '"');
}

static void put_item(struct strbuf *out, const struct conf_key *key, const char *items, size_t i)
{
	struct strbuf text = STRBUF_INIT;
	char cpus[4096];

	if (key->kind == KEY_CPUS) {
		conf_format_cpus((const struct guest_cpus *)(const void *)items + i, cpus, sizeof(cpus));
		put_quoted(out, cpus);
		return;
	}
	conf_item_format(key->list, items + i * key->list->item_size, &text);
	put_quoted(out, text.data ? text.data : "");
	out->failed |= text.failed;
	strbuf_free(&text);
}

static void put_list(struct strbuf *out, const struct conf_key *key, const void *base)
{
	const char *items = *(char *const *)((const char *)base + key->offset);
	size_t n = *(const size_t *)((const char *)base + key->offset_n);

	if (n == 0)
		return;
	strbuf_printf(out, "%s = [", key->name);
	for (size_t i = 0; i < n; i++) {
		strbuf_puts(out, n > 1 ? "\n\t" : " ");
		put_item(out, key, items, i);
		strbuf_puts(out, n > 1 ? "," : " ");
	}
	strbuf_puts(out, n > 1 ? "\n]\n" : "]\n");
}

static void put_scalar(struct strbuf *out, const struct conf_key *key, const void *base, const void *fresh)
{
	struct strbuf text = STRBUF_INIT;
	bool bare = key->kind == KEY_BOOL || key->kind == KEY_U32 || key->kind == KEY_I32;
	bool set = conf_scalar_format(key, base, &text) &&
		   (key->flags & KEY_ALWAYS || !conf_scalar_same(key, base, fresh));

	if (!text.data)
		strbuf_puts(&text, "");
	if (key->kind == KEY_MEM && set)
		bare = text.data[text.len - 1] != 'K';
	if (set) {
		strbuf_printf(out, "%s = ", key->name);
		if (bare)
			strbuf_puts(out, text.data);
		else
			put_quoted(out, text.data);
		strbuf_putc(out, '\n');
	}
	out->failed |= text.failed;
	strbuf_free(&text);
}

char *conf_to_text(const struct guest_config *cfg)
{
	struct guest_config *fresh = guest_config_new();
	struct strbuf out = STRBUF_INIT;

	if (!fresh)
		return NULL;
	conf_for_each_key(sec, key) {
		if (key->flags & KEY_INPUT)
			continue;
		if (key->kind == KEY_LIST || key->kind == KEY_CPUS)
			put_list(&out, key, cfg);
		else
			put_scalar(&out, key, cfg, fresh);
	}
	guest_config_free(fresh);
	return strbuf_take(&out);
}
