/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the reader of libvirt's XML.  The input is put into a definition that is otherwise good, so that
 * devices and their attributes are reached; an input that starts with '<' stands alone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "<domain type='xen'><name>x</name><memory>524288</memory><os><type>linux</type>"
			   "<kernel>/k</kernel></os>";

/* What we write as XML is XML that we take. */
static void write_and_read(const struct guest_config *cfg)
{
	struct conf_options opt = { .source = "written" };
	struct conf_diags diags = { 0 };
	struct guest_config *back = NULL;
	char *xml = conf_to_xml(cfg);

	if (!xml || conf_parse(xml, strlen(xml), &opt, &back, &diags))
		abort();
	free(xml);
	guest_config_free(back);
	conf_diags_free(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_options opt = { .source = "fuzz", .lenient = size & 1 };
	struct strbuf sb = STRBUF_INIT;
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	int rc;

	if (size && data[0] == '!') {
		strbuf_puts(&sb, head);
		strbuf_add(&sb, data + 1, size - 1);
		strbuf_puts(&sb, "</domain>");
	} else {
		strbuf_putc(&sb, '<');
		strbuf_add(&sb, data, size);
	}
	rc = conf_parse(sb.data, sb.len, &opt, &cfg, &diags);
	if ((rc == 0) != (cfg != NULL) || (rc == 0) != (diags.n_fatal == 0))
		abort();
	if (cfg)
		write_and_read(cfg);
	guest_config_free(cfg);
	conf_diags_free(&diags);
	strbuf_free(&sb);
	return 0;
}
