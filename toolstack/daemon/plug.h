/* SPDX-License-Identifier: MIT */
/* Disks and nets of a running guest, added and taken away: see plug.c. */
#ifndef DAEMON_PLUG_H
#define DAEMON_PLUG_H

#include "daemon/guest.h"
#include "daemon/server.h"

handler_fn plug_block_attach, plug_block_detach, plug_net_attach, plug_net_detach;

/* This device is none of the guest's any more. */
void plug_forget(struct guest *g, enum device_kind kind, size_t i);

#endif
