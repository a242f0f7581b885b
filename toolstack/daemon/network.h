/* SPDX-License-Identifier: MIT */
/*
 * Networks for guests.
 *
 * The default network: a bridge of our own, an address on it, DHCP by dnsmasq and NAT by nft, all made when
 * the daemon starts and found again when it was restarted.  It is off when the settings say so.
 *
 * A bridge over a real interface (`xl net setup`) is made on trial: unless it is confirmed in time, the
 * interface gets its addresses and routes back.
 */
#ifndef DAEMON_NETWORK_H
#define DAEMON_NETWORK_H

#include <jansson.h>

#include "base/error.h"

struct guest;

int network_init(struct error *err) __must_check;
void network_stop(void);	/* the daemon ends; the network stays for the guests */

json_t *network_json(void);	/* {"bridges": [...], "pending": ...} */
/* What would keep these from beginning; change nothing. */
int network_check_setup(const char *interface, const char *bridge, struct error *err) __must_check;
int network_check_trial(struct error *err) __must_check;

/* Told once a change has been made (err NULL) or not. */
typedef void network_done_fn(void *ctx, const struct error *err);
/* Bridge a real interface; undone timeout_s after that unless confirmed. */
int network_setup(const char *interface, const char *bridge, long timeout_s, network_done_fn *done, void *ctx,
		  struct error *err) __must_check;
int network_rollback(network_done_fn *done, void *ctx, struct error *err) __must_check;
int network_confirm(struct error *err) __must_check;

#endif
