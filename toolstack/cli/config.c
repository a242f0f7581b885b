/* SPDX-License-Identifier: MIT */
/*
 * Reading a guest's configuration for the daemon.  xl parses it first by the same code, so that a
 * typing mistake is told with its line and without a daemon; the daemon then checks again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "conf/conf.h"

json_t *cli_pack_config(const char *text, size_t len, const char *path, const struct conf_options *opt)
{
	char *full = strcmp(path, "-") ? realpath(path, NULL) : NULL;
	json_t *args = json_object(), *list = json_array();

	for (size_t i = 0; i < opt->n_overrides; i++)
		json_array_append_new(list, json_string(opt->overrides[i]));
	json_object_set_new(args, "config", json_stringn(text, len));
	json_object_set_new(args, "source", json_string(full ? full : path));
	json_object_set_new(args, "overrides", list);
	json_object_set_new(args, "lenient", json_boolean(opt->lenient));
	free(full);
	return args;
}

const char *cli_config_path(const char *word, char *buf, size_t size)
{
	const char *folder = getenv("XEN_CONFIGS");

	if (strchr(word, '/') || strcmp(word, "-") == 0 || access(word, F_OK) == 0)
		return word;
	for (int i = 0; i < 2; i++)
		if (snprintf(buf, size, "%s/%s%s", folder ? folder : "/etc/vm", word, i ? ".cfg" : "") < (int)size &&
		    access(buf, R_OK) == 0)
			return buf;
	return word;
}

int cli_load_config(struct cli *cli, const char *word, char **overrides, int n_overrides, bool lenient,
		    json_t **args, char **name)
{
	char found[512];
	const char *path = cli_config_path(word, found, sizeof(found)), *slash = strrchr(path, '/');
	struct conf_options opt = { .source = slash ? slash + 1 : path,
				    .overrides = (const char *const *)overrides,
				    .n_overrides = (size_t)n_overrides,
				    .lenient = lenient };
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	struct error err = ERROR_INIT;
	char *text;
	size_t len;
	int rc;

	(void)cli;
	if (file_read(path, CONF_TEXT_MAX, &text, &len, &err)) {
		if (err.code == ERR_NOT_FOUND)
			error_hint(&err,
				   "configurations are in /etc/vm; 'xl start NAME' starts a defined guest");
		return cli_fail(&err);
	}
	rc = conf_parse(text, len, &opt, &cfg, &diags) ? ERR_CONFIG : 0;
	if (rc)
		conf_diags_print(stderr, &diags);
	if (rc && diags.n && diags.items[0].err.code == ERR_UNSUPPORTED && diags.n_fatal == 1)
		rc = ERR_UNSUPPORTED;
	if (!rc) {
		*args = cli_pack_config(text, len, path, &opt);
		if (!json_object_get(*args, "config")) {
			json_decref(*args);
			error_set(&err, ERR_CONFIG, opt.source, "is not UTF-8 text");
			rc = cli_fail(&err);
		}
	}
	if (!rc && name)
		*name = strdup(cfg->name);
	guest_config_free(cfg);
	conf_diags_free(&diags);
	free(text);
	return rc;
}
