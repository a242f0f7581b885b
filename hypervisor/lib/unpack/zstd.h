/* SPDX-License-Identifier: MIT */
/*
 * What zstd.c (frames, blocks, literals), zstd_sequences.c and zstd_entropy.c (Huffman and FSE) share.
 * Section numbers are those of RFC 8878. Private to unpack/.
 */
#ifndef LIB_UNPACK_ZSTD_H
#define LIB_UNPACK_ZSTD_H

#include "lib/types.h"
#include "lib/unpack/formats.h"

enum {
	BLOCK_LEN_MAX = 128 << 10,
	HUF_BITS_MAX = 11, HUF_SYMBOLS_MAX = 256,
	FSE_LOG_MAX = 9, FSE_SYMBOLS_MAX = 53, FSE_WEIGHT_LOG_MAX = 6, FSE_WEIGHT_SYMBOLS_MAX = 16,
};

/* Indexed by the next HUF_BITS_MAX bits, whatever the longest code of this tree is. */
struct huf_table {
	struct huf_entry {
		u8 symbol, bits;
	} entry[1 << HUF_BITS_MAX];
	bool valid;
};

/* A state of an FSE automaton: what it stands for, and how to the next one: base plus `bits` bits. */
struct fse_entry {
	u32 value;		/* the symbol, or its baseline once translated */
	u16 next;
	u8 bits;
	u8 extra;		/* bits to add to the baseline */
};

struct fse_table {
	struct fse_entry entry[1 << FSE_LOG_MAX];
	u8 log;
	bool valid;
};

/*
 * Bits from the end of a buffer to its start, each group most significant bit first. The highest set bit of
 * the last byte is a mark that ends the stream. `taken` bits are gone from the top of `word`, the eight bytes
 * at `pos`.
 *
 * A stream is preceded by READER_MARGIN bytes of the same input (the frame's and the block's headers at
 * least), so that short ones need no other code: pos may go back to start - READER_MARGIN. Bits that lie
 * before `start` come out as anything; reader_left() is negative then, and the caller asks before it
 * believes.
 */
struct bit_reader {
	const u8 *start, *pos;
	u64 word;
	u64 taken;
};

enum { READER_MARGIN = 8 };

int __must_check reader_init(struct bit_reader *r, const u8 *start, size_t len);

/* Afterwards 57 bits can be taken. */
static __always_inline void reader_refill(struct bit_reader *r)
{
	size_t bytes = MIN(r->taken >> 3, (u64)(r->pos - r->start) + READER_MARGIN);

	r->pos -= bytes;
	r->taken -= bytes * 8;
	r->word = load64(r->pos);
}

/* 0 <= count <= 32. */
static __always_inline u32 reader_take(struct bit_reader *r, unsigned int count)
{
	u64 value = r->word << (r->taken & 63) >> 1 >> (63 - count);

	r->taken += count;
	return value;
}

/* Bits not taken yet: 0 at the end of a sound stream, negative if too many were. */
static __always_inline s64 reader_left(const struct bit_reader *r)
{
	return (r->pos + 8 - r->start) * 8 - (s64)r->taken;
}

enum number_kind { LITERAL_LEN, OFFSET, MATCH_LEN, NUMBER_KINDS };

/* What sequences move: kept apart, so that the hot loop can hold a copy in registers. */
struct cursor {
	u8 *out;
	const u8 *out_end, *frame_start;
	const u8 *literals, *literals_end;	/* of this block; COPY_SLACK bytes behind them are readable */
	u32 rep[3];				/* the last offsets */
};

struct zstd {
	struct fse_table fse[NUMBER_KINDS];
	struct fse_table weights;
	struct huf_table huf;
	u8 literal_buffer[BLOCK_LEN_MAX + 4 * COPY_SLACK];

	struct cursor cursor;
	const u8 *in_end;
};
/* 4.2.1: read a tree description and build the table. Returns the bytes it took, or -EBADMSG. */
int huf_read_table(struct huf_table *table, const u8 *in, size_t in_len, struct fse_table *weights_table);
/* Decode exactly `out_len` symbols out of exactly `in_len` bytes. */
int __must_check huf_decode(const struct huf_table *table, const u8 *in, size_t in_len,
			    u8 *out, size_t out_len);

/*
 * 4.1.1: read an FSE description and build the table (values are symbols). Returns the bytes taken, or
 * -EBADMSG.
 */
int fse_read_table(struct fse_table *table, const u8 *in, size_t in_len,
		   unsigned int max_log, unsigned int symbols);
/* From a given distribution: -1 stands for "less than one". */
int __must_check fse_build_table(struct fse_table *table, const s16 *counts,
				 unsigned int symbols, unsigned int log);
/* A table of one state that stands for one symbol and takes no bits. */
void fse_build_single(struct fse_table *table, u8 symbol);

/* 3.1.1.3.2: the sequences of a block, from their header on; they take literals and append to the output. */
int __must_check sequences_unpack(struct zstd *z, const u8 *in, const u8 *end);
/* The next `len` literals to the output. */
int __must_check literals_append(struct cursor *c, size_t len);

#endif /* LIB_UNPACK_ZSTD_H */
