/* SPDX-License-Identifier: MIT */
/*
 * Errors that a person reads.  Every failure has one cause and, where we know it, one remedy; both
 * travel in a struct error from the place that noticed to the place that prints.  The printed form
 * is always the same two lines:
 *
 *	error: guest 'web': bridge 'br7' does not exist
 *	hint: 'xl net setup' makes one, or set vif=["bridge=NAME"]
 *
 * Invariant: an error is empty (code 0) or complete (code and why set); the first one set wins, so
 * that clean-up which fails afterwards cannot hide the cause.  No locks: one owner at a time.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define __must_check __attribute__((warn_unused_result))
#define __printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* What went wrong, coarsely.  The numbers are xl's exit codes and part of its interface. */
enum error_code {
	ERR_NONE = 0,
	ERR_FAILED = 1,		/* none of the below */
	ERR_USAGE = 2,		/* the command line is wrong */
	ERR_CONFIG = 3,		/* a guest configuration is wrong */
	ERR_NOT_FOUND = 4,	/* no such guest, device, file */
	ERR_CONFLICT = 5,	/* name, UUID or disk taken; the guest is in the wrong state for this */
	ERR_RESOURCES = 6,	/* not enough memory, disk space, CPUs */
	ERR_PERMISSION = 7,	/* the daemon's policy or the kernel says no */
	ERR_DAEMON = 8,		/* xend does not answer, or speaks another version */
	ERR_TIMEOUT = 9,	/* waited as long as asked */
	ERR_GUEST = 10,		/* the guest crashed or did not do its part */
	ERR_UNSUPPORTED = 11,	/* this hypervisor, CPU or release cannot */
	ERR_INTERNAL = 12,	/* our own fault */
	ERR_CODE_MAX = ERR_INTERNAL,
};

struct error {
	enum error_code code;
	char what[160];		/* whom it concerns: "guest 'web'", "web.cfg:9"; may be empty */
	char why[640];		/* the cause, with the offending value */
	char hint[480];		/* the remedy; may be empty */
};

#define ERROR_INIT { .code = ERR_NONE }

static inline bool error_is_set(const struct error *err)
{
	return err && err->code != ERR_NONE;
}

/*
 * Fill err unless it is NULL or holds an earlier error.  what may be NULL.  Returns the -Exxx that
 * belongs to code, so that a caller can `return error_set(...)`.
 */
int error_set(struct error *err, enum error_code code, const char *what, const char *fmt, ...)
	__printf_like(4, 5);
int error_vset(struct error *err, enum error_code code, const char *what, const char *fmt, va_list ap);

/* As error_set, with ": strerror(errnum)" behind the text; code is derived from errnum if ERR_NONE. */
int error_set_errno(struct error *err, enum error_code code, int errnum, const char *what,
		    const char *fmt, ...) __printf_like(5, 6);

/* Add the remedy, or the subject, to an error that has none yet. */
void error_hint(struct error *err, const char *fmt, ...) __printf_like(2, 3);
void error_what(struct error *err, const char *fmt, ...) __printf_like(2, 3);

void error_clear(struct error *err);
int error_to_errno(enum error_code code);		/* negative */
enum error_code error_from_errno(int errnum);		/* either sign */
const char *error_code_name(enum error_code code);	/* "not-found": stable, used in messages */
enum error_code error_code_by_name(const char *name);	/* ERR_FAILED for an unknown name */
const char *error_code_help(enum error_code code);	/* one sentence, for `xl explain` and the manual */

/* Print the two lines. */
void error_print(FILE *to, const struct error *err);

#endif
