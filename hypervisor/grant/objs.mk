# SPDX-License-Identifier: MIT
objs-y += grant/table.o grant/entry.o grant/map.o grant/unmap.o grant/copy.o grant/transfer.o
