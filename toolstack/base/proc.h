/* SPDX-License-Identifier: MIT */
/*
 * Processes: run a helper program with a time limit and bounded output, and give up rights.  Each
 * process of ours says in a struct proc_rights what it keeps and why; proc_confine() drops the rest
 * for good (no-new-privs, supplementary groups, capabilities, limits).  Nothing here uses a shell.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* argv[0] is searched in PATH only if it has no slash. */
struct proc_run {
	const char *const *argv;
	const char *const *env;		/* NULL: inherit */
	const char *input;		/* bytes for stdin; NULL: none */
	size_t input_len;
	size_t output_limit;		/* 0: 64 KiB; more is discarded */
	unsigned int timeout_ms;	/* 0: 30 s; then SIGKILL to the whole process group */
};

struct proc_result {
	int status;			/* as from waitpid() */
	char *output;			/* stdout and stderr together; caller frees */
	size_t output_len;
};

/* 0 if the program ran and exited with 0; its status is in *res in any case (res may be NULL). */
int proc_run(const struct proc_run *run, struct proc_result *res, struct error *err) __must_check;

/*
 * The beginning of that, for an event loop: the program runs, in a process group of its own, dies with us, and
 * *out (not blocking) is what it says.  The caller waits for it.  run->input is not written.
 */
int proc_spawn(const struct proc_run *run, pid_t *pid, int *out, struct error *err) __must_check;
/* What became of it, as proc_run() tells it. */
int proc_explain(const struct proc_run *run, int status, const char *output, struct error *err);

#define PROC_CALLS_MAX 80

struct proc_rights {
	const char *name;		/* shown by ps */
	const char *user;		/* NULL: keep; otherwise setresuid/gid to this account */
	const char *root;		/* this folder becomes its whole file system; NULL: keep */
	unsigned long long keep_caps;	/* bit mask of CAP_*; only with user == NULL */
	size_t max_memory;		/* RLIMIT_AS, bytes; 0: no limit */
	unsigned int max_files;		/* RLIMIT_NOFILE; 0: unchanged */
	unsigned int max_cpu_s;		/* RLIMIT_CPU; 0: no limit */
	int messages;			/* its socket keeps messages whole */
	int no_files;			/* no new file may be opened or grow: RLIMIT_NOFILE and FSIZE 0 */
};

int proc_confine(const struct proc_rights *rights, struct error *err) __must_check;

/*
 * From now on these system calls alone, of this process, for good; ioctl only with the command `ioctl_cmd`
 * (0: none). What is not allowed fails with EPERM.
 */
int proc_allow(const int *calls, size_t n_calls, unsigned int ioctl_cmd) __must_check;

#define PROC_KEEP_MAX 64

/* In a child: of what the parent had open, this one, those in keep[] and 0 to 2 alone. */
void proc_close_others(int own, const int *keep, size_t n_keep);

/*
 * Run work(arg, fd) in a confined child that owns nothing but fd (one end of a socket pair) and the
 * descriptors in keep[].  The parent gets the other end and the pid.
 */
int proc_fork_confined(const struct proc_rights *rights, const int *keep, size_t n_keep,
		       int (*work)(void *arg, int fd), void *arg, pid_t *pid, int *fd,
		       struct error *err) __must_check;

#endif
