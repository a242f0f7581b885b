/* SPDX-License-Identifier: MIT */
/*
 * Loop devices for the daemon over the fake machine, in place of daemon/loop.c: each is a file FOLDER/NUMBER that holds
 * the guest's UUID.  While FOLDER/hold is there, who attaches waits before he takes a number.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/loop.h"

static void path_of(const char *name, char path[300])
{
	const char *machine = getenv("XEND_FAKE_MACHINE");

	snprintf(path, 300, "%s.loops", machine ? machine : "/tmp/fake");
	(void)mkdir(path, 0700);
	snprintf(path + strlen(path), 300 - strlen(path), "/%s", name);
}

static void numbered(int nr, char path[300])
{
	char name[16];

	snprintf(name, sizeof(name), "%d", nr);
	path_of(name, path);
}

int loop_attach(int file_fd, bool readonly, const uint8_t uuid[16], dev_t *dev)
{
	char path[300];
	int fd = -1, nr = -1;

	(void)file_fd;
	(void)readonly;
	path_of("hold", path);
	while (access(path, F_OK) == 0)
		usleep(10000);
	while (fd < 0 && ++nr < 1000) {
		numbered(nr, path);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (fd < 0 || write(fd, uuid, 16) != 16)
		return -EBUSY;
	close(fd);
	*dev = makedev(7, (unsigned int)nr);
	return nr;
}

int loop_detach(int nr, const uint8_t uuid[16])
{
	uint8_t tag[16];
	char path[300];
	int fd, rc;

	numbered(nr, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = read(fd, tag, 16) == 16 && memcmp(tag, uuid, 16) == 0 ? unlink(path) : 0;
	close(fd);
	return rc;
}

void loop_sweep(const uint8_t *uuid, bool (*in_use)(int nr))
{
	char path[300];
	uint8_t tag[16];

	for (int nr = 0; nr < 1000; nr++) {
		int fd;

		numbered(nr, path);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, tag, 16) == 16 && (!uuid || memcmp(tag, uuid, 16) == 0) && !in_use(nr))
			(void)unlink(path);
		close(fd);
	}
}
