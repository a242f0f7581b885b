/* SPDX-License-Identifier: MIT */
/*
 * A 16550. Until uart_init_irq() output waits for the transmitter; then it goes through a ring that the interrupt
 * empties, so that a slow line holds nobody up; when the ring is full, or after make_sync (a panic), it waits again,
 * for as much room as it needs. A line that takes nothing for seconds is stalled: what does not fit is lost, without
 * further waiting, until it moves again. Input is taken out of the FIFO by the interrupt at once and kept by the
 * console's own buffer.
 *
 * Lock: the ring and the transmitter belong to whoever holds the console lock (write) or `lock`
 * (interrupt): write takes `lock` too, except in a panic.
 */
#include "platform/uart.h"

#include "core/console.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/time.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "platform/acpi.h"
#include "platform/irq.h"
#include "x86/cpu_ops.h"

#define UART_DATA	0	/* with DLAB: divisor low */
#define UART_IER	1	/* with DLAB: divisor high */
#define   IER_RX	0x01
#define   IER_TX	0x02
#define UART_IIR	2
#define UART_FCR	2
#define   FCR_ENABLE	0x07	/* on, both FIFOs cleared; interrupt at the first byte: nothing waits long */
#define UART_LCR	3
#define   LCR_DLAB	0x80
#define UART_MCR	4
#define   MCR_READY	0x0b	/* DTR, RTS, and OUT2, which lets interrupts through */
#define UART_LSR	5
#define   LSR_RX	0x01
#define   LSR_TX_EMPTY	0x20
#define UART_SCRATCH	7

#define UART_CLOCK	1843200u
#define TX_RING		16384u
#define TX_SPIN_LEAST	200000u	/* readings of LSR: over 100 ms; the only measure before system time runs */
#define TX_STALL_NS	4000000000ul

struct uart_settings {
	u16 base;
	u8 isa_irq;
	u8 lcr;
	u32 baud;		/* 0: as the firmware left it */
	u32 clock;
};

struct uart {
	/* set at boot */
	const char *name;
	struct uart_settings set;
	u32 fifo;		/* bytes the transmitter takes at once */
	bool in_use;
	int irq;
	struct console_driver driver;

	/* lock */
	struct spinlock lock;
	bool buffered;
	bool stalled;
	u32 produced, consumed;
	u64 moved_ns;		/* when the transmitter last took something */
	char ring[TX_RING];
};

static void uart_write_0(const char *text, size_t len);
static void uart_write_1(const char *text, size_t len);
static void uart_sync_0(void);
static void uart_sync_1(void);
static bool uart_full_0(size_t len);
static bool uart_full_1(size_t len);

static struct uart uarts[2] = {
	{ .name = "com1", .set = { 0x3f8, 4, 3, 0, UART_CLOCK }, .irq = -1,
	  .driver = { .name = "com1", .write = uart_write_0, .make_sync = uart_sync_0, .full = uart_full_0 },
	  .lock = SPINLOCK_INIT(RANK_NONE, "com1") },
	{ .name = "com2", .set = { 0x2f8, 3, 3, 0, UART_CLOCK }, .irq = -1,
	  .driver = { .name = "com2", .write = uart_write_1, .make_sync = uart_sync_1, .full = uart_full_1 },
	  .lock = SPINLOCK_INIT(RANK_NONE, "com2") },
};

static bool sync_console;

static u8 uart_in(const struct uart *u, u32 reg)
{
	return inb(u->set.base + reg);
}

static void uart_out(const struct uart *u, u32 reg, u8 value)
{
	outb(u->set.base + reg, value);
}

static bool uart_ready(struct uart *u)
{
	if (!(uart_in(u, UART_LSR) & LSR_TX_EMPTY))
		return false;
	u->stalled = false;
	return true;
}

/* Waits until the transmitter's FIFO is empty; false: the line is stalled. */
static bool uart_wait_ready(struct uart *u)
{
	u64 start = time_now_ns();

	for (u32 i = 0; !uart_ready(u); i++) {
		u64 now = time_now_ns();

		if (u->stalled || (i >= TX_SPIN_LEAST && (!start || now - start > TX_STALL_NS))) {
			u->stalled = true;
			return false;
		}
		cpu_pause();
	}
	return true;
}

/* Fills the empty FIFO from the ring. */
static void uart_fill_fifo(struct uart *u)
{
	u->moved_ns = time_now_ns();
	for (u32 i = 0; i < u->fifo && u->consumed != u->produced; i++)
		uart_out(u, UART_DATA, u->ring[u->consumed++ % TX_RING]);
}

/* Buffered: what fits goes out now, the rest when the transmitter's interrupt asks for it. */
static void uart_go_on(struct uart *u)
{
	if (uart_ready(u))
		uart_fill_fifo(u);
	uart_out(u, UART_IER, IER_RX | (u->consumed != u->produced ? IER_TX : 0));
}

static void uart_drain(struct uart *u)
{
	while (u->consumed != u->produced && uart_wait_ready(u))
		uart_fill_fifo(u);
}

static void uart_put(struct uart *u, char c)
{
	if (u->produced - u->consumed == TX_RING) {
		if (!uart_wait_ready(u))
			return;
		uart_fill_fifo(u);
	}
	u->ring[u->produced++ % TX_RING] = c;
}

static void uart_write(struct uart *u, const char *text, size_t len)
{
	bool locked = u->buffered;

	if (locked)
		spin_lock(&u->lock);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			uart_put(u, '\r');
		uart_put(u, text[i]);
	}
	if (u->buffered)
		uart_go_on(u);
	else
		uart_drain(u);
	if (locked)
		spin_unlock(&u->lock);
}

static void uart_write_0(const char *text, size_t len)
{
	uart_write(&uarts[0], text, len);
}

static void uart_write_1(const char *text, size_t len)
{
	uart_write(&uarts[1], text, len);
}

static void uart_sync(struct uart *u)
{
	u->buffered = false;
	uart_drain(u);
}

static void uart_sync_0(void)
{
	uart_sync(&uarts[0]);
}

static void uart_sync_1(void)
{
	uart_sync(&uarts[1]);
}

/* Without the lock: an answer that is a little old does no harm. */
static bool uart_full(struct uart *u, size_t len)
{
	if (!u->in_use || !u->buffered || TX_RING - (READ_ONCE(u->produced) - READ_ONCE(u->consumed)) >= 2 * len)
		return false;
	if (time_now_ns() - READ_ONCE(u->moved_ns) < TX_STALL_NS)
		return true;
	u->stalled = true;
	return false;
}

static bool uart_full_0(size_t len)
{
	return uart_full(&uarts[0], len);
}

static bool uart_full_1(size_t len)
{
	return uart_full(&uarts[1], len);
}

static void uart_receive(struct uart *u)
{
	/* A port that went away reads all ones for ever. */
	for (u32 i = 0; i < 4096; i++) {
		u8 status = uart_in(u, UART_LSR);

		if (!(status & LSR_RX) || status == 0xff)
			return;
		console_input(uart_in(u, UART_DATA));
	}
}

static enum irq_result uart_interrupt(int irq, void *arg)
{
	struct uart *u = arg;

	uart_in(u, UART_IIR);
	uart_receive(u);
	spin_lock(&u->lock);
	if (u->buffered)
		uart_go_on(u);
	spin_unlock(&u->lock);
	return IRQ_DONE;
}

static void uart_set_up(struct uart *u)
{
	uart_out(u, UART_IER, 0);
	if (u->set.baud) {
		u32 divisor = MAX(u->set.clock / (16 * u->set.baud), 1u);

		uart_out(u, UART_LCR, LCR_DLAB | u->set.lcr);
		uart_out(u, UART_DATA, divisor & 0xff);
		uart_out(u, UART_IER, divisor >> 8);
	}
	uart_out(u, UART_LCR, u->set.lcr);
	uart_out(u, UART_FCR, FCR_ENABLE);
	uart_out(u, UART_MCR, MCR_READY);
}

int uart_init(u32 index)
{
	struct uart *u = &uarts[index];

	uart_out(u, UART_SCRATCH, 0x5a);
	if (uart_in(u, UART_SCRATCH) != 0x5a)
		return -ENODEV;
	uart_set_up(u);
	u->fifo = (uart_in(u, UART_IIR) & 0xc0) == 0xc0 ? 16 : 1;
	u->in_use = true;
	console_register(&u->driver);
	return 0;
}

void uart_init_irq(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(uarts); i++) {
		struct uart *u = &uarts[i];

		if (!u->in_use)
			continue;
		u->irq = irq_from_gsi(acpi_isa_irq_to_gsi(u->set.isa_irq));
		if (u->irq < 0 || irq_request(u->irq, uart_interrupt, u, u->name)) {
			log_warn("%s: no interrupt %u, so no input", u->name, u->set.isa_irq);
			continue;
		}
		u->buffered = !sync_console;
		uart_receive(u);
		uart_out(u, UART_IER, IER_RX);
	}
}

void uart_resume(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(uarts); i++) {
		struct uart *u = &uarts[i];

		if (!u->in_use)
			continue;
		uart_set_up(u);
		if (u->buffered)
			uart_go_on(u);
		else if (u->irq >= 0)
			uart_out(u, UART_IER, IER_RX);
	}
}

void uart_for_each_port(void (*fn)(u32 first, u32 last, void *arg), void *arg)
{
	for (u32 i = 0; i < ARRAY_SIZE(uarts); i++)
		if (uarts[i].in_use)
			fn(uarts[i].set.base, uarts[i].set.base + 7u, arg);
}

/* DPS: data bits, parity, stop bits, such as 8n1. */
static int uart_parse_format(const char *text, u8 *lcr)
{
	static const char parities[] = "noems";
	static const u8 codes[] = { 0x00, 0x08, 0x18, 0x28, 0x38 };
	const char *parity;

	if (strlen(text) != 3 || text[0] < '5' || text[0] > '8' || text[2] < '1' || text[2] > '2')
		return -EINVAL;
	parity = strchr(parities, text[1]);
	if (!parity)
		return -EINVAL;
	*lcr = (text[0] - '5') | codes[parity - parities] | (text[2] == '2' ? 4 : 0);
	return 0;
}

static int uart_parse_baud(char *text, struct uart_settings *u)
{
	char *clock = strchr(text, '/');
	u64 value;

	if (clock) {
		*clock++ = '\0';
		if (cmdline_parse_u64(clock, &value) || value < 16 * 50 || value > 0xffffffffu)
			return -EINVAL;
		u->clock = value;
	}
	if (!strcmp(text, "auto") || !*text)
		return 0;
	if (cmdline_parse_u64(text, &value) || value < 50 || value > u->clock / 16)
		return -EINVAL;
	u->baud = value;
	return 0;
}

/* baud[/clock][,DPS[,io-base[,irq]]] */
static int uart_parse(struct uart *u, const char *value)
{
	char copy[64], *pos = copy, *item;
	struct uart_settings n = u->set;
	u64 number;

	if (!value || strlcpy(copy, value, sizeof(copy)) >= sizeof(copy))
		return -EINVAL;
	for (u32 i = 0; (item = cmdline_next_item(&pos, ',')) != NULL; i++) {
		if (i == 0 && uart_parse_baud(item, &n))
			return -EINVAL;
		if (i == 1 && *item && uart_parse_format(item, &n.lcr))
			return -EINVAL;
		if (i >= 2 && *item && (cmdline_parse_u64(item, &number) || number > (i == 2 ? 0xfff8u :
										      15u)))
			return -EINVAL;
		if (i == 2 && *item)
			n.base = number;
		if (i == 3 && *item)
			n.isa_irq = number;
		if (i > 3)
			return -EINVAL;
	}
	u->set = n;
	return 0;
}

static int param_com1(const char *value)
{
	return uart_parse(&uarts[0], value);
}

static int param_com2(const char *value)
{
	return uart_parse(&uarts[1], value);
}

static int param_sync_console(const char *value)
{
	int on = param_switch(value);

	if (on < 0)
		return -EINVAL;
	sync_console = on;
	return 0;
}

const struct param uart_params[] = {
	{ "com1", "first serial port: baud[/clock][,format[,port[,irq]]]", param_com1 },
	{ "com2", "second serial port, likewise", param_com2 },
	{ "sync_console", "wait for each character to be sent", param_sync_console },
	{ 0 },
};
