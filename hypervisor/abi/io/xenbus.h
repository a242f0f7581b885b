/* SPDX-License-Identifier: MIT */
/* The states through which both ends of a device walk, written as numbers into their `state` nodes. */
#ifndef ABI_IO_XENBUS_H
#define ABI_IO_XENBUS_H

enum xenbus_state {
	XenbusStateUnknown = 0,
	XenbusStateInitialising = 1,
	XenbusStateInitWait = 2,	/* waits for the other end's data */
	XenbusStateInitialised = 3,	/* waits for the connection */
	XenbusStateConnected = 4,
	XenbusStateClosing = 5,
	XenbusStateClosed = 6,
	XenbusStateReconfiguring = 7,
	XenbusStateReconfigured = 8,
};

#endif
