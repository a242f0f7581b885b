/* SPDX-License-Identifier: MIT */
/* Lists of problems found in one configuration: see conf.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "conf/conf.h"

#define DIAGS_MAX 200

int conf_diag_add(struct conf_diags *diags, bool fatal, unsigned int line, const struct error *err)
{
	if (fatal)
		diags->n_fatal++;	/* counted even when it cannot be kept */
	if (diags->n >= DIAGS_MAX ||
	    array_reserve((void **)&diags->items, &diags->cap, diags->n, sizeof(*diags->items)))
		return -ENOMEM;
	diags->items[diags->n++] = (struct conf_diag){ .fatal = fatal, .line = line, .err = *err };
	return 0;
}

void conf_diags_to_notes(struct conf_diags *diags)
{
	for (size_t i = 0; i < diags->n; i++)
		diags->items[i].fatal = false;
	diags->n_fatal = 0;
}

void conf_diags_free(struct conf_diags *diags)
{
	free(diags->items);
	memset(diags, 0, sizeof(*diags));
}

void conf_diags_print(FILE *to, const struct conf_diags *diags)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct error *err = &diags->items[i].err;

		if (diags->items[i].fatal)
			error_print(to, err);
		else
			fprintf(to, "note: %s%s%s%s%s\n", err->what, err->what[0] ? ": " : "", err->why,
				err->hint[0] ? "; " : "", err->hint);
	}
}

void conf_diags_first(const struct conf_diags *diags, struct error *err)
{
	for (size_t i = 0; i < diags->n; i++)
		if (diags->items[i].fatal) {
			if (!error_is_set(err))
				*err = diags->items[i].err;
			return;
		}
	if (diags->n_fatal)
		error_set(err, ERR_RESOURCES, NULL, "no memory to say what is wrong");
}
