/* SPDX-License-Identifier: MIT */
/*
 * See names.h.  The list has lines "MAC,NAME"; dnsmasq reads it at its start and at SIGHUP, and takes no name from
 * guests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "daemon/device.h"
#include "daemon/names.h"
#include "daemon/nat.h"
#include "daemon/vif.h"
#include "daemon/xend.h"

void names_path(char *buf, size_t size)
{
	snprintf(buf, size, "%s/dnsmasq.hosts", xend.set.run_dir);
}

/* Can it stand there?  Not with a dot or a +, and not what dnsmasq takes for a time or an order. */
static bool is_label(const char *name)
{
	size_t digits = strspn(name, "0123456789"), len = strlen(name);
	bool time = digits && (digits == len || (digits == len - 1 && strchr("smhdw", name[digits])));

	return !strpbrk(name, ".+") && !time && strcmp(name, "ignore") != 0 && strcmp(name, "infinite") != 0;
}

static void add_guest(struct strbuf *sb, const struct guest *g)
{
	char mac[18];

	for (size_t i = 0; g->cfg && is_label(g->name) && i < g->n_vifs; i++) {
		if (g->vifs[i].state == DEV_GONE || !vif_is_home(&g->cfg->vifs[i]))
			continue;
		device_mac(g, i, mac);
		strbuf_printf(sb, "%s,%s\n", mac, g->name);
		return;
	}
}

bool names_write(void)
{
	static char *written;
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	char path[300], *text;

	for (const struct guest *g = guests; g; g = g->next)
		add_guest(&sb, g);
	strbuf_puts(&sb, "");
	text = strbuf_take(&sb);
	if (!text || (written && strcmp(text, written) == 0)) {
		free(text);
		return false;
	}
	names_path(path, sizeof(path));
	if (file_write_atomic(path, text, strlen(text), 0644, &err)) {
		log_error(LOG_LEVEL_WARN, &err);
		free(text);
		return false;
	}
	free(written);
	written = text;
	return true;
}

void names_update(void)
{
	if (xend.set.network && names_write())
		nat_reread();
}
