# SPDX-License-Identifier: MIT
objs-y += sched/switch.o sched/queue.o sched/fair.o sched/cap.o sched/place.o
objs-y += sched/runstate.o sched/guest.o sched/params.o
