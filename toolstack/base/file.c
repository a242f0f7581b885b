/* SPDX-License-Identifier: MIT */
/*
 * Whole files: see file.h.  Nothing here follows a half-written state: a failed write removes its
 * temporary file and leaves the old content.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

union one_fd {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

ssize_t fd_send(int sock, const void *data, size_t len, int fd)
{
	union one_fd control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* The first of the descriptors that came; what nobody asked for is closed. */
static int take_descriptor(struct msghdr *msg)
{
	int first = -1, fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(fd) <= c->cmsg_len; at += sizeof(fd)) {
			memcpy(&fd, (char *)c + at, sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

ssize_t fd_recv(int sock, void *data, size_t len, int *fd)
{
	union one_fd control = { 0 };
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*fd = take_descriptor(&msg);
	return n;
}

int fd_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int file_open_plain(const char *path, int flags, bool block, struct stat *st)
{
	int look = open(path, O_PATH | O_CLOEXEC), rc;
	char again[32];

	if (look < 0)
		return -errno;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", look);
	if (fstat(look, st) < 0)
		rc = -errno;
	else if (S_ISDIR(st->st_mode))
		rc = -EISDIR;
	else if (!S_ISREG(st->st_mode) && !(block && S_ISBLK(st->st_mode)))
		rc = -ENOTBLK;
	else if ((rc = open(again, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0)
		rc = -errno;
	close(look);
	return rc;
}

static int read_up_to(int fd, const char *path, size_t limit, struct strbuf *sb, struct error *err)
{
	char chunk[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, ERR_NONE, errno, path, "cannot be read");
		if (n == 0)
			break;
		if (sb->len + (size_t)n > limit)
			return error_set(err, ERR_RESOURCES, path, "is larger than %zu bytes", limit);
		strbuf_add(sb, chunk, (size_t)n);
	}
	strbuf_add(sb, "", 0);
	if (sb->failed)
		return error_set(err, ERR_RESOURCES, path, "no memory to read it");
	return 0;
}

int file_read(const char *path, size_t limit, char **data, size_t *len, struct error *err)
{
	struct strbuf sb = { .limit = limit + 65536 };
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int rc;

	if (fd < 0)
		return error_set_errno(err, ERR_NONE, errno, path, "cannot be opened");
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		rc = error_set(err, ERR_CONFLICT, path, "is a directory");
	else
		rc = read_up_to(fd, is_stdin ? "standard input" : path, limit, &sb, err);
	if (!is_stdin)
		close(fd);
	if (rc) {
		strbuf_free(&sb);
		return rc;
	}
	*len = sb.len;
	*data = strbuf_take(&sb);
	return 0;
}

uint64_t file_number(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

/* Make a rename in the folder of path survive a power cut. */
static int sync_folder(const char *path)
{
	char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int fd, rc = 0;

	if (!dir)
		return -ENOMEM;
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	char *tmp = NULL;
	int fd, rc;

	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return error_set(err, ERR_RESOURCES, path, "no memory to write it");
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		rc = error_set_errno(err, ERR_NONE, errno, path, "cannot be written");
		goto out_free;
	}
	rc = fchmod(fd, mode) < 0 ? -errno : 0;
	if (!rc)
		rc = fd_write_all(fd, data, len);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && rename(tmp, path) < 0)
		rc = -errno;
	if (rc) {
		unlink(tmp);
		error_set_errno(err, ERR_NONE, rc, path, "cannot be written");
		goto out_free;
	}
	rc = sync_folder(path);
	if (rc)
		error_set_errno(err, ERR_NONE, rc, path, "its folder cannot be synced");
out_free:
	free(tmp);
	return rc;
}

int file_make_dirs(const char *path, mode_t mode, struct error *err)
{
	char *p = strdup(path);
	int rc = 0;

	if (!p)
		return error_set(err, ERR_RESOURCES, path, "no memory");
	for (char *s = p + 1; !rc && s[-1]; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			rc = error_set_errno(err, ERR_NONE, errno, p, "cannot be made");
		*s = c;
		if (c == '\0')
			break;
	}
	free(p);
	return rc;
}
