/* SPDX-License-Identifier: MIT */
/* The figures of `xl top`. */
#include "../../unit/unit.h"
#include "cli/cli.h"
#include "cli/top_model.h"

/* main.c is not in this program; the archive's other members want its table. */
const struct command *const cli_commands[] = { NULL };
const struct command *cli_find_command(const char *name)
{
	(void)name;
	return NULL;
}

static json_t *sample(double t, long long cpu, long long rx, int domid)
{
	return json_pack(
		"{s:I, s:{s:i, s:i, s:i}, s:[{s:s, s:s, s:i, s:s, s:i, s:I, s:[I], s:[{s:I, s:i}], s:[]},"
		"{s:s, s:s, s:i, s:s, s:i, s:I, s:[], s:[], s:[]}]}",
		"time_ns", (json_int_t)(t * 1e9), "host", "cpus", 4, "total_kib", 1000, "free_kib", 10,
		"guests", "name", "web", "uuid", "u1", "domid", domid, "state", "running", "memory_kib", 512,
		"cpu_time_ns", (json_int_t)cpu, "vcpu_time_ns", (json_int_t)cpu, "vifs", "rx_bytes",
		(json_int_t)rx, "tx_bytes", 0, "disks", "name", "a\033[31m", "uuid", "u2", "domid", 9,
		"state", "paused", "memory_kib", 9999, "cpu_time_ns", (json_int_t)0, "vcpu_time_ns", "vifs",
		"disks");
}

static void take(struct top_model *m, json_t *json)
{
	REQUIRE(json != NULL);
	CHECK_EQ(top_take_sample(m, json), 0);
	json_decref(json);
}

TEST(two_samples_make_rates)
{
	struct top_model m = { 0 };

	take(&m, sample(1, 0, 1000, 3));
	top_sort(&m, SORT_NAME);
	CHECK(m.rows[1].cpu_percent == 0);
	take(&m, sample(3, 1000000000, 5000, 3));
	top_sort(&m, SORT_CPU);
	CHECK_EQ(m.n, 2);
	CHECK_STR(m.rows[0].name, "web");
	CHECK(m.rows[0].cpu_percent > 49.9 && m.rows[0].cpu_percent < 50.1);
	CHECK(m.rows[0].vcpu_percent[0] > 49.9);
	CHECK(m.rows[0].rx_rate > 1999 && m.rows[0].rx_rate < 2001);
	CHECK(m.rows[0].history[GRAPH_CPU][TOP_HISTORY - 1] > 49);
	CHECK(strchr(m.rows[1].name, '\033') == NULL);
	/* The graph of the network is as high as the busiest guest's peak; that of the CPUs as the guest's own. */
	CHECK(top_graph_full(&m, &m.rows[1], GRAPH_NET) >= m.rows[0].rx_rate);
	CHECK(top_graph_full(&m, &m.rows[0], GRAPH_CPU) == 100.0 * m.rows[0].n_vcpus);
	CHECK(m.rows[0].history[GRAPH_NET][TOP_HISTORY - 1] >= m.rows[0].rx_rate);
	top_sort(&m, SORT_MEMORY);
	CHECK_EQ(m.rows[0].memory_kib, 9999);
	top_free(&m);
}

TEST(a_restarted_guest_starts_at_zero)
{
	struct top_model m = { 0 };

	take(&m, sample(1, 1000000000, 0, 3));
	take(&m, sample(2, 5, 0, 4));
	CHECK_EQ(m.n, 2);
	top_sort(&m, SORT_CPU);
	CHECK(m.rows[0].cpu_percent == 0 && m.rows[1].cpu_percent == 0);
	take(&m, sample(3, 1, 0, 4));	/* a counter that goes back */
	CHECK(m.rows[0].cpu_percent == 0 && m.rows[1].cpu_percent == 0);
	top_free(&m);
}

TEST(nonsense_from_the_daemon_is_survived)
{
	static const char *const texts[] = { "{}", "{\"guests\":[1,null,{}]}",
		"{\"time_ns\":-5,\"guests\":[{\"vcpu_time_ns\":[\"a\",-1],\"disks\":7,\"vifs\":[3]}]}" };
	struct top_model m = { 0 };

	for (size_t i = 0; i < 3; i++)
		take(&m, json_loads(texts[i], 0, NULL));
	top_free(&m);
}

TEST(rates_fit_their_column)
{
	static const struct { double rate; const char *text;
	} cases[] = {
		{ 0, "0" },	   { 999, "999" },  { 999.7, "1.0k" }, { 1500, "1.5k" },
		{ 99999, "100k" }, { 12e6, "12M" }, { 3e15, "3000T" },
	};
	char text[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		top_format_rate(cases[i].rate, text, sizeof(text));
		CHECK_STR(text, cases[i].text);
	}
}

int main(void)
{
	RUN(two_samples_make_rates);
	RUN(a_restarted_guest_starts_at_zero);
	RUN(nonsense_from_the_daemon_is_survived);
	RUN(rates_fit_their_column);
	return unit_end();
}
