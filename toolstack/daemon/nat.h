/* SPDX-License-Identifier: MIT */
/* The default network's services: see nat.c. */
#ifndef DAEMON_NAT_H
#define DAEMON_NAT_H

#include <jansson.h>
#include <stddef.h>

int nat_start(const char *bridge, const char *subnet);	/* 0 or -errno, logged */
void nat_stop(void);
void nat_reread(void);		/* dnsmasq: its list of names */
/* The DHCP leases: [{mac, ip, guest}]; also brings guests' addresses up to date. */
json_t *nat_leases(void);
/* Tell dnsmasq that the lease of this hardware address is over; it may not hear it. */
void nat_release(const char *mac, const char *ip);

#endif
