# SPDX-License-Identifier: MIT
# Tests on the fake machine: everything of events, grants and scheduling is linked with each of them.
CFLAGS	+= -DHOST_TEST -I./fake
FAKE	:= ./fake/mem.c ./fake/cpu.c ./fake/domain.c ./fake/irq.c
FAKE	+= $(addprefix event/,table.c bind.c send.c fifo.c pirq.c dump.c)
FAKE	+= $(addprefix sched/,switch.c queue.c fair.c cap.c place.c runstate.c guest.c params.c)
FAKE	+= $(addprefix grant/,table.c entry.c map.c copy.c transfer.c)
FAKE	+= $(addprefix hypercall/,event_channel_op.c grant_table_op.c sched_op.c)
FAKE	+= domain/rangeset.c domain/memory.c domain/guest_copy.c mm/frame.c core/lock.c core/softirq.c
FAKE	+= lib/bitmap.c lib/rbtree.c lib/scnprintf.c

TESTS	+= event
event-y	:= $(FAKE)
TESTS	+= grant
grant-y	:= $(FAKE)
TESTS	+= rangeset
rangeset-y := $(FAKE)
TESTS	+= sched
sched-y	:= $(FAKE)
