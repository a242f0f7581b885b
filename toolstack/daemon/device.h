/* SPDX-License-Identifier: MIT */
/*
 * What the store says about a guest and its devices, and what backends answer there.  All nodes of a guest
 * are written in one transaction; every frontend belongs to the guest, every backend to dom0.
 */
#ifndef DAEMON_DEVICE_H
#define DAEMON_DEVICE_H

#include "daemon/guest.h"

int device_init(struct error *err) __must_check;	/* watches the backends */

/* Everything of a guest that has just been built; then of one device plugged later. */
int device_publish_guest(struct guest *g, struct error *err) __must_check;
int device_publish(struct guest *g, enum device_kind kind, size_t i, struct error *err) __must_check;

/* Ask both ends to let go; DEV_GONE follows, or not, if the guest does not do its part. */
void device_close(struct guest *g, enum device_kind kind, size_t i);
/* Take the nodes away: the backend lets go whatever the guest does. */
void device_remove(struct guest *g, enum device_kind kind, size_t i);
/* A backend may have closed while no daemon looked. */
void device_look_again(struct guest *g);
/* The devices of a guest that is no more: false if scripts have to be waited for, each ends in guest_device_gone(). */
bool device_remove_guest(struct guest *g) __must_check;
bool device_all_gone(const struct guest *g);
/* ... and then what else the store says of it. */
void device_forget_guest(struct guest *g);

void device_path(const struct guest *g, enum device_kind kind, size_t i, bool backend, char *buf,
		 size_t size);
struct guest_device *device_of(struct guest *g, enum device_kind kind, size_t i);
/* The MAC of vif i, given or made up; of a guest that does not run, whose interface would have that id. */
void device_mac(const struct guest *g, size_t i, char text[18]);
void device_mac_of(const struct guest_config *cfg, size_t i, uint32_t id, char text[18]);
/* A number or string below a device's node; NULL if there is none; caller frees. */
char *device_node(const struct guest *g, enum device_kind kind, size_t i, bool backend, const char *name);
/* Write below the backend's node. */
int device_put(struct guest *g, enum device_kind kind, size_t i, const char *name, const char *fmt, ...)
	__printf_like(5, 6);
/* For hotplug.c: tell the backend to close (unless it has), take the frontend away; is this its state when it has? */
void device_let_go(struct guest *g, enum device_kind kind, size_t i, bool closed);
bool device_closed(const char *state);
/* Its script has taken it down. */
void device_gone(struct guest *g, enum device_kind kind, size_t i);
/* The vif's network interface is on its bridge: tell netback. */
void device_vif_ready(struct guest *g, size_t i);

#endif
