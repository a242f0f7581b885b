/* SPDX-License-Identifier: MIT */
/* Short ways to parse a configuration in a test and to look at what came out. */
#ifndef HELPERS_H
#define HELPERS_H

#include "../../unit/unit.h"

#include "conf/conf.h"

struct parsed {
	struct guest_config *cfg;
	struct conf_diags diags;
	char first[1200];	/* "what: why" of the first fatal problem, or "" */
	char hint[500];
	int rc;
};

static inline void parsed_free(struct parsed *p)
{
	guest_config_free(p->cfg);
	conf_diags_free(&p->diags);
}

static inline struct parsed parse_with(const char *text, const struct conf_options *opt)
{
	struct parsed p = { 0 };
	struct error err = ERROR_INIT;

	p.rc = conf_parse(text, strlen(text), opt, &p.cfg, &p.diags);
	conf_diags_first(&p.diags, &err);
	if (error_is_set(&err))
		snprintf(p.first, sizeof(p.first), "%s: %s", err.what, err.why);
	snprintf(p.hint, sizeof(p.hint), "%s", err.hint);
	return p;
}

static inline struct parsed parse(const char *text)
{
	struct conf_options opt = { .source = "t.cfg" };

	return parse_with(text, &opt);
}

#define BASE "name='web'\nmemory=512\nkernel='/k'\n"

/* The text must be refused with this as its first problem. */
#define CHECK_REFUSED(text, problem)				\
	do {							\
		struct parsed p_ = parse(text);			\
		CHECK(p_.rc != 0 && p_.cfg == NULL);		\
		CHECK_STR(p_.first, problem);			\
		parsed_free(&p_);				\
	} while (0)

#endif
