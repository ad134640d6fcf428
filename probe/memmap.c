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

enum state { COLD, HOT, TOUCH, NR_STATES };

static const char *const state_names[NR_STATES] = { "cold", "hot", "touch" };

static const struct pgmap pgmap = { .type = DEVICE_PRIVATE };

static struct fill fills[MAX_WAYS];
static struct source source = { .pgmap = &pgmap };
static char *ranges[NR_KINDS]; /* of range_bytes each */
static char *fresh[NR_KINDS];  /* of TOUCH_BYTES each */
static size_t range_bytes;
static size_t cursor; /* the next hot part of a range */

static bool reads(int row)
{
	return row % 2;
}

static enum state state_of(int row)
{
	return row / 2 % NR_STATES;
}

static int kind_of(int row)
{
	return row / 2 / NR_STATES;
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

static double sample(const struct section *section __attribute__((unused)), int row, int way)
{
	switch (state_of(row)) {
	case COLD:
		return sample_cold(row, way);
	case HOT:
		return sample_hot(row, way);
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

static int add_block(struct section *section, size_t block, int routine)
{
	struct fill fill = { fill_by_block, &routines[routine], block };
	bool kilo = block < 1 << 20;
	char name[20];

	snprintf(name, sizeof(name), "%zu%c %s", block >> (kilo ? 10 : 20), kilo ? 'K' : 'M', routines[routine].name);
	return add_way(section, name, fill);
}

static void add_ways(struct section *section)
{
	const struct fill slow_path = { .fill = fill_by_slow_path };
	const struct fill template = { .fill = fill_by_template };
	const struct fill movnti = { .fill = fill_by_movnti };
	const struct fill movdir64b = { .fill = fill_by_movdir64b };
	int selected = selected_routine(), way;

	add_way(section, "slow path", slow_path);
	add_way(section, "same again", slow_path);
	add_way(section, "64-byte template", template);
	add_way(section, "movnti", movnti);
	way = add_way(section, "movdir64b", movdir64b);
	if (!host_has_flag("movdir64b"))
		section->ways[way].missing = "this CPU has no MOVDIR64B";

	/* Blocks are copied as copy_pages() copies on this CPU, and one block also as on other CPUs. */
	add_block(section, 4 << 10, selected);
	section->chosen = add_block(section, REPLICATED, selected);
	add_block(section, 256 << 10, selected);
	add_block(section, MAX_BLOCK, selected);
	for (int routine = UNROLLED; routine <= REP_MOVSB; routine++)
		if (routine != selected)
			add_block(section, REPLICATED, routine);
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

/* Returns NULL, or why there is no memory of this kind. */
static const char *allocate_range(int index)
{
	size_t before = host_huge_page_bytes();

	ranges[index] = map_kind(&kinds[index], range_bytes);
	if (!ranges[index])
		return refusal();
	return mapped_as(&kinds[index], before, range_bytes) ? NULL : "no memory mapped in pages of this size";
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

	set_missing(rows, TOUCH * 2, allocate_range(index));
	set_missing(rows + TOUCH * 2, 2, allocate_fresh(index));
}

static void add_rows(struct section *section)
{
	static const size_t pieces[NR_STATES] = { [HOT] = HOT_BYTES, [TOUCH] = TOUCH_BYTES };

	section->nr_rows = NR_KINDS * NR_STATES * 2;
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
}

/* The slow path makes the block, as it is to do in the kernel. */
static void make_block(void)
{
	char *block = allocate(MAX_BLOCK);

	for (size_t at = 0; at < MAX_BLOCK; at += sizeof(struct descriptor))
		init_memmap(block + at, 1, ZONE_DEVICE, 0, &pgmap);
	source.block = block;
}

/* The bytes that every way must store, computed without any of the ways. */
static void fill_expected(char *to, size_t bytes)
{
	const uint64_t words[8] = { ZONE_DEVICE << ZONE_SHIFT | 1UL << RESERVED_BIT,
				    (uintptr_t)&pgmap, [6] = 0xffffffff };

	for (size_t at = 0; at < bytes; at += sizeof(words))
		memcpy(to + at, words, sizeof(words));
}

/* A single page, a page more than the kernel's block, and more than the largest block, with a ragged end. */
static void verify_all(const struct section *section)
{
	static const size_t sizes[] = { PAGE_SIZE, 36 << 10, MAX_BLOCK + (300 << 10) };
	char *expected = ranges[0], *to = ranges[0] + range_bytes / 2;

	fill_expected(expected, sizes[2]);
	for (int way = 0; way < section->nr_ways; way++) {
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
	add_ways(section);
	add_rows(section);
	for (int kind = 0; kind < NR_KINDS; kind++)
		allocate_kind(section, kind);
	make_block();
	verify_all(section);
}
