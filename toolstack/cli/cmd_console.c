/* SPDX-License-Identifier: MIT */
/*
 * console: the daemon hands over one end of a stream; its last lines come first.  The terminal is
 * raw meanwhile and restored however we leave.  The detach key is ^] unless told otherwise.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

#define DETACH_KEY 0x1d

static struct termios saved_tty;
static volatile sig_atomic_t tty_is_raw;

static void restore_tty(void)
{
	if (tty_is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_tty);
	tty_is_raw = 0;
}

static void restore_and_die(int sig)
{
	restore_tty();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void make_tty_raw(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_tty) < 0)
		return;
	raw = saved_tty;
	cfmakeraw(&raw);
	tty_is_raw = 1;
	atexit(restore_tty);
	signal(SIGTERM, restore_and_die);
	signal(SIGHUP, restore_and_die);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

enum leave { STAY, DETACHED, ENDED, BROKEN };

/* Keys to the guest, up to the detach key.  End of input on a pipe leaves the output running. */
static enum leave copy_keys(int fd, int escape, bool *input_open)
{
	char buf[512];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	char *key;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? STAY : BROKEN;
	if (n == 0) {
		*input_open = false;
		return isatty(STDIN_FILENO) ? DETACHED : STAY;
	}
	key = isatty(STDIN_FILENO) ? memchr(buf, escape, (size_t)n) : NULL;
	if (fd_write_all(fd, buf, key ? (size_t)(key - buf) : (size_t)n))
		return ENDED;
	return key ? DETACHED : STAY;
}

static enum leave copy_output(int fd)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? STAY : ENDED;
	if (n == 0)
		return ENDED;
	return fd_write_all(STDOUT_FILENO, buf, (size_t)n) ? BROKEN : STAY;
}

static enum leave run_terminal(int fd, int escape)
{
	bool input_open = true;
	enum leave leave = STAY;

	while (leave == STAY) {
		struct pollfd p[2] = { { fd, POLLIN, 0 }, { input_open ? STDIN_FILENO : -1, POLLIN, 0 } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return BROKEN;
		if (p[0].revents)
			leave = copy_output(fd);
		if (leave == STAY && p[1].revents)
			leave = copy_keys(fd, escape, &input_open);
	}
	return leave;
}

static void key_name(int key, char *buf, size_t size)
{
	if (key < 0x20)
		snprintf(buf, size, "Ctrl-%c", key + '@');
	else
		snprintf(buf, size, "%c", key);
}

int cli_attach_console(struct cli *cli, const char *guest, int64_t replay_lines, int escape)
{
	struct cli_call call = { .op = "console",
				 .args = json_pack("{s:s, s:I}", "guest", guest, "replay_lines",
						   (json_int_t)replay_lines) };
	enum leave leave;
	char key[16];
	int rc = cli_call(cli, &call);

	if (rc)
		return rc;
	if (call.fd < 0) {
		struct error err = ERROR_INIT;

		error_set(&err, ERR_DAEMON, "xend", "sent no console");
		json_decref(call.result);
		return cli_fail(&err);
	}
	key_name(escape, key, sizeof(key));
	if (isatty(STDIN_FILENO) && !cli->quiet)
		fprintf(stderr, "Console of guest '%s'; %s detaches.\n",
			json_text(call.result, "name", guest), key);
	make_tty_raw();
	leave = run_terminal(call.fd, escape);
	restore_tty();
	close(call.fd);
	if (isatty(STDIN_FILENO) && !cli->quiet)
		fprintf(stderr,
			leave == DETACHED ? "\r\nDetached.\r\n" : "\r\nThe guest's console is closed.\r\n");
	json_decref(call.result);
	return leave == BROKEN ? ERR_FAILED : 0;
}

/* "^]", "^A", or one character. */
static int parse_key(const char *text)
{
	if (text[0] == '^' && text[1] && !text[2])
		return text[1] & 0x1f;
	return text[0] && !text[1] ? (unsigned char)text[0] : -1;
}

static int run_console(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *key = args_value(args, "escape");
	int64_t lines = 40, num = 0;
	int escape = key ? parse_key(key) : DETACH_KEY;
	int rc = args_number(args, "lines", 0, 100000, &lines);

	(void)cmd;
	if (rc)
		return rc;
	if (!rc && args_value(args, "type") && strcmp(args_value(args, "type"), "pv"))
		return cli_usage_error("console: a PV guest has a console of type pv, not '%s'",
				       args_value(args, "type"));
	if (args_number(args, "num", 0, 0, &num))
		return ERR_USAGE;
	if (escape < 0)
		return cli_usage_error("console: '%s' is no key; write ^A, or one character", key);
	return cli_attach_console(cli, args->words[0], lines, escape);
}

static const struct option_def options[] = {
	{ 'l', "lines", "N", "show so many of the last lines first (40)" },
	{ 'e', "escape", "KEY", "the key that detaches (^])" },
	{ 't', "type", "TYPE", "the kind of console: a PV guest's is pv" },
	{ 'n', "num", "N", "its number: a PV guest has console 0" },
	{ 0 }
};

const struct command cmd_console = {
	.name = "console", .usage = "GUEST", .summary = "attach to a guest's console",
	.help = "The last lines are shown again. Several may look at once. Ctrl-] detaches; the guest "
		"goes on.",
	.example = "console web", .options = options, .min_words = 1, .max_words = 1, .words = WORD_GUEST,
	.op = "console",
	.run = run_console,
};
