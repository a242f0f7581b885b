/* SPDX-License-Identifier: MIT */
/*
 * libxml2, loaded at the first definition in XML: to start with it and the Unicode library behind it would cost `xl
 * list` more than all else that it does.
 */
#ifndef CONF_LIBXML_H
#define CONF_LIBXML_H

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/xpath.h>

#include "base/error.h"

/* What is called of it. */
#define LIBXML_CALLS(X)                                                                                    \
	X(xmlInitParser) X(xmlNewParserCtxt) X(xmlFreeParserCtxt) X(xmlSetStructuredErrorFunc)             \
	X(xmlCtxtReadMemory) X(xmlFreeDoc) X(xmlDocGetRootElement) X(xmlGetIntSubset) X(xmlGetLineNo)      \
	X(xmlGetNoNsProp) X(xmlNodeGetContent)                                                             \
	X(xmlXPathNewContext) X(xmlXPathFreeContext) X(xmlXPathEval) X(xmlXPathFreeObject)                 \
	X(xmlRelaxNGNewMemParserCtxt) X(xmlRelaxNGFreeParserCtxt) X(xmlRelaxNGParse)                       \
	X(xmlRelaxNGNewValidCtxt) X(xmlRelaxNGFreeValidCtxt) X(xmlRelaxNGValidateDoc)                      \
	X(xmlRelaxNGSetValidStructuredErrors)

struct libxml {
#define LIBXML_POINTER(name) __typeof__(name) *name;
	LIBXML_CALLS(LIBXML_POINTER)
#undef LIBXML_POINTER
	xmlFreeFunc xmlFree;
};

extern struct libxml libxml;

int libxml_load(struct error *err) __must_check;	/* libxml is whole afterwards */

#endif
