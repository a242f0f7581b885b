// SPDX-License-Identifier: MIT
/*
 * One binary for old and new C libraries.  Programs linked against glibc 2.33 and later name versions of a few
 * functions that older ones do not have, although nothing in them is new.  The linker (--wrap, see the Makefile) sends
 * our calls of these here, so that what is built on a new distribution runs down to glibc 2.28.  A test reads the
 * programs' symbols.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* What the linker calls these functions; nobody else does. */
int __wrap_stat(const char *path, struct stat *st);
int __wrap_lstat(const char *path, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_close_range(unsigned int first, unsigned int last, int flags);
int __wrap_openpty(int *master, int *slave, char *name, const struct termios *t, const struct winsize *w);
unsigned int __wrap_arc4random(void);
void __wrap_arc4random_buf(void *buf, size_t len);
int __wrap___libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
			     void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

/* On x86-64 the kernel's struct stat is the C library's. */
int __wrap_stat(const char *path, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

int __wrap_lstat(const char *path, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int __wrap_fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

/* Kernels before 5.9 do not have the call: one by one, up to what may be open. */
int __wrap_close_range(unsigned int first, unsigned int last, int flags)
{
	struct rlimit limit;
	rlim_t end;

	if (syscall(SYS_close_range, first, last, flags) == 0)
		return 0;
	if (errno != ENOSYS || flags)
		return -1;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	end = limit.rlim_cur > 1u << 20 ? 1u << 20 : limit.rlim_cur;
	for (rlim_t fd = first; fd <= last && fd < end; fd++)
		close((int)fd);
	return 0;
}

int __wrap_openpty(int *master, int *slave, char *name, const struct termios *t, const struct winsize *w)
{
	char path[64];
	int m = posix_openpt(O_RDWR | O_NOCTTY);

	if (m < 0)
		return -1;
	if (grantpt(m) < 0 || unlockpt(m) < 0 || (errno = ptsname_r(m, path, sizeof(path))) != 0)
		goto out;
	*slave = open(path, O_RDWR | O_NOCTTY);
	if (*slave < 0)
		goto out;
	if (t)
		(void)tcsetattr(*slave, TCSAFLUSH, t);
	if (w)
		(void)ioctl(*slave, TIOCSWINSZ, w);
	if (name)
		strcpy(name, path);
	*master = m;
	return 0;
out:
	close(m);
	return -1;
}

void __wrap_arc4random_buf(void *buf, size_t len)
{
	char *at = buf;

	while (len) {
		ssize_t n = getrandom(at, len < 256 ? len : 256, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

unsigned int __wrap_arc4random(void)
{
	unsigned int x;

	__wrap_arc4random_buf(&x, sizeof(x));
	return x;
}

/* The old names; before 2.34 they are in libdl.so.2, with which the programs are linked for this. */
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *lib, const char *name);
char *__wrap_dlerror(void);
void *old_dlopen(const char *name, int flags);
void *old_dlsym(void *lib, const char *name);
char *old_dlerror(void);
__asm__(".symver old_dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver old_dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver old_dlerror, dlerror@GLIBC_2.2.5");

void *__wrap_dlopen(const char *name, int flags)
{
	return old_dlopen(name, flags);
}

void *__wrap_dlsym(void *lib, const char *name)
{
	return old_dlsym(lib, name);
}

char *__wrap_dlerror(void)
{
	return old_dlerror();
}

/*
 * The start of the program.  Before 2.34 the C library left a program's own constructors to it, so they are run from
 * here; the newer ones, called by the old name, do as they are told too.
 */
typedef void (*constructor)(int argc, char **argv, char **envp);
extern constructor __init_array_start[] __attribute__((visibility("hidden")));
extern constructor __init_array_end[] __attribute__((visibility("hidden")));

static void run_constructors(int argc, char **argv, char **envp)
{
	for (constructor *c = __init_array_start; c < __init_array_end; c++)
		(*c)(argc, argv, envp);
}

int old_libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
			void (*init)(int, char **, char **), void (*fini)(void), void (*rtld_fini)(void),
			void *stack_end);
__asm__(".symver old_libc_start_main, __libc_start_main@GLIBC_2.2.5");

int __wrap___libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
			     void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	(void)init;
	(void)fini;
	return old_libc_start_main(main, argc, argv, run_constructors, NULL, rtld_fini, stack_end);
}
