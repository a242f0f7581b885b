/* SPDX-License-Identifier: MIT */
/* Network interfaces: "mac=...,bridge=..." and the MAC that an interface without one gets. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/keys.h"

#define RATE_INTERVAL_US 50000
#define BRIDGE_MAX 128

static int parse_mac(const char *text, void *at, struct error *err)
{
	struct guest_vif *v = at;
	unsigned int b[6];
	int used = 0;

	if (strlen(text) != 17 || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
					 &b[5], &used) != 6 || used != 17) {
		error_set(err, ERR_CONFIG, NULL, "mac '%.60s' is not a MAC address", text);
		error_hint(err, "six pairs of hex digits, 00:16:3e:xx:xx:xx for Xen; leave it out for one of "
				"our own");
		return error_to_errno(ERR_CONFIG);
	}
	if (b[0] & 1)
		return error_set(err, ERR_CONFIG, NULL, "mac '%s' is a multicast address", text);
	for (int i = 0; i < 6; i++)
		v->mac[i] = (uint8_t)b[i];
	v->mac_given = true;
	return 0;
}

static bool format_mac(const void *at, struct strbuf *out)
{
	const struct guest_vif *v = at;

	if (v->mac_given)
		strbuf_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", v->mac[0], v->mac[1], v->mac[2],
			      v->mac[3], v->mac[4], v->mac[5]);
	return v->mac_given;
}

int conf_check_ifname(const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (len == 0 || len >= IFNAMSIZ || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		goto bad;
	for (size_t i = 0; i < len; i++)
		if (isspace((unsigned char)text[i]) || strchr("/:%\"\\*", text[i]) ||
		    (unsigned char)text[i] < 0x20)
			goto bad;
	return 0;
bad:
	return error_set(err, ERR_CONFIG, NULL, "'%.60s' cannot name a network interface", text);
}

static int parse_ifname(const char *text, void *at, struct error *err)
{
	int rc = conf_check_ifname(text, err);

	return rc ? rc : conf_set_string(at, text, err);
}

/* With a script it may be what that understands, as Open vSwitch's BRIDGE.VLAN:TRUNK; vif_finish() knows. */
static int parse_bridge(const char *text, void *at, struct error *err)
{
	bool good = strlen(text) < BRIDGE_MAX;

	for (const char *s = text; *s; s++)
		good &= (unsigned char)*s >= 0x20;
	return good ? conf_set_string(at, text, err) : conf_check_ifname(text, err);
}

static bool address_is_good(char *word)
{
	char *slash = strchr(word, '/'), bytes[16];
	int64_t bits;

	if (slash) {
		*slash++ = '\0';
		if (conf_number(slash, &bits) || bits < 0 || bits > (strchr(word, ':') ? 128 : 32))
			return false;
	}
	return inet_pton(strchr(word, ':') ? AF_INET6 : AF_INET, word, bytes) == 1;
}

static int parse_ip(const char *text, void *at, struct error *err)
{
	char copy[512], *save = NULL;

	if (strlen(text) >= sizeof(copy))
		return error_set(err, ERR_CONFIG, NULL, "ip '%.60s...' is too long", text);
	strcpy(copy, text);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char word[64];

		snprintf(word, sizeof(word), "%.60s", w);
		if (!address_is_good(w))
			return error_set(err, ERR_CONFIG, NULL, "ip '%s' is not an IP address", word);
	}
	return conf_set_string(at, text, err);
}

/* "vif-bridge" is Xen's name for what the daemon does itself. */
static int parse_script(const char *text, void *at, struct error *err)
{
	return conf_set_script(at, text, "vif-bridge", err);
}

/* Both spellings of xl: a PV interface is "vif"; "ioemu" would add an emulated card. */
static int parse_type(const char *text, void *at, struct error *err)
{
	(void)at;
	if (strcmp(text, "vif") == 0 || strcmp(text, "ioemu") == 0)
		return 0;
	return error_set(err, ERR_CONFIG, NULL, "type '%.60s' is neither vif nor ioemu", text);
}

/* "@20ms": the interval of a rate, in microseconds. */
static int parse_interval(const char *s, uint32_t *us)
{
	uint64_t num;
	char *rest;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	num = strtoull(s, &rest, 10);
	if (errno || num == 0 || num > 1000000)
		return -EINVAL;
	num *= strcmp(rest, "us") == 0	 ? 1
	       : strcmp(rest, "ms") == 0 ? 1000
	       : strcmp(rest, "s") == 0	 ? 1000000
					 : 0;
	if (num == 0 || num > 60000000)
		return -EINVAL;
	*us = (uint32_t)num;
	return 0;
}

/* "10Mb/s", "250KB/s", "1GB/s@20ms": b is bits, B is bytes. */
static int parse_rate(const char *text, void *at, struct error *err)
{
	struct guest_vif *v = at;
	uint32_t interval = RATE_INTERVAL_US;
	uint64_t num, unit = 1;
	char *s;

	errno = 0;
	num = isdigit((unsigned char)text[0]) ? strtoull(text, &s, 10) : (s = NULL, 0);
	if (!s || errno || num == 0 || num > UINT32_MAX)
		goto bad;
	if (*s == 'G' || *s == 'M' || *s == 'K') {
		unit = *s == 'G' ? 1000000000 : *s == 'M' ? 1000000 : 1000;
		s++;
	}
	if ((*s != 'b' && *s != 'B') || s[1] != '/' || s[2] != 's')
		goto bad;
	num = num * unit / (*s == 'b' ? 8 : 1);
	s += 3;
	if (*s == '@' ? parse_interval(s + 1, &interval) : *s != '\0')
		goto bad;
	if (num > UINT64_C(1) << 42)
		goto bad;
	v->rate_interval_us = interval;
	v->rate_bytes_per_interval = (num * interval + 999999) / 1000000;
	return 0;
bad:
	error_set(err, ERR_CONFIG, NULL, "rate '%.60s' is not understood", text);
	error_hint(err, "write 10Mb/s (bits), 2MB/s (bytes), or 2MB/s@20ms with the interval");
	return error_to_errno(ERR_CONFIG);
}

static bool format_rate(const void *at, struct strbuf *out)
{
	const struct guest_vif *v = at;

	if (!v->rate_bytes_per_interval)
		return false;
	strbuf_printf(out, "%" PRIu64 "B/s@%uus", v->rate_bytes_per_interval * 1000000 / v->rate_interval_us,
		      v->rate_interval_us);
	return true;
}

static int parse_antispoof(const char *text, void *at, struct error *err)
{
	struct guest_vif *v = at;

	if (strcmp(text, "0") && strcmp(text, "1"))
		return error_set(err, ERR_CONFIG, NULL, "antispoof '%.20s' is neither 0 nor 1", text);
	v->antispoof = text[0] == '1' ? ANTISPOOF_ON : ANTISPOOF_OFF;
	return 0;
}

static bool format_antispoof(const void *at, struct strbuf *out)
{
	const struct guest_vif *v = at;

	if (v->antispoof != ANTISPOOF_DEFAULT)
		strbuf_puts(out, v->antispoof == ANTISPOOF_ON ? "1" : "0");
	return v->antispoof != ANTISPOOF_DEFAULT;
}

static int refuse_devid(const char *text, void *at, struct error *err)
{
	(void)at;
	error_set(err, ERR_UNSUPPORTED, NULL, "devid '%.20s' cannot be chosen", text);
	error_hint(err, "interfaces are numbered from 0 as they stand in the list");
	return error_to_errno(ERR_UNSUPPORTED);
}

static void vif_init(void *item)
{
	struct guest_vif *v = item;

	v->rate_interval_us = RATE_INTERVAL_US;
	v->trusted = true;
}

static int vif_finish(void *item, struct error *err)
{
	const struct guest_vif *v = item;

	if (v->mtu && v->mtu < 68)
		return error_set(err, ERR_CONFIG, NULL, "mtu = %" PRIu32 " is less than IP needs (68)", v->mtu);
	return v->bridge && !v->script ? conf_check_ifname(v->bridge, err) : 0;
}

#define AT(f) offsetof(struct guest_vif, f)
static const struct conf_key vif_fields[] = {
	{ .name = "mac", .kind = KEY_CUSTOM, .parse = parse_mac, .format = format_mac,
	  .arg = "00:16:3e:xx:xx:xx",
	  .help = "Hardware address; without it one that stays the same for this guest." },
	{ .name = "bridge", .kind = KEY_CUSTOM, .offset = AT(bridge), .parse = parse_bridge,
	  .format = conf_format_string,
	  .arg = "NAME", .help = "The bridge to join; the default network if not given." },
	{ .name = "ip", .kind = KEY_CUSTOM, .offset = AT(ip), .parse = parse_ip, .format = conf_format_string,
	  .arg = "ADDRESSES", .help = "Addresses that the guest will have, separated by blanks; shown and "
		  "handed to scripts." },
	{ .name = "vifname", .kind = KEY_CUSTOM, .offset = AT(vifname), .parse = parse_ifname,
	  .format = conf_format_string,
	  .arg = "NAME", .help = "Name of dom0's end; vifDOMID.N if not given." },
	{ .name = "script", .kind = KEY_CUSTOM, .offset = AT(script), .parse = parse_script,
	  .format = conf_format_string,
	  .arg = "PATH", .help = "A program that is run instead of the daemon's own set-up." },
	{ .name = "rate", .kind = KEY_CUSTOM, .parse = parse_rate, .format = format_rate, .arg = "10Mb/s",
	  .help = "What the guest may send at most." },
	{ .name = "antispoof", .kind = KEY_CUSTOM, .parse = parse_antispoof, .format = format_antispoof, .arg = "0|1",
	  .help = "Let the guest send from its own hardware address only, and from no IP address that is "
		  "another's; default in the default network, xend(8) has the rules. On other bridges its addresses "
		  "are those of ip=; if there are none, only the hardware address counts. 0 is for guests that have a "
		  "bridge or guests inside." },
	{ .name = "mtu", .kind = KEY_U32, .offset = AT(mtu), .min = 0, .max = 65535, .arg = "BYTES",
	  .help = "Largest packet, 68 to 65535; 1500 if not given." },
	{ .name = "gatewaydev", .kind = KEY_CUSTOM, .offset = AT(gatewaydev), .parse = parse_ifname,
	  .format = conf_format_string, .arg = "NAME", .help = "The interface that a routing script uses." },
	{ .name = "model", .kind = KEY_STR, .offset = AT(model), .max = 32, .arg = "WORD",
	  .help = "Kept for configurations that have it; a PV guest has no emulated card." },
	{ .name = "type", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = parse_type,
	  .format = conf_format_nothing,
	  .arg = "vif", .help = "Kept for configurations that have it." },
	{ .name = "backend", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = conf_parse_backend,
	  .format = conf_format_nothing, .arg = "GUEST",
	  .help = "The driver domain that serves it; there is only dom0." },
	{ .name = "trusted", .kind = KEY_BOOL, .offset = AT(trusted), .arg = "0|1",
	  .help = "Whether the guest's driver should trust the backend." },
	{ .name = "untrusted", .kind = KEY_FLAG, .flags = KEY_INPUT, .offset = AT(trusted), .max = 0,
	  .help = "The same as trusted=0." },
	{ .name = "netdev", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .offset = AT(gatewaydev), .parse = parse_ifname,
	  .format = conf_format_nothing, .arg = "NAME", .help = "The older word for gatewaydev." },
	{ .name = "devid", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = refuse_devid, .format = conf_format_nothing,
	  .arg = "N", .help = "Refused: interfaces are numbered as they stand in the list." },
	{ 0 }
};

static const size_t vif_strings[] = {
	AT(bridge), AT(gatewaydev), AT(ip), AT(script), AT(vifname), AT(model), NO_STRING
};

const struct conf_list conf_vif_list = {
	.item_size = sizeof(struct guest_vif), .max_items = GUEST_VIFS_MAX, .fields = vif_fields,
	.init = vif_init, .finish = vif_finish, .strings = vif_strings,
};

void guest_vif_clear(struct guest_vif *vif)
{
	conf_item_clear(&conf_vif_list, vif);
}

int conf_parse_vif(const char *spec, struct guest_vif *vif, struct error *err)
{
	int rc = conf_item_parse(&conf_vif_list, spec, vif, err);

	if (rc)
		error_what(err, "vif '%.100s'", spec);
	return rc;
}

/* 00:16:3e is Xen's; the rest mixes the UUID (FNV-1a) and adds the index. */
void guest_vif_default_mac(const struct guest_config *cfg, size_t index, uint8_t mac[6])
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(cfg->uuid); i++)
		h = (h ^ cfg->uuid[i]) * 16777619u;
	h = (h ^ h >> 24) + (uint32_t)index;
	mac[0] = 0x00;
	mac[1] = 0x16;
	mac[2] = 0x3e;
	mac[3] = h >> 16 & 0x7f;
	mac[4] = h >> 8 & 0xff;
	mac[5] = h & 0xff;
}
