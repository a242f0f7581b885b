/* SPDX-License-Identifier: MIT */
/*
 * From assignments to a guest: each key's value into its place, then defaults and the rules across
 * keys.  The one path behind xl.cfg, XML and JSON.
 */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/conf.h"
#include "conf/keys.h"
#include "conf/value.h"

/* Store every assignment; problems go to diags with their line. */
void conf_apply(const struct conf_assigns *list, const struct conf_options *opt, struct conf_build *b,
		struct conf_diags *diags);

/* Defaults and cross checks, after all keys are in; list tells the lines that they stand in. */
void conf_finish(const struct conf_assigns *list, struct conf_build *b, const struct conf_options *opt,
		 struct conf_diags *diags);

/* All of it: takes the assignments, gives the guest or NULL with diags. */
int conf_build_guest(const struct conf_assigns *list, const struct conf_options *opt,
		     struct guest_config **out, struct conf_diags *diags) __must_check;

/* libvirt's XML as assignments; late gets what to tell if the assignments turn out to be good. */
int conf_xml_parse(const char *text, size_t len, const struct conf_options *opt, struct conf_assigns *list,
		   struct conf_diags *diags, struct conf_diags *late) __must_check;

const char *conf_source(const struct conf_options *opt);

#endif
