# SPDX-License-Identifier: MIT
# Tests on the whole machine: all of mm, domain, pv, event, grant, sched and hypercall, as hypervisor/*/objs.mk list
# them, compiled into objects of their own because one question (softirq_is_pending) is answered by the test. tests/fuzz
# includes this file too.
objs-y	:=
include $(foreach dir,domain pv event grant sched hypercall emul,$(SRC)/$(dir)/objs.mk)
MACHINE	:= $(patsubst %.o,hv/%.c,$(filter-out domain/copy_raw.o,$(objs-y)))
MACHINE	+= $(addprefix hv/mm/,frame.c frame_dump.c page_alloc.c)
MACHINE	+= $(addprefix hv/,core/lock.c core/build_id.c core/softirq.c core/keyhandler.c core/param.c)
MACHINE	+= $(addprefix hv/,core/param_foreign.c x86/tlb.c)
MACHINE	+= $(addprefix hv/lib/,bitmap.c rbtree.c scnprintf.c sort.c strext.c cmdline.c)
MACHINE	+= $(addprefix own/machine/,ram.c heap.c walk.c machine.c tlb.c platform.c efi.c guest.c)
MACHINE	+= $(addprefix own/oracle/,oracle.c tables.c domains.c)
MACHINE	+= own/fake/cpu.c own/fake/irq.c

MACHINE_LIBS := -Wl,--wrap=sched_sleep_sync -Wl,--wrap=softirq_register

UNIT	:= $(ROOT)/tests/unit
MACHINE_FLAGS := -DHOST_TEST -I$(UNIT) -I$(UNIT)/machine -I$(UNIT)/oracle -I$(UNIT)/fake \
	-include $(UNIT)/machine/hooks.h

# The fake CPUs' own softirq loop asks the real question.
$(OBJ)/machine/own/fake/%.o: MACHINE_FLAGS := $(subst -include $(UNIT)/machine/hooks.h,,$(MACHINE_FLAGS))

$(OBJ)/machine/hv/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	@echo "  HOSTCC $*.c (machine)"
	@$(CC) $(CFLAGS) $(MACHINE_FLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/machine/own/%.o: $(UNIT)/%.c
	@mkdir -p $(@D)
	@echo "  HOSTCC tests/unit/$*.c"
	@$(CC) $(CFLAGS) $(MACHINE_FLAGS) -MMD -MP -c -o $@ $<
