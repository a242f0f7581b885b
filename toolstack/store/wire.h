/* SPDX-License-Identifier: MIT */
/*
 * The bytes of the xenstore protocol: a 16-byte header, then at most 4096 bytes of payload, most often
 * strings that each end in a NUL. This file only takes payloads apart and names errors; it keeps no state
 * and allocates nothing. Everything it is given comes from clients and may be anything.
 */
#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/xs_wire.h"

#define STORE_MSG_MAX	(sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

/* First domain id that names no real domain. */
#define STORE_DOMID_LIMIT	0x7ff0u

/*
 * Takes the string at the start of a payload. On success *rest and *rest_len are what follows its NUL.
 * NULL where there is no NUL.
 */
const char *store_wire_first(const char *body, size_t len, const char **rest, size_t *rest_len);

/*
 * Splits a payload made only of NUL-terminated strings. The number of strings, or -EINVAL (also for > max).
 */
int store_wire_split(const char *body, size_t len, const char **out, int max);

/*
 * A whole string as a decimal number not above max; a leading '-' is allowed where negative is. 0 or -EINVAL.
 */
int store_wire_number(const char *s, uint64_t max, uint64_t *out);
int store_wire_signed(const char *s, int64_t *out);

/* A domain id that names a real domain. */
int store_wire_domid(const char *s, unsigned int *domid);

/* The published name of a positive errno value; "EINVAL" for those that have none. */
const char *store_wire_error_name(int err);

/* The name of a request, for messages to people. */
const char *store_wire_type_name(uint32_t type);

#endif
