/* SPDX-License-Identifier: MIT */
/*
 * Command-line options: one table per folder (struct param[]), collected in boot/main.c's list. Unknown
 * options are warned about by name. man/xen-command-line.7 describes each.
 */
#ifndef CORE_PARAM_H
#define CORE_PARAM_H

#include "lib/cmdline.h"
#include "lib/types.h"

struct param {
	const char *name;
	const char *help;
	/* Value: text after '=', "" if none, NULL for no-NAME; -EINVAL if malformed. */
	int (*set)(const char *value);
};

/* A switch: "NAME", "NAME=yes" and the like, "no-NAME". 1, 0, -EINVAL. */
static inline int param_switch(const char *value)
{
	return !value ? 0 : *value ? cmdline_parse_bool(value) : 1;
}

/* Tables end with .name = NULL. Parses boot_info.cmdline against all of `tables` (ends with NULL). */
void param_parse(const char *cmdline, const struct param *const *tables);

/* Why an option that Xen 4.17 has does nothing here; NULL: it is none of those. */
const char *param_foreign(const char *name);

#endif
