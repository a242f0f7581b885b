/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the reading of a journal: the input is the records of one batch, given a right header and checksum.
 * A file that makes no sense may lose what it holds; it may not lose the process, nor the store's own counts.
 */
#include "../toolstack/store/harness.h"

#include "store/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const char *name, const uint8_t *data, size_t size)
{
	struct journal_header h = { .magic = JOURNAL_MAGIC };
	struct journal_batch b = { .magic = JOURNAL_BATCH, .len = (uint32_t)size };
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	b.crc = (uint32_t)crc32(0, data, (uInt)size);
	if (fd < 0 || write(fd, &h, sizeof(h)) < 0 || write(fd, &b, sizeof(b)) < 0 ||
	    (size && write(fd, data, size) < 0))
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char file[64];

	snprintf(file, sizeof(file), "/dev/shm/store-fuzz-journal.%d", (int)getpid());
	bench_options.journal = file;
	write_file(file, data, size);
	bench_open();
	bench_kill();
	bench_open();
	bench_stop();
	return 0;
}
