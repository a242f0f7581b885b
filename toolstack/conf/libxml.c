/* SPDX-License-Identifier: MIT */
/* See libxml.h. */
#include <dlfcn.h>

#include "conf/libxml.h"

/* The library whose headers these are: from 2.14 on its binary interface is another. */
#define SONAME (LIBXML_VERSION < 21400 ? "libxml2.so.2" : "libxml2.so.16")

struct libxml libxml;

static const struct { const char *name; void *at; } calls[] = {
#define LIBXML_ROW(name) { #name, &libxml.name },
	LIBXML_CALLS(LIBXML_ROW)
#undef LIBXML_ROW
};

static int load(void)
{
	void *lib = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	xmlFreeFunc *free_func = lib ? dlsym(lib, "xmlFree") : NULL;

	if (!free_func)
		return -1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *call = dlsym(lib, calls[i].name);

		if (!call)
			return -1;
		*(void **)calls[i].at = call;
	}
	libxml.xmlFree = *free_func;
	return 0;
}

int libxml_load(struct error *err)
{
	int rc;

	if (libxml.xmlFree || !load())
		return 0;
	rc = error_set(err, ERR_FAILED, NULL, "cannot load libxml2, which reads definitions in XML: %s", dlerror());
	error_hint(err, "install the package libxml2, or write the definition in xl.cfg's syntax");
	return rc;
}
