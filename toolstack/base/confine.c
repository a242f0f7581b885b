/* SPDX-License-Identifier: MIT */
/*
 * Giving up rights: see proc.h.  The order matters: limits first (still allowed), then groups and
 * user, then capabilities, last the flag that forbids ever gaining any.  Each step is checked; a process that
 * could not drop everything must not go on.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/proc.h"

/* Down to it; what is lower already stays. */
static int set_limit(int what, rlim_t value)
{
	struct rlimit lim;

	if (getrlimit((__rlimit_resource_t)what, &lim) == 0 && lim.rlim_max < value)
		value = lim.rlim_max;
	lim = (struct rlimit){ value, value };
	return setrlimit((__rlimit_resource_t)what, &lim) < 0 ? -errno : 0;
}

static int confine_limits(const struct proc_rights *r)
{
	int rc = set_limit(RLIMIT_CORE, 0);

	if (!rc && r->max_memory)
		rc = set_limit(RLIMIT_AS, r->max_memory);
	if (!rc && r->max_cpu_s)
		rc = set_limit(RLIMIT_CPU, r->max_cpu_s);
	if (!rc && r->max_files)
		rc = set_limit(RLIMIT_NOFILE, r->max_files);
	if (!rc && r->no_files) {
		rc = set_limit(RLIMIT_NOFILE, 0);
		if (!rc)
			rc = set_limit(RLIMIT_FSIZE, 0);
	}
	return rc;
}

static int confine_user(const struct passwd *pw)
{
	if (geteuid() != 0)
		return 0;	/* nothing to give up */
	if (setgroups(0, NULL) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return -errno;
	/* The proof: the way back must be closed. */
	return setuid(0) == 0 ? -EPERM : 0;
}

static int confine_caps(unsigned long long keep)
{
	struct __user_cap_header_struct hdr = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (geteuid() != 0)
		return 0;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ .effective = (uint32_t)(keep >> (32 * i)),
							   .permitted = (uint32_t)(keep >> (32 * i)) };
	return syscall(SYS_capset, &hdr, data) < 0 ? -errno : 0;
}

int proc_confine(const struct proc_rights *rights, struct error *err)
{
	struct passwd *pw = NULL;
	int rc;

	if (rights->user) {
		pw = getpwnam(rights->user);	/* before the limits forbid opening the file */
		if (!pw)
			return error_set(err, ERR_NOT_FOUND, rights->name, "user '%s' does not exist",
					 rights->user);
	}
	if (rights->name)
		prctl(PR_SET_NAME, rights->name, 0, 0, 0);
	rc = confine_limits(rights);
	if (!rc && rights->root && geteuid() == 0 && (chroot(rights->root) < 0 || chdir("/") < 0))
		rc = -errno;
	if (!rc)
		rc = pw ? confine_user(pw) : confine_caps(rights->keep_caps);
	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = -errno;
	if (!rc && pw && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		rc = -errno;
	if (rc)
		return error_set_errno(err, ERR_PERMISSION, rc, rights->name, "cannot drop its rights");
	return 0;
}

int proc_allow(const int *calls, size_t n_calls, unsigned int ioctl_cmd)
{
	struct sock_filter code[2 * PROC_CALLS_MAX + 10], *p = code;
	struct sock_fprog prog = { .filter = code };

	if (n_calls > PROC_CALLS_MAX)
		return -E2BIG;
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n_calls; i++) {
		*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
		*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ioctl_cmd, 0, 1);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ioctl_cmd ? SECCOMP_RET_ALLOW :
						SECCOMP_RET_ERRNO | EPERM);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	prog.len = (unsigned short)(p - code);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		return -errno;
	return 0;
}

static int fd_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void proc_close_others(int own, const int *keep, size_t n_keep)
{
	int list[PROC_KEEP_MAX + 1] = { own }, from = 3;
	size_t n = 1;

	for (size_t i = 0; i < n_keep && n <= PROC_KEEP_MAX; i++)
		list[n++] = keep[i];
	qsort(list, n, sizeof(list[0]), fd_order);
	for (size_t i = 0; i < n; i++) {
		if (list[i] > from)
			(void)close_range((unsigned int)from, (unsigned int)list[i] - 1, 0);
		if (list[i] >= from)
			from = list[i] + 1;
	}
	(void)close_range((unsigned int)from, ~0u, 0);
}

int proc_fork_confined(const struct proc_rights *rights, const int *keep, size_t n_keep,
		       int (*work)(void *arg, int fd), void *arg, pid_t *pid, int *fd,
		       struct error *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, (rights->messages ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set_errno(err, ERR_NONE, errno, rights->name, "no socket pair");
	*pid = fork();
	if (*pid < 0) {
		int errnum = errno;

		close(pair[0]);
		close(pair[1]);
		return error_set_errno(err, ERR_RESOURCES, errnum, rights->name, "cannot be forked");
	}
	if (*pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		proc_close_others(pair[1], keep, n_keep);
		/* A change of user forgets the wish to die with the parent. */
		if (proc_confine(rights, NULL) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
		    getppid() != parent)
			_exit(125);
		_exit(work(arg, pair[1]) ? 1 : 0);
	}
	close(pair[1]);
	*fd = pair[0];
	return 0;
}
