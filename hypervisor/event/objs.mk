# SPDX-License-Identifier: MIT
objs-y += event/table.o event/bind.o event/send.o event/fifo.o event/pirq.o event/dump.o
