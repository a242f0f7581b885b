/* SPDX-License-Identifier: MIT */
/* Samples into rates: see top_model.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/top_model.h"

static uint64_t number(const json_t *object, const char *name)
{
	int64_t n = json_number(object, name, 0);

	return n < 0 ? 0 : (uint64_t)n;
}

/* A counter that went back (the guest restarted) gives no rate. */
static double rate(uint64_t now, uint64_t before, double seconds)
{
	return seconds > 0 && now >= before ? (double)(now - before) / seconds : 0;
}

static uint64_t sum(const json_t *list, const char *name)
{
	uint64_t total = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		total += number(json_array_get(list, i), name);
	return total;
}

/* The row of a guest by UUID and number: a restarted guest is a new one. */
static struct top_row *row_of(struct top_model *m, const json_t *guest)
{
	const char *uuid = json_text(guest, "uuid", "");
	int64_t domid = json_number(guest, "domid", -1);

	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].domid == domid && strcmp(m->rows[i].uuid, uuid) == 0)
			return &m->rows[i];
	if (array_reserve((void **)&m->rows, &m->cap, m->n, sizeof(*m->rows)))
		return NULL;
	memset(&m->rows[m->n], 0, sizeof(*m->rows));
	m->rows[m->n].domid = domid;
	snprintf(m->rows[m->n].uuid, sizeof(m->rows[m->n].uuid), "%s", uuid);
	return &m->rows[m->n++];
}

static void update_vcpus(struct top_row *row, const json_t *times, double seconds, bool first)
{
	row->n_vcpus = 0;
	for (size_t i = 0; i < json_array_size(times) && i < TOP_VCPUS; i++) {
		const json_t *t = json_array_get(times, i);
		uint64_t now = json_is_integer(t) && json_integer_value(t) > 0
				       ? (uint64_t)json_integer_value(t)
				       : 0;

		row->vcpu_percent[i] = first ? 0 : rate(now, row->vcpu_ns[i], seconds) / 1e7;
		row->vcpu_ns[i] = now;
		row->n_vcpus++;
	}
}

static void remember(double history[TOP_HISTORY], double value)
{
	memmove(history, history + 1, (TOP_HISTORY - 1) * sizeof(history[0]));
	history[TOP_HISTORY - 1] = value;
}

/* A guest that waits for work is running all the same. */
static const char *state_word(const char *state)
{
	return strcmp(state, "blocked") == 0 ? "idle" : state;
}

static void update_row(struct top_row *row, const json_t *guest, double seconds, bool first)
{
	const json_t *disks = json_object_get(guest, "disks"), *vifs = json_object_get(guest, "vifs");
	uint64_t cpu = number(guest, "cpu_time_ns"), rx = sum(vifs, "rx_bytes"), tx = sum(vifs, "tx_bytes");
	uint64_t rd = sum(disks, "rd_bytes"), wr = sum(disks, "wr_bytes");

	cli_safe(row->name, sizeof(row->name), json_text(guest, "name", "?"));
	cli_safe(row->state, sizeof(row->state), state_word(json_text(guest, "state", "?")));
	row->memory_kib = number(guest, "memory_kib");
	row->cpu_percent = first ? 0 : rate(cpu, row->cpu_ns, seconds) / 1e7;
	row->rx_rate = first ? 0 : rate(rx, row->net_rx, seconds);
	row->tx_rate = first ? 0 : rate(tx, row->net_tx, seconds);
	row->rd_rate = first ? 0 : rate(rd, row->disk_rd, seconds);
	row->wr_rate = first ? 0 : rate(wr, row->disk_wr, seconds);
	row->cpu_ns = cpu;
	row->net_rx = rx;
	row->net_tx = tx;
	row->disk_rd = rd;
	row->disk_wr = wr;
	update_vcpus(row, json_object_get(guest, "vcpu_time_ns"), seconds, first);
	remember(row->history[GRAPH_CPU], row->cpu_percent);
	remember(row->history[GRAPH_NET], row->rx_rate + row->tx_rate);
	remember(row->history[GRAPH_DISK], row->rd_rate + row->wr_rate);
	row->seen = true;
}

int top_take_sample(struct top_model *m, const json_t *sample)
{
	const json_t *guests = json_object_get(sample, "guests"), *host = json_object_get(sample, "host");
	uint64_t now = number(sample, "time_ns");
	double seconds = m->time_ns && now > m->time_ns ? (double)(now - m->time_ns) / 1e9 : 0;
	size_t kept = 0;

	m->total_kib = number(host, "total_kib");
	m->free_kib = number(host, "free_kib");
	m->host_cpus = (unsigned int)number(host, "cpus");
	for (size_t i = 0; i < m->n; i++)
		m->rows[i].seen = false;
	for (size_t i = 0; i < json_array_size(guests); i++) {
		size_t before = m->n;
		struct top_row *row = row_of(m, json_array_get(guests, i));

		if (!row)
			return -ENOMEM;
		update_row(row, json_array_get(guests, i), seconds, m->n != before);
	}
	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].seen)
			m->rows[kept++] = m->rows[i];
	m->n = kept;
	m->time_ns = now;
	return 0;
}

static int compare_numbers(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;	/* largest first */
}

static int compare_rows(const void *pa, const void *pb, void *arg)
{
	const struct top_row *a = pa, *b = pb;
	int order = 0;

	switch (*(enum top_sort *)arg) {
	case SORT_CPU:
		order = compare_numbers(a->cpu_percent, b->cpu_percent);
		break;
	case SORT_MEMORY:
		order = compare_numbers((double)a->memory_kib, (double)b->memory_kib);
		break;
	case SORT_NET:
		order = compare_numbers(a->rx_rate + a->tx_rate, b->rx_rate + b->tx_rate);
		break;
	case SORT_DISK:
		order = compare_numbers(a->rd_rate + a->wr_rate, b->rd_rate + b->wr_rate);
		break;
	case SORT_NAME:
		break;
	}
	return order ? order : strcmp(a->name, b->name);
}

void top_sort(struct top_model *m, enum top_sort by)
{
	if (m->n)
		qsort_r(m->rows, m->n, sizeof(*m->rows), compare_rows, &by);
}

double top_graph_full(const struct top_model *m, const struct top_row *row, enum top_graph graph)
{
	double full = 1;

	if (graph == GRAPH_CPU)
		return 100.0 * (row->n_vcpus ? row->n_vcpus : 1);
	for (size_t i = 0; i < m->n; i++)
		for (int h = 0; h < TOP_HISTORY; h++)
			if (m->rows[i].history[graph][h] > full)
				full = m->rows[i].history[graph][h];
	return full;
}

void top_free(struct top_model *m)
{
	free(m->rows);
	memset(m, 0, sizeof(*m));
}

void top_format_rate(double r, char *buf, size_t size)
{
	static const char units[] = " kMGT";
	unsigned int u = 0;

	while (r >= 999.5 && u < 4) {
		r /= 1000;
		u++;
	}
	if (u == 0)
		snprintf(buf, size, "%.0f", r);
	else
		snprintf(buf, size, r < 9.95 ? "%.1f%c" : "%.0f%c", r, units[u]);
}

const char *top_spark(double share)
{
	static const char *const bars[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	int level = (int)(share * 8 + 0.5);

	return bars[level < 0 ? 0 : level > 8 ? 8 : level];
}
