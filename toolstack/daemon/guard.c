/* SPDX-License-Identifier: MIT */
/*
 * See guard.h.  One table of nft's bridge family, replaced as a whole by one worker at a time, so that it always
 * holds for some moment of the past; what was asked for meanwhile is in the next round.  An interface carries no
 * packet before its round is over.  A daemon that dies leaves the table in the kernel.
 *
 * dnsmasq knows guests by the hardware address inside of their requests (chaddr), 28 bytes into DHCP's message,
 * which follows the 8 bytes of UDP's header: @th,288,48.  A request that is too short for one is dropped as well.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/strbuf.h"
#include "daemon/device.h"
#include "daemon/guard.h"
#include "daemon/nat.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"

static uint64_t asked, begun;		/* rounds */
static bool working, warned;

static bool is_guarded(const struct guest_vif *vif)
{
	return !vif->script &&
	       (vif->antispoof == ANTISPOOF_ON || (vif->antispoof == ANTISPOOF_DEFAULT && vif_is_home(vif)));
}

/* ---- the rules ---- */

/* The sets' elements, gathered in one walk over all interfaces. */
struct sets {
	struct strbuf guarded, home, bound, macs, own, taken, chaddrs;
};

static bool is_ipv4(const char *text)
{
	struct in_addr a;

	return inet_pton(AF_INET, text, &a) == 1;
}

/* "10.0.0.5/24 fd00::5": what the configuration says the guest will have.  True if there was one of IPv4. */
static bool add_given(struct sets *s, const char *name, const struct guest_vif *vif)
{
	char copy[512], *save = NULL;
	bool any = false;

	snprintf(copy, sizeof(copy), "%s", vif->ip ? vif->ip : "");
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		w[strcspn(w, "/")] = '\0';
		if (!is_ipv4(w))
			continue;
		any = true;
		strbuf_printf(&s->own, "\"%s\" . %s, ", name, w);
		if (vif_is_home(vif))
			strbuf_printf(&s->taken, "%s, ", w);
	}
	return any;
}

static void add_leased(struct sets *s, const char *name, const char *mac, const json_t *leases)
{
	const json_t *lease;
	size_t i;

	json_array_foreach(leases, i, lease) {
		const char *ip = json_string_value(json_object_get(lease, "ip"));

		if (is_ipv4(ip) && strcasecmp(mac, json_string_value(json_object_get(lease, "mac"))) == 0)
			strbuf_printf(&s->own, "\"%s\" . %s, ", name, ip);
	}
}

static void add_vif(struct sets *s, struct guest *g, size_t i, const json_t *leases)
{
	const struct guest_vif *vif = &g->cfg->vifs[i];
	char name[16], mac[18];
	bool given;

	if (!is_guarded(vif) || !g->vifs[i].plugged || g->vifs[i].state == DEV_GONE)
		return;
	vif_name(g, i, name);
	device_mac(g, i, mac);
	strbuf_printf(&s->guarded, "\"%s\", ", name);
	strbuf_printf(&s->macs, "\"%s\" . %s, ", name, mac);
	strbuf_printf(&s->chaddrs, "  iifname \"%s\" @th,288,48 0x%.2s%.2s%.2s%.2s%.2s%.2s return\n", name, mac,
		      mac + 3, mac + 6, mac + 9, mac + 12, mac + 15);
	given = add_given(s, name, vif);
	if (vif_is_home(vif)) {
		strbuf_printf(&s->home, "\"%s\", ", name);
		add_leased(s, name, mac, leases);
	} else if (given) {
		strbuf_printf(&s->bound, "\"%s\", ", name);
	}
}

static void add_taken(struct sets *s, const json_t *leases)
{
	const json_t *lease;
	char own[32];
	size_t i;

	snprintf(own, sizeof(own), "%s", xend.set.subnet);
	own[strcspn(own, "/")] = '\0';
	strbuf_printf(&s->taken, "%s, ", own);
	json_array_foreach(leases, i, lease) {
		const char *ip = json_string_value(json_object_get(lease, "ip"));

		if (is_ipv4(ip))
			strbuf_printf(&s->taken, "%s, ", ip);
	}
}

static void put_set(struct strbuf *out, const char *name, const char *type, struct strbuf *elements)
{
	strbuf_printf(out, " set %s { type %s; ", name, type);
	if (elements->len)
		strbuf_printf(out, "elements = { %s }", elements->data);
	strbuf_puts(out, " }\n");
}

/* What comes from a guest, step by step; what no rule drops goes on. */
static void put_chains(struct strbuf *out, const struct sets *s)
{
	strbuf_printf(out,
		" chain dhcp {\n%s  drop\n }\n"
		" chain arps {\n"
		"  iifname . arp saddr ether != @macs drop\n"
		"  arp saddr ip 0.0.0.0 return\n"
		"  iifname . arp saddr ip @own return\n"
		"  iifname @bound drop\n"
		"  iifname != @home return\n"
		"  arp saddr ip @taken drop\n"
		"  arp saddr ip != %s drop\n }\n"
		" chain ips {\n"
		"  udp sport 67 drop\n"
		"  udp dport 67 jump dhcp\n"
		"  ip saddr 0.0.0.0 udp dport 67 return\n"
		"  iifname . ip saddr @own return\n"
		"  iifname @bound drop\n"
		"  iifname != @home return\n"
		"  ip saddr @taken drop\n"
		"  ip saddr != %s drop\n }\n"
		" chain guest {\n"
		"  iifname . ether saddr != @macs drop\n"
		"  ether type arp goto arps\n"
		"  ether type ip goto ips\n"
		"  ether type != ip6 drop\n"
		"  icmpv6 type nd-router-advert drop\n"
		"  udp sport 547 drop\n }\n"
		" chain prerouting {\n"
		"  type filter hook prerouting priority -300; policy accept;\n"
		"  iifname @guarded jump guest\n }\n",
		s->chaddrs.data ? s->chaddrs.data : "", xend.set.subnet, xend.set.subnet);
}

static void put_rules(struct strbuf *out, struct sets *s)
{
	strbuf_puts(out, "table bridge xend { }\ndelete table bridge xend\ntable bridge xend {\n");
	put_set(out, "guarded", "ifname", &s->guarded);
	put_set(out, "home", "ifname", &s->home);
	put_set(out, "bound", "ifname", &s->bound);
	put_set(out, "macs", "ifname . ether_addr", &s->macs);
	put_set(out, "own", "ifname . ipv4_addr", &s->own);
	put_set(out, "taken", "ipv4_addr", &s->taken);
	put_chains(out, s);
	strbuf_puts(out, "}\n");
}

static bool sets_failed(const struct sets *s)
{
	return s->guarded.failed || s->home.failed || s->bound.failed || s->macs.failed || s->own.failed ||
	       s->taken.failed || s->chaddrs.failed;
}

/* In a worker, which ends with its memory. */
static json_t *guard_work(void *arg, struct error *err)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	struct proc_run run = { .argv = argv, .timeout_ms = 10000 };
	struct strbuf rules = STRBUF_INIT;
	json_t *leases = nat_leases();
	struct sets s = { 0 };

	(void)arg;
	for (struct guest *g = guests; g; g = g->next)
		for (size_t i = 0; g->cfg && i < g->n_vifs; i++)
			add_vif(&s, g, i, leases);
	add_taken(&s, leases);
	put_rules(&rules, &s);
	run.input = rules.data;
	run.input_len = rules.len;
	if (rules.failed || sets_failed(&s)) {
		(void)error_set(err, ERR_RESOURCES, NULL, "out of memory");
		return NULL;
	}
	return proc_run(&run, NULL, err) ? NULL : json_object();
}

/* ---- rounds ---- */

static void begin(void);

static void on_guarded(void *ctx, json_t *result, const struct error *err)
{
	(void)ctx;
	if (!result && !warned)
		log_warn("guests may use one another's addresses: %s%s%s%s", err->what, err->what[0] ? " " : "",
			 err->why, err->code == ERR_NOT_FOUND ? " (Debian: apt install nftables)" : "");
	warned = !result;
	working = false;
	for (struct guest *g = guests; g; g = g->next)
		for (size_t i = 0; g->cfg && i < g->n_vifs; i++) {
			struct guest_device *d = &g->vifs[i];

			if (!d->guard_round || d->guard_round > begun)
				continue;
			d->guard_round = 0;
			if (d->state == DEV_UP)
				device_vif_ready(g, i);
		}
	if (asked > begun)
		begin();
}

static void begin(void)
{
	static const struct worker_calls calls = { guard_work, NULL, on_guarded };
	struct error err = ERROR_INIT;
	struct worker *w;

	begun = asked;
	working = true;
	if (worker_start(&w, "guard", &calls, NULL, NULL, NULL, 0, &err) < 0)
		on_guarded(NULL, NULL, &err);
}

void guard_update(void)
{
	asked++;
	if (!working)
		begin();
}

void guard_vif(struct guest *g, size_t i)
{
	if (!is_guarded(&g->cfg->vifs[i])) {
		device_vif_ready(g, i);
		return;
	}
	g->vifs[i].guard_round = asked + 1;
	guard_update();
}
