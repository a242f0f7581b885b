# SPDX-License-Identifier: MIT
objs-y += builder/dom0.o builder/image.o builder/memory.o builder/param.o builder/tables.o
