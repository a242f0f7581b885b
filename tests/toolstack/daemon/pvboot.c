/* SPDX-License-Identifier: MIT */
/*
 * Starts a PV guest with the builder alone, no store and no daemon, and copies its console to stdout until it
 * shuts down or SECONDS have gone: the smallest proof that hv/ and build/ work on a hypervisor.
 *	usage: pvboot KERNEL RAMDISK|- MIB SECONDS CMDLINE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/io/console.h"
#include "build/pv.h"
#include "hv/calls.h"
#include "hv/domctl.h"

static struct error err;

static void die(const char *what, long rc)
{
	if (err.code)
		error_print(stderr, &err);
	else
		fprintf(stderr, "pvboot: %s: %ld (%s)\n", what, rc, strerror((int)-rc));
	exit(1);
}

/* In a child: its mappings of the guest end with it. */
static void build(struct pv_guest *g)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (hv_reopen(&err) || pv_build(g, &err))
			die("build", -1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		exit(1);
}

static void console(domid_t domid, evtchn_port_t port, int seconds)
{
	struct xencons_interface *ring = hv_grant_map(domid, 0);
	int fd = hv_evtchn_open(), local = hv_evtchn_bind_interdomain(fd, domid, port);
	struct xen_domctl_getdomaininfo info;
	time_t end = time(NULL) + seconds;

	if (!ring || local < 0)
		die("console", local);
	while (time(NULL) < end) {
		uint32_t cons = ring->out_cons, prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);

		for (; cons != prod; cons++)
			putchar(ring->out[cons & (sizeof(ring->out) - 1)]);
		fflush(stdout);
		__atomic_store_n(&ring->out_cons, cons, __ATOMIC_RELEASE);
		hv_evtchn_notify(fd, (evtchn_port_t)local);
		if (hv_domctl_info(domid, &info) || info.flags & XEN_DOMINF_shutdown)
			break;
		usleep(20000);
	}
	printf("\npvboot: flags %#x\n", info.flags);
	hv_grant_unmap(ring);
}

int main(int argc, char **argv)
{
	struct hv_create create = { .uuid = { 1 },
				    .max_vcpus = 1,
				    .max_evtchn_port = 1023,
				    .max_grant_frames = 64,
				    .max_maptrack_frames = 1024,
				    .max_grant_version = 1 };
	struct xen_domctl_getdomaininfo info;
	struct pv_guest g = { .ramdisk_fd = -1 };
	struct image img;
	struct stat st;
	int rc;

	if (argc != 6) {
		fprintf(stderr, "usage: pvboot KERNEL RAMDISK|- MIB SECONDS CMDLINE\n");
		return 2;
	}
	if (hv_open(&err) || image_load(argv[1], &img, &err))
		die("start", -1);
	printf("pvboot: %s, %zu bytes, %s\n", img.info.guest_os, img.len, img.info.packed);
	g.ramdisk_fd = open(argv[2], O_RDONLY);
	if (g.ramdisk_fd >= 0 && fstat(g.ramdisk_fd, &st) == 0)
		g.ramdisk_len = (uint64_t)st.st_size;
	rc = hv_domctl_create(0, &create);
	if (rc < 0)
		die("create", rc);
	g.domid = (domid_t)rc;
	g.image = &img;
	g.cmdline = argv[5];
	g.n_pages = g.max_pages = strtoul(argv[3], NULL, 10) << 8;
	rc = hv_domctl_max_vcpus(g.domid, 1);
	if (!rc)
		rc = hv_domctl_max_mem(g.domid, (g.max_pages << 2) + 1024);
	if (!rc)
		rc = hv_evtchn_alloc(g.domid, 0, &g.store_port);
	if (!rc)
		rc = hv_evtchn_alloc(g.domid, 0, &g.console_port);
	if (!rc)
		rc = hv_domctl_info(g.domid, &info);
	if (rc)
		die("set-up", rc);
	g.shared_info = info.shared_info_frame;
	build(&g);
	rc = hv_domctl_unpause(g.domid);
	if (rc)
		die("unpause", rc);
	console(g.domid, g.console_port, atoi(argv[4]));
	do
		rc = hv_domctl_destroy(g.domid);
	while (rc == -EAGAIN);
	printf("pvboot: destroy %d\n", rc);
	return 0;
}
