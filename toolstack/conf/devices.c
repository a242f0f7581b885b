/* SPDX-License-Identifier: MIT */
/* The rarer devices: framebuffers, channels, PCI functions. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"

/* ---- framebuffers ---- */

static void vfb_init(void *item)
{
	((struct guest_vfb *)item)->vnc = true;
	((struct guest_vfb *)item)->vncunused = true;
}

/* xm's word for what vnc= and sdl= say. */
static int parse_vfb_type(const char *text, void *at, struct error *err)
{
	struct guest_vfb *v = at;

	if (strcmp(text, "vnc") && strcmp(text, "sdl"))
		return error_set(err, ERR_CONFIG, NULL, "type '%.20s' is neither vnc nor sdl", text);
	v->vnc = text[0] == 'v';
	v->sdl = text[0] == 's';
	return 0;
}

#define AT(f) offsetof(struct guest_vfb, f)
static const struct conf_key vfb_fields[] = {
	{ .name = "vnc", .kind = KEY_BOOL, .offset = AT(vnc), .arg = "0|1",
	  .help = "Show it by VNC (default)." },
	{ .name = "vnclisten", .kind = KEY_STR, .offset = AT(vnclisten), .max = 64,
	  .arg = "ADDRESS[:DISPLAY]",
	  .help = "Where VNC listens; 127.0.0.1 if not given." },
	{ .name = "vncdisplay", .kind = KEY_U32, .offset = AT(vncdisplay), .max = 59635, .arg = "N",
	  .help = "Display number: port 5900 + N." },
	{ .name = "vncunused", .kind = KEY_BOOL, .offset = AT(vncunused), .arg = "0|1",
	  .help = "Take a free port (default)." },
	{ .name = "vncpasswd", .kind = KEY_STR, .offset = AT(vncpasswd), .max = 64,
	  .arg = "PASSWORD", .help = "Ask for this password." },
	{ .name = "sdl", .kind = KEY_BOOL, .offset = AT(sdl), .arg = "0|1",
	  .help = "Show it in a window of dom0." },
	{ .name = "opengl", .kind = KEY_BOOL, .offset = AT(opengl), .arg = "0|1",
	  .help = "Draw that window by OpenGL." },
	{ .name = "display", .kind = KEY_STR, .offset = AT(display), .max = 64, .arg = "DISPLAY",
	  .help = "X display of that window." },
	{ .name = "xauthority", .kind = KEY_PATH, .offset = AT(xauthority), .arg = "PATH",
	  .help = "Its authority file." },
	{ .name = "keymap", .kind = KEY_STR, .offset = AT(keymap), .max = 16, .arg = "LANGUAGE",
	  .help = "Keyboard layout." },
	{ .name = "type", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = parse_vfb_type,
	  .format = conf_format_nothing, .arg = "vnc|sdl", .help = "The older way to say vnc=1 or sdl=1." },
	{ 0 }
};
static const size_t vfb_strings[] = {
	AT(vnclisten), AT(vncpasswd), AT(display), AT(xauthority), AT(keymap), NO_STRING
};
#undef AT

const struct conf_list conf_vfb_list = {
	.item_size = sizeof(struct guest_vfb), .max_items = 1, .fields = vfb_fields, .init = vfb_init,
	.strings = vfb_strings,
};

/* ---- channels ---- */

static int channel_finish(void *item, struct error *err)
{
	struct guest_channel *c = item;

	if (!c->name || !c->connection)
		return error_set(err, ERR_CONFIG, NULL, "a channel needs name= and connection=");
	if (strcmp(c->connection, "pty") && strcmp(c->connection, "socket"))
		return error_set(err, ERR_CONFIG, NULL, "connection '%s' is neither pty nor socket",
				 c->connection);
	if (c->connection[0] == 's' && !c->path)
		return error_set(err, ERR_CONFIG, NULL, "a channel on a socket needs path=");
	return 0;
}

#define AT(f) offsetof(struct guest_channel, f)
static const struct conf_key channel_fields[] = {
	{ .name = "name", .kind = KEY_STR, .offset = AT(name), .max = 128, .arg = "NAME",
	  .help = "What the guest finds it by." },
	{ .name = "connection", .kind = KEY_STR, .offset = AT(connection), .max = 16, .arg = "pty|socket",
	  .help = "What dom0's end is." },
	{ .name = "path", .kind = KEY_PATH, .offset = AT(path), .max = 107, .arg = "PATH",
	  .help = "Of the socket." },
	{ .name = "backend", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = conf_parse_backend,
	  .format = conf_format_nothing, .arg = "GUEST",
	  .help = "The driver domain that serves it; there is only dom0." },
	{ 0 }
};
static const size_t channel_strings[] = { AT(name), AT(connection), AT(path), NO_STRING };
#undef AT

const struct conf_list conf_channel_list = {
	.item_size = sizeof(struct guest_channel), .max_items = 16, .fields = channel_fields,
	.finish = channel_finish, .strings = channel_strings,
};

/* ---- PCI: [DDDD:]BB:DD.F[@VSLOT] ---- */

static bool hex_field(const char **s, uint32_t max, int digits, uint32_t *num)
{
	char *rest;

	if (!isxdigit((unsigned char)**s))
		return false;
	*num = (uint32_t)strtoul(*s, &rest, 16);
	if (rest - *s > digits || *num > max)
		return false;
	*s = rest;
	return true;
}

#define VSLOT_NONE (-2)	/* no address seen yet */

static bool parse_address(const char *s, struct guest_pci *p)
{
	const char *first = strchr(s, ':');
	uint32_t vslot;

	if (first && strchr(first + 1, ':') && (!hex_field(&s, 0xffff, 4, &p->domain) || *s++ != ':'))
		return false;
	if (!hex_field(&s, 0xff, 2, &p->bus) || *s++ != ':' || !hex_field(&s, 0x1f, 2, &p->slot) ||
	    *s++ != '.' || !hex_field(&s, 7, 1, &p->func))
		return false;
	p->vslot = -1;
	if (*s == '@') {
		s++;
		if (!hex_field(&s, 0x1f, 2, &vslot))
			return false;
		p->vslot = (int32_t)vslot;
	}
	return *s == '\0';
}

static int pci_positional(void *item, unsigned int nth, const char *text, struct error *err)
{
	if (nth == 0 && parse_address(text, item))
		return 0;
	error_set(err, ERR_CONFIG, NULL, "'%.60s' is no PCI function", text);
	error_hint(err, "as lspci -D shows it: 0000:03:00.0");
	return error_to_errno(ERR_CONFIG);
}

static void pci_init(void *item)
{
	((struct guest_pci *)item)->vslot = VSLOT_NONE;
}

static int pci_finish(void *item, struct error *err)
{
	if (((struct guest_pci *)item)->vslot == VSLOT_NONE)
		return error_set(err, ERR_CONFIG, NULL, "a PCI device needs its address first");
	return 0;
}

static void pci_format_head(const void *item, struct strbuf *out)
{
	const struct guest_pci *p = item;

	strbuf_printf(out, "%04x:%02x:%02x.%x", p->domain, p->bus, p->slot, p->func);
	if (p->vslot >= 0)
		strbuf_printf(out, "@%x", p->vslot);
}

#define AT(f) offsetof(struct guest_pci, f)
static const struct conf_key pci_fields[] = {
	{ .name = "permissive", .kind = KEY_BOOL, .offset = AT(permissive), .arg = "0|1",
	  .help = "Let the guest write all of the configuration space." },
	{ .name = "seize", .kind = KEY_BOOL, .offset = AT(seize), .arg = "0|1",
	  .help = "Take it from dom0's driver." },
	{ .name = "power_mgmt", .kind = KEY_BOOL, .offset = AT(power_mgmt), .arg = "0|1",
	  .help = "Let the guest manage its power." },
	{ .name = "msitranslate", .kind = KEY_BOOL, .offset = AT(msitranslate), .arg = "0|1",
	  .help = "Show line interrupts for MSI." },
	{ 0 }
};

const struct conf_list conf_pci_list = {
	.item_size = sizeof(struct guest_pci), .max_items = 32, .fields = pci_fields, .init = pci_init,
	.positional = pci_positional, .finish = pci_finish, .format_head = pci_format_head,
};
