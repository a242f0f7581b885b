/* SPDX-License-Identifier: MIT */
/*
 * Messages to people. One call is one line without a newline at its end; the console prefixes "(XEN) ".
 * Everything goes to the ring (xl dmesg); what is at or above the level of loglvl= (guest_loglvl= for
 * guest_*) goes to the serial line and the screen too. Callable anywhere, with any lock held, interrupts on
 * or off.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "lib/types.h"

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_printf(enum log_level level, bool guest, const char *fmt, ...) __printf(3, 4);

#define log_err(...)	log_printf(LOG_ERR, false, __VA_ARGS__)
#define log_warn(...)	log_printf(LOG_WARN, false, __VA_ARGS__)
#define log_info(...)	log_printf(LOG_INFO, false, __VA_ARGS__)
#define log_debug(...)	log_printf(LOG_DEBUG, false, __VA_ARGS__)
/* What a guest provoked: rate limited. */
#define guest_warn(...)	log_printf(LOG_WARN, true, __VA_ARGS__)

#endif
