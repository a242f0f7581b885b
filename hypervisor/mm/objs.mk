# SPDX-License-Identifier: MIT
objs-y += mm/frame.o mm/frame_dump.o mm/page_alloc.o mm/heap.o mm/pt.o mm/boot_alloc.o mm/hostmap.o mm/init.o
