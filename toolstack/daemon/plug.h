/* SPDX-License-Identifier: MIT */
/* Disks and nets of a running guest, added and taken away: see plug.c. */
#ifndef DAEMON_PLUG_H
#define DAEMON_PLUG_H

#include "daemon/server.h"

handler_fn plug_block_attach, plug_block_detach, plug_net_attach, plug_net_detach;

#endif
