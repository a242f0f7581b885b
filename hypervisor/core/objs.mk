# SPDX-License-Identifier: MIT
objs-y += core/backtrace.o core/build_id.o core/console.o core/console_input.o core/ipi.o core/keyhandler.o core/lock.o core/panic.o
objs-y += core/param.o core/softirq.o core/symbols.o core/time.o core/timer.o
