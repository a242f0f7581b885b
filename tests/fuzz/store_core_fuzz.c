/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the store through the rings of four guests: the input is a list of steps, each a request built from
 * a small stock of paths and values, raw bytes, damage to the ring page, a domain's coming or going, or the
 * death and restart of the store. After it, everything that is counted is counted again, and no guest may
 * ever have been told what only domain 0 may read.
 */
#include "../toolstack/store/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET	"what only domain 0 may read"

static const uint8_t *at, *stop;

static unsigned int byte(void)
{
	return at < stop ? *at++ : 0;
}

static const char *const paths[] = {
	"/", "/a", "/a/b", "/a/b/c", "/local/domain/1", "/local/domain/1/x", "/local/domain/2",
	"/local/domain/2/y/z", "x", "x/y", "data", "device/vif/0/state", "/local", "/local/domain",
	"@releaseDomain", "@introduceDomain",
	"/secret/key", "/secret", "bad//path", "/a/", "", "/shared", "/shared/s", "/local/domain/3/q",
};

static const char *const words[] = {
	"", "T", "F", "0", "1", "2", "3", "9", "r0", "b1", "n2", "w3", "n1", "r3", "-1", "65535", "check",
	"quota", "help", "token", "99999999999999999999",
};

#define PICK(list)	((list)[byte() % (sizeof(list) / sizeof((list)[0]))])

static void look_for_secret(unsigned int domid, const struct answer *a)
{
	if (domid && memmem(a->data, a->len, SECRET, strlen(SECRET))) {
		fprintf(stderr, "domain %u read the secret\n", domid);
		abort();
	}
}

static void fetch(unsigned int domid)
{
	struct answer a;

	while (get_message(domid, &a))
		look_for_secret(domid, &a);
}

/* Domain 0 is not to give the secret away itself. */
static bool harmless(unsigned int domid, unsigned int type, const char *path)
{
	return domid || type != XS_SET_PERMS || strncmp(path, "/secret", 7);
}

static void request(unsigned int domid)
{
	char body[XENSTORE_PAYLOAD_MAX + 64];
	const char *path = PICK(paths);
	unsigned int type = byte() % (XS_TYPE_COUNT + 1), n = byte() % 6, tx = byte() % 8;
	size_t len = 0, i;

	if (type == XS_INTRODUCE || type == XS_RELEASE || type == XS_RESUME || type == XS_SET_TARGET ||
	    type == XS_IS_DOMAIN_INTRODUCED || type == XS_CONTROL || type == XS_TRANSACTION_END)
		path = PICK(words);
	if (!harmless(domid, type, path))
		return;
	len = strlen(path) + 1;
	memcpy(body, path, len);
	if (type == XS_WRITE) {
		n = byte() * 8;
		memset(body + len, 'v', n);
		len += n;
	} else {
		for (i = 0; i < n; i++) {
			const char *w = PICK(words);

			memcpy(body + len, w, strlen(w) + 1);
			len += strlen(w) + 1;
		}
	}
	put_request(domid, type, tx > 4 ? 0 : tx, body, len);
}

static void raw(unsigned int domid)
{
	size_t n = byte();

	if (n > (size_t)(stop - at))
		n = (size_t)(stop - at);
	put_bytes(domid, at, n);
	at += n;
}

static void damage(unsigned int domid)
{
	uint8_t *p = (uint8_t *)page_of(domid);
	unsigned int where = byte();

	if (where < 128)
		p[2048 + where % 28] = (uint8_t)byte();
	else if (where < 200)
		p[(where * 8 + byte()) % 2048] ^= (uint8_t)byte();
	else
		page_of(domid)->connection = XENSTORE_RECONNECT;
	store_kick(bench, domid);
}

static void come_or_go(unsigned int domid)
{
	switch (byte() % 6) {
	case 0: store_introduce(bench, domid, 1, byte() ? 1 : 0xdead); break;
	case 1: store_release(bench, domid); break;
	case 2: store_domain_gone(bench, domid); break;
	case 3: store_domain_shutdown(bench, domid); break;
	case 4: store_resume(bench, domid); break;
	default:
		if (domid)
			store_set_target(bench, domid, 1 + byte() % 3);
	}
}

static void step(void)
{
	unsigned int what = byte(), domid = what & 3;

	switch (what >> 2 & 15) {
	case 0: case 1: case 2: case 3: case 4: case 5: request(domid); break;
	case 6: case 7: raw(domid); break;
	case 8: damage(domid); break;
	case 9: come_or_go(domid); break;
	case 10: fetch(domid); break;
	case 11:
		if (bench_options.journal && what & 0x40) {
			bench_kill();
			bench_open();
		}
		break;
	case 12: store_turn(bench); break;
	default: run(); break;
	}
}

static void stage(void)
{
	const struct store_perm owner = { .domid = 1 };
	const struct store_perm shared[2] = { { .domid = 2 }, { .domid = 3, .access = 3 } };

	bench_start();
	store_write(bench, 0, "/secret/key", SECRET, strlen(SECRET));
	store_mkdir(bench, 0, "/local/domain/1");
	store_set_perms(bench, 0, "/local/domain/1", &owner, 1);
	store_mkdir(bench, 0, "/shared");
	store_set_perms(bench, 0, "/shared", shared, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char file[64];
	unsigned int i;

	at = data;
	stop = data + size;
	i = byte();
	bench_options.limits.nodes = 40;
	bench_options.limits.events = 8;
	bench_options.limits.transaction_ops = 8;
	bench_options.limits.requests_per_s = 1000000;
	if (i & 1) {
		snprintf(file, sizeof(file), "/dev/shm/store-fuzz.%d", (int)getpid());
		bench_options.journal = file;
	}
	stage();
	for (i = 0; i < 400 && at < stop; i++)
		step();
	run();
	for (i = 0; i < 4; i++)
		fetch(i);
	bench_stop();
	return 0;
}
