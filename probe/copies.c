// SPDX-License-Identifier: GPL-2.0
/* What would copy_pages() gain on this CPU? The kernel's copy routines, timed in user space. */
#include <string.h>

#include "memory.h"
#include "probe.h"
#include "routines.h"

#define NR_SIZES	6

/* What every sample copies, whatever the size of its pieces: some 20 us hot, some 200 us cold. */
#define SAMPLE_BYTES	(2UL << 20)

/* Hot copies move about in here, so that no row hangs on where its one piece happens to lie. */
#define HOT_BYTES	(16UL << 20)

static const size_t sizes[NR_SIZES] = { 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20 };

/* The pieces of a sample, at these offsets. */
struct plan {
	size_t size;
	bool cold;
	bool read;
	unsigned int copies;
	uint32_t to[SAMPLE_BYTES / PAGE_SIZE];
	uint32_t from[SAMPLE_BYTES / PAGE_SIZE];
};

static struct plan plans[MAX_ROWS];
static char *hot_to, *hot_from;			/* HOT_BYTES each */
static char *pool_to, *pool_from;
static size_t pool_bytes;
static size_t cursor;				/* the next cold part of the pools */
static size_t to_offset, from_offset;		/* of the hot copies of this visit */

static void allocate_memory(struct run *run)
{
	pool_bytes = beyond_cache(&run->host, run->host.available / 4, "copies");
	pool_to = allocate(pool_bytes);
	pool_from = allocate(pool_bytes);
	hot_to = allocate(HOT_BYTES);
	hot_from = allocate(HOT_BYTES);
	run->pool_bytes = pool_bytes;
	run->total_bytes = 2 * (pool_bytes + HOT_BYTES);
	run->huge_bytes = huge_page_bytes();
	if (run->huge_bytes < run->total_bytes)
		warn(&run->host, "only %zu of %zu MiB in huge pages, so TLB misses count too: see "
		     "/sys/kernel/mm/transparent_hugepage/enabled",
		     run->huge_bytes >> 20, run->total_bytes >> 20);
}

/* A different value in every word, so that a page in the wrong place is wrong. */
static void fill_source(char *from, size_t size, uint64_t seed)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t state = seed + at, value = next_random(&state);

		memcpy(from + at, &value, sizeof(value));
	}
}

static void verify(const struct routine *routine, size_t size)
{
	char *to = hot_to + HOT_BYTES / 2, *from = hot_from;

	surround(to, from, size);
	routine->copy(to, from, size);
	judge(routine->name, "copy", to, from, size);
}

static void verify_all(uint64_t seed)
{
	fill_source(hot_from, SAMPLE_BYTES, seed);
	for (int routine = 0; routine < NR_ROUTINES; routine++)
		for (int size = 0; size < NR_SIZES; size++)
			verify(&routines[routine], sizes[size]);
}

/*
 * A cold sample takes the pieces of its part of the pools in random order, as the folios that are
 * migrated do not lie in a row either. A hot one copies the same piece again and again: offset 0.
 */
static void plan_pieces(struct plan *plan, uint64_t *random)
{
	plan->copies = SAMPLE_BYTES / plan->size;
	if (!plan->cold)
		return;
	shuffle(plan->to, plan->copies, random);
	shuffle(plan->from, plan->copies, random);
	for (unsigned int copy = 0; copy < plan->copies; copy++) {
		plan->to[copy] *= plan->size;
		plan->from[copy] *= plan->size;
	}
}

static void name_row(struct row *row, const struct plan *plan)
{
	bool kilo = plan->size < 1 << 20;

	snprintf(row->name, sizeof(row->name), "%s %zu%c%s", plan->cold ? "cold" : "hot",
		 plan->size >> (kilo ? 10 : 20), kilo ? 'K' : 'M', plan->read ? " +read" : "");
}

static void plan_rows(struct section *section, uint64_t seed)
{
	uint64_t random = ~seed;		/* not the numbers that measure() draws */

	section->nr_rows = NR_SIZES * 4;
	for (int i = 0; i < section->nr_rows; i++) {
		struct plan *plan = &plans[i];
		struct row *row = &section->rows[i];

		plan->size = sizes[i % NR_SIZES];
		plan->read = i / NR_SIZES % 2;
		plan->cold = i / NR_SIZES / 2;
		plan_pieces(plan, &random);
		name_row(row, plan);
		row->bytes = SAMPLE_BYTES;
		row->calls = plan->copies;
	}
}

static double time_copies(const struct plan *plan, const struct routine *routine, char *to,
			  const char *from)
{
	int64_t start = now_ns();

	for (unsigned int copy = 0; copy < plan->copies; copy++) {
		routine->copy(to + plan->to[copy], from + plan->from[copy], plan->size);
		if (plan->read)
			read_lines(to + plan->to[copy], plan->size);
	}
	return now_ns() - start;
}

static void visit(int row, uint64_t *random)
{
	size_t places = HOT_BYTES / plans[row].size;

	to_offset = next_random(random) % places * plans[row].size;
	from_offset = next_random(random) % places * plans[row].size;
}

static double sample(int row, int way)
{
	const struct routine *routine = &routines[way];
	const struct plan *plan = &plans[row];
	size_t part = cursor;

	if (plan->cold) {
		cursor = (part + SAMPLE_BYTES) % pool_bytes;
		return time_copies(plan, routine, pool_to + part, pool_from + part);
	}
	time_copies(plan, routine, hot_to + to_offset, hot_from + from_offset);
	return time_copies(plan, routine, hot_to + to_offset, hot_from + from_offset);
}

void prepare_copies(struct run *run)
{
	struct section *section = &run->copies;

	*section = (struct section){ .name = "copies", .call = "copy", .visit = visit,
				     .sample = sample, .nr_ways = NR_ROUTINES,
				     .extra_verdicts = 2 };
	for (int i = 0; i < NR_ROUTINES; i++)
		snprintf(section->ways[i].name, sizeof(section->ways[i].name), "%s",
			 routines[i].name);
	allocate_memory(run);
	verify_all(run->seed);
	plan_rows(section, run->seed);
}
