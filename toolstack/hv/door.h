/* SPDX-License-Identifier: MIT */
/* What the files of the real door share with one another, and with nobody else. */
#ifndef HV_DOOR_H
#define HV_DOOR_H

extern int door_privcmd;	/* /dev/xen/privcmd, or -1 */

void door_map_close(void);	/* close what map.c opened */

#endif
