/* SPDX-License-Identifier: MIT */
/*
 * libvirt's domain format, as assignments.  libxml2 parses with everything dangerous off: no
 * network, no entities of its own (a document type is refused), no huge nodes.  First each element is
 * held against xml_elements.c; then the XPath of each key in the table fetches its value, which the table's
 * parsers check: both have readable messages.  What the RELAX NG schema finds is told when they found nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>


#include "conf/build.h"
#include "conf/xml.h"

#define PARSE_OPTIONS (XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT)

int conf_xml_error(struct xml_reader *rd, const xmlNode *node, bool fatal, enum error_code code,
		   const char *hint, const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	char what[128];
	long line = node ? libxml.xmlGetLineNo(node) : 0;
	va_list ap;

	if (line > 0)
		snprintf(what, sizeof(what), "%.100s:%ld", rd->source, line);
	else
		snprintf(what, sizeof(what), "%.100s", rd->source);
	va_start(ap, fmt);
	error_vset(&err, code, what, fmt, ap);
	va_end(ap);
	if (hint)
		error_hint(&err, "%s", hint);
	conf_diag_add(rd->diags, fatal, line > 0 ? (unsigned int)line : 0, &err);
	rd->failed |= fatal;
	return fatal ? -EBADMSG : 0;
}

/* ---- RELAX NG ---- */

/* libxml2's words for one mistake; the first names the cause, and what follows from it is not told. */
static void schema_error(void *arg, xmlErrorPtr e)
{
	struct xml_reader *rd = arg;
	struct error err = ERROR_INIT;
	char what[128];
	int len = e->message ? (int)strcspn(e->message, "\n") : 0;

	if (rd->schema_errors++)
		return;
	if (e->line > 0)
		snprintf(what, sizeof(what), "%.100s:%d", rd->source, e->line);
	else
		snprintf(what, sizeof(what), "%.100s", rd->source);
	error_set(&err, ERR_CONFIG, what, "does not match the schema: %.*s", len, e->message ? e->message : "");
	error_hint(&err, "virt-xml-validate FILE; or: xmllint --noout --relaxng /usr/share/xen/vm.rng FILE");
	conf_diag_add(rd->late, true, e->line > 0 ? (unsigned int)e->line : 0, &err);
}

/* Compiled once; kept for the process's life.  There is one thread. */
static xmlRelaxNG *compiled_schema(void)
{
	static xmlRelaxNG *schema;
	xmlRelaxNGParserCtxt *pc;

	if (schema)
		return schema;
	pc = libxml.xmlRelaxNGNewMemParserCtxt(conf_schema, (int)(conf_schema_end - conf_schema));
	schema = pc ? libxml.xmlRelaxNGParse(pc) : NULL;
	libxml.xmlRelaxNGFreeParserCtxt(pc);
	return schema;
}

static void validate(struct xml_reader *rd)
{
	xmlRelaxNG *schema = compiled_schema();
	xmlRelaxNGValidCtxt *vc = schema ? libxml.xmlRelaxNGNewValidCtxt(schema) : NULL;

	if (!vc) {
		conf_xml_error(rd, NULL, true, ERR_INTERNAL, NULL, "the schema itself cannot be read");
		return;
	}
	libxml.xmlRelaxNGSetValidStructuredErrors(vc, schema_error, rd);
	if (libxml.xmlRelaxNGValidateDoc(vc, rd->doc) && !rd->schema_errors)
		conf_xml_error(rd, rd->root, true, ERR_CONFIG, NULL, "does not match the schema");
	libxml.xmlRelaxNGFreeValidCtxt(vc);
}

/* ---- values ---- */

static void out_of_memory(struct xml_reader *rd)
{
	conf_xml_error(rd, NULL, true, ERR_RESOURCES, NULL, "no memory, or far too many devices");
}

/* One node that matched a key's XPath. */
static void take_node(struct xml_reader *rd, const struct conf_key *key, xmlNode *node)
{
	unsigned int line = (unsigned int)libxml.xmlGetLineNo(node);
	char *text = conf_xml_value(rd, key->xml_as, node);
	int rc;

	if (!text)
		return;
	if (key->kind == KEY_LIST)
		rc = conf_assigns_add_item(rd->list, key->name, text, line);
	else
		rc = conf_assigns_add_str(rd->list, key->name, text, line);
	free(text);
	if (rc)
		out_of_memory(rd);
}

/* Pins are sorted by their vCPU, wherever they stand. */
static void take_pins(struct xml_reader *rd, const struct conf_key *key)
{
	const xmlNode *at = conf_xml_child(rd->root, "cputune");
	char *text;

	for (unsigned int vcpu = 0; !rd->failed && (text = conf_xml_pin(rd, vcpu)); vcpu++) {
		if (conf_assigns_add_item(rd->list, key->name, text,
					  (unsigned int)libxml.xmlGetLineNo(at ? at : rd->root)))
			out_of_memory(rd);
		free(text);
	}
}

static void take_key(struct xml_reader *rd, xmlXPathContext *xp, const struct conf_key *key)
{
	xmlXPathObject *res = libxml.xmlXPathEval((const xmlChar *)key->xml, xp);
	bool many = key->kind == KEY_LIST;
	int n = res && res->nodesetval ? res->nodesetval->nodeNr : 0;

	if (n > 1 && !many) {
		conf_xml_error(rd, res->nodesetval->nodeTab[1], true, ERR_CONFIG, NULL, "<%s> is given twice",
			       res->nodesetval->nodeTab[1]->name);
		n = 0;
	}
	for (int i = 0; i < n && !rd->failed; i++)
		take_node(rd, key, res->nodesetval->nodeTab[i]);
	libxml.xmlXPathFreeObject(res);
}

static void take_keys(struct xml_reader *rd)
{
	xmlXPathContext *xp = libxml.xmlXPathNewContext(rd->doc);

	if (!xp) {
		out_of_memory(rd);
		return;
	}
	xp->node = rd->root;
	conf_for_each_key(sec, key)
		if (key->xml_as == XML_PIN)
			take_pins(rd, key);
		else if (key->xml && !rd->failed)
			take_key(rd, xp, key);
	libxml.xmlXPathFreeContext(xp);
}

/* ---- the document ---- */

/* libxml2 reports each thing that follows from the first mistake, too; the first is the cause. */
static void syntax_error(void *arg, xmlErrorPtr e)
{
	struct xml_reader *rd = arg;
	struct error err = ERROR_INIT;
	char what[128];
	int len = e->message ? (int)strcspn(e->message, "\n") : 0;

	if (rd->failed || e->level < XML_ERR_ERROR)
		return;
	snprintf(what, sizeof(what), "%.100s:%d", rd->source, e->line);
	error_set(&err, ERR_CONFIG, what, "is not well-formed XML: %.*s", len, len ? e->message : "");
	conf_diag_add(rd->diags, true, (unsigned int)e->line, &err);
	rd->failed = true;
}

static bool read_document(struct xml_reader *rd, const char *text, size_t len)
{
	xmlParserCtxt *ctxt = libxml.xmlNewParserCtxt();

	if (!ctxt)
		return out_of_memory(rd), false;
	libxml.xmlSetStructuredErrorFunc(rd, syntax_error);
	rd->doc = libxml.xmlCtxtReadMemory(ctxt, text, (int)len, rd->source, NULL, PARSE_OPTIONS);
	libxml.xmlSetStructuredErrorFunc(NULL, NULL);
	libxml.xmlFreeParserCtxt(ctxt);
	if (!rd->doc || rd->failed) {
		if (!rd->failed)
			conf_xml_error(rd, NULL, true, ERR_CONFIG, NULL, "is not well-formed XML");
		return false;
	}
	rd->root = libxml.xmlDocGetRootElement(rd->doc);
	if (libxml.xmlGetIntSubset(rd->doc)) {
		conf_xml_error(rd, rd->root, true, ERR_CONFIG, "remove the <!DOCTYPE ...> part",
			       "a document type with entities is not accepted");
		return false;
	}
	if (strcmp((const char *)rd->root->name, "domain")) {
		conf_xml_error(rd, rd->root, true, ERR_CONFIG,
			       "a guest's definition starts with <domain type='xen'>",
			       "the root element is <%.40s>", (const char *)rd->root->name);
		return false;
	}
	return true;
}

int conf_xml_parse(const char *text, size_t len, const struct conf_options *opt, struct conf_assigns *list,
		   struct conf_diags *diags, struct conf_diags *late)
{
	struct xml_reader rd = { .source = conf_source(opt), .lenient = opt && opt->lenient, .list = list,
				 .diags = diags, .late = late };
	struct error err = ERROR_INIT;

	if (libxml_load(&err)) {
		conf_diag_add(diags, true, 0, &err);
		return -ELIBACC;
	}
	libxml.xmlInitParser();
	if (read_document(&rd, text, len)) {
		conf_xml_check_elements(&rd);
		if (!rd.failed)
			take_keys(&rd);
		if (!rd.failed)
			validate(&rd);
	}
	libxml.xmlFreeDoc(rd.doc);
	return rd.failed ? -EBADMSG : 0;
}
