/* SPDX-License-Identifier: MIT */
/*
 * DHCP, names and NAT on the default network.  dnsmasq is a child of the daemon; it listens on the bridge
 * alone and runs as its own user.  It gives each hardware address one lease, whatever the guest calls itself, and
 * guard.c sees to it that no guest has two: nobody can take all.  The last quarter of the network is left to guests
 * with addresses of their own choice; a lease is not asked for on the wire first, where any guest could answer.  If
 * the daemon dies it goes on, until the next daemon replaces it.  Leases are a file; a change of it tells guests'
 * addresses.  nft gets one table of ours, replaced as a whole.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "daemon/device.h"
#include "daemon/events.h"
#include "daemon/guard.h"
#include "daemon/guest.h"
#include "daemon/names.h"
#include "daemon/nat.h"
#include "daemon/worker.h"
#include "daemon/xend.h"

#define RESTART_S 1

static pid_t dnsmasq_pid;
static char lease_dir[256], bridge_name[16];
static struct in_addr network, netmask, own;
static struct event *restart_timer;

/* "10.188.0.1/24" into its parts. */
static int parse_subnet(const char *subnet)
{
	char text[32], *slash;
	int bits;

	snprintf(text, sizeof(text), "%s", subnet);
	slash = strchr(text, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	bits = atoi(slash + 1);
	if (inet_pton(AF_INET, text, &own) != 1 || bits < 8 || bits > 29)
		return -EINVAL;
	netmask.s_addr = htonl(~0u << (32 - bits));
	network.s_addr = own.s_addr & netmask.s_addr;
	return 0;
}

/* An address of the network: from its beginning or, below 0, from its end. */
static void address(int32_t offset, char text[INET_ADDRSTRLEN])
{
	uint32_t base = ntohl(network.s_addr), last = base | ~ntohl(netmask.s_addr);
	struct in_addr a = { .s_addr = htonl((offset < 0 ? last : base) + (uint32_t)offset) };

	inet_ntop(AF_INET, &a, text, INET_ADDRSTRLEN);
}

static void exec_dnsmasq(void)
{
	char range[80], lo[INET_ADDRSTRLEN], hi[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN], iface[40],
		leases[300], pidfile[300], names[300], hosts[340];

	address(2, lo);
	address((int32_t)(~ntohl(netmask.s_addr) + 1) * 3 / 4 - 1, hi);
	inet_ntop(AF_INET, &netmask, mask, sizeof(mask));
	snprintf(range, sizeof(range), "--dhcp-range=%s,%s,%s,12h", lo, hi, mask);
	snprintf(iface, sizeof(iface), "--interface=%s", bridge_name);
	snprintf(leases, sizeof(leases), "--dhcp-leasefile=%s/leases", lease_dir);
	snprintf(pidfile, sizeof(pidfile), "--pid-file=%s/dnsmasq.pid", xend.set.run_dir);
	names_path(names, sizeof(names));
	snprintf(hosts, sizeof(hosts), "--dhcp-hostsfile=%s", names);
	execlp("dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--bind-interfaces",
	       iface, "--except-interface=lo", "--no-hosts", range, leases, "--dhcp-authoritative",
	       "--dhcp-no-override", "--dhcp-ignore-clid", "--dhcp-ignore-names", hosts, "--no-ping", pidfile,
	       "--log-facility=-", "--quiet-dhcp", "--quiet-dhcp6", "--quiet-ra", (char *)NULL);
	_exit(127);
}

static void spawn_dnsmasq(void)
{
	dnsmasq_pid = fork();
	if (dnsmasq_pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		signal(SIGHUP, SIG_IGN);	/* until dnsmasq minds it */
		(void)close_range(3, ~0u, 0);
		exec_dnsmasq();
	}
	if (dnsmasq_pid < 0)
		log_err("default network: cannot start dnsmasq: %s", strerror(errno));
}

void nat_reread(void)
{
	if (dnsmasq_pid > 0)
		kill(dnsmasq_pid, SIGHUP);
}

/* The one of a daemon before us: it holds the address. */
static void stop_old_dnsmasq(void)
{
	char path[300], *text = NULL, *comm = NULL;
	size_t len;
	int pid = 0;

	snprintf(path, sizeof(path), "%s/dnsmasq.pid", xend.set.run_dir);
	if (file_read(path, 64, &text, &len, NULL) == 0)
		pid = atoi(text);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (pid > 1 && file_read(path, 64, &comm, &len, NULL) == 0 && strcmp(comm, "dnsmasq\n") == 0)
		kill(pid, SIGTERM);
	free(text);
	free(comm);
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	struct timeval later = { RESTART_S, 0 };
	int status;

	(void)sig;
	(void)what;
	(void)arg;
	if (dnsmasq_pid <= 0 || waitpid(dnsmasq_pid, &status, WNOHANG) != dnsmasq_pid)
		return;
	dnsmasq_pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		log_err("default network: dnsmasq is not installed: guests get no addresses "
			"(Debian: apt install dnsmasq-base)");
		return;
	}
	log_warn("default network: dnsmasq ended (status %#x), starting it again", status);
	event_add(restart_timer, &later);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	spawn_dnsmasq();
}

/* NAT for what leaves the subnet; the bridge itself is left to the administrator's own rules. */
static json_t *nft_work(void *arg, struct error *err)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	struct strbuf sb = STRBUF_INIT;
	char net[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];
	struct proc_run run = { .argv = argv, .timeout_ms = 10000 };

	(void)arg;
	inet_ntop(AF_INET, &network, net, sizeof(net));
	inet_ntop(AF_INET, &netmask, mask, sizeof(mask));
	strbuf_printf(&sb,
		      "table ip xend { }\ndelete table ip xend\ntable ip xend {\n"
		      " chain postrouting { type nat hook postrouting priority 100; policy accept;\n"
		      "  ip saddr %s/%d ip daddr != %s/%d masquerade\n }\n}\n",
		      net, __builtin_popcount(netmask.s_addr), net, __builtin_popcount(netmask.s_addr));
	run.input = sb.data;
	run.input_len = sb.len;
	return sb.failed || proc_run(&run, NULL, err) ? NULL : json_object();
}

static void on_nft(void *ctx, json_t *result, const struct error *err)
{
	(void)ctx;
	if (!result)
		log_warn("default network: no NAT: %s%s", err->why,
			 err->code == ERR_NOT_FOUND ? " (Debian: apt install nftables)" : "");
}

static void start_nft(void)
{
	static const struct worker_calls calls = { nft_work, NULL, on_nft };
	struct error err = ERROR_INIT;
	struct worker *w;

	if (worker_start(&w, "nft", &calls, NULL, NULL, NULL, 0, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err);
}

static void allow_forwarding(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_forward", "we");

	if (!f || fputs("1\n", f) < 0)
		log_warn("default network: cannot switch on IP forwarding: %s", strerror(errno));
	if (f)
		fclose(f);
}

/* ---- leases ---- */

static struct guest *guest_of_mac(const char *mac)
{
	char text[18];

	for (struct guest *g = guests; g; g = g->next)
		for (size_t i = 0; g->cfg && i < g->n_vifs; i++) {
			device_mac(g, i, text);
			if (strcasecmp(text, mac) == 0)
				return g;
		}
	return NULL;
}

/* Lines: expiry, MAC, address, name, client id. */
json_t *nat_leases(void)
{
	char path[300], *text = NULL, *line, *save = NULL;
	json_t *list = json_array();
	size_t len;

	snprintf(path, sizeof(path), "%s/leases", lease_dir);
	if (!lease_dir[0] || file_read(path, 1 << 20, &text, &len, NULL) < 0)
		return list;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char mac[18], ip[64];
		struct guest *g;

		if (sscanf(line, "%*s %17s %63s", mac, ip) != 2)
			continue;
		g = guest_of_mac(mac);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s?}", "mac", mac, "ip", ip, "guest",
						      g ? g->name : NULL));
		if (g && strcmp(g->address, ip) != 0) {
			snprintf(g->address, sizeof(g->address), "%s", ip);
			events_emit(g, "address", ip, NULL);
		}
	}
	free(text);
	return list;
}

/* DHCPRELEASE (RFC 2131): the fixed part, up to the magic number; then what it is, and which server it is for. */
static size_t release_message(uint8_t msg[300], const uint8_t mac[6], const struct in_addr *ip)
{
	static const uint8_t magic[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 7, 54, 4 };

	memset(msg, 0, 300);
	msg[0] = 1;	/* a request; over Ethernet, with addresses of six bytes */
	msg[1] = 1;
	msg[2] = 6;
	memcpy(msg + 12, ip, 4);
	memcpy(msg + 28, mac, 6);
	memcpy(msg + 236, magic, sizeof(magic));
	memcpy(msg + 236 + sizeof(magic), &own, 4);
	msg[236 + sizeof(magic) + 4] = 255;
	return 300;
}

void nat_release(const char *mac, const char *ip)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(67), .sin_addr = own };
	uint8_t msg[300], m[6];
	struct in_addr leased;
	int fd;

	if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6 ||
	    inet_pton(AF_INET, ip, &leased) != 1)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bridge_name, sizeof(bridge_name)) < 0 ||
	    sendto(fd, msg, release_message(msg, m, &leased), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		log_debug("default network: cannot tell dnsmasq that %s is free: %s", ip, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void on_lease_change(evutil_socket_t fd, short what, void *arg)
{
	char buf[4096];

	(void)what;
	(void)arg;
	while (read((int)fd, buf, sizeof(buf)) > 0)
		;
	json_decref(nat_leases());
	guard_update();
}

static void watch_leases(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct event *ev = NULL;

	if (fd >= 0 && inotify_add_watch(fd, lease_dir, IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO) >= 0)
		ev = event_new(xend.base, fd, EV_READ | EV_PERSIST, on_lease_change, NULL);
	if (!ev || event_add(ev, NULL) < 0)
		log_warn("default network: guests' addresses are not followed");
}

int nat_start(const char *bridge, const char *subnet)
{
	struct error err = ERROR_INIT;
	struct event *child;
	int rc = parse_subnet(subnet);

	if (rc) {
		log_err("default network: '%s' is no address with prefix", subnet);
		return rc;
	}
	snprintf(bridge_name, sizeof(bridge_name), "%s", bridge);
	snprintf(lease_dir, sizeof(lease_dir), "%s/network", xend.set.state_dir);
	if (file_make_dirs(lease_dir, 0755, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err);
	allow_forwarding();
	start_nft();
	restart_timer = evtimer_new(xend.base, on_restart, NULL);
	child = evsignal_new(xend.base, SIGCHLD, on_child, NULL);
	if (!restart_timer || !child || event_add(child, NULL) < 0)
		return -ENOMEM;
	watch_leases();
	stop_old_dnsmasq();
	(void)names_write();
	spawn_dnsmasq();
	json_decref(nat_leases());
	guard_update();
	return 0;
}

void nat_stop(void)
{
	if (dnsmasq_pid > 0)
		kill(dnsmasq_pid, SIGTERM);
}
