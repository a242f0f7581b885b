/* SPDX-License-Identifier: MIT */
/*
 * The command line against the tables. Boot only, on the boot CPU.
 */
#include "core/param.h"

#include "core/log.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "x86/image.h"

#define CMDLINE_MAX	4096

static const struct param *__init param_find(const char *name, const struct param *const *tables)
{
	for (; *tables; tables++)
		for (const struct param *p = *tables; p->name; p++)
			if (!strcmp(p->name, name))
				return p;
	return NULL;
}

static void __init param_apply(const struct cmdline_arg *arg, const struct param *const *tables)
{
	const struct param *p = param_find(arg->key, tables);
	const char *value = arg->value ? arg->value : "", *foreign = param_foreign(arg->key);

	if (!p && !foreign && !arg->value && str_has_prefix(arg->key, "no-")) {
		p = param_find(arg->key + 3, tables);
		foreign = param_foreign(arg->key + 3);
		value = NULL;
	}
	if (!p && foreign)
		log_warn("Option '%s' of Xen has no effect here: %s", arg->key, foreign);
	else if (!p)
		log_warn("Unknown option '%s' on the command line: ignored", arg->key);
	else if (p->set(value))
		log_warn("Option '%s': value '%s' makes no sense: ignored", p->name, value ? value : "no");
}

void __init param_parse(const char *cmdline, const struct param *const *tables)
{
	static char line[CMDLINE_MAX] __initdata;
	struct cmdline_arg arg;
	char *pos = line;

	strlcpy(line, cmdline, sizeof(line));
	while (cmdline_next(&pos, &arg) && strcmp(arg.key, "--"))
		param_apply(&arg, tables);
}
