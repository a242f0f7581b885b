/* SPDX-License-Identifier: MIT */
/* The entry points: text or file in, guest or problems out.  See conf.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/build.h"
#include "conf/xl_syntax.h"

/* XML starts with '<'; nothing in xl.cfg can. */
static bool is_xml(const char *text, size_t len)
{
	size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < len && isspace((unsigned char)text[i]))
		i++;
	return i < len && text[i] == '<';
}

int conf_build_guest(const struct conf_assigns *list, const struct conf_options *opt,
		     struct guest_config **out, struct conf_diags *diags)
{
	struct conf_build *b = (struct conf_build *)guest_config_new();
	struct error err = ERROR_INIT;

	if (!b) {
		error_set(&err, ERR_RESOURCES, conf_source(opt), "no memory");
		conf_diag_add(diags, true, 0, &err);
		return -ENOMEM;
	}
	conf_apply(list, opt, b, diags);
	if (!diags->n_fatal || (opt && opt->salvage))
		conf_finish(list, b, opt, diags);
	if (opt && opt->salvage && b->cfg.name)
		conf_diags_to_notes(diags);
	if (diags->n_fatal) {
		guest_config_free(&b->cfg);
		return -EBADMSG;
	}
	*out = &b->cfg;
	return 0;
}

/*
 * One key=value word of the command line.  A shell has eaten the quotes, so what does not start with
 * a quote or a bracket is taken as it stands: name=web, memory=2G, cpus=0-3.  Several may share a word, as lines
 * of a file would: 'memory=512; vcpus=2'; and blanks around the '=' are none of the value: 'memory = 512'.
 */
static int parse_override(const char *text, struct conf_assigns *list, struct conf_diags *diags)
{
	const char *eq = strchr(text, '='), *value = eq ? eq + 1 : "";
	struct error err = ERROR_INIT;
	size_t len = eq ? (size_t)(eq - text) : 0;
	struct conf_assign *as;
	char key[64];

	if (len && isblank((unsigned char)text[len - 1]))
		value += strspn(value, " \t");
	if ((*value && strchr("\"'[", *value)) || (isdigit((unsigned char)*value) && strchr(value, ';')))
		return conf_xl_parse(text, strlen(text), "command line", true, list, diags);
	if (len && text[len - 1] == '+')
		len--;
	while (len && strchr(" \t", text[len - 1]))
		len--;
	if (len == 0 || len >= sizeof(key)) {
		error_set(&err, ERR_CONFIG, "command line", "'%.60s' is not key=value", text);
		error_hint(&err, "one word, quoted if it has blanks: 'memory = 512'");
		conf_diag_add(diags, true, 0, &err);
		return -EBADMSG;
	}
	memcpy(key, text, len);
	key[len] = '\0';
	if (conf_assigns_add_str(list, key, value, 0))
		return -ENOMEM;
	as = &list->items[list->n - 1];
	as->override = true;
	as->append = eq[-1] == '+';
	return 0;
}

static int parse_overrides(const struct conf_options *opt, struct conf_assigns *list,
			   struct conf_diags *diags)
{
	int rc = 0;

	for (size_t i = 0; opt && i < opt->n_overrides; i++) {
		int one = parse_override(opt->overrides[i], list, diags);

		rc = rc ? rc : one;
	}
	return rc;
}

/* A problem that could not be described is still a problem. */
static void report_silent(int rc, const struct conf_options *opt, struct conf_diags *diags)
{
	struct error err = ERROR_INIT;

	if (!rc || diags->n_fatal)
		return;
	error_set_errno(&err, ERR_NONE, rc, conf_source(opt), "cannot be read");
	conf_diag_add(diags, true, 0, &err);
}

/* All values are good, but the whole does not match the schema. */
static int refuse_late(const struct conf_diags *late, struct guest_config **out, struct conf_diags *diags)
{
	for (size_t i = 0; i < late->n; i++)
		conf_diag_add(diags, late->items[i].fatal, late->items[i].line, &late->items[i].err);
	guest_config_free(*out);
	*out = NULL;
	return -EBADMSG;
}

int conf_parse(const char *text, size_t len, const struct conf_options *opt, struct guest_config **out,
	       struct conf_diags *diags)
{
	struct conf_assigns list = { 0 };
	struct conf_diags late = { 0 };
	struct error err = ERROR_INIT;
	int rc;

	*out = NULL;
	if (len > CONF_TEXT_MAX) {
		rc = error_set(&err, ERR_CONFIG, conf_source(opt), "is larger than %u KiB",
			       CONF_TEXT_MAX >> 10);
		conf_diag_add(diags, true, 0, &err);
		return rc;
	}
	if (is_xml(text, len))
		rc = conf_xml_parse(text, len, opt, &list, diags, &late);
	else
		rc = conf_xl_parse(text, len, conf_source(opt), false, &list, diags);
	if (!rc)
		rc = parse_overrides(opt, &list, diags);
	report_silent(rc, opt, diags);
	/* Even when the syntax is broken: what could be read may be wrong as well, so say it now. */
	if (list.n || !rc) {
		int built = conf_build_guest(&list, opt, out, diags);

		rc = rc ? rc : built;
	}
	if (late.n_fatal && !diags->n_fatal)
		rc = refuse_late(&late, out, diags);
	conf_diags_free(&late);
	conf_assigns_free(&list);
	return rc;
}

int conf_load(const char *path, const struct conf_options *opt, struct guest_config **out,
	      struct conf_diags *diags)
{
	struct conf_options named = opt ? *opt : (struct conf_options){ 0 };
	const char *slash = strrchr(path, '/');
	struct error err = ERROR_INIT;
	char *text;
	size_t len;
	int rc;

	*out = NULL;
	if (!named.source)
		named.source = slash ? slash + 1 : path;
	rc = file_read(path, CONF_TEXT_MAX, &text, &len, &err);
	if (rc) {
		conf_diag_add(diags, true, 0, &err);
		return rc;
	}
	rc = conf_parse(text, len, &named, out, diags);
	free(text);
	return rc;
}
