/* SPDX-License-Identifier: MIT */
/*
 * The two entropy coders of zstd: Huffman codes for literals, finite-state entropy (tANS) for sequences and
 * for Huffman's own description. RFC 8878, sections 4.1 and 4.2. Pure, no locks.
 */
#include "lib/bitmap.h"
#include "lib/unpack/zstd.h"

int reader_init(struct bit_reader *r, const u8 *start, size_t len)
{
	if (len == 0 || start[len - 1] == 0)
		return -EBADMSG;
	r->start = start;
	r->pos = start + len - 8;
	r->word = load64(r->pos);
	r->taken = 8 - bit_highest(start[len - 1]);
	return 0;
}

/*
 * Bits from the start of a buffer, least significant first: only descriptions of distributions are written
 * so.
 */
struct forward_reader {
	const u8 *in;
	size_t len;		/* in bytes */
	size_t pos;		/* in bits */
};

/* count <= 16; zeroes behind the end. */
static u32 forward_peek(const struct forward_reader *r, unsigned int count)
{
	u32 value = 0;

	for (size_t i = 0; i < 3; i++)
		if (r->pos / 8 + i < r->len)
			value |= (u32)r->in[r->pos / 8 + i] << 8 * i;
	return value >> r->pos % 8 & ((1U << count) - 1);
}

/*
 * The next probability plus one. It is at most left + 1, and the values that a full-width number could not
 * exceed anyway are saved one bit: the lower ones are written a bit shorter.
 */
static u32 read_probability(struct forward_reader *r, u32 left)
{
	unsigned int bits = bit_highest(left + 1) + 1;
	u32 value = forward_peek(r, bits), low_mask = (1U << (bits - 1)) - 1;
	u32 saved = (1U << bits) - 1 - (left + 1);

	if ((value & low_mask) < saved) {
		r->pos += bits - 1;
		return value & low_mask;
	}
	r->pos += bits;
	return value > low_mask ? value - saved : value;
}

int fse_read_table(struct fse_table *table, const u8 *in, size_t in_len,
		   unsigned int max_log, unsigned int symbols)
{
	struct forward_reader r = { .in = in, .len = in_len, .pos = 4 };
	unsigned int log, symbol = 0, repeat;
	s16 counts[FSE_SYMBOLS_MAX] = { 0 };
	s32 left;

	if (in_len == 0)
		return -EBADMSG;
	log = (in[0] & 15) + 5;
	if (log > max_log)
		return -EBADMSG;
	left = 1 << log;
	while (left > 0 && symbol < symbols) {
		s32 count = (s32)read_probability(&r, left) - 1;

		counts[symbol++] = count;
		left -= count < 0 ? 1 : count;
		if (count != 0)
			continue;
		/* Behind a zero: how many more zeroes, two bits at a time, going on after a 3. */
		do {
			repeat = forward_peek(&r, 2);
			r.pos += 2;
			symbol += repeat;
		} while (repeat == 3 && symbol <= symbols);
	}
	if (left != 0 || symbol > symbols || r.pos > in_len * 8)
		return -EBADMSG;
	if (fse_build_table(table, counts, symbol, log))
		return -EBADMSG;
	return (r.pos + 7) / 8;
}

/*
 * 4.1.1, "from normalized distribution to decoding tables": spread the symbols, then number each one's
 * states.
 */
int fse_build_table(struct fse_table *table, const s16 *counts, unsigned int symbols, unsigned int log)
{
	u32 size = 1U << log, mask = size - 1, step = (size >> 1) + (size >> 3) + 3, high = size, pos = 0;
	u16 next[FSE_SYMBOLS_MAX];

	for (unsigned int s = 0; s < symbols; s++) {
		next[s] = counts[s] < 0 ? 1 : counts[s];
		if (counts[s] < 0)
			table->entry[--high].value = s;
	}
	for (unsigned int s = 0; s < symbols; s++) {
		for (int i = 0; i < counts[s]; i++) {
			table->entry[pos].value = s;
			do {
				pos = (pos + step) & mask;
			} while (pos >= high);
		}
	}
	if (pos != 0)
		return -EBADMSG;
	for (u32 i = 0; i < size; i++) {
		struct fse_entry *e = &table->entry[i];
		u32 state = next[e->value]++;

		e->bits = log - bit_highest(state);
		e->next = (state << e->bits) - size;
		e->extra = 0;
	}
	table->log = log;
	table->valid = true;
	return 0;
}

void fse_build_single(struct fse_table *table, u8 symbol)
{
	table->entry[0] = (struct fse_entry){ .value = symbol };
	table->log = 0;
	table->valid = true;
}

/*
 * The weights by FSE: two states take turns until the bits run out; then the other one has one symbol left.
 */
static int read_fse_weights(struct fse_table *table, const u8 *in, size_t in_len, u8 *weights)
{
	int used = fse_read_table(table, in, in_len, FSE_WEIGHT_LOG_MAX, FSE_WEIGHT_SYMBOLS_MAX);
	u32 state[2];
	struct bit_reader r;
	int count = 0;

	if (used < 0 || reader_init(&r, in + used, in_len - used))
		return -EBADMSG;
	state[0] = reader_take(&r, table->log);
	state[1] = reader_take(&r, table->log);
	if (reader_left(&r) < 0)
		return -EBADMSG;
	for (unsigned int turn = 0; count < HUF_SYMBOLS_MAX - 2; turn ^= 1) {
		const struct fse_entry *e = &table->entry[state[turn]];

		weights[count++] = e->value;
		reader_refill(&r);
		state[turn] = e->next + reader_take(&r, e->bits);
		if (reader_left(&r) < 0) {
			weights[count++] = table->entry[state[turn ^ 1]].value;
			return count;
		}
	}
	return -EBADMSG;
}

/* The weights of all symbols but the last; *used is what they took. Returns their number or -EBADMSG. */
static int read_weights(struct fse_table *table, const u8 *in, size_t in_len, u8 *weights, size_t *used)
{
	int count;

	if (in_len == 0)
		return -EBADMSG;
	if (in[0] < 128) {
		*used = 1 + in[0];
		if (*used > in_len)
			return -EBADMSG;
		return read_fse_weights(table, in + 1, in[0], weights);
	}
	count = in[0] - 127;
	*used = 1 + (count + 1) / 2;
	if (*used > in_len)
		return -EBADMSG;
	for (int i = 0; i < count; i++)
		weights[i] = i & 1 ? in[1 + i / 2] & 15 : in[1 + i / 2] >> 4;
	return count;
}

/* A symbol of weight w has 2^(w-1) of the 2^log codes; the lightest come first, then by symbol. */
static void fill_huf_table(struct huf_table *table, const u8 *weights, unsigned int count, unsigned int log)
{
	u32 start[HUF_BITS_MAX + 2] = { 0 }, number[HUF_BITS_MAX + 2] = { 0 };
	unsigned int spread = HUF_BITS_MAX - log;

	for (unsigned int i = 0; i < count; i++)
		number[weights[i]]++;
	for (unsigned int w = 1; w <= log; w++)
		start[w + 1] = start[w] + (number[w] << (w - 1 + spread));
	for (unsigned int i = 0; i < count; i++) {
		unsigned int w = weights[i], run = w ? 1U << (w - 1 + spread) : 0;

		for (unsigned int k = 0; k < run; k++)
			table->entry[start[w] + k] = (struct huf_entry){ i, log + 1 - w };
		start[w] += run;
	}
	table->valid = true;
}

int huf_read_table(struct huf_table *table, const u8 *in, size_t in_len, struct fse_table *weights_table)
{
	u8 weights[HUF_SYMBOLS_MAX];
	u32 total = 0, missing;
	unsigned int log;
	size_t used;
	int count = read_weights(weights_table, in, in_len, weights, &used);

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		if (weights[i] > HUF_BITS_MAX)
			return -EBADMSG;
		total += weights[i] ? 1U << (weights[i] - 1) : 0;
	}
	if (total == 0)
		return -EBADMSG;
	/* The last symbol's weight is what makes the total a power of two. */
	log = bit_highest(total) + 1;
	missing = (1U << log) - total;
	if (log > HUF_BITS_MAX || !IS_POWER_OF_2(missing))
		return -EBADMSG;
	weights[count++] = bit_highest(missing) + 1;
	fill_huf_table(table, weights, count, log);
	return used;
}

/* `shifted` is the reader's word without the taken bits. */
static __always_inline u8 huf_symbol(const struct huf_table *table, u64 *shifted, u64 *taken)
{
	struct huf_entry e = table->entry[*shifted >> (64 - HUF_BITS_MAX)];

	*shifted <<= e.bits;
	*taken += e.bits;
	return e.symbol;
}

int huf_decode(const struct huf_table *table, const u8 *in, size_t in_len, u8 *out, size_t out_len)
{
	u8 *end = out + out_len;
	struct bit_reader r;
	u64 shifted;

	if (reader_init(&r, in, in_len))
		return -EBADMSG;
	while (end - out >= 5) {
		reader_refill(&r);
		if (unlikely(reader_left(&r) < 0))
			return -EBADMSG;
		shifted = r.word << r.taken;
		out[0] = huf_symbol(table, &shifted, &r.taken);
		out[1] = huf_symbol(table, &shifted, &r.taken);
		out[2] = huf_symbol(table, &shifted, &r.taken);
		out[3] = huf_symbol(table, &shifted, &r.taken);
		out[4] = huf_symbol(table, &shifted, &r.taken);
		out += 5;
	}
	reader_refill(&r);
	shifted = r.word << (r.taken & 63);
	while (out < end)
		*out++ = huf_symbol(table, &shifted, &r.taken);
	return reader_left(&r) == 0 ? 0 : -EBADMSG;
}
