/* SPDX-License-Identifier: MIT */
/*
 * How fast a TCP connection or a disk is, and when something is said, without a program's own work in the way.
 *	pump -l PORT			takes one connection after the other and throws away what comes
 *	pump ADDRESS PORT MIB		sends that much, waits until all of it is taken, says how fast it was
 *	pump -r FILE MIB [KIB]		reads that much past the cache, by so many KiB (1024), says how fast it was
 *	pump -d ADDRESS N		asks the DHCP server there for addresses, in the names of N hardware addresses
 *	pump -w FILE TEXT SECONDS	waits, asleep, until the file holds the text; status 1 if it does not in time
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	(1 << 20)

static char block[BLOCK] __attribute__((aligned(4096)));

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void take(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1, c;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	need(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(s, 4) == 0, "pump: listen");
	while ((c = accept(s, NULL, NULL)) >= 0) {
		while (read(c, block, BLOCK) > 0)
			;
		close(c);
	}
}

static void send_to(const char *address, int port, long mib)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	double t;

	need(inet_pton(AF_INET, address, &a.sin_addr) == 1 && connect(s, (struct sockaddr *)&a, sizeof(a)) == 0,
	     address);
	t = now();
	for (long left = mib << 20, n; left > 0; left -= n) {
		n = write(s, block, 128 << 10);
		need(n > 0, "pump: write");
	}
	shutdown(s, SHUT_WR);
	while (read(s, block, BLOCK) > 0)	/* the other end closes when it has all */
		;
	printf("RATE net %.2f Gbit/s\n", (double)mib * 8 * (1 << 20) / (now() - t) / 1e9);
}

static void read_disk(const char *file, long mib, long kib)
{
	int f = open(file, O_RDONLY | O_DIRECT);
	ssize_t piece = kib << 10;
	double t = now();

	need(f >= 0 && piece > 0 && piece <= BLOCK, file);
	for (long left = mib << 20; left > 0; left -= piece)
		need(read(f, block, (size_t)piece) == piece, file);
	printf("RATE disk-%ldk %.0f MB/s\n", kib, (double)mib * (1 << 20) / (now() - t) / 1e6);
}

static int holds(const char *file, const char *text)
{
	int f = open(file, O_RDONLY);
	ssize_t n = f < 0 ? 0 : read(f, block, BLOCK);

	if (f >= 0)
		close(f);
	return n > 0 && memmem(block, (size_t)n, text, strlen(text)) != NULL;
}

/* The folder is watched: the file may not be there yet. */
static int wait_for(const char *file, const char *text, int seconds)
{
	char *copy = strdup(file), events[4096];
	struct pollfd p = { .fd = inotify_init1(IN_NONBLOCK), .events = POLLIN };
	double end = now() + seconds, left;

	need(copy && p.fd >= 0 && inotify_add_watch(p.fd, dirname(copy), IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0,
	     file);
	while (!holds(file, text)) {
		left = end - now();
		if (left <= 0 || poll(&p, 1, (int)(left * 1e3) + 1) < 0)
			return 1;
		while (read(p.fd, events, sizeof(events)) > 0)
			;
	}
	return 0;
}

/* As one who knows what address it had: such a request needs no offer before it. */
static void ask_addresses(const char *server, long n)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(68) },
			   to = { .sin_family = AF_INET, .sin_port = htons(67) };
	unsigned char msg[300] = { 1, 1, 6, 0 };
	static const unsigned char options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 3, 50, 4 };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	need(inet_pton(AF_INET, server, &to.sin_addr) == 1 && bind(s, (struct sockaddr *)&from, sizeof(from)) == 0,
	     server);
	for (long i = 0; i < n; i++) {
		memcpy(msg + 4, &i, 4);			/* xid */
		memcpy(msg + 28, "\x02\0\0\0\0", 5);	/* chaddr */
		msg[33] = (unsigned char)i;
		memcpy(msg + 236, options, sizeof(options));
		memcpy(msg + 245, &to.sin_addr, 3);
		msg[248] = (unsigned char)(100 + i);
		msg[249] = 255;
		need(sendto(s, msg, sizeof(msg), 0, (struct sockaddr *)&to, sizeof(to)) == sizeof(msg), server);
		usleep(100000);
	}
	printf("ASKED %ld\n", n);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-l"))
		take(atoi(argv[2]));
	else if ((argc == 4 || argc == 5) && !strcmp(argv[1], "-r"))
		read_disk(argv[2], atol(argv[3]), argc == 5 ? atol(argv[4]) : 1024);
	else if (argc == 5 && !strcmp(argv[1], "-w"))
		return wait_for(argv[2], argv[3], atoi(argv[4]));
	else if (argc == 4 && !strcmp(argv[1], "-d"))
		ask_addresses(argv[2], atol(argv[3]));
	else if (argc == 4)
		send_to(argv[1], atoi(argv[2]), atol(argv[3]));
	else
		fprintf(stderr, "usage: pump -l PORT | pump ADDRESS PORT MIB | pump -r FILE MIB [KIB] | "
			"pump -w FILE TEXT SECONDS | pump -d ADDRESS N\n");
	return argc < 3;
}
