/* SPDX-License-Identifier: MIT */
/*
 * Permissions of a node. The first entry names the owner, whose rights are complete, and says what domains
 * not named further on may do; each later entry gives one domain its rights. Lists are immutable and shared
 * by reference, because children inherit their parent's.
 */
#ifndef STORE_PERM_H
#define STORE_PERM_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	STORE_PERM_NONE = 0,
	STORE_PERM_READ = 1,
	STORE_PERM_WRITE = 2,
	STORE_PERM_OWNER = 4,	/* never stored: what only the owner may do */
};

struct store_perm {
	uint16_t domid;
	uint8_t access;		/* STORE_PERM_READ | STORE_PERM_WRITE */
};

struct perms {
	unsigned int refs;
	unsigned int n;		/* at least one */
	struct store_perm p[];
};

/* Who asks. target is the domain it acts for (SET_TARGET), or equal to domid. */
struct actor {
	unsigned int domid;
	unsigned int target;
	bool privileged;
};

struct perms *store_perms_new(const struct store_perm *p, unsigned int n);
struct perms *store_perms_get(struct perms *ps);
void store_perms_put(struct perms *ps);

/* The same list with another owner; a new reference. */
struct perms *store_perms_chown(struct perms *ps, unsigned int owner);

/* The list without entries (but the first) of domid; a new reference, to ps itself where nothing changes. */
struct perms *store_perms_without(struct perms *ps, unsigned int domid);

/* All that the actor may do. */
unsigned int store_perms_access(const struct perms *ps, const struct actor *who);

/* "b12" to an entry and back. buf has at least 8 bytes. */
int store_perm_parse(const char *s, struct store_perm *p);
void store_perm_format(const struct store_perm *p, char *buf);

#endif
