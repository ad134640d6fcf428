// SPDX-License-Identifier: GPL-2.0
/*
 * Would the memory map of ordinary memory gain by copying struct pages, too? At boot, v7.3 makes 9
 * stores in each struct page, two of them its own address. Compared are these stores, a template
 * plus the two stores, and blocks plus the two stores. Blocks alone: an upper bound, not
 * implementable.
 *
 * Memory that is hot-plugged, or found at boot, is then freed to the page allocator, which stores
 * in every struct page once more. Rows of the kind "freed" include these stores.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fills.h"
#include "host.h"
#include "memory.h"
#include "output.h"
#include "samples.h"
#include "section.h"

#define SECONDS 20
#define CHUNK	(1024 * sizeof(struct descriptor)) /* memmap of the page allocator's largest block */

enum { COLD, COLD_FREE, HOT, HOT_FREE, NR_ROWS };
enum { BUILT = BASE, TEMPLATE = FIRST_OTHER, BLOCK, BLOCK_ONLY, NR_WAYS };

#define ROW(k, s)                                                                  \
	{                                                                          \
		.kind = k, .src = NO_NODE, .dst = NO_NODE, .state = s, .shares = 1 \
	}

static struct section section = {
	.name = "normal memory",
	.nr_rows = NR_ROWS,
	.nr_ways = NR_WAYS,
	.chosen = NO_WAY,
	.rows = { ROW("", "cold"), ROW("freed", "cold"), ROW("", "hot"), ROW("freed", "hot") },
	.ways = { { "built" }, { "same again" }, { "64-byte template" }, { "32K block" }, { "no list heads" } },
};

static struct source source;
static char *range;
static size_t range_bytes;

/* The stores of the loop in memmap_init_range(), in the order of its instructions. */
static void build(volatile struct descriptor *page)
{
	page->refcount = 1;
	page->memcg = 0;
	page->mapcount = -1;
	page->private = 0;
	page->next = (void *)&page->next;
	page->index = 0;
	page->mapping = 0;
	page->flags = 1UL << NODE_SHIFT;
	page->previous = (void *)&page->next;
}

static void point_to_itself(volatile struct descriptor *page)
{
	page->next = (void *)&page->next;
	page->previous = (void *)&page->next;
}

/* Copies all words except the two that differ from one struct page to the next. */
static void copy_template(volatile struct descriptor *page)
{
	volatile unsigned long *to = (void *)page;
	const volatile unsigned long *from = (const void *)source.block;

	to[0] = from[0];
	point_to_itself(page);
	to[3] = from[3];
	to[4] = from[4];
	to[5] = from[5];
	to[6] = from[6];
	to[7] = from[7];
}

static void fill(int way, char *to, size_t bytes)
{
	static const struct fill block = { fill_by_block, &routines[REP_MOVSB], REPLICATED };
	struct descriptor *page = (void *)to, *end = (void *)(to + bytes);

	switch (way) {
	case TEMPLATE:
		for (; page < end; page++)
			copy_template(page);
		break;
	case BLOCK:
	case BLOCK_ONLY:
		block.fill(&block, &source, to, bytes);
		for (; way == BLOCK && page < end; page++)
			point_to_itself(page);
		break;
	default:
		for (; page < end; page++)
			build(page);
	}
}

static void free_pages(char *at, size_t bytes)
{
	volatile struct descriptor *page = (void *)at, *end = (void *)(at + bytes);

	for (; page < end; page++) {
		page->flags &= ~(1UL << RESERVED_BIT);
		page->refcount = 0;
	}
}

static double sample(const struct section *self __attribute__((unused)), int row, int way)
{
	size_t piece = row < HOT ? range_bytes : HUGE_PAGE;
	double ns = 0;

	for (size_t at = 0; row < HOT && at < range_bytes; at += HUGE_PAGE)
		zero_piece(range + at, HUGE_PAGE);
	for (size_t at = 0; at < range_bytes; at += piece) {
		int64_t start;

		if (row >= HOT)
			zero_piece(range + at, piece);
		start = cpu_ns();
		for (size_t chunk = at; chunk < at + piece; chunk += CHUNK) {
			fill(way, range + chunk, CHUNK);
			if (row == COLD_FREE || row == HOT_FREE)
				free_pages(range + chunk, CHUNK);
		}
		ns += cpu_ns() - start;
	}
	return ns;
}

static void make_source(void)
{
	char *block = allocate(MAX_BLOCK);

	for (size_t at = 0; at < MAX_BLOCK; at += sizeof(struct descriptor))
		build((void *)(block + at));
	source.block = block;
}

/* All ways must store the same bytes, except the upper bound, which leaves out the list heads. */
static void verify(void)
{
	static char expected[CHUNK];

	for (int way = 0; way < BLOCK_ONLY; way++) {
		memset(range, GUARD, CHUNK);
		fill(way, range, CHUNK);
		if (way == BUILT)
			memcpy(expected, range, CHUNK);
		else if (memcmp(expected, range, CHUNK))
			die("%s stores other bytes", section.ways[way].name);
	}
}

static void prepare(void)
{
	range_bytes = beyond_cache(host_last_level_cache(sched_getcpu()), 0, available_memory() / 16, "fills");
	range = allocate(range_bytes);
	make_source();
	verify();
	section.sample = sample;
	section.max_rounds = rounds_in(SECONDS);
	for (int row = 0; row < NR_ROWS; row++) {
		section.rows[row].bytes = range_bytes;
		section.rows[row].calls = range_bytes / CHUNK;
	}
	select_ways(&section, true, NULL);
}

int main(int argc, char **argv)
{
	uint64_t seed = now_ns();
	FILE *file;

	if (argc != 2 || argv[1][0] == '-') {
		fputs("Usage: normal FILE\nWrites samples of ways to fill the memory map of ordinary memory.\n",
		      stderr);
		return EXIT_REFUSED;
	}
	file = open_output(argv[1]);
	prepare();
	add_probe_environment(sched_getcpu(), seed);
	add_environment_number("range_bytes", range_bytes);
	write_environment(file);
	host_watch_begin();
	measure(&section, seed, SECONDS);
	host_watch_end();
	write_plan(file, &section, 0);
	write_rounds(file, &section, 0, host_is_emulated());
	write_end(file, section.seconds, host_disturbance());
	finish_output(file);
	return 0;
}
