/* SPDX-License-Identifier: MIT */
/* sched_op: a vCPU gives up its time, waits, or ends its domain. */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#include "abi/types.h"

#define SCHEDOP_yield		0
#define SCHEDOP_block		1	/* unmask events, then sleep until one is pending */
#define SCHEDOP_shutdown	2	/* struct sched_shutdown */
#define SCHEDOP_poll		3	/* struct sched_poll */
#define SCHEDOP_remote_shutdown	4	/* struct sched_remote_shutdown */
#define SCHEDOP_shutdown_code	5	/* struct sched_shutdown */
#define SCHEDOP_watchdog	6	/* struct sched_watchdog */
#define SCHEDOP_pin_override	7	/* struct sched_pin_override */

struct sched_shutdown {
	uint32_t reason;		/* SHUTDOWN_* */
};

struct sched_poll {
	uint64_t ports;			/* guest pointer: evtchn_port_t */
	uint32_t nr_ports;
	uint64_t timeout;		/* system time in ns; 0: none */
};

struct sched_remote_shutdown {
	domid_t domain_id;
	uint32_t reason;
};

struct sched_watchdog {
	uint32_t id;			/* 0: start one and return its number */
	uint32_t timeout;		/* seconds; 0: stop it */
};

struct sched_pin_override {
	int32_t pcpu;			/* -1: undo */
};

#define SHUTDOWN_poweroff	0
#define SHUTDOWN_reboot		1
#define SHUTDOWN_suspend	2
#define SHUTDOWN_crash		3
#define SHUTDOWN_watchdog	4
#define SHUTDOWN_soft_reset	5
#define SHUTDOWN_MAX		5

#endif
