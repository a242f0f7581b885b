/* SPDX-License-Identifier: MIT */
/*
 * A guest's configuration as memory: made, copied, freed by the table of keys, so that a new key
 * cannot be forgotten here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"

struct guest_config *guest_config_new(void)
{
	/* As large as a conf_build, so that the keys which are only read have a place. */
	struct conf_build *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->cfg.vcpus = 0;	/* 0: not given yet; conf_finish() decides */
	b->cfg.cpu_weight = 256;
	b->cfg.on_reboot = GUEST_ACTION_RESTART;
	b->cfg.on_soft_reset = GUEST_ACTION_SOFT_RESET;
	b->cfg.max_grant_frames = 64;
	b->cfg.max_maptrack_frames = 1024;
	b->cfg.max_grant_version = 1;
	b->cfg.max_event_channels = 1023;
	b->cfg.autostart_order = 50;
	b->cfg.shutdown_timeout_s = 60;
	b->cfg.console_log_kib = 1024;
	return &b->cfg;
}

void conf_list_clear(const struct conf_key *key, void *base)
{
	char **items = (char **)((char *)base + key->offset);
	size_t *n = (size_t *)((char *)base + key->offset_n);

	for (size_t i = 0; key->kind == KEY_LIST && i < *n; i++)
		conf_item_clear(key->list, *items + i * key->list->item_size);
	free(*items);
	*items = NULL;
	*n = 0;
}

static bool owns_string(const struct conf_key *key)
{
	return key->kind == KEY_STR || key->kind == KEY_PATH ||
	       (key->kind == KEY_CUSTOM && key->flags & KEY_INPUT);
}

void guest_config_free(struct guest_config *cfg)
{
	char *base = (char *)cfg;

	if (!cfg)
		return;
	conf_for_each_key(sec, key) {
		if (owns_string(key))
			free(*(char **)(base + key->offset));
		else if (key->kind == KEY_LIST || key->kind == KEY_CPUS)
			conf_list_clear(key, base);
	}
	free(cfg);
}

static int copy_list(const struct conf_key *key, char *dst, const char *src)
{
	size_t n = *(const size_t *)(src + key->offset_n);
	size_t size = key->kind == KEY_CPUS ? sizeof(struct guest_cpus) : key->list->item_size;
	const char *from = *(char *const *)(src + key->offset);
	char *items;

	if (n == 0)
		return 0;
	items = calloc(n, size);
	if (!items)
		return -ENOMEM;
	*(char **)(dst + key->offset) = items;
	*(size_t *)(dst + key->offset_n) = n;
	if (key->kind == KEY_CPUS) {
		memcpy(items, from, n * size);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (conf_item_copy(key->list, items + i * size, from + i * size))
			return -ENOMEM;
	return 0;
}

struct guest_config *guest_config_copy(const struct guest_config *cfg)
{
	struct conf_build *b = calloc(1, sizeof(*b));
	char *dst = (char *)b;
	const char *src = (const char *)cfg;
	int rc = 0;

	if (!b)
		return NULL;
	b->cfg = *cfg;
	/* First let go of what still belongs to the original, then take copies. */
	conf_for_each_key(sec, key) {
		if (owns_string(key) || key->kind == KEY_LIST || key->kind == KEY_CPUS)
			*(char **)(dst + key->offset) = NULL;
		if (key->kind == KEY_LIST || key->kind == KEY_CPUS)
			*(size_t *)(dst + key->offset_n) = 0;
	}
	conf_for_each_key(sec2, key2) {
		if (rc)
			break;
		if (owns_string(key2) && !(key2->flags & KEY_INPUT)) {
			const char *from = *(char *const *)(src + key2->offset);

			rc = from ? conf_set_string((char **)(dst + key2->offset), from, NULL) : 0;
		} else if (key2->kind == KEY_LIST || key2->kind == KEY_CPUS) {
			rc = copy_list(key2, dst, src);
		}
	}
	if (rc) {
		guest_config_free(&b->cfg);
		return NULL;
	}
	return &b->cfg;
}

const char *guest_type_name(enum guest_type type)
{
	return (unsigned int)type <= GUEST_HVM ? conf_type_words[type] : "?";
}

const char *guest_action_name(enum guest_action action)
{
	return (unsigned int)action <= GUEST_ACTION_SOFT_RESET ? conf_action_words[action] : "?";
}
