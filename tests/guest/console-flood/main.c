/* SPDX-License-Identifier: MIT */
/*
 * Much more text at once than any buffer between a kernel and the serial line holds: numbered lines, of which none may
 * be lost, cut or doubled. Whoever reads the line may take its time (tests/boot/run slow-reader does).
 */
#include "guest.h"

#define LINES	1500

const char test_title[] = "console-flood: 1500 lines of 100 characters";

static char line[101];

void test_main(void)
{
	for (unsigned int n = 0; n < LINES; n++) {
		for (unsigned int i = 0; i < 100; i++)
			line[i] = i < 5 ? "line "[i] : '.';
		for (unsigned int i = 9, left = n; i > 4; i--, left /= 10)
			line[i] = '0' + left % 10;
		line[99] = '\n';
		EXPECT(0, hypercall(console_io, CONSOLEIO_write, 100, line));
	}
}
