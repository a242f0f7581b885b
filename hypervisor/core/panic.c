/* SPDX-License-Identifier: MIT */
/*
 * The last words. One CPU speaks, the others are stopped by NMI; a panic inside the panic says so and ends
 * at once. No lock is waited for.
 */
#include "core/panic.h"

#include "core/backtrace.h"
#include "core/build_id.h"
#include "core/console.h"
#include "core/ipi.h"
#include "core/lock.h"
#include "core/log.h"
#include "lib/atomic.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "version_info.h"
#include "x86/cpu_ops.h"

#define NOBODY	0xffffffffu

static u32 panic_cpu = NOBODY;	/* who speaks; atomic */
static bool panic_nested;
static bool panic_noreboot;

void (*panic_vcpu_hook)(const struct vcpu *v, char *buf, size_t size);
void (*panic_end_hook)(bool noreboot);

static __noreturn void panic_stop(void)
{
	irq_disable();
	for (;;)
		hlt();
}

static void panic_print_state(const struct regs *regs)
{
	char text[256];

	log_err("----[ Xen-%s  x86_64  debug=%c  %s ]----", XEN_PRODUCT_VERSION, PANIC_DEBUG, XEN_CHANGESET);
	if (regs) {
		regs_print(regs);
		if (!regs_from_guest(regs))
			backtrace_print(regs);
	} else {
		log_err("CPU:    %u", this_cpu());
		backtrace_print_here();
	}
	if (current && panic_vcpu_hook) {
		panic_vcpu_hook(current, text, sizeof(text));
		log_err("Current vCPU: %s", text);
	} else {
		log_err("Current vCPU: none");
	}
	lock_describe_held(this_cpu(), text, sizeof(text));
	log_err("Held locks: %s", text[0] ? text : "none");
	build_id_format(text, sizeof(text));
	log_err("Build-id: %s", text);
}

static __noreturn void panic_common(const struct regs *regs, const char *fmt, va_list args)
{
	static char reason[512];
	u32 expected = NOBODY;

	irq_disable();
	if (!try_cmpxchg(&panic_cpu, &expected, this_cpu())) {
		if (expected != this_cpu() || panic_nested)
			panic_stop();
		panic_nested = true;
		vscnprintf(reason, sizeof(reason), fmt, args);
		log_err("Panic while reporting a panic: %s", reason);
		panic_stop();
	}
	ipi_stop_others();
	console_enter_panic();
	vscnprintf(reason, sizeof(reason), fmt, args);
	log_err("****************************************");
	log_err("Panic on CPU %u:", this_cpu());
	log_err("%s", reason);
	log_err("****************************************");
	panic_print_state(regs);
	if (panic_end_hook)
		panic_end_hook(panic_noreboot);
	panic_stop();
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	panic_common(NULL, fmt, args);
}

void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	panic_common(regs, fmt, args);
}

bool panic_wants_no_reboot(void)
{
	return panic_noreboot;
}

void panic_set_no_reboot(void)
{
	panic_noreboot = true;
}

static int param_noreboot(const char *value)
{
	int on = param_switch(value);

	if (on < 0)
		return -EINVAL;
	panic_noreboot = on;
	return 0;
}

const struct param panic_params[] = {
	{ "noreboot", "after a panic or a crash of dom0 wait instead of resetting", param_noreboot },
	{ 0 },
};
