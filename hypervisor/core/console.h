/* SPDX-License-Identifier: MIT */
/*
 * The console: where lines go (drivers, and the ring that `xl dmesg` reads) and where typed characters come
 * from. Drivers register themselves with a write function; input drivers call console_input() from
 * interrupt context. Lock: RANK_CONSOLE around the ring and the drivers' output.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/param.h"
#include "lib/types.h"

struct console_driver {
	const char *name;
	/* Text as it is, '\n' ends a line. Interrupts off, console lock held (or the machine is dying). */
	void (*write)(const char *text, size_t len);
	/*
	 * Writes what is left in any buffer of its own; from then on write() must not buffer. NULL: nothing
	 * to do.
	 */
	void (*make_sync)(void);
	/* write() of so much would wait for the line. NULL: it never does. No lock held. */
	bool (*full)(size_t len);
	bool off;			/* given up to dom0 */
	struct console_driver *next;
};

extern const struct param console_params[], console_input_params[];

#define CONSOLE_LEVEL_MAX 24			/* "error/warning" and its zero */
const char *console_level(bool guest);		/* of loglvl= or guest_loglvl= */
int console_set_level(bool guest, const char *text);

void console_register(struct console_driver *driver);
void console_init(void);			/* softirq, after softirqs work */
void console_set_ring(char *mem, u32 size);	/* size: power of two; takes the old contents along */
u32 console_ring_wanted(void);			/* conring_size= in bytes, 0 if not given */
/*
 * From now on output is written before log_printf() returns, and no lock is waited for: the machine is
 * dying.
 */
void console_enter_panic(void);
void console_flush(void);

/* dom0 starts: what is typed is its from now on, unless conswitch= says otherwise; says how to switch. */
void console_input_to_dom0(void);
/* A character was typed. Interrupts off. */
void console_input(char c);
/* Hardware text, no prefix: dom0's own output. */
void console_write_raw(const char *text, size_t len);
bool console_is_full(size_t len);		/* whoever can come back later should, rather than wait in write() */

/* Console as dom0 and other guests use it (CONSOLEIO_*). */
void console_guest_write(u16 domid, bool hardware_domain, const char *text, size_t len);
size_t console_read(char *buf, size_t len);	/* what was typed on the serial line for dom0; never waits */
extern void (*console_input_hook)(void);	/* called when input for dom0 arrived (VIRQ_CONSOLE) */
extern void (*console_ring_hook)(void);		/* new text in the ring (VIRQ_CON_RING); softirq context */
/*
 * Copies from the ring, from *index on (a running count of bytes), and moves it. `clear` forgets all until
 * now.
 */
u32 console_ring_read(char *buf, u32 len, u32 *index, bool clear);

#endif
