/* SPDX-License-Identifier: MIT */
/* Network interfaces of dom0 through netlink: the few calls that the daemon needs. */
#ifndef DAEMON_LINK_H
#define DAEMON_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct link_stats {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets, rx_dropped, tx_dropped;
};

/* Index of an interface, 0 if there is none. */
unsigned int link_index(const char *name);
bool link_is_bridge(const char *name);
/* Set what is given: master 0: leave, name NULL: leave, mtu 0: leave. */
int link_set(unsigned int index, bool up, unsigned int master, unsigned int mtu, const char *name);
int link_make_bridge(const char *name);
int link_add_address(unsigned int index, const char *cidr);	/* "10.1.2.3/24"; 0 if already there */
int link_stats(const char *name, struct link_stats *st);

/* A descriptor that tells of interfaces that appear, and what to do when it is readable. */
int link_watch_open(void);
void link_watch_read(int fd, void (*fn)(const char *name, unsigned int index));
/* Call fn for every interface there is. */
int link_each(void (*fn)(const char *name, unsigned int index));

#endif
