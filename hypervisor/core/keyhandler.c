/* SPDX-License-Identifier: MIT */
/*
 * The table of debug keys and the keys of this folder: help, registers of this CPU, timers, a forced panic.
 */
#include "core/keyhandler.h"

#include "core/backtrace.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/timer.h"

static struct key {
	void (*fn)(u8 key);
	const char *what;
} key_table[128];

void keyhandler_register(u8 key, void (*fn)(u8 key), const char *what)
{
	BUG_ON(key >= ARRAY_SIZE(key_table) || key_table[key].fn);
	key_table[key] = (struct key){ fn, what };
}

void keyhandler_run(u8 key)
{
	if (key >= ARRAY_SIZE(key_table) || !key_table[key].fn)
		return;
	log_info("'%c' pressed -> %s", key, key_table[key].what);
	key_table[key].fn(key);
}

static void key_help(u8 key)
{
	for (u32 i = 0; i < ARRAY_SIZE(key_table); i++)
		if (key_table[i].fn)
			log_info(" key '%c' (ascii '%02x') => %s", i, i, key_table[i].what);
}

/* Everything that only looks. */
static void key_all(u8 key)
{
	for (u32 i = 'a'; i <= 'z'; i++)
		if (key_table[i].fn && i != 'h')
			keyhandler_run(i);
	keyhandler_run('0');
}

static void key_trace(u8 key)
{
	backtrace_print_here();
}

static void key_timers(u8 key)
{
	timer_dump();
}

static void key_crash(u8 key)
{
	panic("crash asked for by key '%c'", key);
}

void keyhandler_init(void)
{
	keyhandler_register('h', key_help, "show this help");
	keyhandler_register('t', key_trace, "show a trace of this CPU");
	keyhandler_register('a', key_timers, "show timers");
	keyhandler_register('*', key_all, "dump: all that is shown by small letters, and registers");
	keyhandler_register('%', key_crash, "panic on purpose");
}
