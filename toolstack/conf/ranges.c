/* SPDX-License-Identifier: MIT */
/* What of the host's hardware a guest may touch: I/O ports, memory frames, interrupts. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"

#define PORTS 65536
#define FRAMES (UINT64_C(1) << 40)
#define IRQS 4096

static bool parse_hex(const char **s, uint64_t *num)
{
	char *rest;

	if (!isxdigit((unsigned char)**s))
		return false;
	errno = 0;
	*num = strtoull(*s, &rest, 16);
	*s = rest;
	return errno == 0;
}

/* "2f8" or "2f8-2ff", hexadecimal. */
static int parse_ports(const char *text, void *item, struct error *err)
{
	struct guest_range *r = item;
	const char *s = text;
	uint64_t last;

	if (!parse_hex(&s, &r->first))
		goto bad;
	last = r->first;
	if (*s == '-' && (s++, !parse_hex(&s, &last)))
		goto bad;
	if (*s || last < r->first || last >= PORTS)
		goto bad;
	r->count = last - r->first + 1;
	r->gfn = UINT64_MAX;
	return 0;
bad:
	error_set(err, ERR_CONFIG, NULL, "'%.60s' is no range of I/O ports", text);
	error_hint(err, "hexadecimal: 3f8, or 2f8-2ff");
	return error_to_errno(ERR_CONFIG);
}

static void format_ports(const void *item, struct strbuf *out)
{
	const struct guest_range *r = item;

	strbuf_printf(out, "%" PRIx64, r->first);
	if (r->count > 1)
		strbuf_printf(out, "-%" PRIx64, r->first + r->count - 1);
}

/* "START,COUNT[@GFN]" in frames, hexadecimal. */
static int parse_frames(const char *text, void *item, struct error *err)
{
	struct guest_range *r = item;
	const char *s = text;

	r->gfn = UINT64_MAX;
	if (!parse_hex(&s, &r->first) || *s++ != ',' || !parse_hex(&s, &r->count))
		goto bad;
	if (*s == '@' && (s++, !parse_hex(&s, &r->gfn)))
		goto bad;
	if (*s || r->count == 0 || r->first >= FRAMES || r->count > FRAMES - r->first)
		goto bad;
	return 0;
bad:
	error_set(err, ERR_CONFIG, NULL, "'%.60s' is no range of memory frames", text);
	error_hint(err, "START,COUNT or START,COUNT@GFN, in hexadecimal frames of 4 KiB: fe900,1");
	return error_to_errno(ERR_CONFIG);
}

static void format_frames(const void *item, struct strbuf *out)
{
	const struct guest_range *r = item;

	strbuf_printf(out, "%" PRIx64 ",%" PRIx64, r->first, r->count);
	if (r->gfn != UINT64_MAX)
		strbuf_printf(out, "@%" PRIx64, r->gfn);
}

static int parse_irq(const char *text, void *item, struct error *err)
{
	struct guest_range *r = item;
	int64_t num;

	if (conf_number(text, &num) || num < 0 || num >= IRQS)
		return error_set(err, ERR_CONFIG, NULL, "'%.60s' is no interrupt number", text);
	*r = (struct guest_range){ .first = (uint64_t)num, .count = 1, .gfn = UINT64_MAX };
	return 0;
}

static void format_irq(const void *item, struct strbuf *out)
{
	strbuf_printf(out, "%" PRIu64, ((const struct guest_range *)item)->first);
}

#define RANGE_LIST(p, f) \
	{ \
		.item_size = sizeof(struct guest_range), .max_items = 64, .parse_item = p, .format_item = f \
	}
const struct conf_list conf_ioport_list = RANGE_LIST(parse_ports, format_ports);
const struct conf_list conf_iomem_list = RANGE_LIST(parse_frames, format_frames);
const struct conf_list conf_irq_list = RANGE_LIST(parse_irq, format_irq);
