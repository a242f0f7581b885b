/* SPDX-License-Identifier: MIT */
/* The table of keys, told to people. */
#ifndef CONF_HELP_H
#define CONF_HELP_H

#include <stdio.h>

#include "conf/keys.h"

int conf_help_key(FILE *out, const char *name);	/* -1: no such key */
void conf_help_all(FILE *out);
void conf_help_mdoc(FILE *out);			/* the part of vm.cfg(5) that comes from the table */

#endif
