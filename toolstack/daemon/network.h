/* SPDX-License-Identifier: MIT */
/*
 * Networks for guests: the default network (a bridge of our own with DHCP and NAT) and bridges over real
 * interfaces, made on trial.
 */
#ifndef DAEMON_NETWORK_H
#define DAEMON_NETWORK_H

#include "base/error.h"

int network_init(struct error *err) __must_check;
void network_stop(void);

#endif
