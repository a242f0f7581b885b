/* SPDX-License-Identifier: MIT */
/* Rows: context switches between processes, and what moves through pipes and sockets. */
#define _GNU_SOURCE
#include "linux.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK	(64 * 1024)

static int down[2], up[2], loop[2];
static pid_t partner;
static char block[BLOCK];

static void own_pipe(void)
{
	MUST(pipe(loop));
}

static void close_pipe(void)
{
	close(loop[0]);
	close(loop[1]);
}

static void through_pipe(long n)
{
	char c = 0;

	while (n--) {
		MUST(write(loop[1], &c, 1));
		MUST(read(loop[0], &c, 1));
	}
}

/* Gives back each byte that it gets, with `fpu` registers in use or not. */
static void echo(int in, int out, int fpu)
{
	double x = 1;
	char c;

	while (read(in, &c, 1) == 1) {
		if (fpu)
			__asm__ volatile("addsd %0, %0" : "+x" (x));
		if (write(out, &c, 1) != 1)
			break;
	}
	_exit(0);
}

static void start_partner(int fpu)
{
	MUST(pipe(down));
	MUST(pipe(up));
	partner = fork();
	MUST(partner);
	if (!partner) {
		close(down[1]);
		close(up[0]);
		echo(down[0], up[1], fpu);
	}
	close(down[0]);
	close(up[1]);
}

static void pipes(void)
{
	start_partner(0);
}

static void pipes_fpu(void)
{
	start_partner(1);
}

static void sockets(void)
{
	int s[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	partner = fork();
	MUST(partner);
	if (!partner) {
		close(s[0]);
		echo(s[1], s[1], 0);
	}
	close(s[1]);
	down[1] = s[0];
	up[0] = dup(s[0]);
}

static void stop_partner(void)
{
	close(down[1]);
	close(up[0]);
	waitpid(partner, NULL, 0);
}

/* Two switches an operation. */
static void round_trip(long n)
{
	char c = 0;

	while (n--) {
		MUST(write(down[1], &c, 1));
		MUST(read(up[0], &c, 1));
	}
}

static void round_trip_fpu(long n)
{
	double x = 1;
	char c = 0;

	while (n--) {
		__asm__ volatile("addsd %0, %0" : "+x" (x));
		MUST(write(down[1], &c, 1));
		MUST(read(up[0], &c, 1));
	}
}

static void drain(void)
{
	static char sink[BLOCK];

	MUST(pipe(down));
	partner = fork();
	MUST(partner);
	if (!partner) {
		close(down[1]);
		while (read(down[0], sink, BLOCK) > 0)
			;
		_exit(0);
	}
	close(down[0]);
	up[0] = dup(down[1]);
}

static void pipe_64k(long n)
{
	while (n--)
		for (ssize_t left = BLOCK, w; left > 0; left -= w)
			MUST(w = write(down[1], block, left));
}

const struct row pipe_rows[] = {
	{ "pipe_self", through_pipe, own_pipe, close_pipe },
	{ "switch_pair", round_trip, pipes, stop_partner },
	{ "switch_pair_fpu", round_trip_fpu, pipes_fpu, stop_partner },
	{ "unix_socket", round_trip, sockets, stop_partner },
	{ "pipe_64k", pipe_64k, drain, stop_partner },
	{ NULL, NULL, NULL, NULL }
};
