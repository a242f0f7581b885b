# SPDX-License-Identifier: MIT
# The objects of lib/, in no particular order.
objs-y += lib/string.o lib/strext.o
objs-y += lib/printf.o lib/scnprintf.o
objs-y += lib/bitmap.o
objs-y += lib/rbtree.o
objs-y += lib/sort.o
objs-y += lib/crc32.o
objs-y += lib/cmdline.o
objs-y += lib/elf.o
