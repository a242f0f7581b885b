/* SPDX-License-Identifier: MIT */
/*
 * xend: starts in the order that stands in run(), then serves its event loop.  SIGTERM ends the daemon and
 * leaves the guests alone; the next daemon takes them up again, as after a crash.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "daemon/autostart.h"
#include "daemon/console.h"
#include "daemon/device.h"
#include "daemon/guest.h"
#include "daemon/network.h"
#include "daemon/ports.h"
#include "daemon/scrape.h"
#include "daemon/server.h"
#include "daemon/vif.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/hv.h"

#define LOCK_TRIES 50

struct xend xend = {
	.set = {
		.run_dir = "/run/xend", .state_dir = "/var/lib/xend", .log_dir = "/var/log/xend",
		.store_socket = "/run/xenstored/socket", .group = "xen", .operate = true, .network = true,
		.bridge = "xenbr0", .subnet = "10.188.0.1/24", .dump_keep = 3,
		.script_timeout_s = 40,
	},
};

uint64_t xend_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void xend_lost(const char *who, const char *what)
{
	if (xend.stopping)
		return;
	log_err("the process of %s %s; xend ends, to be started again", who, what);
	_exit(ERR_INTERNAL);
}

int xend_private_folder(const char *name, char *path, size_t size, struct error *err)
{
	snprintf(path, size, "%s/private", xend.set.run_dir);
	if (file_make_dirs(path, 0700, err) < 0)
		return -EIO;
	snprintf(path, size, "%s/private/%s", xend.set.run_dir, name);
	return file_make_dirs(path, 0700, err);
}

/*
 * One daemon at a time, or two would fight over every guest.  Its processes that serve guests hold the lock too: where
 * the last daemon was killed, those may take a moment longer to go.
 */
static int lock_run_dir(struct error *err)
{
	char path[256];
	int fd, rc;

	snprintf(path, sizeof(path), "%s", xend.set.store_socket);
	*strrchr(path, '/') = '\0';
	if (file_make_dirs(xend.set.run_dir, 0755, err) < 0 || file_make_dirs(path, 0755, err) < 0)
		return -EIO;
	snprintf(path, sizeof(path), "%s/lock", xend.set.run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) < 0; i++)
		usleep(20000);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = error_set_errno(err, ERR_CONFLICT, errno, NULL, "%s", path);
		error_hint(err, "is another xend running?");
		return rc;
	}
	xend.lock_fd = fd;
	return 0;
}

/* The kernel's halves of our devices; those built in or loaded already cost nothing. */
static void load_modules(void)
{
	static const char *const argv[] = { "modprobe",	   "-a",	 "-q",	   "xen-privcmd",
					    "xen-evtchn",  "xen-gntdev", "xenfs",  "xen-blkback",
					    "xen-netback", "loop",	 "bridge", NULL };
	const struct proc_run run = { .argv = argv, .timeout_ms = 20000 };
	struct error err = ERROR_INIT;

	if (proc_run(&run, NULL, &err) < 0)
		log_debug("modprobe: %s", err.why);
	/* Tools look there for whether this is the control domain. */
	if (access("/proc/xen/capabilities", F_OK) < 0 && mount("xenfs", "/proc/xen", "xenfs", 0, NULL) < 0)
		log_warn("cannot mount xenfs on /proc/xen: %s", strerror(errno));
}

static void on_quit(evutil_socket_t sig, short what, void *arg)
{
	(void)what;
	(void)arg;
	log_info("signal %d: ending; guests go on", (int)sig);
	event_base_loopbreak(xend.base);
}

static int watch_signals(struct error *err)
{
	static const int quit[] = { SIGTERM, SIGINT };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(quit) / sizeof(quit[0]); i++) {
		struct event *ev = evsignal_new(xend.base, quit[i], on_quit, NULL);

		if (!ev || event_add(ev, NULL) < 0)
			return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "signals");
	}
	return 0;
}

/* Many guests are many descriptors. */
static void raise_limits(void)
{
	struct rlimit lim = { 65536, 65536 };

	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		log_debug("cannot raise the limit of open files: %s", strerror(errno));
}

static int open_ports(struct error *err)
{
	int fd, rc = ports_open(&fd, err);

	if (!rc && ports_init(xend.base, fd) < 0)
		rc = error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "event channels");
	return rc;
}

static int adopt_guests(struct error *err)
{
	(void)err;
	life_adopt();
	return 0;
}

/* In this order: each needs what stands above it. */
static int (*const steps[])(struct error *err) = {
	xs_init, consoles_init, hv_open, watch_signals, open_ports, life_init, registry_load, xs_begin, device_init,
	vif_init, network_init, adopt_guests, server_init, scrape_listen,
};

static int run(struct error *err)
{
	int rc = lock_run_dir(err);

	if (rc)
		return rc;
	raise_limits();
	load_modules();
	xend.started_ns = xend_now_ns();
	xend.base = event_base_new();
	if (!xend.base)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "event loop");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		rc = steps[i](err);
		if (rc)
			return rc;
	}
	autostart_begin();
	log_info("xend " TOOLSTACK_VERSION " is ready");
	event_base_dispatch(xend.base);
	network_stop();
	xend.stopping = true;
	consoles_end();
	xs_end();
	return 0;
}

/* Everything below one folder: tests run a daemon of their own there. */
static int use_root(const char *root, struct error *err)
{
	static char run_dir[256], state_dir[256], log_dir[256], store_socket[300];

	if (strlen(root) > 200)
		return error_set(err, ERR_USAGE, NULL, "'%s' is too long a path", root);
	snprintf(run_dir, sizeof(run_dir), "%s/run", root);
	snprintf(state_dir, sizeof(state_dir), "%s/state", root);
	snprintf(log_dir, sizeof(log_dir), "%s/log", root);
	snprintf(store_socket, sizeof(store_socket), "%s/run/store", root);
	xend.set.run_dir = run_dir;
	xend.set.state_dir = state_dir;
	xend.set.log_dir = log_dir;
	xend.set.store_socket = store_socket;
	return 0;
}

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: xend [-c FILE] [-r DIR] [-v]\n"
		"  -c, --config FILE   settings (default /etc/xend.conf)\n"
		"  -r, --root DIR      keep everything below DIR (tests; XEND_SOCKET names the socket)\n"
		"  -v, --verbose       log more\n"
		"      --version       print the version\n"
		"xend stays in the foreground; see xend(8).\n");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "root", required_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },	    { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },	    { NULL, 0, NULL, 0 },
	};
	enum log_level level = LOG_LEVEL_INFO;
	const char *config = "/etc/xend.conf", *root = NULL;
	struct error err = ERROR_INIT;
	int c;

	while ((c = getopt_long(argc, argv, "c:r:vh", options, NULL)) != -1) {
		switch (c) {
		case 'c': config = optarg; break;
		case 'r': root = optarg; break;
		case 'v': level = LOG_LEVEL_DEBUG; break;
		case 'V': puts("xend " TOOLSTACK_VERSION); return 0;
		case 'h': return usage(0);
		default: return usage(ERR_USAGE);
		}
	}
	umask(0022);
	log_init("xend", level);
	if ((!root || use_root(root, &err) == 0) && xend_settings_load(config, &err) == 0 && run(&err) == 0)
		return 0;
	error_print(stderr, &err);
	return err.code;
}
