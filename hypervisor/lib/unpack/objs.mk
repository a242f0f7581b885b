# SPDX-License-Identifier: MIT
# Decompressors for dom0's kernel.
objs-y += lib/unpack/unpack.o
objs-y += lib/unpack/bzimage.o
objs-y += lib/unpack/gzip.o lib/unpack/inflate.o lib/unpack/inflate_table.o
objs-y += lib/unpack/lz4.o
objs-y += lib/unpack/lzma.o lib/unpack/xz.o
objs-y += lib/unpack/zstd.o lib/unpack/zstd_sequences.o lib/unpack/zstd_entropy.o lib/unpack/xxh64.o
