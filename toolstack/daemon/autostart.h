/* SPDX-License-Identifier: MIT */
/* Guests that start with the host: see autostart.c. */
#ifndef DAEMON_AUTOSTART_H
#define DAEMON_AUTOSTART_H

void autostart_begin(void);

#endif
