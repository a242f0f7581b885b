/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the whole way of a configuration: parse, and if it is good, out as text and JSON and back.  What we
 * wrote ourselves must parse again, and to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
	if (!ok)
		abort();
}

static void check_same(const struct guest_config *cfg, const char *text)
{
	char *again = conf_to_text(cfg);

	check(again && strcmp(again, text) == 0);
	free(again);
}

/* XML holds less (no control characters, no blanks at the ends), but is always good. */
static void xml_is_taken(const struct guest_config *cfg)
{
	struct guest_config *back = NULL;
	struct conf_diags diags = { 0 };
	char *xml = conf_to_xml(cfg);

	check(xml && conf_parse(xml, strlen(xml), NULL, &back, &diags) == 0);
	guest_config_free(back);
	conf_diags_free(&diags);
	free(xml);
}

static void round_trips(const struct guest_config *cfg)
{
	char *text = conf_to_text(cfg);
	json_t *json = conf_to_json(cfg);
	struct guest_config *back = NULL, *copy = guest_config_copy(cfg);
	struct conf_diags diags = { 0 };

	check(text && copy && json);
	check_same(copy, text);
	guest_config_free(copy);
	check(conf_parse(text, strlen(text), NULL, &back, &diags) == 0);
	check_same(back, text);
	guest_config_free(back);
	check(conf_from_json(json, NULL, &back, &diags) == 0);
	check_same(back, text);
	guest_config_free(back);
	xml_is_taken(cfg);
	json_decref(json);
	conf_diags_free(&diags);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_options opt = { .source = "fuzz", .lenient = size && data[0] & 1 };
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	int rc = conf_parse((const char *)data, size, &opt, &cfg, &diags);

	check((rc == 0) == (cfg != NULL) && (rc == 0) == (diags.n_fatal == 0));
	if (cfg)
		round_trips(cfg);
	guest_config_free(cfg);
	conf_diags_free(&diags);
	return 0;
}
