/* SPDX-License-Identifier: MIT */
/*
 * Whole files: read with a limit, replaced atomically (temporary file in the same folder, fsync,
 * rename, fsync of the folder), so that a reader or a power cut sees the old or the new content and
 * nothing between.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

/* Read path ("-" is stdin) into *data, NUL-terminated, at most limit bytes.  Caller frees. */
int file_read(const char *path, size_t limit, char **data, size_t *len, struct error *err) __must_check;

/*
 * Open an ordinary file or, with block, a block device, and tell of it.  Nothing else is so much as opened, which
 * for some devices is an act.  A descriptor or -errno: -EISDIR, -ENOTBLK for the wrong kind.
 */
int file_open_plain(const char *path, int flags, bool block, struct stat *st) __must_check;

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
	__must_check;

/* The number that a file of /sys says; 0 if it is not there. */
uint64_t file_number(const char *path);

/* mkdir -p. */
int file_make_dirs(const char *path, mode_t mode, struct error *err) __must_check;

/* write() and read() that go on after signals and short counts.  0 or -errno; -EPIPE at end of file. */
int fd_write_all(int fd, const void *data, size_t len) __must_check;
int fd_read_all(int fd, void *data, size_t len) __must_check;

/* One message over a socket, with a descriptor (-1: none). What was sent or received, or -errno. */
ssize_t fd_send(int sock, const void *data, size_t len, int fd) __must_check;
ssize_t fd_recv(int sock, void *data, size_t len, int *fd) __must_check;
int fd_set_nonblock(int fd, int on) __must_check;

#endif
