/* SPDX-License-Identifier: MIT */
/* The RELAX NG schema, carried inside the program so that it cannot be lost or outdated. */
#include "conf/xml.h"

__asm__(".section .rodata\n"
	".global conf_schema, conf_schema_end\n"
	"conf_schema:\n"
	".incbin \"conf/vm.rng\"\n"
	"conf_schema_end:\n"
	".byte 0\n"
	".previous\n");
