/* SPDX-License-Identifier: MIT */
/*
 * What `xl top` shows, without the screen: two samples of the daemon make rates, a history makes small
 * graphs. Pure, so that tests run it.
 */
#ifndef CLI_TOP_MODEL_H
#define CLI_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define TOP_HISTORY 24
#define TOP_VCPUS 128

enum top_sort { SORT_CPU, SORT_MEMORY, SORT_NET, SORT_DISK, SORT_NAME };
enum top_graph { GRAPH_CPU, GRAPH_NET, GRAPH_DISK, GRAPH_KINDS };

struct top_row {
	char name[72];
	char state[16];
	char uuid[40];
	int64_t domid;
	uint64_t memory_kib;
	uint64_t cpu_ns, net_rx, net_tx, disk_rd, disk_wr;	/* totals */
	double cpu_percent;		/* of one CPU */
	double rx_rate, tx_rate, rd_rate, wr_rate;	/* bytes a second */
	unsigned int n_vcpus;
	uint64_t vcpu_ns[TOP_VCPUS];
	double vcpu_percent[TOP_VCPUS];
	double history[GRAPH_KINDS][TOP_HISTORY];	/* cpu_percent, bytes a second; oldest first */
	bool seen;			/* in the latest sample */
};

struct top_model {
	struct top_row *rows;
	size_t n, cap;
	uint64_t time_ns;		/* of the latest sample; 0: none yet */
	uint64_t total_kib, free_kib;
	unsigned int host_cpus;
};

/* Take a sample (the daemon's "sample" result).  Rates need two.  0 or -ENOMEM. */
int top_take_sample(struct top_model *m, const json_t *sample);
void top_sort(struct top_model *m, enum top_sort by);
void top_free(struct top_model *m);

/* What fills a graph: all CPUs of the guest, or the largest rate that any guest has had lately. */
double top_graph_full(const struct top_model *m, const struct top_row *row, enum top_graph graph);

/* "1.5M", "12k": a rate in at most five characters. */
void top_format_rate(double rate, char *buf, size_t size);
/* One character for a share of 0 to 1, for bar graphs. */
const char *top_spark(double share);

#endif
