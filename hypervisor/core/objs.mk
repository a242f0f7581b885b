# SPDX-License-Identifier: MIT
objs-y += core/backtrace.o core/build_id.o core/console.o core/console_input.o core/ipi.o core/keyhandler.o
objs-y += core/lock.o core/panic.o core/param.o core/param_foreign.o core/softirq.o core/symbols.o \
	  core/time.o core/timer.o
