/* SPDX-License-Identifier: MIT */
/* The checks of `xl doctor` that need no daemon. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

enum verdict { GOOD, WARN, BAD };
void doctor_add(json_t *list, const char *name, enum verdict v, const char *why, const char *fix);

/* Append {name, status: ok|warn|fail, why, fix} for each. */
void doctor_check_host(json_t *list);
/* What the daemon would tell if it answered, as far as it can be seen from here. */
void doctor_check_instead(json_t *list);

#endif
