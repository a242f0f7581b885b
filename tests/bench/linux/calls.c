/* SPDX-License-Identifier: MIT */
/* Rows: user code that needs no kernel (which must cost what it costs natively), system calls, signals. */
#define _GNU_SOURCE
#include "linux.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int zero, null, many[100];
static char buffer[1 << 16], target[1 << 16];

static void plain_loop(long n)
{
	while (n--)
		__asm__ volatile("");
}

static void read_tsc(long n)
{
	while (n--)
		(void)rdtsc();
}

static void read_clock(long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

static void copy_memory(long n)
{
	while (n--) {
		memcpy(target, buffer, sizeof(buffer));
		__asm__ volatile("" : : "r" (target) : "memory");
	}
}

static void null_syscall(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void open_devices(void)
{
	MUST(zero = open("/dev/zero", O_RDONLY));
	MUST(null = open("/dev/null", O_WRONLY));
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		MUST(many[i] = dup(zero));
}

static void close_devices(void)
{
	close(zero);
	close(null);
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		close(many[i]);
}

static void read_byte(long n)
{
	while (n--)
		MUST(read(zero, buffer, 1));
}

static void write_byte(long n)
{
	while (n--)
		MUST(write(null, buffer, 1));
}

static void stat_file(long n)
{
	struct stat st;

	while (n--)
		MUST(stat("/dev/null", &st));
}

static void open_close(long n)
{
	while (n--)
		close(open("/dev/null", O_RDONLY));
}

static void select_100(long n)
{
	while (n--) {
		struct timeval none = { 0, 0 };
		fd_set set;

		FD_ZERO(&set);
		for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
			FD_SET(many[i], &set);
		MUST(select(many[99] + 1, &set, NULL, NULL, &none));
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signal_install(long n)
{
	struct sigaction sa = { .sa_handler = on_signal };

	while (n--)
		sigaction(SIGUSR1, &sa, NULL);
}

static void signal_handle(long n)
{
	signal(SIGUSR1, on_signal);
	while (n--)
		raise(SIGUSR1);
}

static sigjmp_buf back;
static volatile char *volatile nowhere = (char *)8;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void fault_signal(long n)
{
	static volatile long left;

	signal(SIGSEGV, on_fault);
	left = n;
	sigsetjmp(back, 1);
	if (left-- > 0)
		(void)*nowhere;
	signal(SIGSEGV, SIG_DFL);
}

const struct row call_rows[] = {
	{ "loop", plain_loop, NULL, NULL },
	{ "rdtsc", read_tsc, NULL, NULL },
	{ "clock_gettime", read_clock, NULL, NULL },
	{ "memcpy_64k", copy_memory, NULL, NULL },
	{ "null_syscall", null_syscall, NULL, NULL },
	{ "read_1", read_byte, open_devices, close_devices },
	{ "write_1", write_byte, open_devices, close_devices },
	{ "stat", stat_file, NULL, NULL },
	{ "open_close", open_close, NULL, NULL },
	{ "select_100", select_100, open_devices, close_devices },
	{ "signal_install", signal_install, NULL, NULL },
	{ "signal_handle", signal_handle, NULL, NULL },
	{ "fault_to_signal", fault_signal, NULL, NULL },
	{ NULL, NULL, NULL, NULL }
};
