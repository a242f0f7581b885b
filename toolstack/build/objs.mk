# SPDX-License-Identifier: MIT
# Objects of build/: kernel images (codec unpack elf image) and the PV domain builder.
BUILD_OBJS := codec.o unpack.o elf.o image.o pv_plan.o pv_tables.o pv.o
XEND_LIBS += -lz -lbz2 -llzma -lzstd -llz4 -llzo2
