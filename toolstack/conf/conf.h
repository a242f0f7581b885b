/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing guest configurations.  One table of keys (conf/keys.c) drives the xl.cfg
 * parser, the libvirt XML parser, JSON, --help and the manual.  The parsers touch nothing but their
 * input; conf_check_host() alone looks at the machine.  All of this runs in the CLI and in the
 * daemon; the daemon never trusts that a client has checked.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <jansson.h>

#include "base/error.h"
#include "conf/guest.h"

#define CONF_TEXT_MAX (256u << 10)	/* bytes of one configuration */

/* Errors and notes found in one configuration, in the order of their lines. */
struct conf_diag {
	bool fatal;		/* false: a note (lenient mode, ignored keys) */
	unsigned int line;	/* 0: concerns the whole */
	struct error err;
};

struct conf_diags {
	struct conf_diag *items;
	size_t n;
	size_t cap;
	size_t n_fatal;
};

struct conf_options {
	const char *source;		/* shown in messages: "web.cfg"; NULL: "config" */
	const char *const *overrides;	/* further "key=value" lines from the command line */
	size_t n_overrides;
	bool lenient;			/* keys that xl knows and we do not serve: notes, not errors */
	bool salvage;			/* what is wrong is left out with a note, all but a missing name */
};

/*
 * Parse, fill defaults, check everything that does not need the host.  0: *out is complete and the
 * caller frees it; otherwise *out is NULL and diags has at least one fatal entry.
 */
int conf_parse(const char *text, size_t len, const struct conf_options *opt,
	       struct guest_config **out, struct conf_diags *diags) __must_check;

/* Read a file and parse it; the same results. */
int conf_load(const char *path, const struct conf_options *opt, struct guest_config **out,
	      struct conf_diags *diags) __must_check;

/*
 * What needs the machine: kernel, ramdisk and disk files, block devices, scripts, bridges.  Calls
 * go through ops so that tests need no root; NULL means the real host.
 */
struct conf_host_ops {
	int (*file_state)(const char *path, bool for_write, bool *is_block, uint64_t *size);
	bool (*bridge_exists)(const char *name);
	void (*bridge_names)(char *buf, size_t size);	/* "virbr0, br1" */
	unsigned int (*host_cpus)(void);	/* physical ones; 0: not known */
};
extern const struct conf_host_ops conf_real_host;
int conf_check_host(const struct guest_config *cfg, const struct conf_host_ops *ops,
		    struct conf_diags *diags) __must_check;

/* One device, as block-attach and network-attach take it. */
int conf_parse_disk(const char *spec, struct guest_disk *disk, struct error *err) __must_check;
int conf_parse_vif(const char *spec, struct guest_vif *vif, struct error *err) __must_check;
int conf_parse_cpus(const char *spec, struct guest_cpus *cpus, struct error *err) __must_check;
int conf_parse_mem_kib(const char *text, char default_unit, uint64_t *kib, struct error *err) __must_check;
int conf_disk_devid(const char *vdev, uint32_t *devid);		/* -EINVAL for no such name */
void conf_format_cpus(const struct guest_cpus *cpus, char *buf, size_t size);	/* "all", "0-3,8" */

/*
 * Out again.  JSON holds every key that differs from its default and round-trips through
 * conf_from_json(); text is xl.cfg syntax and round-trips through conf_parse().
 */
json_t *conf_to_json(const struct guest_config *cfg);
int conf_from_json(const json_t *json, const struct conf_options *opt, struct guest_config **out,
		   struct conf_diags *diags) __must_check;
char *conf_to_text(const struct guest_config *cfg);
char *conf_to_xml(const struct guest_config *cfg);	/* libvirt's format, as far as it goes */

/* 0 if name may name a guest. */
int conf_check_name(const char *name, struct error *err) __must_check;
/* 0 if the kernel takes it for an interface's name. */
int conf_check_ifname(const char *name, struct error *err) __must_check;

/* Diagnostics. */
int conf_diag_add(struct conf_diags *diags, bool fatal, unsigned int line, const struct error *err);
void conf_diags_to_notes(struct conf_diags *diags);	/* nothing in it is fatal */
void conf_diags_free(struct conf_diags *diags);
void conf_diags_print(FILE *to, const struct conf_diags *diags);
void conf_diags_first(const struct conf_diags *diags, struct error *err);	/* first fatal one */

#endif
