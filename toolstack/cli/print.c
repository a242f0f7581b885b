/* SPDX-License-Identifier: MIT */
/* How xl prints: JSON, errors, amounts.  Guests' text never reaches the terminal raw. */
#include <inttypes.h>

#include "cli/cli.h"

int cli_print_json(const json_t *json)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0 || putchar('\n') == EOF ||
	    fflush(stdout) == EOF) {
		fputs("error: cannot write the result\n", stderr);
		return ERR_FAILED;
	}
	return 0;
}

int cli_fail(const struct error *err)
{
	fflush(stdout);
	error_print(stderr, err);
	return (int)(err->code ? err->code : ERR_FAILED);
}

const char *json_text(const json_t *object, const char *name, const char *dflt)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : dflt;
}

int64_t json_number(const json_t *object, const char *name, int64_t dflt)
{
	const json_t *num = json_object_get(object, name);

	return json_is_number(num) ? (int64_t)json_number_value(num) : dflt;
}

void cli_print_notes(const json_t *result)
{
	const json_t *notes = json_object_get(result, "notes");
	char text[600];

	for (size_t i = 0; i < json_array_size(notes); i++)
		fprintf(stderr, "note: %s\n",
			cli_safe(text, sizeof(text), json_string_value(json_array_get(notes, i))));
}

void cli_format_kib(uint64_t kib, char *buf, size_t size)
{
	if (kib < 10 * 1024)
		snprintf(buf, size, "%" PRIu64 " KiB", kib);
	else if (kib < 10 * 1024 * 1024)
		snprintf(buf, size, "%" PRIu64 " MiB", kib / 1024);
	else
		snprintf(buf, size, "%.1f GiB", (double)kib / (1024 * 1024));
}

void cli_format_duration(int64_t seconds, char *buf, size_t size)
{
	int64_t days = seconds / 86400;

	if (days)
		snprintf(buf, size, "%" PRId64 " day%s, %2d:%02d:%02d", days, days == 1 ? "" : "s",
			 (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60), (int)(seconds % 60));
	else
		snprintf(buf, size, "%2d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
			 (int)(seconds % 60));
}

char *cli_safe(char *buf, size_t size, const char *text)
{
	size_t o = 0;

	for (const unsigned char *s = (const unsigned char *)(text ? text : ""); *s && o + 5 < size; s++) {
		/* C1 controls come as 0xc2 0x80..0x9f in UTF-8; terminals obey them too. */
		bool c1 = s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0;

		if ((*s >= 0x20 && *s != 0x7f && !c1) || *s == '\t')
			buf[o++] = (char)*s;
		else
			o += (size_t)snprintf(buf + o, size - o, "\\x%02x", *s);
	}
	buf[o] = '\0';
	return buf;
}
