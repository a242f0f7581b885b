/* SPDX-License-Identifier: MIT */
/*
 * Command lines: words separated by blanks, each `key`, `key=value` or `no-key`. Quotes (' or ") anywhere in
 * a word keep blanks in it and are removed. Pure: the tokenizer writes terminators into the caller's own copy
 * of the line, and what the words mean is the caller's business. No locks.
 *
 *	char line[] = "com1=115200 no-smt dom0_mem=512M,max:1G";
 *	struct cmdline_arg arg;
 *	for (char *pos = line; cmdline_next(&pos, &arg);)
 *		...
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/types.h"

struct cmdline_arg {
	char *key;		/* never empty unless the word began with '=' */
	char *value;		/* behind the first '='; NULL if there was none */
};

/* Cut the next word off *pos. False at the end of the line. */
bool cmdline_next(char **pos, struct cmdline_arg *arg);

/* Cut the next item off a list such as "512M,max:1G"; NULL at the end. *pos starts at the list. */
char *cmdline_next_item(char **pos, char separator);

/*
 * A switch called `name`: `name`, `no-name` (only without a value),
 * `name=on|off|yes|no|true|false|enable|disable|1|0`. Returns 1 or 0 for the setting, -ENOENT if the word is
 * about something else, -EINVAL if the value is none of these. For items of a list, pass { item, NULL }.
 */
int cmdline_match_bool(const struct cmdline_arg *arg, const char *name);

/* The values alone: 1, 0 or -EINVAL. */
int cmdline_parse_bool(const char *text);

/* A whole number: decimal, 0x..., or 0...; nothing may follow it. -EINVAL, or -ERANGE beyond 64 bits. */
int __must_check cmdline_parse_u64(const char *text, u64 *value);
int __must_check cmdline_parse_s64(const char *text, s64 *value);

/* A size with a suffix b, k, m, g or t of either case; none means KiB, as in Xen's options. In bytes. */
int __must_check cmdline_parse_size(const char *text, u64 *bytes);

#endif /* LIB_CMDLINE_H */
