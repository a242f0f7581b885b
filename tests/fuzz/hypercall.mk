# SPDX-License-Identifier: MIT
# Hypercall sequences on the whole machine of tests/unit/machine; a small one, so that the oracle is quick.
include ../unit/machine/machine.mk
FUZZERS	+= hypercall
hypercall-y := $(MACHINE:%=+%)
hypercall-y += $(addprefix ./hypercall/,input.c pick.c calls.c acts.c acts_cpu.c run.c recipes.c recipes_event.c)
hypercall-y += $(addprefix ./hypercall/,recipes_domain.c recipes_tables.c recipes_cpu.c recipes_firmware.c)
hypercall-y += ./hypercall/recipes_end.c
hypercall-libs := $(MACHINE_LIBS)
hypercall-flags := -max_len=600 -len_control=0 -timeout=20 -detect_leaks=0
$(OBJ)/machine/%.o $(OBJ)/local/hypercall%.o: CFLAGS += -DMACHINE_FRAMES=1536u
$(OBJ)/local/hypercall%.o: CFLAGS += $(MACHINE_FLAGS) -I. -Wno-missing-field-initializers
# Coverage is that of the hypervisor: the machine and the oracle do not count, and are quicker so. Edges alone are
# counted: following every comparison took half of the time, and what is compared comes from the generators' tables
# anyway.
$(OBJ)/machine/hv/%.o: CFLAGS += -O2 -fno-sanitize=fuzzer-no-link -fsanitize-coverage=inline-8bit-counters,pc-table
$(OBJ)/machine/own/%.o $(OBJ)/local/hypercall%.o: CFLAGS += -O2 -fno-sanitize=fuzzer-no-link
