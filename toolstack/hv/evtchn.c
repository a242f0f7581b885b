/* SPDX-License-Identifier: MIT */
/*
 * Event channels through /dev/xen/evtchn.  A port that fired is masked by the kernel until it is
 * unmasked by a write; the reader unmasks after it has dealt with the cause.  Closing the descriptor
 * unbinds all its ports, and the other ends may be bound anew by the next process.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "hv/hv.h"
#include "hv/linux.h"

_Static_assert(EVTCHN_NOTIFY == HV_EVTCHN_NOTIFY, "what filters know");

int hv_evtchn_open(void)
{
	int fd = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static int evtchn_ioctl(int fd, unsigned long cmd, void *arg)
{
	int rc = ioctl(fd, cmd, arg);

	return rc < 0 ? -errno : rc;
}

int hv_evtchn_bind_interdomain(int fd, domid_t domid, evtchn_port_t remote)
{
	struct evtchn_interdomain bind = { .remote_domain = domid, .remote_port = remote };

	return evtchn_ioctl(fd, EVTCHN_BIND_INTERDOMAIN, &bind);
}

int hv_evtchn_bind_virq(int fd, unsigned int virq)
{
	struct evtchn_virq bind = { .virq = virq };

	return evtchn_ioctl(fd, EVTCHN_BIND_VIRQ, &bind);
}

int hv_evtchn_unbind(int fd, evtchn_port_t port)
{
	struct evtchn_port arg = { .port = port };

	return evtchn_ioctl(fd, EVTCHN_UNBIND, &arg);
}

int hv_evtchn_notify(int fd, evtchn_port_t port)
{
	struct evtchn_port arg = { .port = port };

	return evtchn_ioctl(fd, EVTCHN_NOTIFY, &arg);
}

int hv_evtchn_pending(int fd, evtchn_port_t *ports, size_t max)
{
	ssize_t n = read(fd, ports, max * sizeof(*ports));

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return (int)((size_t)n / sizeof(*ports));
}

int hv_evtchn_unmask(int fd, evtchn_port_t port)
{
	return write(fd, &port, sizeof(port)) == sizeof(port) ? 0 : -errno;
}
