/* SPDX-License-Identifier: MIT */
/*
 * A store in memory and guests that talk to it over ring pages, all in one process: what the store's unit
 * tests and fuzzers stand on. Nothing happens by itself; run() lets the store work until it has nothing to
 * do.
 */
#ifndef STORE_HARNESS_H
#define STORE_HARNESS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "store/wire.h"

#define GUESTS	16

struct answer {
	uint32_t type, req_id, tx_id, len;
	char data[XENSTORE_PAYLOAD_MAX + 1];	/* always a NUL behind it */
};

/* The bench: pages outlive the store, as a guest's memory outlives the daemon. */
extern struct store *bench;
extern struct store_options bench_options;
extern unsigned int bench_notified[GUESTS];

/* Its clock stands still unless a test moves it; each look at the CPU time finds so much more of it used. */
extern uint64_t bench_now_ms;
extern unsigned int bench_cpu_step_us;

/* What happens after requests have been served and before anybody hears of it. Called once, then forgotten. */
extern void (*bench_meanwhile)(void);

void bench_start(void);			/* a new store with domain 0 and domains 1..3 introduced */
void bench_open(void);			/* the store alone: from the journal, if there is one */
void bench_kill(void);			/* as kill -9: nothing is written that is not written */
void bench_stop(void);			/* ends it; fails the test if the store's counts are wrong */
void run(void);
struct xenstore_domain_interface *page_of(unsigned int domid);

/* Bytes into the request ring, letting the store run as it fills. */
void put_bytes(unsigned int domid, const void *data, size_t len);
/* The same by the rule of the published drivers: no word to the store unless the ring was empty. */
void put_quietly(unsigned int domid, const void *data, size_t len);
void put_request(unsigned int domid, uint32_t type, uint32_t tx, const void *data, size_t len);

/* The next message from the answer ring. False where there is none. */
bool get_message(unsigned int domid, struct answer *a);

/* A request and its answer; watch events that come first are kept for next_event(). */
const struct answer *ask(unsigned int domid, uint32_t type, uint32_t tx, const void *data, size_t len);

/* The same with a payload of strings, each ended by a NUL; end with NULL. */
const struct answer *ask_strings(unsigned int domid, uint32_t type, uint32_t tx, ...);

/* "OK", the first string of the answer, or the error's name. */
const char *say(unsigned int domid, uint32_t type, uint32_t tx, const char *a, const char *b);

/* A domain's own folder, as a toolstack makes it. */
void home(unsigned int domid);
const char *write_node(unsigned int domid, uint32_t tx, const char *path, const char *value);
uint32_t begin(unsigned int domid);
const char *end(unsigned int domid, uint32_t tx, bool commit);

/* "path token" of the next watch event; "" where there is none. */
const char *next_event(unsigned int domid);
unsigned int drop_events(unsigned int domid);	/* how many there were */

#endif
