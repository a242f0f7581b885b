/* SPDX-License-Identifier: MIT */
/* See link.h.  Each request opens its own socket, sends one message and waits for the kernel's acknowledgement. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/link.h"

#define BUF 8192

unsigned int link_index(const char *name)
{
	return if_nametoindex(name);
}

bool link_is_bridge(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", name);
	return strchr(name, '/') == NULL && stat(path, &st) == 0;
}

/* Send one request and take its acknowledgement. */
static int talk(struct nlmsghdr *nlh)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	char buf[BUF];
	int rc = 0;

	if (!nl)
		return -errno;
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0) {
		rc = -errno;
	} else {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0 || mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl), NULL, NULL) < 0)
			rc = -errno;
	}
	mnl_socket_close(nl);
	return rc;
}

static struct nlmsghdr *link_message(char *buf, uint16_t type, unsigned int index, unsigned int flags,
				     unsigned int change)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)index;
	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	return nlh;
}

int link_set(unsigned int index, bool up, unsigned int master, unsigned int mtu, const char *name)
{
	char buf[BUF];
	struct nlmsghdr *nlh = link_message(buf, RTM_NEWLINK, index, up ? IFF_UP : 0, up ? IFF_UP : 0);

	if (master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, master);
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return talk(nlh);
}

int link_make_bridge(const char *name)
{
	char buf[BUF];
	struct nlmsghdr *nlh = link_message(buf, RTM_NEWLINK, 0, IFF_UP, IFF_UP);
	struct nlattr *info;

	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(nlh, info);
	return talk(nlh);
}

int link_add_address(unsigned int index, const char *cidr)
{
	char buf[BUF], text[64], *slash;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;
	struct in_addr addr;
	int rc;

	snprintf(text, sizeof(text), "%s", cidr);
	slash = strchr(text, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	if (inet_pton(AF_INET, text, &addr) != 1)
		return -EINVAL;
	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = (uint8_t)atoi(slash + 1);
	ifa->ifa_index = index;
	mnl_attr_put_u32(nlh, IFA_LOCAL, addr.s_addr);
	mnl_attr_put_u32(nlh, IFA_ADDRESS, addr.s_addr);
	rc = talk(nlh);
	return rc == -EEXIST ? 0 : rc;
}

/* ---- watching ---- */

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	void (*fn)(const char *name, unsigned int index) = *(void (**)(const char *, unsigned int))data;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
						       mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		fn(mnl_attr_get_str(attr), (unsigned int)ifi->ifi_index);
	return MNL_CB_OK;
}

int link_watch_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), size = 1 << 20;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

void link_watch_read(int fd, void (*fn)(const char *name, unsigned int index))
{
	static char buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		(void)mnl_cb_run(buf, (size_t)n, 0, 0, on_link, &fn);
	/* The kernel had to drop messages: look at everything. */
	if (n < 0 && errno == ENOBUFS)
		(void)link_each(fn);
}

int link_each(void (*fn)(const char *name, unsigned int index))
{
	struct if_nameindex *list = if_nameindex();

	if (!list)
		return -errno;
	for (struct if_nameindex *i = list; i->if_index; i++)
		fn(i->if_name, i->if_index);
	if_freenameindex(list);
	return 0;
}

static uint64_t read_stat(const char *name, const char *what)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name, what);
	return file_number(path);
}

int link_stats(const char *name, struct link_stats *st)
{
	if (!link_index(name))
		return -ENODEV;
	st->rx_bytes = read_stat(name, "rx_bytes");
	st->tx_bytes = read_stat(name, "tx_bytes");
	st->rx_packets = read_stat(name, "rx_packets");
	st->tx_packets = read_stat(name, "tx_packets");
	st->rx_dropped = read_stat(name, "rx_dropped");
	st->tx_dropped = read_stat(name, "tx_dropped");
	return 0;
}
