/* SPDX-License-Identifier: MIT */
/* The screen of `xl top`, by ncurses. */
#include <ncurses.h>
#include <string.h>

#include "cli/top_screen.h"

int top_sample(struct cli *cli, struct top_model *m, struct error *err)
{
	struct cli_call call = { .op = "sample", .args = json_object(), .quiet_errors = true };
	int rc = cli_call(cli, &call);

	if (rc)
		*err = call.err;
	else if (top_take_sample(m, call.result))
		rc = ERR_RESOURCES;
	json_decref(call.result);
	return rc;
}

/* The columns without the graph, the same on a screen and in batch. */
void top_format_row(const struct top_row *r, char *buf, size_t size)
{
	char rx[8], tx[8], rd[8], wr[8];

	top_format_rate(r->rx_rate, rx, sizeof(rx));
	top_format_rate(r->tx_rate, tx, sizeof(tx));
	top_format_rate(r->rd_rate, rd, sizeof(rd));
	top_format_rate(r->wr_rate, wr, sizeof(wr));
	snprintf(buf, size, "%-20.20s %4lld %-8.8s %6.1f %7llu %3u %6s %6s %6s %6s", r->name,
		 (long long)r->domid, r->state, r->cpu_percent, (unsigned long long)r->memory_kib / 1024,
		 r->n_vcpus, rx, tx, rd, wr);
}

const char top_heading[] =
	"NAME                   ID STATE      CPU%     MiB  VC   RX/s   TX/s   RD/s   WR/s";

static void draw_graph(const struct top_model *m, const struct top_row *r, enum top_graph graph)
{
	double full = top_graph_full(m, r, graph);

	addch(' ');
	for (int i = 0; i < TOP_HISTORY; i++)
		addstr(top_spark(r->history[graph][i] / full));
}

static void draw_header(const struct top_model *m, const struct top_view *view, const struct error *err)
{
	static const char *const names[] = { "CPU", "memory", "net", "disk", "name" };
	static const char *const graphs[] = { "CPU", "NET", "DISK" };
	char total[32], free_kib[32], heading[160];
	double busy = 0;

	for (size_t i = 0; i < m->n; i++)
		busy += m->rows[i].cpu_percent;
	cli_format_kib(m->total_kib, total, sizeof(total));
	cli_format_kib(m->free_kib, free_kib, sizeof(free_kib));
	mvprintw(0, 0, "xl top  %zu guest%s   CPU %.1f of %u   memory %s, free %s", m->n, m->n == 1 ? "" : "s",
		 busy / 100, m->host_cpus, total, free_kib);
	clrtoeol();
	if (error_is_set(err))
		mvprintw(1, 0, "xend: %.70s", err->why);
	else
		mvprintw(1, 0, "by %s; sort: c m n d N, v vCPUs, g graph, arrows scroll, +/- pace (%llds), q quit",
			 names[view->sort], (long long)view->delay_s);
	clrtoeol();
	snprintf(heading, sizeof(heading), "%s  %s", top_heading, graphs[view->graph]);
	attron(A_REVERSE);
	mvprintw(2, 0, "%-*.*s", COLS, COLS, heading);
	attroff(A_REVERSE);
}

static int draw_vcpus(const struct top_row *r, int y)
{
	for (unsigned int v = 0; v < r->n_vcpus && y < LINES; v++) {
		int width = (int)(r->vcpu_percent[v] / 5 + 0.5);

		move(y, 0);
		clrtoeol();
		mvprintw(y++, 4, "vcpu %-3u %6.1f%% ", v, r->vcpu_percent[v]);
		for (int i = 0; i < 20; i++)
			addch(i < width ? '|' : '.');
	}
	return y;
}

static void draw(struct top_model *m, const struct top_view *view, const struct error *err)
{
	char line[160];
	int y = 3;

	top_sort(m, view->sort);
	draw_header(m, view, err);
	for (size_t i = (size_t)view->first; i < m->n && y < LINES; i++) {
		top_format_row(&m->rows[i], line, sizeof(line));
		mvaddnstr(y++, 0, line, COLS);
		if (COLS > (int)strlen(line) + TOP_HISTORY + 1)
			draw_graph(m, &m->rows[i], view->graph);
		clrtoeol();
		if (view->vcpus)
			y = draw_vcpus(&m->rows[i], y);
	}
	if (y < LINES)
		move(y, 0);
	clrtobot();
	refresh();
}

/* Which guest is the first line: the last one stays on the screen. */
static void scroll_by(struct top_view *view, const struct top_model *m, int lines)
{
	view->first += lines;
	if (view->first >= (int)m->n)
		view->first = (int)m->n - 1;
	if (view->first < 0)
		view->first = 0;
}

/* True: leave. */
static bool handle_key(int key, struct top_view *view, const struct top_model *m)
{
	switch (key) {
	case 'q': case 'Q': case 27:
		return true;
	case 'c': case 'm': case 'n': case 'd': case 'N':
		view->sort = key == 'c' ? SORT_CPU : key == 'm' ? SORT_MEMORY : key == 'n' ? SORT_NET :
			     key == 'd' ? SORT_DISK : SORT_NAME;
		break;
	case 'v':
		view->vcpus = !view->vcpus;
		break;
	case 'g':
		view->graph = (view->graph + 1) % GRAPH_KINDS;
		break;
	case KEY_UP: case 'k':
		scroll_by(view, m, -1);
		break;
	case KEY_DOWN: case 'j':
		scroll_by(view, m, 1);
		break;
	case KEY_PPAGE: case KEY_NPAGE:
		scroll_by(view, m, key == KEY_NPAGE ? LINES - 4 : 4 - LINES);
		break;
	case KEY_HOME:
		view->first = 0;
		break;
	case '+':
		view->delay_s += view->delay_s < 60;
		break;
	case '-':
		view->delay_s -= view->delay_s > 1;
		break;
	}
	return false;
}

int top_run_screen(struct cli *cli, struct top_view *view)
{
	struct top_model m = { 0 };
	struct error err = ERROR_INIT;
	bool leave = false;
	int rc = top_sample(cli, &m, &err);

	if (rc)
		return cli_fail(&err);
	initscr();
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	while (!leave) {
		int key;

		draw(&m, view, &err);
		timeout((int)view->delay_s * 1000);
		key = getch();
		if (key != ERR && key != KEY_RESIZE) {
			leave = handle_key(key, view, &m);
			continue;
		}
		/* A daemon that is being restarted comes back; keep the last picture meanwhile. */
		error_clear(&err);
		(void)top_sample(cli, &m, &err);
	}
	endwin();
	top_free(&m);
	return 0;
}
