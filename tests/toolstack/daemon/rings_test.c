/* SPDX-License-Identifier: MIT */
/*
 * The brake on guests that signal the store without end: a domain is heard so many times a tick, then at the next; one
 * that is loud does not silence another, and one that left while it was held back is not touched. Event channels and
 * the store are made up here; the event loop, the sockets and the ring's page are real.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/xs_process.h"
#include "daemon/xs_rings.h"
#include "daemon/xs_wire.h"
#include "made_ports.h"

static unsigned int kicks, passed, failed;
static int daemon_end;

void store_kick(struct store *s, unsigned int domid)
{
	(void)s;
	(void)domid;
	kicks++;
}

static void check(const char *what, bool good)
{
	printf("%s - %s\n", good ? "ok" : "not ok", what);
	*(good ? &passed : &failed) += 1;
}

/* The daemon's answer lies ready before it is asked for. */
static void *open_ring(unsigned int domid, evtchn_port_t port)
{
	struct xs_ring answer = { .rc = 0, .port = port };
	struct xs_ask ask;
	int fd = memfd_create("ring", 0);
	void *page = NULL;

	if (ftruncate(fd, 4096) < 0 || fd_send(daemon_end, &answer, sizeof(answer), fd) < 0 ||
	    xs_rings_ops.open(NULL, domid, 0, 7, &page) ||
	    recv(daemon_end, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		page = NULL;
	close(fd);
	return page;
}

/* How often of n signals in one go it is to be heard on. */
static unsigned int signals(evtchn_port_t port, unsigned int n)
{
	unsigned int heard = 0;

	while (n-- && ports[port].fn)
		heard += ports[port].fn(ports[port].ctx);
	return heard;
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct store *store = NULL;
	struct xs_process self = { .events = -1 };
	void *loud, *calm, *gone;
	int sv[2];

	if (!base || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) < 0)
		return 1;
	daemon_end = sv[0];
	self.asks = sv[1];
	check("starts", xs_rings_init(base, &self, &store) == 0);
	loud = open_ring(5, 11);
	calm = open_ring(6, 12);
	gone = open_ring(7, 13);
	check("three rings", loud && calm && gone);
	check("199 signals pass, the next is the last for now", signals(11, 200) == 199);
	check("each was told to the store", kicks == 200);
	check("another is heard", signals(12, 10) == 10);
	check("a third becomes loud, too", signals(13, 200) == 199);
	xs_rings_ops.close(NULL, 7, gone);
	next_tick(base);
	check("at the next tick it is heard again", ports[11].unmasked == 1);
	check("one that was never held back is left alone", ports[12].unmasked == 0);
	check("nor is one that left", ports[13].unmasked == 0);
	check("and may signal as often again", signals(11, 200) == 199);
	next_tick(base);
	check("and again", ports[11].unmasked == 2);
	check("a little in each tick is never held back", signals(12, 199) == 199);
	next_tick(base);
	check("however long", signals(12, 199) == 199 && ports[12].unmasked == 0);
	xs_rings_ops.close(NULL, 5, loud);
	xs_rings_ops.close(NULL, 6, calm);
	printf("%u passed, %u failed\n", passed, failed);
	event_base_free(base);
	return failed != 0;
}
