# SPDX-License-Identifier: MIT
objs-y += builder/dom0.o builder/image.o builder/memory.o builder/tables.o
