/* SPDX-License-Identifier: MIT */
/*
 * Serial ports (16550 and like), as console output and input. Configured by com1= and com2=.
 */
#ifndef PLATFORM_UART_H
#define PLATFORM_UART_H

#include "core/param.h"

extern const struct param uart_params[];

/* Finds the port of index 0 or 1 and registers it as a console; -ENODEV if it is not there. */
int uart_init(u32 index);
/* Input by interrupt, buffered output. Once interrupts work. */
void uart_init_irq(void);
void uart_resume(void);			/* after sleep; interrupts off */
/* I/O ports of the ports in use, for machine_hv_ports(). */
void uart_for_each_port(void (*fn)(u32 first, u32 last, void *arg), void *arg);

#endif
