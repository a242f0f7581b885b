/* SPDX-License-Identifier: MIT */
/* A PV guest's memory and registers as an ELF file in the published "xc_core" form, which crash(8) reads. */
#ifndef STREAM_CORE_H
#define STREAM_CORE_H

#include "abi/types.h"
#include "base/error.h"

/* The domain must not run.  progress may be NULL. */
int core_write(domid_t domid, const char *path, uint64_t *bytes, void (*progress)(int percent),
	       struct error *err) __must_check;

#endif
