/* SPDX-License-Identifier: MIT */
/*
 * The two legacy interrupt controllers: moved out of the exceptions' way and masked for good.
 */
#ifndef PLATFORM_PIC_H
#define PLATFORM_PIC_H

void pic_init(void);

#endif
