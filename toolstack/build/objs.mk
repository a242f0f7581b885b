# SPDX-License-Identifier: MIT
# Objects of build/: kernel images (codec unpack elf image) and the PV domain builder.
BUILD_OBJS := codec.o unpack.o elf.o image.o pv_plan.o pv_tables.o pv.o
XEND_LIBS += -lz $(call built_in,bz2) -llzma -lzstd -llz4 -llzo2
