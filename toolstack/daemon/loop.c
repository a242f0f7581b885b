/* SPDX-License-Identifier: MIT */
/* See loop.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/log.h"
#include "daemon/loop.h"

#define TRIES 64

static void make_tag(char tag[LO_NAME_SIZE], const uint8_t *uuid)
{
	char text[37] = "";

	memset(tag, 0, LO_NAME_SIZE);
	if (uuid)
		uuid_unparse_lower(uuid, text);
	snprintf(tag, LO_NAME_SIZE, LOOP_TAG "%s", text);
}

static int loop_open(int nr)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/loop%d", nr);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int loop_attach(int file_fd, bool readonly, const uint8_t uuid[16], dev_t *dev)
{
	struct stat st;
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), rc = -EBUSY;

	if (ctl < 0)
		return -errno;
	/* Another process may take the free one first: try again. */
	for (int i = 0; i < TRIES && rc == -EBUSY; i++) {
		int nr = ioctl(ctl, LOOP_CTL_GET_FREE), fd;
		struct loop_config cfg = { .fd = (__u32)file_fd };

		if (nr < 0) {
			rc = -errno;
			break;
		}
		fd = loop_open(nr);
		if (fd < 0) {
			rc = fd;
			break;
		}
		cfg.info.lo_flags = readonly ? LO_FLAGS_READ_ONLY : 0;
		make_tag((char *)cfg.info.lo_file_name, uuid);
		rc = fstat(fd, &st) < 0 || ioctl(fd, LOOP_CONFIGURE, &cfg) < 0 ? -errno : nr;
		*dev = st.st_rdev;
		close(fd);
	}
	close(ctl);
	return rc;
}

/* Does it carry this tag, or (of any guest) one that begins so? */
static bool is_ours(int fd, const char *tag)
{
	struct loop_info64 info;

	return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && memcmp(info.lo_file_name, tag, strlen(tag)) == 0;
}

int loop_detach(int nr, const uint8_t uuid[16])
{
	char tag[LO_NAME_SIZE];
	int fd = loop_open(nr), rc = 0;

	if (fd < 0)
		return fd;
	make_tag(tag, uuid);
	if (is_ours(fd, tag) && ioctl(fd, LOOP_CLR_FD) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

void loop_sweep(const uint8_t *uuid, bool (*in_use)(int nr))
{
	DIR *dir = opendir("/sys/block");
	char tag[LO_NAME_SIZE];
	struct dirent *e;
	int nr;

	make_tag(tag, uuid);
	while (dir && (e = readdir(dir))) {
		int fd;

		if (sscanf(e->d_name, "loop%d", &nr) != 1 || in_use(nr))
			continue;
		fd = loop_open(nr);
		if (fd < 0)
			continue;
		if (is_ours(fd, tag) && ioctl(fd, LOOP_CLR_FD) == 0)
			log_info("gave back loop device %d of a guest that is gone", nr);
		close(fd);
	}
	if (dir)
		closedir(dir);
}
