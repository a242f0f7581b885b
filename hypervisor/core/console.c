/* SPDX-License-Identifier: MIT */
/*
 * Output: lines with prefix and perhaps a time, to the ring and the drivers. The ring is a power of two and
 * counts bytes without end; the producer overwrites the oldest. See console_input.c for the way in.
 */
#include "core/console.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/percpu.h"
#include "core/softirq.h"
#include "core/time.h"
#include "lib/cmdline.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

#define LINE_MAX_LEN	1024
#define RATE_BURST	20u		/* messages that guests may provoke at once */
#define RATE_INTERVAL_NS 250000000ul	/* and one more each */

enum stamp_mode { STAMP_NONE, STAMP_BOOT, STAMP_DATE, STAMP_DATEMS, STAMP_RAW };

static DEFINE_SPINLOCK(console_lock, RANK_CONSOLE);
/* console_lock: */
static char first_ring[32768];
static char *ring = first_ring;
static u32 ring_size = sizeof(first_ring);
static u32 ring_produced, ring_cleared;
static struct console_driver *drivers;
static u32 rate_tokens = RATE_BURST, rate_suppressed;
static u64 rate_last_ns;

/* Set by the command line, then constant. A message prints if its level is below the threshold. */
static u32 threshold_hv = LOG_INFO + 1, threshold_guest = LOG_WARN + 1;
static enum stamp_mode stamp_mode;
static u32 ring_wanted;
static bool panicking;

void (*console_ring_hook)(void);

static u64 console_lock_take(void)
{
	return panicking ? 0 : spin_lock_irqsave(&console_lock);
}

static void console_lock_drop(u64 flags)
{
	if (!panicking)
		spin_unlock_irqrestore(&console_lock, flags);
}

static void ring_append(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[ring_produced++ & (ring_size - 1)] = text[i];
}

static void drivers_write(const char *text, size_t len)
{
	for (struct console_driver *d = drivers; d; d = d->next)
		if (!d->off)
			d->write(text, len);
}

static size_t stamp_date(char *buf, size_t size, u64 now_ns, bool ms)
{
	u64 sec, t, days, era, doe, yoe, doy, mp;
	u32 nsec, day, month;

	time_wallclock_get(&sec, &nsec);
	t = now_ns + nsec;
	sec += t / 1000000000;
	days = sec / 86400 + 719468;	/* from 1 March of year 0: leap days come last */
	era = days / 146097;
	doe = days % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	day = doy - (153 * mp + 2) / 5 + 1;
	month = mp < 10 ? mp + 3 : mp - 9;
	size = scnprintf(buf, size, "[%04lu-%02u-%02u %02lu:%02lu:%02lu", yoe + era * 400 + (month <= 2),
			 month, day,
			 sec / 3600 % 24, sec / 60 % 60, sec % 60);
	if (ms)
		size += scnprintf(buf + size, 6, ".%03lu", t / 1000000 % 1000);
	return size + scnprintf(buf + size, 3, "] ");
}

static size_t console_prefix(char *buf, size_t size)
{
	u64 now = time_now_ns();
	size_t len = scnprintf(buf, size, "(XEN) ");

	switch (stamp_mode) {
	case STAMP_BOOT:
		return len + scnprintf(buf + len, size - len, "[%5lu.%06lu] ", now / 1000000000,
				       now / 1000 % 1000000);
	case STAMP_RAW:
		return len + scnprintf(buf + len, size - len, "[%016lx] ", time_tsc());
	case STAMP_DATE:
	case STAMP_DATEMS:
		return len + stamp_date(buf + len, size - len, now, stamp_mode == STAMP_DATEMS);
	default:
		return len;
	}
}

/* One message, perhaps of several lines. console_lock held. */
static void console_write_message(const char *text, bool show)
{
	char line[64];
	size_t len;

	do {
		const char *end = strchr(text, '\n');
		size_t part = end ? (size_t)(end - text) : strlen(text);

		len = console_prefix(line, sizeof(line));
		ring_append(line, len);
		ring_append(text, part);
		ring_append("\n", 1);
		if (show) {
			drivers_write(line, len);
			drivers_write(text, part);
			drivers_write("\n", 1);
		}
		text += part + (end != NULL);
	} while (*text);
	if (cpu_local()->cpu < MAX_CPUS && console_ring_hook)
		softirq_raise(SOFTIRQ_CONSOLE);
}

/* Guests' messages come at a steady rate after a burst; what was held back is counted. console_lock held. */
static bool console_rate_allows(void)
{
	u64 now = time_now_ns(), gained = (now - rate_last_ns) / RATE_INTERVAL_NS;
	char text[64];

	if (gained) {
		rate_tokens = MIN(rate_tokens + gained, (u64)RATE_BURST);
		rate_last_ns = now;
	}
	if (!rate_tokens) {
		rate_suppressed++;
		return false;
	}
	rate_tokens--;
	if (rate_suppressed) {
		snprintf(text, sizeof(text), "%u messages about guests suppressed", rate_suppressed);
		rate_suppressed = 0;
		console_write_message(text, threshold_guest > LOG_WARN);
	}
	return true;
}

void log_printf(enum log_level level, bool guest, const char *fmt, ...)
{
	char text[LINE_MAX_LEN];
	va_list args;
	u64 flags;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	flags = console_lock_take();
	if (!guest || console_rate_allows())
		console_write_message(text, level < (guest ? threshold_guest : threshold_hv));
	console_lock_drop(flags);
}

void console_write_raw(const char *text, size_t len)
{
	u64 flags = console_lock_take();

	drivers_write(text, len);
	console_lock_drop(flags);
}

bool console_is_full(size_t len)
{
	for (const struct console_driver *d = READ_ONCE(drivers); d; d = d->next)
		if (!d->off && d->full && d->full(len))
			return true;
	return false;
}

void console_register(struct console_driver *driver)
{
	u64 flags = console_lock_take();
	struct console_driver **end = &drivers;

	while (*end)
		end = &(*end)->next;
	driver->next = NULL;
	*end = driver;
	/* The screen or line that comes late shows what was said before. */
	for (u32 i = ring_produced - MIN(ring_produced, ring_size); i != ring_produced; i++)
		driver->write(&ring[i & (ring_size - 1)], 1);
	console_lock_drop(flags);
}

void console_set_ring(char *mem, u32 size)
{
	u64 flags = console_lock_take();
	char *old = ring;
	u32 old_size = ring_size, end = ring_produced, keep = MIN(old_size, size);

	ring = mem;
	ring_size = size;
	ring_produced = end - MIN(end, keep);
	while (ring_produced != end)
		ring_append(&old[ring_produced & (old_size - 1)], 1);
	console_lock_drop(flags);
}

u32 console_ring_read(char *buf, u32 len, u32 *index, bool clear)
{
	u64 flags = console_lock_take();
	u32 oldest = ring_produced - MIN(ring_produced, ring_size), n = 0;

	if ((s32)(oldest - ring_cleared) < 0)
		oldest = ring_cleared;
	if ((s32)(*index - oldest) < 0 || (s32)(ring_produced - *index) < 0)
		*index = oldest;
	while (n < len && *index != ring_produced)
		buf[n++] = ring[(*index)++ & (ring_size - 1)];
	if (clear)
		ring_cleared = ring_produced;
	console_lock_drop(flags);
	return n;
}

void console_flush(void)
{
	for (struct console_driver *d = drivers; d; d = d->next)
		if (d->make_sync)
			d->make_sync();
}

void console_enter_panic(void)
{
	panicking = true;
	lock_force_release(&console_lock);
	for (struct console_driver *d = drivers; d; d = d->next)
		d->off = false;
	console_flush();
}

u32 console_ring_wanted(void)
{
	return ring_wanted;
}

static const struct { const char *name; u32 threshold; } levels[] = {
	{ "none", 0 }, { "error", LOG_ERR + 1 }, { "warning", LOG_WARN + 1 }, { "info", LOG_INFO + 1 },
	{ "all", LOG_DEBUG + 1 }, { "debug", LOG_DEBUG + 1 },
};

static int console_parse_level(const char *text, u32 *threshold)
{
	/* "level/rate-limited level": guests' messages are limited here whatever their level. */
	size_t len = strchr(text, '/') ? (size_t)(strchr(text, '/') - text) : strlen(text);

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strlen(levels[i].name) == len && !strncmp(text, levels[i].name, len)) {
			*threshold = levels[i].threshold;
			return 0;
		}
	return -EINVAL;
}

const char *console_level(bool guest)
{
	u32 threshold = guest ? threshold_guest : threshold_hv;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (levels[i].threshold == threshold)
			return levels[i].name;
	return "";
}

int console_set_level(bool guest, const char *text)
{
	return console_parse_level(text, guest ? &threshold_guest : &threshold_hv);
}

static int param_loglvl(const char *value)
{
	return value ? console_parse_level(value, &threshold_hv) : -EINVAL;
}

static int param_guest_loglvl(const char *value)
{
	return value ? console_parse_level(value, &threshold_guest) : -EINVAL;
}

static int param_conring_size(const char *value)
{
	u64 bytes;

	if (!value || cmdline_parse_size(value, &bytes) || bytes < sizeof(first_ring) || bytes > MiB(16))
		return -EINVAL;
	ring_wanted = 1u << order_of(bytes);
	return 0;
}

static int param_timestamps(const char *value)
{
	static const struct { const char *name; enum stamp_mode mode; } modes[] = {
		{ "none", STAMP_NONE }, { "boot", STAMP_BOOT }, { "date", STAMP_DATE }, { "datems",
											 STAMP_DATEMS },
		{ "raw", STAMP_RAW }, { "", STAMP_DATE },
	};

	for (size_t i = 0; value && i < ARRAY_SIZE(modes); i++)
		if (!strcmp(value, modes[i].name)) {
			stamp_mode = modes[i].mode;
			return 0;
		}
	if (value && cmdline_parse_bool(value) < 0)
		return -EINVAL;
	stamp_mode = value && cmdline_parse_bool(value) ? STAMP_DATE : STAMP_NONE;
	return 0;
}

const struct param console_params[] = {
	{ "loglvl", "least important messages of the hypervisor to show", param_loglvl },
	{ "guest_loglvl", "least important messages about guests to show", param_guest_loglvl },
	{ "conring_size", "size of the ring that keeps messages", param_conring_size },
	{ "console_timestamps", "time before each message: none, boot, date, datems, raw", param_timestamps },
	{ 0 },
};
