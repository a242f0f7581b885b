/* SPDX-License-Identifier: MIT */
/* Errors, strings, files, processes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../unit/unit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/strbuf.h"

TEST(the_first_error_wins)
{
	struct error err = ERROR_INIT;

	CHECK_EQ(error_set(&err, ERR_NOT_FOUND, "guest 'x'", "no %s", "thing"), -ENOENT);
	error_hint(&err, "look %d", 1);
	error_set(&err, ERR_INTERNAL, "later", "noise");
	error_hint(&err, "later");
	CHECK_EQ(err.code, ERR_NOT_FOUND);
	CHECK_STR(err.why, "no thing");
	CHECK_STR(err.hint, "look 1");
	error_clear(&err);
	CHECK_EQ(error_set_errno(&err, ERR_NONE, EACCES, NULL, "cannot"), -EACCES);
	CHECK_EQ(err.code, ERR_PERMISSION);
	CHECK_STR(err.why, "cannot: Permission denied");
	CHECK_EQ(error_set(NULL, ERR_USAGE, NULL, "nobody listens"), -EINVAL);
}

TEST(codes_have_distinct_names)
{
	for (int i = 1; i <= ERR_CODE_MAX; i++) {
		CHECK_EQ(error_code_by_name(error_code_name((enum error_code)i)), i);
		CHECK(error_to_errno((enum error_code)i) < 0);
	}
	CHECK_EQ(error_code_by_name("nonsense"), ERR_FAILED);
}

TEST(strings_grow_to_their_limit)
{
	struct strbuf sb = { .limit = 100 };
	char *s;

	for (int i = 0; i < 9; i++)
		strbuf_printf(&sb, "%d123456789", i);
	CHECK(!sb.failed && sb.len == 90);
	strbuf_puts(&sb, "0123456789");
	CHECK(sb.failed);
	CHECK(strbuf_take(&sb) == NULL);
	s = strbuf_take(&sb);
	CHECK_STR(s, "");
	free(s);
}

TEST(nearest_words)
{
	static const char *const words[] = { "memory", "maxmem", "list", "destroy", "vif" };

	CHECK_STR(nearest_word("memroy", words, 5), "memory");
	CHECK_STR(nearest_word("lst", words, 5), "list");
	CHECK_STR(nearest_word("destory", words, 5), "destroy");
	CHECK_STR(nearest_word("vfi", words, 5), "vif");
	CHECK(nearest_word("x", words, 5) == NULL);
	CHECK(nearest_word("", words, 5) == NULL);
	CHECK(nearest_word("frobnicate", words, 5) == NULL);
}

TEST(files_are_replaced_whole)
{
	char folder[] = "/tmp/base-test.XXXXXX", path[64], *text;
	struct error err = ERROR_INIT;
	struct stat st;
	size_t len;

	REQUIRE(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/a/b", folder);
	CHECK_EQ(file_make_dirs(path, 0700, NULL), 0);
	snprintf(path, sizeof(path), "%s/a/b/f", folder);
	CHECK_EQ(file_write_atomic(path, "one", 3, 0640, NULL), 0);
	CHECK_EQ(file_write_atomic(path, "two!", 4, 0640, NULL), 0);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0640);
	CHECK_EQ(file_read(path, 4, &text, &len, NULL), 0);
	CHECK_STR(text, "two!");
	free(text);
	CHECK(file_read(path, 3, &text, &len, &err) != 0);
	CHECK_EQ(err.code, ERR_RESOURCES);
	error_clear(&err);
	CHECK(file_read(folder, 100, &text, &len, &err) != 0);
	CHECK_STR(err.why, "is a directory");
	CHECK(file_write_atomic("/nonexistent/x", "a", 1, 0600, NULL) != 0);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(folder);
}

static int run(const char *script, unsigned int timeout_ms, struct proc_result *res, struct error *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct proc_run pr = { .argv = argv,
			       .timeout_ms = timeout_ms,
			       .input = "input",
			       .input_len = 5,
			       .output_limit = 10000 };

	return proc_run(&pr, res, err);
}

TEST(programs_run_within_bounds)
{
	struct error err = ERROR_INIT;
	struct proc_result res;
	const char *const none[] = { "/nonexistent/program", NULL };
	struct proc_run pr = { .argv = none };

	CHECK_EQ(run("cat; echo out; echo err >&2", 5000, &res, &err), 0);
	CHECK_STR(res.output, "inputout\nerr\n");
	free(res.output);
	CHECK(run("echo broken; exit 3", 5000, &res, &err) != 0);
	CHECK_STR(err.why, "failed with status 3: broken");
	CHECK_EQ(WEXITSTATUS(res.status), 3);
	free(res.output);
	error_clear(&err);
	CHECK(run("sleep 60 & sleep 60", 200, NULL, &err) != 0);
	CHECK_EQ(err.code, ERR_TIMEOUT);
	error_clear(&err);
	CHECK_EQ(run("head -c 1000000 /dev/zero", 20000, &res, &err), 0);
	CHECK(res.output_len <= 10000);
	free(res.output);
	CHECK(proc_run(&pr, NULL, &err) != 0);
	CHECK_EQ(err.code, ERR_NOT_FOUND);
}

static int try_everything(void *arg, int fd)
{
	char verdict = 'k';

	(void)arg;
	if (getuid() == 0)
		verdict = 'u';
	else if (open("/etc/passwd", O_RDONLY) >= 0)
		verdict = 'o';
	else if (setuid(0) == 0)
		verdict = 's';
	else if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		verdict = 'n';
	return fd_write_all(fd, &verdict, 1);
}

TEST(a_confined_process_can_do_nothing)
{
	struct proc_rights rights = {
		.name = "test-parser", .user = "nobody", .no_files = 1, .max_cpu_s = 5
	};
	int fd, status;
	char verdict = '?';
	pid_t pid;

	if (getuid() != 0)
		return;
	REQUIRE(proc_fork_confined(&rights, NULL, 0, try_everything, NULL, &pid, &fd, NULL) == 0);
	CHECK_EQ(fd_read_all(fd, &verdict, 1), 0);
	CHECK_EQ(verdict, 'k');
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	close(fd);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Two descriptors fit where one is asked for: both come, one is kept. */
TEST(descriptors_nobody_asked_for_are_closed)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(2 * sizeof(int))]; } control = { 0 };
	int pair[2], two[2] = { 0, 1 }, got = -1, before;
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof(two)) };
	memcpy(CMSG_DATA(&control.align), two, sizeof(two));
	before = open_descriptors();
	REQUIRE(sendmsg(pair[0], &msg, 0) == 1);
	CHECK_EQ(fd_recv(pair[1], &byte, 1, &got), 1);
	CHECK(got >= 0);
	CHECK_EQ(open_descriptors(), before + 1);
	close(got);
	close(pair[0]);
	close(pair[1]);
}

static char logged[2][300];
static int n_logged;

static void sink(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	if (n_logged < 2)
		snprintf(logged[n_logged++], sizeof(logged[0]), "%s", line);
}

TEST(logs_have_levels_and_guests_text_is_tamed)
{
	char safe[32];

	log_init("test", LOG_LEVEL_WARN);
	log_set_sink(sink, NULL);
	log_info("not this");
	log_warn("value %d", 7);
	CHECK_EQ(n_logged, 1);
	CHECK_STR(logged[0], "value 7");
	log_set_sink(NULL, NULL);
	CHECK_STR(log_text(safe, sizeof(safe), "a\033[m\nb\\", 7), "a\\x1b[m\\x0ab\\x5c");
	CHECK_STR(log_text(safe, 6, "\1\2\3", 3), "\\x01");
}

int main(void)
{
	RUN(the_first_error_wins);
	RUN(codes_have_distinct_names);
	RUN(strings_grow_to_their_limit);
	RUN(nearest_words);
	RUN(files_are_replaced_whole);
	RUN(programs_run_within_bounds);
	RUN(a_confined_process_can_do_nothing);
	RUN(descriptors_nobody_asked_for_are_closed);
	RUN(logs_have_levels_and_guests_text_is_tamed);
	return unit_end();
}
