/* SPDX-License-Identifier: MIT */
/*
 * Error objects: see error.h.  The table below is the whole scheme of codes: number (also xl's exit
 * code), stable name, errno on our side, and the sentence that `xl explain` and the manual print.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"

static const struct {
	const char *name;
	int errnum;
	const char *help;
} codes[ERR_CODE_MAX + 1] = {
	[ERR_NONE] = { "ok", 0, "It worked." },
	[ERR_FAILED] = { "failed", EIO,
			 "It failed for a reason that none of the other codes names; the message has it." },
	[ERR_USAGE] = { "usage", EINVAL,
			"The command line is wrong: unknown command or option, or an argument is missing." },
	[ERR_CONFIG] = { "config", EBADMSG,
			 "A guest configuration is wrong; the message names line and key." },
	[ERR_NOT_FOUND] = { "not-found", ENOENT, "There is no such guest, device, file or bridge." },
	[ERR_CONFLICT] = { "conflict", EBUSY,
			   "Name, UUID or disk is taken, or the guest is in a state that does not allow "
			   "this." },
	[ERR_RESOURCES] = { "resources", ENOMEM,
			    "Not enough memory, disk space, CPUs or other means of the host." },
	[ERR_PERMISSION] = { "permission", EACCES,
			     "You may not do this; root may, and the daemon's policy can allow it." },
	[ERR_DAEMON] = { "daemon", ECONNREFUSED,
			 "The daemon xend does not answer, or speaks another version than xl." },
	[ERR_TIMEOUT] = { "timeout", ETIMEDOUT, "It did not happen within the time allowed." },
	[ERR_GUEST] = { "guest", ECHILD, "The guest crashed, or did not do its part." },
	[ERR_UNSUPPORTED] = { "unsupported", EOPNOTSUPP,
			      "This hypervisor, this CPU or this release cannot do it." },
	[ERR_INTERNAL] = { "internal", EPROTO,
			   "A fault of the toolstack itself; `xl bugreport` collects what is needed." },
};

static enum error_code code_checked(enum error_code code)
{
	return (unsigned int)code <= ERR_CODE_MAX ? code : ERR_INTERNAL;
}

int error_to_errno(enum error_code code)
{
	return -codes[code_checked(code)].errnum;
}

const char *error_code_name(enum error_code code)
{
	return codes[code_checked(code)].name;
}

const char *error_code_help(enum error_code code)
{
	return codes[code_checked(code)].help;
}

enum error_code error_code_by_name(const char *name)
{
	for (unsigned int i = 1; i <= ERR_CODE_MAX; i++)
		if (strcmp(codes[i].name, name) == 0)
			return (enum error_code)i;
	return ERR_FAILED;
}

enum error_code error_from_errno(int errnum)
{
	switch (errnum < 0 ? -errnum : errnum) {
	case 0:
		return ERR_NONE;
	case ENOENT: case ENODEV: case ENXIO: case ESRCH: case ENOTDIR:
		return ERR_NOT_FOUND;
	case EEXIST: case EBUSY: case EISDIR: case EADDRINUSE: case ETXTBSY:
		return ERR_CONFLICT;
	case ENOMEM: case ENOSPC: case EDQUOT: case EMFILE: case ENFILE: case EFBIG:
		return ERR_RESOURCES;
	case EACCES: case EPERM: case EROFS:
		return ERR_PERMISSION;
	case ECONNREFUSED: case ECONNRESET:
		return ERR_DAEMON;
	case ETIMEDOUT: case ETIME:
		return ERR_TIMEOUT;
	case EOPNOTSUPP: case ENOSYS:
		return ERR_UNSUPPORTED;
	default:
		return ERR_FAILED;
	}
}

int error_vset(struct error *err, enum error_code code, const char *what, const char *fmt, va_list ap)
{
	if (err && err->code == ERR_NONE) {
		err->code = code_checked(code);
		snprintf(err->what, sizeof(err->what), "%s", what ? what : "");
		vsnprintf(err->why, sizeof(err->why), fmt, ap);
		err->hint[0] = '\0';
	}
	return error_to_errno(code);
}

int error_set(struct error *err, enum error_code code, const char *what, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = error_vset(err, code, what, fmt, ap);
	va_end(ap);
	return rc;
}

int error_set_errno(struct error *err, enum error_code code, int errnum, const char *what,
		    const char *fmt, ...)
{
	bool fresh = err && err->code == ERR_NONE;
	va_list ap;
	size_t len;

	if (errnum < 0)
		errnum = -errnum;
	if (code == ERR_NONE)
		code = errnum ? error_from_errno(errnum) : ERR_FAILED;
	va_start(ap, fmt);
	error_vset(err, code, what, fmt, ap);
	va_end(ap);
	if (fresh) {
		len = strlen(err->why);
		snprintf(err->why + len, sizeof(err->why) - len, ": %s", strerror(errnum));
	}
	return errnum ? -errnum : error_to_errno(code);
}

void error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (!error_is_set(err) || err->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

void error_what(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (!error_is_set(err) || err->what[0])
		return;
	va_start(ap, fmt);
	vsnprintf(err->what, sizeof(err->what), fmt, ap);
	va_end(ap);
}

void error_clear(struct error *err)
{
	memset(err, 0, sizeof(*err));
}

void error_print(FILE *to, const struct error *err)
{
	if (!error_is_set(err))
		return;
	if (err->what[0])
		fprintf(to, "error: %s: %s\n", err->what, err->why);
	else
		fprintf(to, "error: %s\n", err->why);
	if (err->hint[0])
		fprintf(to, "hint: %s\n", err->hint);
}
