/* SPDX-License-Identifier: MIT */
/*
 * Running a helper program: see proc.h.  The child is its own process group, so that a time-out ends
 * its children too; output is read while it runs, so that a chatty one cannot block, and bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/strbuf.h"

extern char **environ;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* In the child: wire the descriptors, close the rest, become the program.  Never returns. */
static void child_exec(const struct proc_run *run, int in, int out)
{
	const char *const *env = run->env ? run->env : (const char *const *)environ;
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	if (close_range(3, ~0U, 0) < 0)
		_exit(126);
	execvpe(run->argv[0], (char *const *)(uintptr_t)run->argv, (char *const *)(uintptr_t)env);
	_exit(errno == ENOENT ? 127 : 126);
}

struct pump {
	const struct proc_run *run;
	int in, out;		/* -1 when closed */
	size_t in_done;
	struct strbuf output;
	size_t limit;
};

static void pump_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pump_in(struct pump *p)
{
	ssize_t n = write(p->in, p->run->input + p->in_done, p->run->input_len - p->in_done);

	if (n > 0)
		p->in_done += (size_t)n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || p->in_done == p->run->input_len)
		pump_close(&p->in);
}

static void pump_out(struct pump *p)
{
	char buf[4096];
	ssize_t n = read(p->out, buf, sizeof(buf));

	if (n > 0 && p->output.len + (size_t)n <= p->limit)
		strbuf_add(&p->output, buf, (size_t)n);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		pump_close(&p->out);
}

/* Move bytes until the child closed its output.  False: time is up. */
static bool pump_run(struct pump *p, int64_t deadline)
{
	while (p->out >= 0) {
		struct pollfd fds[2] = { { p->out, POLLIN, 0 }, { p->in, POLLOUT, 0 } };
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[1].fd >= 0 && fds[1].revents)
			pump_in(p);
		if (fds[0].revents)
			pump_out(p);
	}
	return true;
}

static int wait_until(pid_t pid, int *status, int64_t deadline)
{
	while (now_ms() < deadline) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		poll(NULL, 0, 5);
	}
	return -ETIMEDOUT;
}

int proc_explain(const struct proc_run *run, int status, const char *output, struct error *err)
{
	const char *text = output ? output : "";
	int shown = (int)strcspn(text, "\n");

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && !text[0])
		return error_set(err, ERR_NOT_FOUND, run->argv[0], "is not installed");
	if (WIFSIGNALED(status))
		return error_set(err, ERR_FAILED, run->argv[0], "was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return error_set(err, ERR_FAILED, run->argv[0], "failed with status %d%s%.*s",
				 WEXITSTATUS(status), shown ? ": " : "", shown > 300 ? 300 : shown, text);
	return 0;
}

static int explain(const struct proc_run *run, int rc, int status, const char *output, struct error *err)
{
	if (rc == -ETIMEDOUT)
		return error_set(err, ERR_TIMEOUT, run->argv[0], "did not end within %u s",
				 (run->timeout_ms ? run->timeout_ms : 30000) / 1000);
	if (rc)
		return error_set_errno(err, ERR_NONE, rc, run->argv[0], "cannot be waited for");
	return proc_explain(run, status, output, err);
}

static int spawn(const struct proc_run *run, struct pump *p, pid_t *pid)
{
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		rc = -errno;
		goto out_in;
	}
	*pid = fork();
	if (*pid < 0) {
		rc = -errno;
		goto out_out;
	}
	if (*pid == 0)
		child_exec(run, in[0], out[1]);
	setpgid(*pid, *pid);
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	p->out = out[0];
	return fd_set_nonblock(p->in, 1);
out_out:
	close(out[0]);
	close(out[1]);
out_in:
	close(in[0]);
	close(in[1]);
	return rc;
}

int proc_spawn(const struct proc_run *run, pid_t *pid, int *out, struct error *err)
{
	struct pump p = { .run = run, .in = -1, .out = -1 };
	int rc;

	*pid = -1;
	rc = spawn(run, &p, pid);
	pump_close(&p.in);
	if (!rc)
		rc = fd_set_nonblock(p.out, 1);
	if (rc) {
		pump_close(&p.out);
		if (*pid > 0) {
			kill(-*pid, SIGKILL);
			waitpid(*pid, NULL, 0);
		}
		return error_set_errno(err, ERR_RESOURCES, rc, run->argv[0], "cannot be started");
	}
	*out = p.out;
	return 0;
}

int proc_run(const struct proc_run *run, struct proc_result *res, struct error *err)
{
	struct pump p = { .run = run, .in = -1, .out = -1,
			  .limit = run->output_limit ? run->output_limit : 65536 };
	int64_t deadline = now_ms() + (run->timeout_ms ? run->timeout_ms : 30000);
	void (*old_pipe)(int);
	int status = 0, rc;
	pid_t pid = -1;

	if (res)
		*res = (struct proc_result){ 0 };
	rc = spawn(run, &p, &pid);
	if (rc && pid < 0)
		return error_set_errno(err, ERR_NONE, rc, run->argv[0], "cannot be started");
	old_pipe = signal(SIGPIPE, SIG_IGN);
	if (!run->input_len)
		pump_close(&p.in);
	rc = pump_run(&p, deadline) ? wait_until(pid, &status, deadline) : -ETIMEDOUT;
	if (rc) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	pump_close(&p.in);
	pump_close(&p.out);
	signal(SIGPIPE, old_pipe);
	rc = explain(run, rc, status, p.output.data, err);
	if (res) {
		res->status = status;
		res->output_len = p.output.len;
		res->output = strbuf_take(&p.output);
	}
	strbuf_free(&p.output);
	return rc;
}
