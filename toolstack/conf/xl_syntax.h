/* SPDX-License-Identifier: MIT */
/* The xl.cfg syntax: text in, assignments out.  Knows no key. */
#ifndef CONF_XL_SYNTAX_H
#define CONF_XL_SYNTAX_H

#include "conf/conf.h"
#include "conf/value.h"

/*
 * Parse text and append to list.  override marks what comes from the command line.  0, or -Exxx with
 * a fatal entry in diags; what was parsed up to there stays in the list.
 */
int conf_xl_parse(const char *text, size_t len, const char *source, bool override,
		  struct conf_assigns *list, struct conf_diags *diags) __must_check;

#endif
