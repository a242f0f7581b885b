/* SPDX-License-Identifier: MIT */
/*
 * Guests: what is defined and what runs, in one table, and the one state machine they all follow:
 *
 *	STOPPED --start--> STARTING --built--> RUNNING --shut down, destroyed--> STOPPING --gone--> STOPPED
 *	                       \---failed-----------------------------------------^
 *
 * A guest that is not persistent is forgotten when it reaches STOPPED and shall not be started again.
 * Every change is written to RUN_DIR/guests/UUID.json before anything relies on it (registry.c), so that a
 * daemon that was killed finds its guests again.
 */
#ifndef DAEMON_GUEST_H
#define DAEMON_GUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/event_channel.h"
#include "abi/types.h"
#include "base/error.h"
#include "conf/guest.h"

enum device_kind { DEVICE_VBD, DEVICE_VIF };

struct console;
struct event;
struct script;
struct worker;

enum guest_state { GUEST_STOPPED, GUEST_STARTING, GUEST_RUNNING, GUEST_STOPPING };

/* Why a guest is being stopped: decides what follows (guest_stopped()). */
enum guest_why {
	WHY_NONE,
	WHY_POWEROFF,
	WHY_REBOOT,
	WHY_CRASH,
	WHY_WATCHDOG,
	WHY_SOFT_RESET,
	WHY_DESTROY,
	WHY_FAILED,
	WHY_INTERRUPTED		/* a restart that the daemon's end cut short */
};

/* A disk or net of a running guest.  Index i belongs to cfg->disks[i] or cfg->vifs[i]. */
enum device_state { DEV_NEW, DEV_UP, DEV_CLOSING, DEV_GONE, DEV_ADDING, DEV_ENDING };	/* journalled; hotplug.h */
struct guest_device {
	enum device_state state;
	uint32_t id;			/* vbd number, vif index */
	int loop;			/* vbd: number of the loop device we made, or -1 */
	uint32_t major, minor;		/* vbd */
	uint64_t file_dev, file_ino;	/* vbd: the image's identity, for the in-use check */
	bool plugged;			/* vif: on its bridge, or its script was called */
	bool plugging;			/* not yet known to work: none of the guest's next start */
	uint64_t guard_round;		/* vif: netback waits for this round of guard.c's; 0: for none */
	struct script *script;		/* the call that goes on; none of these three is in the journal */
};

struct guest {
	struct guest *next;
	char name[GUEST_NAME_MAX + 1];
	uint8_t uuid[16];
	bool persistent;
	char *source;			/* file of the definition, for people */
	struct guest_config *def;	/* what the next start uses */
	bool flawed;			/* def is not all that was defined: this version refuses a part of it */

	enum guest_state state;
	enum guest_why why;
	char reason[160];		/* how it last ended, for people */
	/* while not STOPPED: */
	struct guest_config *cfg;	/* what it runs with */
	int domid;			/* -1: none yet */
	evtchn_port_t store_port, console_port;
	xen_pfn_t store_mfn, console_mfn;
	uint64_t started_ns;		/* CLOCK_BOOTTIME */
	bool start_paused, restart_asked;
	/* it waits for a start that follows an end, or that is going on: no daemon forgets it */
	bool restarting;
	bool redefined;			/* def is newer than cfg */
	struct guest_device *disks, *vifs;
	size_t n_disks, n_vifs;		/* as in cfg */
	/* not in the journal: */
	struct console *console;
	struct worker *worker;
	bool unpacks;			/* its worker brings its kernel for all that wait for it */
	bool awaits_kernel;		/* STARTING without a worker, until another guest's has unpacked the kernel */
	struct event *retry;
	struct guest_config *again;	/* what that starts: as it ran, with what was plugged in; NULL: def */
	bool hv_gone;			/* the hypervisor has forgotten the domain */
	unsigned int quick_deaths;	/* restarts soon after a start, in a row */
	uint64_t delay_until_ns;
	char address[64];		/* last seen, "" unknown */
};

extern struct guest *guests;

/* ---- registry.c ---- */
int registry_load(struct error *err) __must_check;	/* definitions, then the journal of what runs */
bool is_number(const char *word);			/* digits alone, as of a domid or a device */
struct guest *guest_find(const char *word);		/* name, domid in digits, or UUID */
struct guest *guest_by_name(const char *name);
struct guest *guest_by_uuid(const uint8_t uuid[16]);
struct guest *guest_by_domid(int domid);
int guest_need(const char *word, struct guest **g, struct error *err) __must_check;
int guest_need_running(const char *word, struct guest **g, struct error *err) __must_check;
/* A new one from a checked configuration (taken over on success), or the existing one redefined. */
int guest_add(struct guest_config *cfg, bool persistent, const char *source, struct guest **out,
	      struct error *err) __must_check;
void guest_forget(struct guest *g);
int guest_journal(const struct guest *g);		/* write its state; 0 or -errno, logged */
int guest_save_definition(const struct guest *g, struct error *err) __must_check;
int guest_move_definition(const struct guest *g, const char *old_name, struct error *err) __must_check;
void guest_drop_definition(const struct guest *g);
/* Room for the runtime part of cfg's devices. */
int guest_fit_devices(struct guest *g);
/* A device as its journal and workers write it. */
json_t *guest_device_json(const struct guest_device *d);
void guest_device_from(const json_t *o, struct guest_device *d);
void guest_uuid_text(const uint8_t uuid[16], char text[37]);
const char *guest_why_name(enum guest_why why);

/* ---- life.c ---- */
/* Begin to start a STOPPED guest; what comes of it is told by an event. */
int guest_start(struct guest *g, bool paused, struct error *err) __must_check;
/* Is it stopped only until it is started again? */
bool guest_restarts(const struct guest *g);
/* Take the domain down, or call off its restart; `why` decides what follows.  g may be gone then. */
void guest_stop(struct guest *g, enum guest_why why);
/* Its worker has ended and it is to stop: go on with that. */
void guest_stop_now(struct guest *g);
/* Look at the hypervisor's list and act on what changed. */
void guest_scan(void);
int life_init(struct error *err) __must_check;
/* Take up guests that ran when the last daemon died; called once, with the store up. */
void life_adopt(void);
/* A device has reached GONE; g may be gone then. */
void guest_device_gone(struct guest *g);
/* The script of disk i has made it; that of a device has failed. */
void guest_device_ready(struct guest *g, size_t i);
void guest_device_failed(struct guest *g, enum device_kind kind, size_t i, const struct error *err);
/* Ask the guest's kernel: "poweroff", "reboot", "suspend". */
int guest_ask(struct guest *g, const char *what, struct error *err) __must_check;

#endif
