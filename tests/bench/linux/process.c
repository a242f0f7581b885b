/* SPDX-License-Identifier: MIT */
/* Rows: making processes and threads. Whoever measures has some memory of its own, as real processes do. */
#define _GNU_SOURCE
#include "linux.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEIGHT	(512 * 1024)

static char *ballast;

static void prepare(void)
{
	ballast = malloc(WEIGHT);
	memset(ballast, 1, WEIGHT);
}

static void finish(void)
{
	free(ballast);
}

static void await(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0));
	if (status)
		die("child");
}

static void fork_exit(long n)
{
	while (n--) {
		pid_t pid = fork();

		MUST(pid);
		if (!pid)
			_exit(0);
		await(pid);
	}
}

static void fork_exec(long n)
{
	while (n--) {
		pid_t pid = fork();

		MUST(pid);
		if (!pid) {
			execl("/init", "init", "end", NULL);
			_exit(1);
		}
		await(pid);
	}
}

static void vfork_exec(long n)
{
	while (n--) {
		pid_t pid = vfork();

		MUST(pid);
		if (!pid) {
			execl("/init", "init", "end", NULL);
			_exit(1);
		}
		await(pid);
	}
}

static void *thread(void *arg)
{
	return arg;
}

static void make_thread(long n)
{
	while (n--) {
		pthread_t t;

		if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
			die("thread");
	}
}

static void yield(long n)
{
	while (n--)
		sched_yield();
}

const struct row process_rows[] = {
	{ "fork_exit", fork_exit, prepare, finish },
	{ "fork_exec", fork_exec, prepare, finish },
	{ "vfork_exec", vfork_exec, prepare, finish },
	{ "thread", make_thread, NULL, NULL },
	{ "sched_yield", yield, NULL, NULL },
	{ NULL, NULL, NULL, NULL }
};
