/* SPDX-License-Identifier: MIT */
/*
 * Loading a kernel file without trusting it.  The parent reads the file's bytes and makes a memory file; a
 * child that keeps nothing but one socket, and may call nothing but memory and exit calls, unpacks into it
 * and answers with a struct image_info or an error.  The parent checks the answer and seals the file, so that
 * later users see what was checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "build/image.h"

/* AddressSanitizer's shadow alone is larger than any sensible limit. */
#ifdef __SANITIZE_ADDRESS__
#define PARSER_MEMORY 0
#else
#define PARSER_MEMORY (4ul << 30)
#endif

/* What the child sends back. */
struct answer {
	struct image_info info;
	struct error err;
};

struct job {
	const uint8_t *file;
	size_t file_len;
	uint8_t *out;		/* IMAGE_MAX bytes of the memory file */
};

/* Memory, the socket, and the end: nothing else. */
static const int parser_calls[] = {
	SYS_write, SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_exit_group, SYS_futex,
	SYS_rt_sigreturn, SYS_sigaltstack,
};

static int child_parse(void *arg, int fd)
{
	struct job *job = arg;
	struct answer a = { .err = ERROR_INIT };
	const uint8_t *elf = NULL;
	uint8_t *unpacked = NULL;
	size_t len = 0, elf_len = 0;
	char packed[16];
	int rc = proc_allow(parser_calls, sizeof(parser_calls) / sizeof(parser_calls[0]), 0);

	if (rc)
		(void)error_set_errno(&a.err, ERR_INTERNAL, -rc, NULL, "cannot confine the kernel parser");
	if (!rc)
		rc = image_unpack(job->file, job->file_len, IMAGE_MAX, &unpacked, &len, &elf, &elf_len,
				  packed, &a.err);
	if (!rc)
		rc = image_parse_elf(elf, elf_len, &a.info, job->out, IMAGE_MAX, &a.err);
	if (!rc)
		memcpy(a.info.packed, packed, sizeof(packed));
	if (fd_write_all(fd, &a, sizeof(a)) < 0)
		rc = -EPIPE;
	_exit(rc ? 1 : 0);
}

static int run_parser(struct job *job, struct answer *a, struct error *err)
{
	const struct proc_rights rights = {
		.name = "xend-kernel",
		.user = "nobody",
		.max_memory = PARSER_MEMORY,
		.max_cpu_s = 120,
		.no_files = 1,
	};
	int fd, status, rc;
	pid_t pid;

	rc = proc_fork_confined(&rights, NULL, 0, child_parse, job, &pid, &fd, err);
	if (rc)
		return rc;
	rc = fd_read_all(fd, a, sizeof(*a));
	close(fd);
	if (rc)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		return error_set(err, ERR_CONFIG, NULL, "the kernel parser died on this file");
	a->err.what[sizeof(a->err.what) - 1] = a->err.why[sizeof(a->err.why) - 1] = '\0';
	a->err.hint[sizeof(a->err.hint) - 1] = '\0';
	if (a->err.code != ERR_NONE) {
		rc = error_set(err, a->err.code <= ERR_CODE_MAX ? a->err.code : ERR_CONFIG, NULL, "%s",
			       a->err.why);
		error_hint(err, "%s", a->err.hint);
		return rc;
	}
	return 0;
}

/* Map a kernel file for reading; it must be an ordinary file of sensible size. */
static int read_kernel(const char *path, uint8_t **data, struct stat *st, struct error *err)
{
	int fd = file_open_plain(path, O_RDONLY, false, st), rc = 0;

	if (fd == -EISDIR || fd == -ENOTBLK)
		return error_set(err, ERR_CONFIG, NULL, "kernel '%s' is not a file", path);
	if (fd < 0)
		return error_set_errno(err, ERR_NONE, fd, NULL, "kernel '%s'", path);
	if (st->st_size == 0 || (uint64_t)st->st_size > IMAGE_FILE_MAX)
		rc = error_set(err, ERR_CONFIG, NULL, "kernel '%s' has %lld bytes", path,
			       (long long)st->st_size);
	if (!rc) {
		/* A private copy: the file may be cut short under a mapping, which would kill the reader. */
		*data = malloc((size_t)st->st_size);
		if (!*data)
			rc = error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "kernel '%s'", path);
		else if (fd_read_all(fd, *data, (size_t)st->st_size) < 0)
			rc = error_set(err, ERR_FAILED, NULL, "kernel '%s' changed while it was read", path);
		if (rc) {
			free(*data);
			*data = NULL;
		}
	}
	close(fd);
	return rc;
}

int image_adopt(struct image *img, int fd, const struct image_info *info, struct error *err)
{
	int rc = image_check(info, err);
	struct stat st;

	if (rc)
		return rc;
	img->info = *info;
	img->len = info->vend - info->vstart;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < img->len)
		return error_set(err, ERR_INTERNAL, NULL, "the unpacked kernel is incomplete");
	img->bytes = mmap(NULL, img->len, PROT_READ, MAP_SHARED, fd, 0);
	if (img->bytes == MAP_FAILED) {
		img->bytes = NULL;
		return error_set_errno(err, ERR_NONE, errno, NULL, "cannot map the unpacked kernel");
	}
	img->fd = fd;
	return 0;
}

int image_load(const char *path, struct image *img, struct error *err)
{
	struct job job = { 0 };
	struct answer a;
	uint8_t *file = NULL;
	int fd = -1, rc;

	*img = (struct image){ .fd = -1 };
	rc = read_kernel(path, &file, &img->st, err);
	if (rc)
		return rc;
	fd = memfd_create("kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, (off_t)IMAGE_MAX) < 0) {
		rc = error_set_errno(err, ERR_NONE, errno, NULL, "cannot make a memory file");
		goto out;
	}
	job.out = mmap(NULL, IMAGE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (job.out == MAP_FAILED) {
		rc = error_set_errno(err, ERR_NONE, errno, NULL, "cannot map a memory file");
		goto out;
	}
	job.file = file;
	job.file_len = (size_t)img->st.st_size;
	rc = run_parser(&job, &a, err);
	munmap(job.out, IMAGE_MAX);
	if (!rc)
		rc = image_check(&a.info, err);
	if (!rc && (ftruncate(fd, (off_t)(a.info.vend - a.info.vstart)) < 0 ||
		    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0))
		rc = error_set_errno(err, ERR_NONE, errno, NULL, "cannot seal the unpacked kernel");
	if (!rc)
		rc = image_adopt(img, fd, &a.info, err);
out:
	free(file);
	if (rc) {
		error_what(err, "kernel '%s'", path);
		if (fd >= 0)
			close(fd);
	}
	return rc;
}

void image_free(struct image *img)
{
	if (img->bytes)
		munmap((void *)(uintptr_t)img->bytes, img->len);
	if (img->fd >= 0)
		close(img->fd);
	img->bytes = NULL;
	img->fd = -1;
}
