/* SPDX-License-Identifier: MIT */
/*
 * What people type: Ctrl-A three times switches between dom0 and the hypervisor; dom0's characters wait in
 * a buffer until it reads them, the hypervisor's are debug keys. Also guests' own output. Lock: input_lock
 * (taken in interrupt handlers) around the buffers; hooks are called without it.
 */
#include "core/console.h"

#include "core/keyhandler.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/softirq.h"
#include "lib/errno.h"
#include "lib/string.h"

#define INPUT_SIZE	16384u
#define KEYS_SIZE	64u
#define SWITCH_COUNT	3
#define GUEST_LINE_MAX	200
#define GUEST_SLOTS	32

static DEFINE_SPINLOCK(input_lock, RANK_NONE);
/* input_lock: */
static char input[INPUT_SIZE];
static u32 input_produced, input_consumed;
static char keys[KEYS_SIZE];
static u32 keys_produced, keys_consumed;
static u32 switch_typed;
static bool input_to_hypervisor = true;	/* until dom0 is there */

static struct guest_line {
	u16 domid;
	u16 len;
	char text[GUEST_LINE_MAX];
} guest_lines[GUEST_SLOTS];
static DEFINE_SPINLOCK(guest_line_lock, RANK_NONE);

void (*console_input_hook)(void);

static char switch_char = 'a' & 0x1f;
static bool switch_at_boot = true;

static void console_announce_switch(void)
{
	log_printf(LOG_ERR, false, "*** Serial input to %s (type 'CTRL-%c' three times to switch input)",
		   input_to_hypervisor ? "Xen" : "DOM0", switch_char + 'a' - 1);
}

/* True if the character belongs to the switch sequence. input_lock held. */
static bool input_is_switch(char c)
{
	if (!switch_char || c != switch_char)
		return false;
	if (++switch_typed == SWITCH_COUNT) {
		switch_typed = 0;
		input_to_hypervisor = !input_to_hypervisor;
		/*
		 * The two before were passed on as they came. A key of 0 announces the switch from the
		 * softirq.
		 */
		if (keys_produced - keys_consumed < KEYS_SIZE)
			keys[keys_produced++ % KEYS_SIZE] = '\0';
		softirq_raise(SOFTIRQ_CONSOLE);
		return true;
	}
	return false;
}

/* Whether dom0 has something new to read. input_lock held. */
static bool input_store(char c)
{
	if (input_is_switch(c))
		return false;
	if (c != switch_char)
		switch_typed = 0;
	if (input_to_hypervisor) {
		if (keys_produced - keys_consumed < KEYS_SIZE)
			keys[keys_produced++ % KEYS_SIZE] = c;
		softirq_raise(SOFTIRQ_CONSOLE);
		return false;
	}
	if (input_produced - input_consumed == INPUT_SIZE)
		return false;
	input[input_produced++ % INPUT_SIZE] = c;
	return true;
}

void console_input(char c)
{
	u64 flags = spin_lock_irqsave(&input_lock);
	bool news = input_store(c);

	spin_unlock_irqrestore(&input_lock, flags);
	if (news && console_input_hook)
		console_input_hook();
}

size_t console_read(char *buf, size_t len)
{
	u64 flags = spin_lock_irqsave(&input_lock);
	size_t n = 0;

	while (n < len && input_consumed != input_produced)
		buf[n++] = input[input_consumed++ % INPUT_SIZE];
	spin_unlock_irqrestore(&input_lock, flags);
	return n;
}

static bool console_next_key(char *key)
{
	u64 flags = spin_lock_irqsave(&input_lock);
	bool any = keys_consumed != keys_produced;

	if (any)
		*key = keys[keys_consumed++ % KEYS_SIZE];
	spin_unlock_irqrestore(&input_lock, flags);
	return any;
}

static void console_softirq(void)
{
	char key;

	while (console_next_key(&key)) {
		if (key)
			keyhandler_run((u8)key);
		else
			console_announce_switch();
	}
	if (console_ring_hook)
		console_ring_hook();
}

void console_init(void)
{
	softirq_register(SOFTIRQ_CONSOLE, console_softirq);
}

void console_input_to_dom0(void)
{
	input_to_hypervisor = !switch_at_boot;
	console_announce_switch();
}

static void guest_line_end(struct guest_line *l)
{
	if (l->len)
		log_printf(LOG_DEBUG, true, "(d%u) %.*s", l->domid, (int)l->len, l->text);
	l->len = 0;
}

static bool guest_char_printable(char c)
{
	return (c >= ' ' && c <= '~') || c == '\t';
}

void console_guest_write(u16 domid, bool hardware_domain, const char *text, size_t len)
{
	struct guest_line *l = &guest_lines[domid % GUEST_SLOTS];

	if (hardware_domain) {
		console_write_raw(text, len);
		return;
	}
	spin_lock(&guest_line_lock);
	if (l->domid != domid)
		guest_line_end(l);
	l->domid = domid;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' || l->len == GUEST_LINE_MAX)
			guest_line_end(l);
		if (guest_char_printable(text[i]))
			l->text[l->len++] = text[i];
	}
	spin_unlock(&guest_line_lock);
}

/* "conswitch=X" or "conswitch=Xx": the letter; a second one starts with the input at the hypervisor. */
static int param_conswitch(const char *value)
{
	if (!value || (*value && !(*value >= 'a' && *value <= 'z') && *value != '`'))
		return -EINVAL;
	switch_char = *value ? *value & 0x1f : 0;
	switch_at_boot = !(*value && value[1] == 'x');
	return 0;
}

const struct param console_input_params[] = {
	{ "conswitch", "letter that switches serial input with Ctrl", param_conswitch },
	{ 0 },
};
