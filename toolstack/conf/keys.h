/* SPDX-License-Identifier: MIT */
/*
 * The table of keys: all that we know about each word of a configuration.  The parsers, the checks,
 * JSON, the writer, `xl help config` and the manual page read it; none of them knows a key itself.
 *
 * A key is stored at `offset` of its struct: struct conf_build for the keys of a guest (whose first
 * member is the struct guest_config), the item's struct for the fields of a disk, vif and so on.
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "conf/guest.h"

enum conf_kind {
	KEY_STR,	/* char *, at most max bytes */
	KEY_PATH,	/* char *, absolute path */
	KEY_BOOL,	/* bool */
	KEY_FLAG,	/* bool, set by its bare word; max is the value it sets (fields only) */
	KEY_U32,	/* uint32_t within min..max */
	KEY_I32,	/* int32_t within min..max */
	KEY_MEM,	/* uint64_t KiB; a plain number is MiB; suffixes K M G T */
	KEY_ENUM,	/* enum, the index into words */
	KEY_UUID,	/* 16 bytes */
	KEY_CUSTOM,	/* parse/format of the key itself */
	KEY_CPUS,	/* array of struct guest_cpus with its count at offset_n */
	KEY_LIST,	/* array of items with its count at offset_n, described by list */
};

#define KEY_INPUT 1u		/* only read: another key holds the result */
#define KEY_REQUIRED 2u
#define KEY_OURS 8u		/* not known to xl */
#define KEY_ALWAYS 16u		/* written even when it has its default */
#define KEY_LATER 64u		/* understood, but not served yet: refused if it asks for anything */
#define KEY_REST 32u		/* field: takes the rest of the text, commas too (target=) */

/* How an XML node becomes the text of a value. */
enum conf_xml { XML_NONE, XML_TEXT, XML_KIB, XML_TYPE, XML_ONOFF, XML_LOCALTIME, XML_TSC, XML_CPU, XML_PIN, XML_DISK,
		XML_VIF, XML_PCI };

struct conf_list;

struct conf_key {
	const char *name;
	enum conf_kind kind;
	unsigned int flags;
	size_t offset, offset_n;
	int64_t min, max;
	const char *const *words;	/* KEY_ENUM; ends with NULL */
	const struct conf_list *list;	/* KEY_LIST */
	int (*parse)(const char *text, void *at, struct error *err);	/* KEY_CUSTOM; at = struct + offset */
	bool (*format)(const void *at, struct strbuf *out);		/* false: not set, write nothing */
	const char *xml;		/* XPath below <domain>; NULL: not in libvirt's format */
	enum conf_xml xml_as;
	const char *arg;		/* "MEBIBYTES": for the manual */
	const char *help;
	const char *example;		/* a value as it stands in a file */
};

#define NO_STRING ((size_t)-1)

/* A list of items, each written as text "a,b,key=value". */
struct conf_list {
	size_t item_size;
	size_t max_items;
	const struct conf_key *fields; /* ends with name == NULL; NULL: parse/format_item do it all */
	void (*init)(void *item);		/* defaults; item is zeroed before */
	/* A field without "key=": nth counts them.  NULL: not allowed. */
	int (*positional)(void *item, unsigned int nth, const char *text, struct error *err);
	int (*finish)(void *item, struct error *err);	/* checks across the fields */
	int (*parse_item)(const char *text, void *item, struct error *err);
	void (*format_item)(const void *item, struct strbuf *out);
	/* What stands before the fields when an item is written (a PCI address); may be NULL. */
	void (*format_head)(const void *item, struct strbuf *out);
	const size_t *strings; /* offsets of the char * that an item owns; ends with NO_STRING */
};

/* The guest under construction: what the keys are stored into. */
struct conf_build {
	struct guest_config cfg;	/* must be first: offsets of its fields are shared */
	char *root, *extra;		/* joined into cmdline */
	char *firmware;
	char *bootloader;
	char *builder;
};

struct conf_section {
	const char *title;
	const struct conf_key *keys;	/* ends with name == NULL */
};

extern const struct conf_section conf_sections[];	/* ends with title == NULL */

/* A key of xl.cfg that we refuse, and why. */
enum conf_refusal { REFUSE_HVM, REFUSE_LATER, REFUSE_ARM, REFUSE_NEVER, REFUSE_IGNORED };
struct conf_refused {
	const char *name;
	enum conf_refusal why;
	const char *hint;		/* may be NULL */
};
extern const struct conf_refused conf_refused[];
extern const size_t conf_n_refused;
const char *conf_refusal_text(enum conf_refusal why);

const struct conf_key *conf_key_find(const char *name);
const struct conf_refused *conf_refused_find(const char *name);
const char *conf_key_nearest(const char *name);

/* Every key in the order of the manual. */
#define conf_for_each_key(sec, key) \
	for (const struct conf_section *sec = conf_sections; sec->title; sec++) \
		for (const struct conf_key *key = sec->keys; key->name; key++)

/* ---- fields.c: one item "a,b,key=value" by its table ---- */
int conf_item_parse(const struct conf_list *list, const char *text, void *item,
		    struct error *err) __must_check;
void conf_item_format(const struct conf_list *list, const void *item, struct strbuf *out);
void conf_item_clear(const struct conf_list *list, void *item);
int conf_item_copy(const struct conf_list *list, void *dst, const void *src) __must_check;

/* ---- scalar.c: one scalar from its text, and back ---- */
int conf_scalar_parse(const struct conf_key *key, const char *text, void *base, struct error *err)
	__must_check;
bool conf_scalar_format(const struct conf_key *key, const void *base, struct strbuf *out);
int conf_number(const char *text, int64_t *num);	/* 0 or -EINVAL/-ERANGE; decimal, 0x, 0 octal */
bool conf_scalar_same(const struct conf_key *key, const void *a, const void *b);	/* would be written alike */
int conf_no_memory(struct error *err);
int conf_set_string(char **at, const char *text, struct error *err) __must_check;
/* A script of a device: a bare name is one of the folder that Xen's are in; own names what the daemon does itself. */
int conf_set_script(char **at, const char *text, const char *own, struct error *err) __must_check;
/* For KEY_CUSTOM: the other half of a parser that stores a string, or whose result another key holds. */
bool conf_format_string(const void *at, struct strbuf *out);
bool conf_format_nothing(const void *at, struct strbuf *out);
int conf_parse_backend(const char *text, void *at, struct error *err);	/* of a device: dom0 and no other */

/* ---- guest.c: free the items of a KEY_LIST or KEY_CPUS and set its count to 0 ---- */
void conf_list_clear(const struct conf_key *key, void *base);

/* ---- the lists: disk.c vif.c ranges.c devices.c ---- */
extern const struct conf_list conf_disk_list, conf_vif_list, conf_vfb_list, conf_channel_list, conf_pci_list,
	conf_ioport_list, conf_iomem_list, conf_irq_list;

extern const char *const conf_type_words[], *const conf_action_words[];

#endif
