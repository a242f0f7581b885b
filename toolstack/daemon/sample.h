/* SPDX-License-Identifier: MIT */
/* One look at what host and guests use: as JSON for `xl top`, as text for Prometheus. */
#ifndef DAEMON_SAMPLE_H
#define DAEMON_SAMPLE_H

#include <jansson.h>

#include "base/error.h"

int sample_take(json_t **out, struct error *err) __must_check;
int sample_metrics(char **text, struct error *err) __must_check;

#endif
