/* SPDX-License-Identifier: MIT */
/* Operations on the host: its networks, its health, and what to send with a report of a fault. */
#include "daemon/ops.h"

const struct handler ops_host[] = { { NULL, NULL } };
