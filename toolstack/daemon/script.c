/* SPDX-License-Identifier: MIT */
/* See script.h.  A script has ended when its process has: what it left in the background may hold its output open. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/strbuf.h"
#include "daemon/script.h"
#include "daemon/vif.h"
#include "daemon/xend.h"

#define OUTPUT_MAX 4096
#define LINKS_MAX 8

struct script {
	int domid;
	enum device_kind kind;
	uint32_t id;
	char label[96];			/* for the log: guest and device */
	char path[256], word[16], name[16];
	script_done_fn *done;
	pid_t pid;			/* 0: not yet, or no more */
	int pidfd, out;
	bool late;
	struct event *timer;		/* to its start, then of its end */
	struct event *ended, *said;
	struct strbuf output;
	struct error err;
};

const char *script_of(const struct guest *g, enum device_kind kind, size_t i)
{
	return kind == DEVICE_VBD ? g->cfg->disks[i].script : g->cfg->vifs[i].script;
}

/* Who may write a folder may put another file there, but where the sticky bit keeps what is another's. */
static bool is_roots(const struct stat *st)
{
	bool shared = !S_ISLNK(st->st_mode) && st->st_mode & 022 && !(S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX);

	return !shared && (st->st_uid == 0 || st->st_uid == geteuid());
}

static int check_way(const char *path, unsigned int links, struct error *err);

/* The link stands at path[0..len): go on with where it leads, and what follows it. */
static int check_link(const char *path, size_t len, unsigned int links, struct error *err)
{
	char to[PATH_MAX], next[PATH_MAX];
	ssize_t n = readlink(strndupa(path, len), to, sizeof(to) - 1);
	size_t folder = len;

	if (n < 0)
		return error_set_errno(err, ERR_NONE, errno, NULL, "script '%s'", path);
	to[n] = '\0';
	while (folder && path[folder - 1] != '/')
		folder--;
	if (links >= LINKS_MAX || snprintf(next, sizeof(next), "%.*s%s%s", to[0] == '/' ? 0 : (int)folder, path, to,
					   path + len) >= (int)sizeof(next))
		return error_set_errno(err, ERR_NONE, ELOOP, NULL, "script '%s'", path);
	return check_way(next, links + 1, err);
}

static int check_part(const char *path, const char *part, const struct stat *st, struct error *err)
{
	int rc;

	if (is_roots(st))
		return 0;
	rc = error_set(err, ERR_CONFIG, NULL, "script '%s' would run as root, and others than root may write %s", path,
		       strcmp(part, path) == 0 ? "it" : part);
	error_hint(err, "chown root %s; chmod go-w %s", part, part);
	return rc;
}

/* All that the path leads through, folders and links, is root's. */
static int check_way(const char *path, unsigned int links, struct error *err)
{
	size_t len = 1;
	struct stat st;

	for (;;) {
		char part[PATH_MAX];
		int rc;

		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		if (lstat(part, &st) < 0)
			return error_set_errno(err, ERR_NONE, errno, NULL, "script '%s'", path);
		rc = check_part(path, part, &st, err);
		if (rc)
			return rc;
		if (S_ISLNK(st.st_mode))
			return check_link(path, len, links, err);
		if (!path[len])
			return 0;
		len += path[len] == '/';
		len += strcspn(path + len, "/");
	}
}

int script_check(const char *path, struct error *err)
{
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return error_set_errno(err, ERR_NONE, errno, NULL, "script '%s'", path);
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0) {
		rc = error_set(err, ERR_CONFIG, NULL, "script '%s' is no program", path);
		error_hint(err, "chmod +x %s", path);
		return rc;
	}
	return check_way(path, 0, err);
}

static void free_event(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void log_output(const struct script *s)
{
	char *copy = s->output.data ? strdup(s->output.data) : NULL, *save = NULL, shown[512];

	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		log_info("%s: %s %s: %s", s->label, s->path, s->word,
			 log_text(shown, sizeof(shown), line, strlen(line)));
	free(copy);
}

/* Tell, forget. */
static void finish(struct script *s)
{
	struct guest *g = guest_by_domid(s->domid);
	size_t n = !g ? 0 : s->kind == DEVICE_VBD ? g->n_disks : g->n_vifs, i = 0;

	while (i < n && (device_of(g, s->kind, i)->id != s->id || device_of(g, s->kind, i)->script != s))
		i++;
	free_event(&s->timer);
	free_event(&s->ended);
	free_event(&s->said);
	close_fd(&s->pidfd);
	close_fd(&s->out);
	log_output(s);
	if (i < n) {
		device_of(g, s->kind, i)->script = NULL;
		s->done(g, s->kind, i, error_is_set(&s->err) ? &s->err : NULL);
	}
	strbuf_free(&s->output);
	free(s);
}

static void on_said(evutil_socket_t fd, short what, void *arg)
{
	struct script *s = arg;
	char buf[4096];
	ssize_t n;

	(void)what;
	while ((n = read((int)fd, buf, sizeof(buf))) > 0)
		if (s->output.len + (size_t)n <= OUTPUT_MAX)
			strbuf_add(&s->output, buf, (size_t)n);
	if (n == 0)
		free_event(&s->said);
}

static void explain(struct script *s, int status)
{
	const char *argv[] = { s->path, NULL };
	struct proc_run run = { .argv = argv };

	if (s->late)
		(void)error_set(&s->err, ERR_TIMEOUT, s->path, "did not end within %" PRIu32 " s",
				xend.set.script_timeout_s);
	else
		(void)proc_explain(&run, status, s->output.data, &s->err);
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct script *s = arg;
	int status = 0;

	(void)fd;
	(void)what;
	if (waitpid(s->pid, &status, WNOHANG) != s->pid)
		return;
	s->pid = 0;
	if (s->said)
		on_said(s->out, 0, s);
	explain(s, status);
	finish(s);
}

static int spawn(struct script *s)
{
	char xenbus[80], script[300], vif[32], dev[32];
	const char *argv[] = { s->path, s->word, s->kind == DEVICE_VIF ? "type_if=vif" : NULL, NULL };
	const char *env[] = { script, xenbus, "XENBUS_BASE_PATH=backend",
			      s->kind == DEVICE_VBD ? "XENBUS_TYPE=vbd" : "XENBUS_TYPE=vif",
			      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			      s->kind == DEVICE_VIF ? vif : NULL, dev, NULL };
	struct proc_run run = { .argv = argv, .env = env };

	snprintf(script, sizeof(script), "script=%s", s->path);
	snprintf(xenbus, sizeof(xenbus), "XENBUS_PATH=backend/%s/%d/%" PRIu32,
		 s->kind == DEVICE_VBD ? "vbd" : "vif", s->domid, s->id);
	snprintf(vif, sizeof(vif), "vif=%s", s->name);
	snprintf(dev, sizeof(dev), "dev=%s", s->name);
	return proc_spawn(&run, &s->pid, &s->out, &s->err);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timeval limit = { xend.set.script_timeout_s, 0 };
	struct script *s = arg;

	(void)fd;
	(void)what;
	if (s->pid) {
		s->late = true;
		script_kill(s);
		return;
	}
	if (error_is_set(&s->err) || spawn(s)) {
		finish(s);
		return;
	}
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	s->ended = s->pidfd < 0 ? NULL : event_new(xend.base, s->pidfd, EV_READ | EV_PERSIST, on_ended, s);
	s->said = event_new(xend.base, s->out, EV_READ | EV_PERSIST, on_said, s);
	if (s->ended && s->said && event_add(s->ended, NULL) == 0 && event_add(s->said, NULL) == 0 &&
	    event_add(s->timer, &limit) == 0)
		return;
	kill(-s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	(void)error_set_errno(&s->err, ERR_RESOURCES, ENOMEM, s->path, "cannot be waited for");
	finish(s);
}

int script_start(struct guest *g, enum device_kind kind, size_t i, const char *word, unsigned int after_s,
		 script_done_fn *done)
{
	struct script *s = calloc(1, sizeof(*s));
	struct timeval after = { after_s, 0 };

	if (!s)
		return -ENOMEM;
	*s = (struct script){ .domid = g->domid, .kind = kind, .id = device_of(g, kind, i)->id, .done = done,
			      .pidfd = -1, .out = -1 };
	snprintf(s->path, sizeof(s->path), "%s", script_of(g, kind, i));
	snprintf(s->word, sizeof(s->word), "%s", word);
	if (kind == DEVICE_VIF)
		vif_name(g, i, s->name);
	else
		snprintf(s->name, sizeof(s->name), "%.15s", g->cfg->disks[i].vdev);
	snprintf(s->label, sizeof(s->label), "guest '%.64s', %s", g->name, s->name);
	s->timer = evtimer_new(xend.base, on_timer, s);
	if (!s->timer || event_add(s->timer, &after) < 0) {
		free_event(&s->timer);
		free(s);
		return -ENOMEM;
	}
	device_of(g, kind, i)->script = s;
	return 0;
}

void script_now(struct script *s)
{
	if (!s->pid)
		event_active(s->timer, EV_TIMEOUT, 0);
}

void script_kill(struct script *s)
{
	if (s->pid) {
		kill(-s->pid, SIGKILL);
		return;
	}
	(void)error_set(&s->err, ERR_CONFLICT, s->path, "was called off");
	event_active(s->timer, EV_TIMEOUT, 0);
}
