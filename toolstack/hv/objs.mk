# SPDX-License-Identifier: MIT
# Objects of hv/: the door to the hypervisor (door map evtchn) and typed calls through it.
# hv/fake.o is the same door over a model in memory, linked in their place by tests.
HV_DOOR := door.o map.o evtchn.o
HV_OBJS := $(HV_DOOR) domctl.o sysctl.o memory.o
