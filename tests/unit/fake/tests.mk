# SPDX-License-Identifier: MIT
# Tests on the fake machine: everything of events, grants and scheduling is linked with each of them.
CFLAGS	+= -DHOST_TEST -fno-strict-aliasing -I./fake
FAKE	:= ./fake/mem.c ./fake/cpu.c ./fake/domain.c ./fake/irq.c ./fake/oracle.c
FAKE	+= $(addprefix event/,table.c bind.c send.c fifo.c pirq.c dump.c)
FAKE	+= $(addprefix sched/,switch.c queue.c fair.c cap.c place.c runstate.c guest.c params.c)
FAKE	+= $(addprefix grant/,table.c entry.c map.c unmap.c copy.c transfer.c)
FAKE	+= $(addprefix hypercall/,event_channel_op.c grant_table_op.c sched_op.c)
FAKE	+= domain/rangeset.c domain/memory.c domain/guest_copy.c mm/frame.c core/lock.c core/softirq.c
FAKE	+= lib/bitmap.c lib/rbtree.c lib/scnprintf.c

TESTS	+= event event_fifo event_pirq
event-y	:= $(FAKE)
event_fifo-y := $(FAKE)
event_pirq-y := $(FAKE)
TESTS	+= grant
grant-y	:= $(FAKE)
TESTS	+= rangeset
rangeset-y := $(FAKE)
TESTS	+= sched sched_calls
sched-y	:= $(FAKE)
sched_calls-y := $(FAKE)

# Threads as CPUs: everything compiled once more, with the CPU's own data found through fake_local().
TESTS	+= race
race-y	:=
RACE_FLAGS := -O2 -fsanitize=address -Dhost_cpu_local='(*fake_local())'
RACE_OBJ := $(patsubst %.c,$(OBJ)/race/%.o,$(patsubst ./%,%,$(FAKE)))
$(OBJ)/race_test: $(RACE_OBJ)
$(OBJ)/local/race_test.o: CFLAGS += $(RACE_FLAGS)
$(OBJ)/race/fake/%.o: fake/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(RACE_FLAGS) -MMD -MP -c -o $@ $<
$(OBJ)/race/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(RACE_FLAGS) -MMD -MP -c -o $@ $<

# The same under ThreadSanitizer, with all that shares the source: `make race-tsan`. What it need not tell of is listed.
.PHONY: race-tsan
race-tsan:
	@$(MAKE) -s OUT=$(OUT)/tsan RACE_FLAGS=-O2 CFLAGS="-std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=thread \
		-Wno-tsan -DHOST_TEST -fno-strict-aliasing -I$(SRC) -I. -I./fake -Dhost_cpu_local='(*fake_local())'" \
		$(OUT)/tsan/unit/race_test
	TSAN_OPTIONS="history_size=4 suppressions=fake/tsan.supp" $(OUT)/tsan/unit/race_test
