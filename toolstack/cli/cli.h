/* SPDX-License-Identifier: MIT */
/*
 * xl: what its commands share.  A command is a struct command with a run function; main.c lists
 * them all.  Usage text, help, option parsing and bash completion come from these structs.
 *
 * A run function returns the exit code: 0, or an enum error_code, printed already.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "proto/proto.h"

/* What a word of the command line names: for completion. */
enum word_kind {
	WORD_NONE,
	WORD_GUEST,
	WORD_DEFINED,
	WORD_FILE,
	WORD_COMMAND,
	WORD_KEY,
	WORD_STATE,
	WORD_TRIGGER,
	WORD_NET
};

struct option_def {
	char letter;			/* 0: only long */
	const char *name;		/* NULL: only short */
	const char *arg;		/* NULL: a switch */
	const char *help;
};

#define OPTIONS_MAX 24

struct args {
	const struct option_def *defs;
	const char *values[OPTIONS_MAX];	/* "" for a switch that is set */
	char **words;
	int n_words;
};

struct cli;

struct command {
	const char *name;
	const char *aliases;		/* separated by blanks; NULL: none */
	const char *usage;		/* behind the name and [OPTIONS] */
	const char *summary;		/* one line for `xl help` */
	const char *help;		/* more, or NULL */
	const char *example;		/* without "xl"; may be NULL */
	const struct option_def *options;	/* ends with letter 0 and name NULL; NULL: none */
	int min_words, max_words;	/* -1: any number */
	enum word_kind words;		/* of the first word, */
	enum word_kind more_words;	/* of the others */
	const char *op;			/* the daemon's operation, for commands of the common shape */
	int (*run)(struct cli *cli, const struct command *cmd, const struct args *args);
};

struct cli {
	bool verbose;
	bool quiet;
	bool dry_run;
	bool json;
	const char *socket;
};

extern const struct command *const cli_commands[];	/* ends with NULL; main.c */
const struct command *cli_find_command(const char *name);
int cli_unknown_command(const char *name);	/* says so, with what was perhaps meant; an exit code */

/* ---- args.c ---- */

/* 0, or ERR_USAGE with a message; argv[0] is the command's name. -1: help was asked for and printed. */
int args_parse(struct cli *cli, const struct command *cmd, int argc, char **argv, struct args *args);
const char *args_value(const struct args *args, const char *name);	/* NULL if not given */
bool args_has(const struct args *args, const char *name);
/* An option as a number within lo..hi; *num stays as it is if not given.  0, or ERR_USAGE with a message. */
int args_number(const struct args *args, const char *name, int64_t lo, int64_t hi, int64_t *num);
extern const struct option_def cli_global_options[];
int cli_usage_error(const char *fmt, ...) __printf_like(1, 2);
void cli_print_help(FILE *out, const struct command *cmd);

/* ---- call.c ---- */

typedef int cli_data_fn(struct cli *cli, const json_t *data, void *arg);	/* nonzero: stop */

struct cli_call {
	const char *op;
	json_t *args;			/* stolen */
	cli_data_fn *on_data;		/* for streams */
	void *data_arg;
	bool quiet_errors;		/* the caller prints err */
	json_t *result;			/* "ok": caller drops it */
	int fd;				/* received, or -1 */
	struct error err;
};

/* One request and its replies.  0 or an exit code, the error printed unless quiet_errors. */
int cli_call(struct cli *cli, struct cli_call *call);

/* The common case: call, and with --json print the result.  *result may be NULL; else caller drops it. */
int cli_simple_call(struct cli *cli, const char *op, json_t *args, json_t **result);

/* ---- print.c ---- */

int cli_print_json(const json_t *json);
int cli_fail(const struct error *err);			/* print, return the code */
const char *json_text(const json_t *object, const char *name, const char *dflt);
int64_t json_number(const json_t *object, const char *name, int64_t dflt);
void cli_print_notes(const json_t *result);		/* "notes": [text] to stderr */
void cli_format_kib(uint64_t kib, char *buf, size_t size);	/* "512 MiB", "1.5 GiB" */
void cli_format_duration(int64_t seconds, char *buf, size_t size);	/* "2 days,  3:04:05" */
char *cli_safe(char *buf, size_t size, const char *text);	/* control characters shown, not sent */

/* ---- config.c ---- */

struct conf_options;

/* The file that a word means: itself, or for a bare name that is no file here, /etc/vm/NAME or /etc/vm/NAME.cfg. */
const char *cli_config_path(const char *word, char *buf, size_t size);

/* What a request says of a configuration: config, source, overrides, lenient. */
json_t *cli_pack_config(const char *text, size_t len, const char *path, const struct conf_options *opt);

/* Read a configuration for the daemon: checks it here first, prints all problems; *args gets config,
 * source, overrides, lenient. */
int cli_load_config(struct cli *cli, const char *path, char **overrides, int n_overrides, bool lenient,
		    json_t **args, char **name);

/* ---- cmd_*.c that others call ---- */
int cli_attach_console(struct cli *cli, const char *guest, int64_t replay_lines, int escape);
/* The command's operation; with -n says that it would be done.  Otherwise as cli_simple_call(). */
int cli_change(struct cli *cli, const struct command *cmd, json_t *req, json_t **result);
/* Asks for each guest that is named, or once for all, and prints what stands in the list `field` of the answer;
 * the heading, if there is one, stands above the first. */
int cli_show_lists(struct cli *cli, const struct command *cmd, const struct args *args, const char *heading,
		   const char *field, void (*print)(const json_t *item));

#endif
