// SPDX-License-Identifier: GPL-2.0
/*
 * Would the memory map of ordinary memory gain by copying struct pages, too? What v7.3 stores in each
 * one at boot, 9 stores of which two are its own address, against a template and those two stores,
 * and against blocks and those two stores. Blocks alone are what is not possible: the bound.
 *
 * Whoever plugs memory in, or boots, then frees it to the page allocator, which stores in every
 * struct page once more. Rows with "+free" have that, too.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fills.h"
#include "memory.h"
#include "section.h"
#include "stats.h"

#define SECONDS		20
#define CONFIDENCE	0.05
#define CHUNK		(1024 * sizeof(struct descriptor))	/* the page allocator's largest */

enum { COLD, COLD_FREE, HOT, HOT_FREE, NR_ROWS };
enum { BUILT = BASE, TEMPLATE = FIRST_OTHER, BLOCK, BLOCK_ONLY, NR_WAYS };

static struct section section = {
	.name = "normal memory", .nr_rows = NR_ROWS, .nr_ways = NR_WAYS,
	.rows = { { .name = "cold", .shares = 1 }, { .name = "cold +free", .shares = 1 },
		  { .name = "hot", .shares = 1 }, { .name = "hot +free", .shares = 1 } },
	.ways = { { "built" }, { "same again" }, { "64-byte template" }, { "32K block" },
		  { "no list heads" } },
};

static struct source source;
static char *range;
static size_t range_bytes;

/* As in the loop of memmap_init_range(), in the order of its instructions. */
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

/* What differs from one to the next need not be copied. */
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

static void visit(const struct section *self __attribute__((unused)),
		  int row __attribute__((unused)), uint64_t *random __attribute__((unused)))
{
}

static void make_source(void)
{
	char *block = allocate(MAX_BLOCK);

	for (size_t at = 0; at < MAX_BLOCK; at += sizeof(struct descriptor))
		build((void *)(block + at));
	source.block = block;
}

/* All but the bound have to store the same bytes. */
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

static void print_row(int row)
{
	static double ns[MAX_ROUNDS];
	unsigned int n = section.rows[row].rounds - 1;
	const double *base = section.ns[row][BASE] + 1;

	memcpy(ns, base, n * sizeof(*ns));
	printf("%-12s%10.2f", section.rows[row].name,
	       median(ns, n) / (range_bytes / sizeof(struct descriptor)));
	for (int way = CONTROL; way < NR_WAYS; way++) {
		struct interval ratio = ratio_interval(base, section.ns[row][way] + 1, n,
						       CONFIDENCE / (NR_ROWS * (NR_WAYS - 1)));

		printf("%8.2f +-%4.1f%%", ratio.middle,
		       100 * fmax(ratio.high - ratio.middle, ratio.middle - ratio.low) / ratio.middle);
	}
	printf("  n = %u\n", n);
}

int main(void)
{
	struct host host;

	look_at_host(&host);
	range_bytes = beyond_cache(&host, 0, host.available / 16, "fills");
	range = allocate(range_bytes);
	make_source();
	verify();
	section.visit = visit;
	section.sample = sample;
	measure(&section, now_ns(), SECONDS);

	printf("%s, Linux %s\n%-12s%10s", host.model_name, host.kernel, "", "ns, built");
	for (int way = CONTROL; way < NR_WAYS; way++)
		printf("%16s", section.ways[way].name);
	putchar('\n');
	for (int row = 0; row < NR_ROWS; row++)
		print_row(row);
	printf("times as fast as built, n rounds of %zu MiB\n", range_bytes >> 20);
	return 0;
}
