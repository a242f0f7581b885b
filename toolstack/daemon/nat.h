/* SPDX-License-Identifier: MIT */
/* The default network's services: see nat.c. */
#ifndef DAEMON_NAT_H
#define DAEMON_NAT_H

#include <jansson.h>

int nat_start(const char *bridge, const char *subnet);	/* 0 or -errno, logged */
void nat_stop(void);
/* The DHCP leases: [{mac, ip, guest}]; also brings guests' addresses up to date. */
json_t *nat_leases(void);

#endif
