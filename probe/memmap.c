// SPDX-License-Identifier: GPL-2.0
/*
 * Times ways to fill a memmap with identical descriptors of 64 bytes, such as the struct pages of a
 * ZONE_DEVICE range.
 *
 * A kernel with init_on_alloc=1 zeroes a memmap when it allocates the memory, one 2 MiB page (the
 * memmap of 128 MiB) after the other, and fills the memmap afterwards. By then, all lines of a
 * large memmap have left the caches, and none of a small one. The samples do the same: zero,
 * untimed, then fill. Without init_on_alloc=1, the earlier use of the memory decides: it is cold,
 * as a rule.
 *
 * A memmap in the memory of the device is not zeroed: its lines are always cold.
 *
 * Rows "map SIZE" zero and fill one memmap of this size, so that the turn from hot to cold is seen.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fills.h"
#include "host.h"
#include "memory.h"
#include "probe.h"
#include "samples.h"

#define PIECE	    HUGE_PAGE /* hot: zeroed and filled at a time */
#define HOT_BYTES   (4 * PIECE)
#define TOUCH_BYTES (2 * PIECE)
#define MAP_SAMPLE  (4 * PIECE) /* at least, with small maps */

/* Shares of the time for cold rows, which take ten times as long, and which decide the result. */
#define COLD_SHARES 3

static const struct kind {
	const char *name;
	bool file, huge;
} kinds[] = {
	{ "anon 2M", false, true },
	{ "anon 4K", false, false },
	{ "memfd 2M", true, true },
	{ "memfd 4K", true, false },
};

#define NR_KINDS 4

/* Sizes of whole memmaps, of kind 0. */
static const size_t map_sizes[] = { 256UL << 10, 1UL << 20, 4UL << 20, 16UL << 20, 64UL << 20, 256UL << 20, 1UL << 30 };

#define NR_SIZES  7
#define FIRST_MAP (NR_KINDS * NR_STATES * 2) /* row */

enum state { COLD, HOT, TOUCH, NR_STATES };

#define MAP NR_STATES

static const char *const state_names[] = { "cold", "hot", "touch", "map" };

static const struct pgmap pgmap = { .type = DEVICE_PRIVATE };

static struct fill fills[MAX_WAYS];
static int stosq; /* the way that stores other bytes */
static struct source source = { .pgmap = &pgmap };
static char *ranges[NR_KINDS]; /* of range_bytes each */
static char *fresh[NR_KINDS];  /* of TOUCH_BYTES each */
static size_t range_bytes;
static size_t maps_bytes; /* all of kind 0 */
static size_t cursor;	  /* the next hot part of a range */
static size_t next_map;	  /* of kind 0 */

static bool reads(int row)
{
	return row % 2;
}

static enum state state_of(int row)
{
	return row < FIRST_MAP ? row / 2 % NR_STATES : MAP;
}

static int kind_of(int row)
{
	return row < FIRST_MAP ? row / 2 / NR_STATES : 0;
}

static size_t map_size(int row)
{
	return map_sizes[(row - FIRST_MAP) / 2];
}

/* Gives the memory back; the next touch faults in another, zeroed page. */
static void drop(int kind)
{
	madvise(fresh[kind], TOUCH_BYTES, kinds[kind].file ? MADV_REMOVE : MADV_DONTNEED);
}

static double time_fill(int row, int way, char *to, size_t bytes)
{
	int64_t start = cpu_ns();

	fills[way].fill(&fills[way], &source, to, bytes);
	if (reads(row))
		read_lines(to, bytes);
	return cpu_ns() - start;
}

static double sample_cold(int row, int way)
{
	char *range = ranges[kind_of(row)];

	for (size_t at = 0; at < range_bytes; at += PIECE)
		zero_piece(range + at, PIECE);
	return time_fill(row, way, range, range_bytes);
}

static double sample_hot(int row, int way)
{
	double ns = 0;

	for (size_t at = 0; at < HOT_BYTES; at += PIECE) {
		char *to = ranges[kind_of(row)] + cursor;

		cursor = (cursor + PIECE) % range_bytes;
		zero_piece(to, PIECE);
		ns += time_fill(row, way, to, PIECE);
	}
	return ns;
}

static size_t maps_per_sample(size_t size)
{
	return size < MAP_SAMPLE ? MAP_SAMPLE / size : 1;
}

/* Zeroes and fills one map after the other. */
static double sample_map(int row, int way)
{
	size_t size = map_size(row);
	double ns = 0;

	for (size_t i = 0; i < maps_per_sample(size); i++) {
		char *to;

		next_map = (next_map + size - 1) / size * size;
		if (next_map + size > maps_bytes)
			next_map = 0;
		to = ranges[0] + next_map;
		next_map += size;
		zero_piece(to, size);
		ns += time_fill(row, way, to, size);
	}
	return ns;
}

static double sample(const struct section *section __attribute__((unused)), int row, int way)
{
	switch (state_of(row)) {
	case COLD:
		return sample_cold(row, way);
	case HOT:
		return sample_hot(row, way);
	case MAP:
		return sample_map(row, way);
	default:
		drop(kind_of(row));
		return time_fill(row, way, fresh[kind_of(row)], TOUCH_BYTES);
	}
}

static int add_way(struct section *section, const char *name, struct fill fill)
{
	int way = section->nr_ways++;

	snprintf(section->ways[way].name, sizeof(section->ways[way].name), "%s", name);
	fills[way] = fill;
	return way;
}

static void add_blocks(struct section *section)
{
	static const size_t sizes[] = { 4 << 10, 8 << 10, 16 << 10, 32 << 10 };
	char name[24];

	for (int i = 0; i < 4; i++) {
		for (int routine = UNROLLED; routine <= REP_MOVSB; routine++) {
			const struct fill fill = { fill_by_pages, &routines[routine], sizes[i] };

			snprintf(name, sizeof(name), "own %zuK %s", sizes[i] >> 10, routines[routine].name);
			add_way(section, name, fill);
		}
	}
}

static void add_nontemporal(struct section *section)
{
	add_way(section, "own 4K nontemporal", (struct fill){ fill_by_nontemporal, NULL, 4 << 10 });
	add_way(section, "own 32K nontemporal", (struct fill){ fill_by_nontemporal, NULL, 32 << 10 });
}

static void add_ways(struct section *section)
{
	int movdir64b;

	add_way(section, "slow path", (struct fill){ .fill = fill_by_slow_path });
	add_way(section, "same again", (struct fill){ .fill = fill_by_slow_path });
	section->chosen = add_way(section, "registers", (struct fill){ .fill = fill_by_registers });
	add_way(section, "64-byte template", (struct fill){ .fill = fill_by_template });
	add_way(section, "movnti", (struct fill){ .fill = fill_by_movnti });
	add_way(section, "movnti, registers", (struct fill){ .fill = fill_by_movnti_registers });
	add_way(section, "movnti, calls", (struct fill){ .fill = fill_by_movnti_calls });
	movdir64b = add_way(section, "movdir64b", (struct fill){ .fill = fill_by_movdir64b });
	if (!host_has_flag("movdir64b"))
		section->ways[movdir64b].missing = "this CPU has no MOVDIR64B";
	add_nontemporal(section);
	add_blocks(section);
	stosq = add_way(section, "rep stosq", (struct fill){ .fill = fill_by_stosq });
}

static char *map_kind(const struct kind *kind, size_t bytes)
{
	return kind->file ? map_memfd(bytes, kind->huge) : map(bytes, kind->huge, ANY_NODE);
}

/* Is the memory that was added since @before mapped in pages of the size of its kind? */
static bool mapped_as(const struct kind *kind, size_t before, size_t bytes)
{
	return host_huge_page_bytes() - before == (kind->huge ? bytes : 0);
}

static void set_missing(struct row *first, int n, const char *why)
{
	for (int row = 0; row < n; row++)
		first[row].missing = why;
}

static const char *refusal(void)
{
	static char text[96];

	snprintf(text, sizeof(text), "memfd_create() gives no memory here: %s", strerror(errno));
	return text;
}

static size_t mapped_bytes(int index)
{
	return index ? range_bytes : maps_bytes;
}

/* Returns NULL, or why there is no memory of this kind. */
static const char *allocate_range(int index)
{
	size_t before = host_huge_page_bytes();

	ranges[index] = map_kind(&kinds[index], mapped_bytes(index));
	if (!ranges[index])
		return refusal();
	return mapped_as(&kinds[index], before, mapped_bytes(index)) ? NULL : "no memory mapped in pages of this size";
}

static const char *allocate_fresh(int index)
{
	size_t before;

	fresh[index] = map_kind(&kinds[index], TOUCH_BYTES);
	if (!fresh[index])
		return refusal();
	drop(index);
	before = host_huge_page_bytes();
	memset(fresh[index], GUARD, TOUCH_BYTES);
	return mapped_as(&kinds[index], before, TOUCH_BYTES)
		       ? NULL
		       : "a page fault gives another size, see /sys/kernel/mm/transparent_hugepage/";
}

static void allocate_kind(struct section *section, int index)
{
	struct row *rows = &section->rows[index * NR_STATES * 2];
	const char *why = allocate_range(index);

	set_missing(rows, TOUCH * 2, why);
	if (!index && why)
		set_missing(&section->rows[FIRST_MAP], 2 * NR_SIZES, why);
	set_missing(rows + TOUCH * 2, 2, allocate_fresh(index));
}

static void add_map_rows(struct section *section)
{
	for (int i = FIRST_MAP; i < FIRST_MAP + 2 * NR_SIZES; i++) {
		struct row *row = &section->rows[section->nr_rows++];
		size_t size = map_size(i);

		row->kind = kinds[0].name;
		row->src = row->dst = NO_NODE;
		row->state = state_names[MAP];
		row->size = size;
		row->read = reads(i);
		row->calls = maps_per_sample(size);
		row->bytes = row->calls * size;
		row->shares = size < (256 << 20) ? 1 : 2;
		row->left_out = size == 1 << 30 ? ALL_WAYS : 0;
		if (size > maps_bytes)
			row->missing = "too little memory for this size";
	}
}

static void add_rows(struct section *section)
{
	static const size_t pieces[NR_STATES] = { [HOT] = HOT_BYTES, [TOUCH] = TOUCH_BYTES };

	section->nr_rows = FIRST_MAP;
	for (int i = 0; i < section->nr_rows; i++) {
		struct row *row = &section->rows[i];

		row->kind = kinds[kind_of(i)].name;
		row->src = row->dst = NO_NODE;
		row->state = state_names[state_of(i)];
		row->read = reads(i);
		row->bytes = pieces[state_of(i)] ?: range_bytes;
		row->calls = row->bytes / PIECE;
		if (state_of(i) == TOUCH)
			row->aside = "page faults count here, and the kernel takes none there";
		row->shares = state_of(i) == COLD ? COLD_SHARES : 1;
	}
	add_map_rows(section);
}

/* The slow path makes the source, as it does in the kernel. */
static void make_block(void)
{
	char *block = allocate(MAX_BLOCK);

	for (size_t at = 0; at < MAX_BLOCK; at += sizeof(struct descriptor))
		init_memmap(block + at, 1, ZONE_DEVICE, 0, &pgmap);
	source.block = block;
}

/* The bytes that a way must store, computed without any of the ways. */
static void fill_expected(char *to, size_t bytes, int way)
{
	uint64_t words[8] = { ZONE_DEVICE << ZONE_SHIFT | 1UL << RESERVED_BIT, (uintptr_t)&pgmap, [6] = 0xffffffff };

	for (int i = 0; i < 8 && way == stosq; i++)
		words[i] = STOSQ_WORD;
	for (size_t at = 0; at < bytes; at += sizeof(words))
		memcpy(to + at, words, sizeof(words));
}

/* A single page, a page more than the largest block, and many blocks with a ragged end. */
static void verify_all(const struct section *section)
{
	static const size_t sizes[] = { PAGE_SIZE, MAX_BLOCK + PAGE_SIZE, 600 << 10 };
	char *expected = ranges[0], *to = ranges[0] + range_bytes / 2;

	for (int way = 0; way < section->nr_ways; way++) {
		fill_expected(expected, sizes[2], way);
		for (int size = 0; size < 3 && !section->ways[way].missing; size++) {
			surround(to, expected, sizes[size]);
			fills[way].fill(&fills[way], &source, to, sizes[size]);
			judge(section->ways[way].name, "fill", to, expected, sizes[size]);
		}
	}
}

void prepare_fills(struct run *run)
{
	struct section *section = &run->fills;

	*section = (struct section){ .name = "memmap", .sample = sample };
	range_bytes = beyond_cache(run->cache, 0, run->available / 16, "fills");
	run->range_bytes = range_bytes;
	maps_bytes = range_bytes;
	for (int i = 0; i < NR_SIZES && map_sizes[i] <= run->available / 16; i++)
		if (maps_bytes < map_sizes[i])
			maps_bytes = map_sizes[i];
	add_ways(section);
	add_rows(section);
	for (int kind = 0; kind < NR_KINDS; kind++)
		allocate_kind(section, kind);
	make_block();
	verify_all(section);
}
