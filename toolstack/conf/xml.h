/* SPDX-License-Identifier: MIT */
/* What the files of the XML reader share. */
#ifndef CONF_XML_H
#define CONF_XML_H

#include "conf/build.h"
#include "conf/libxml.h"

struct xml_reader {
	const char *source;
	bool lenient;
	bool failed;
	unsigned int schema_errors;
	struct conf_diags *late;	/* what the schema says: told if nothing else explains it */
	xmlDoc *doc;
	xmlNode *root;
	struct conf_assigns *list;
	struct conf_diags *diags;
};

/* Report a problem at a node (NULL: the whole); returns -EBADMSG if fatal. */
int conf_xml_error(struct xml_reader *rd, const xmlNode *node, bool fatal, enum error_code code,
		   const char *hint, const char *fmt, ...) __printf_like(6, 7);

/* xml_elements.c: hold every element against the list of known ones. */
void conf_xml_check_elements(struct xml_reader *rd);

/* xml_values.c: the first child element of that name; NULL if there is none, or no node. */
const xmlNode *conf_xml_child(const xmlNode *node, const char *name);

/* The CPUs of vCPU 0, 1, ... from <vcpupin>, each to be freed; NULL behind the last. */
char *conf_xml_pin(struct xml_reader *rd, unsigned int vcpu);

/* xml_values.c: the text of a value, to be freed, or NULL (nothing there, or reported). */
char *conf_xml_value(struct xml_reader *rd, enum conf_xml as, xmlNode *node);

/* vm.rng, linked in. */
extern const char conf_schema[], conf_schema_end[];

#endif
