/* SPDX-License-Identifier: MIT */
/* The table of keys, told to people: `xl help config [KEY]` and the body of vm.cfg(5). */
#include <string.h>

#include "base/mdoc.h"
#include "conf/help.h"

static const char *arg_of(const struct conf_key *key)
{
	if (key->arg)
		return key->arg;
	return key->kind == KEY_U32 || key->kind == KEY_I32 ? "N" : "TEXT";
}

/* ---- terminal ---- */

static void wrap(FILE *out, const char *text, int indent, int width)
{
	int column = 0;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column == 0 || column + 1 + len > width - indent) {
			fprintf(out, "%s%*s", column ? "\n" : "", indent, "");
			column = 0;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", len, text);
		column += len;
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
}

static void help_fields(FILE *out, const struct conf_list *list)
{
	for (const struct conf_key *f = list->fields; f && f->name; f++) {
		fprintf(out, "      %s%s%s\n", f->name, f->kind == KEY_FLAG ? "" : "=",
			f->kind == KEY_FLAG ? "" : arg_of(f));
		wrap(out, f->help, 10, 90);
	}
}

int conf_help_key(FILE *out, const char *name)
{
	const struct conf_key *key = conf_key_find(name);
	const struct conf_refused *rf = conf_refused_find(name);

	if (rf) {
		fprintf(out, "%s %s%s%s\n", rf->name, conf_refusal_text(rf->why), rf->hint ? "; " : "",
			rf->hint ? rf->hint : "");
		return 0;
	}
	if (!key)
		return -1;
	fprintf(out, "  %s = %s\n", key->name, arg_of(key));
	wrap(out, key->help, 6, 90);
	if (key->flags & KEY_LATER)
		wrap(out, "Not served by this release: refused, or with --lenient ignored.", 6, 90);
	if (key->kind == KEY_LIST)
		help_fields(out, key->list);
	if (key->example)
		fprintf(out, "      Example: %s = %s\n", key->name, key->example);
	if (key->xml)
		fprintf(out, "      In libvirt's XML: %s\n", key->xml);
	return 0;
}

void conf_help_all(FILE *out)
{
	for (const struct conf_section *sec = conf_sections; sec->title; sec++) {
		fprintf(out, "%s\n", sec->title);
		for (const struct conf_key *key = sec->keys; key->name; key++)
			fprintf(out, "  %-28s %s\n", key->name, arg_of(key));
	}
	fprintf(out, "'xl help config KEY' tells more about one.\n");
}

/* ---- mdoc ---- */

static void mdoc_item(FILE *out, const struct conf_key *key, bool field)
{
	fputs(".It Ic", out);
	mdoc_arg(out, key->name);
	if (key->kind != KEY_FLAG) {
		fputs(field ? " Ns = Ns Ar" : " No = Ar", out);
		mdoc_arg(out, arg_of(key));
	}
	fputc('\n', out);
	mdoc_text(out, key->help);
}

static void mdoc_key(FILE *out, const struct conf_key *key)
{
	mdoc_item(out, key, false);
	if (key->flags & KEY_LATER)
		fputs("Not served by this release.\n", out);
	if (key->kind == KEY_LIST && key->list->fields) {
		fputs(".Bl -tag -width Ds\n", out);
		for (const struct conf_key *f = key->list->fields; f->name; f++)
			mdoc_item(out, f, true);
		fputs(".El\n", out);
	}
	if (key->example) {
		fputs(".Pp\n.Dl", out);
		mdoc_arg(out, key->name);
		fputs(" =", out);
		mdoc_arg(out, key->example);
		fputc('\n', out);
	}
	if (key->xml) {
		fputs(".Pp\nIn XML:\n.Li", out);
		mdoc_arg(out, key->xml);
		fputc('\n', out);
	}
}

static void mdoc_refused(FILE *out, enum conf_refusal why)
{
	const char *sep = "";

	struct strbuf names = STRBUF_INIT;

	fprintf(out, ".It Keys of which each %s\n", conf_refusal_text(why));
	for (size_t i = 0; i < conf_n_refused; i++) {
		if (conf_refused[i].why != why)
			continue;
		strbuf_printf(&names, "%s%s", sep, conf_refused[i].name);
		sep = ", ";
	}
	strbuf_puts(&names, ".");
	mdoc_text(out, names.data ? names.data : "");
	strbuf_free(&names);
}

void conf_help_mdoc(FILE *out)
{
	for (const struct conf_section *sec = conf_sections; sec->title; sec++) {
		fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", sec->title);
		for (const struct conf_key *key = sec->keys; key->name; key++)
			mdoc_key(out, key);
		fputs(".El\n", out);
	}
	fputs(".Ss Keys that are refused\n"
	      "These stand in configurations of Xen.\nEach is an error that says so; with\n.Fl "
	      	"-lenient\nit is a note.\nSo it is where nothing is lost: for those that Xen itself looks "
		"at\nin HVM guests only, for those without effect, and for a value that\nasks for nothing: 0, an "
		"empty text or list, none, disabled.\n"
	      ".Bl -tag -width Ds\n", out);
	for (int why = REFUSE_HVM; why <= REFUSE_IGNORED; why++)
		mdoc_refused(out, (enum conf_refusal)why);
	fputs(".El\n", out);
}
