# SPDX-License-Identifier: MIT
# Hypercall sequences on the fake machine of tests/unit/fake.
CFLAGS	+= -DHOST_TEST -fno-strict-aliasing -I../unit -I../unit/fake
FUZZERS	+= guest_ops
guest_ops-y := $(addprefix ../tests/unit/fake/,mem.c cpu.c domain.c irq.c oracle.c)
guest_ops-y += $(addprefix event/,table.c bind.c send.c fifo.c pirq.c dump.c)
guest_ops-y += $(addprefix sched/,switch.c queue.c fair.c cap.c place.c runstate.c guest.c params.c)
guest_ops-y += $(addprefix grant/,table.c entry.c map.c unmap.c copy.c transfer.c)
guest_ops-y += $(addprefix hypercall/,event_channel_op.c grant_table_op.c sched_op.c)
guest_ops-y += domain/rangeset.c domain/memory.c domain/guest_copy.c mm/frame.c core/lock.c core/softirq.c
guest_ops-y += lib/bitmap.c lib/rbtree.c lib/scnprintf.c
guest_ops-flags := -max_len=2000 -len_control=0
