/* SPDX-License-Identifier: MIT */
/* The metrics' socket: read-only, for everybody, HTTP enough for Prometheus and curl --unix-socket. */
#ifndef DAEMON_SCRAPE_H
#define DAEMON_SCRAPE_H

#include "base/error.h"

int scrape_listen(struct error *err) __must_check;

#endif
