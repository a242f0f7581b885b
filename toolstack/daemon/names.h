/* SPDX-License-Identifier: MIT */
/*
 * Names on the default network: a guest's own gives the address of its first interface there, and no guest can
 * take another's, whatever it calls itself when it asks for an address.
 */
#ifndef DAEMON_NAMES_H
#define DAEMON_NAMES_H

#include <stdbool.h>
#include <stddef.h>

void names_path(char *buf, size_t size);	/* of dnsmasq's list of hosts */
/* Write what is true now; true if that was not in the file yet. */
bool names_write(void);
/* Guests or their interfaces have changed: dnsmasq is told, if that matters to it. */
void names_update(void);

#endif
