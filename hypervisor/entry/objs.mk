# SPDX-License-Identifier: MIT
objs-y += entry/entry.o entry/traps.o entry/exit.o entry/switch.o entry/offsets_check.o
