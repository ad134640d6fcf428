// SPDX-License-Identifier: GPL-2.0
/*
 * Times the copy of a hugetlb page on copy-on-write, by the page of it that is written to: in the
 * order of v7.3, which copies each page by a call of its own, and in the runs of the series.
 *
 * v7.3 copies the faulting page last, so that its cache lines are hot when the fault returns. Rows
 * with +read also read the neighbourhood of that page afterwards, which is what the order is for.
 */
#include <stdio.h>

#include "copies.h"
#include "host.h"
#include "memory.h"
#include "probe.h"
#include "random.h"
#include "routines.h"
#include "samples.h"

/* Pages on either side of the faulting one: FOLIO_LOCALITY_RADIUS of mm/memory.c. */
#define RADIUS 2

/* Shares of the time of a row of GIGANTIC, whose rounds take a second. */
#define GIGANTIC_SHARES 12

enum { RUNS = FIRST_OTHER, ONE_RUN, NR_WAYS };

/* Places of the fault, in hundredths of the folio. */
static const struct place {
	const char *name;
	unsigned int hundredths;
} places[] = {
	{ "fault at 0%", 0 },	{ "fault at 25%", 25 },	  { "fault at 50%", 50 },
	{ "fault at 75%", 75 }, { "fault at 100%", 100 },
};

#define NR_PLACES (sizeof(places) / sizeof(places[0]))

/* Pages first to end - 1 */
struct range {
	size_t first, end;
};

typedef void copy_folio(char *to, const char *from, size_t nr, size_t fault);

static struct piece hot; /* of this visit */

static size_t fault_page(int row, size_t nr)
{
	size_t page = nr * places[row % NR_PLACES].hundredths / 100;

	return page < nr ? page : nr - 1;
}

static struct range neighbourhood(size_t nr, size_t fault)
{
	return (struct range){ fault < RADIUS ? 0 : fault - RADIUS, fault + RADIUS < nr ? fault + RADIUS + 1 : nr };
}

static void copy_range(char *to, const char *from, size_t first, size_t end, int routine)
{
	if (first < end)
		mc_routines[routine].copy(to + first * PAGE_SIZE, from + first * PAGE_SIZE, (end - first) * PAGE_SIZE);
}

static void copy_one(char *to, const char *from, size_t page)
{
	copy_range(to, from, page, page + 1, MC_PAGE_BY_PAGE);
}

/*
 * v7.3. The middle is the largest range with the faulting page in its centre. The pages above it come
 * first, backwards, or those below it. Then the middle is copied from both its ends in turns.
 */
static void copy_by_turns(char *to, const char *from, size_t nr, size_t fault)
{
	size_t low = 2 * fault > nr ? 2 * fault - nr : 0, high = 2 * fault > nr ? nr : 2 * fault;

	for (size_t page = nr; page > high; page--)
		copy_one(to, from, page - 1);
	for (size_t page = 0; page < low; page++)
		copy_one(to, from, page);
	while (low < high) {
		copy_one(to, from, low++);
		copy_one(to, from, --high);
	}
}

/* v7.3, for folios that are larger than the page allocator's. */
static void copy_forwards(char *to, const char *from, size_t nr, size_t fault __attribute__((unused)))
{
	for (size_t page = 0; page < nr; page++)
		copy_one(to, from, page);
}

/* The series: what is right of the neighbourhood, what is left of it, and the neighbourhood. */
static void copy_in_runs(char *to, const char *from, size_t nr, size_t fault)
{
	struct range near = neighbourhood(nr, fault);
	int routine = selected_mc_routine();

	copy_range(to, from, near.end, nr, routine);
	copy_range(to, from, 0, near.first, routine);
	copy_range(to, from, near.first, near.end, routine);
}

/* Without a neighbourhood: shows what that costs, and what it gains with +read. */
static void copy_in_one_run(char *to, const char *from, size_t nr, size_t fault __attribute__((unused)))
{
	copy_range(to, from, 0, nr, selected_mc_routine());
}

static copy_folio *copy_of(int way, size_t bytes)
{
	if (way == ONE_RUN)
		return copy_in_one_run;
	if (way == RUNS)
		return copy_in_runs;
	return bytes == GIGANTIC ? copy_forwards : copy_by_turns;
}

static double time_copy(const struct row *row, int index, int way, struct piece piece)
{
	size_t nr = row->size / PAGE_SIZE, fault = fault_page(index, nr);
	struct range near = neighbourhood(nr, fault);
	copy_folio *copy = copy_of(way, row->size);
	int64_t start = row->size == GIGANTIC ? cpu_ns() : now_ns();

	copy(piece.to, piece.from, nr, fault);
	if (row->read)
		read_lines(piece.to + near.first * PAGE_SIZE, (near.end - near.first) * PAGE_SIZE);
	return (row->size == GIGANTIC ? cpu_ns() : now_ns()) - start;
}

static bool is_hot(const struct row *row)
{
	return *row->state == 'h';
}

static void visit(const struct section *section, int row, uint64_t *random)
{
	if (is_hot(&section->rows[row]))
		hot = random_hot_piece(section->rows[row].size, random);
}

static double sample(const struct section *section, int index, int way)
{
	const struct row *row = &section->rows[index];

	if (row->size == GIGANTIC)
		return time_copy(row, index, way, gigantic_piece());
	if (!is_hot(row))
		return time_copy(row, index, way, next_cold_piece(row->size));
	time_copy(row, index, way, hot);
	return time_copy(row, index, way, hot);
}

static void verify(const struct section *section, int way, size_t nr)
{
	struct piece piece = guarded_piece();

	for (size_t place = 0; place < NR_PLACES; place++) {
		surround(piece.to, piece.from, nr * PAGE_SIZE);
		copy_of(way, nr * PAGE_SIZE)(piece.to, piece.from, nr, fault_page(place, nr));
		judge(section->ways[way].name, places[place].name, piece.to, piece.from, nr * PAGE_SIZE);
	}
}

static struct row *add_row(struct section *section, size_t size, const char *state, bool read)
{
	struct row *row = &section->rows[section->nr_rows];

	*row = (struct row){ .kind = places[section->nr_rows % NR_PLACES].name,
			     .src = NO_NODE,
			     .dst = NO_NODE,
			     .size = size,
			     .state = state,
			     .read = read,
			     .bytes = size,
			     .calls = 1,
			     .shares = 1 };
	section->nr_rows++;
	return row;
}

/* The rows of a state follow each other, place by place: fault_page() counts on it. */
static void add_rows(struct section *section, const struct run *run)
{
	for (size_t i = 0; i < 4 * NR_PLACES; i++) {
		bool cold = i / NR_PLACES / 2, read = i / NR_PLACES % 2;
		struct row *row = add_row(section, HUGE_PAGE, cold ? "cold" : "hot", read);

		if (!cold && 2 * HUGE_PAGE > run->cache)
			row->missing = "source and destination do not fit into the last level cache";
	}
	for (size_t i = 0; i < NR_PLACES && run->all; i++) {
		struct row *row = add_row(section, GIGANTIC, "cold", false);

		row->shares = GIGANTIC_SHARES;
		if (!gigantic_piece().to)
			row->missing = run->functional ? "takes too long on an emulated CPU"
						       : "takes 7 GiB of available memory or more";
	}
}

/* Call this after prepare_copies(), which allocates the pools and selects the base. */
void prepare_cow(struct run *run)
{
	static const char *const ways[NR_WAYS] = { "by turns, backwards", "same again", "forward runs", "one run" };

	run->cow =
		(struct section){ .name = "cow", .visit = visit, .sample = sample, .nr_ways = NR_WAYS, .chosen = RUNS };
	for (int way = 0; way < NR_WAYS; way++) {
		snprintf(run->cow.ways[way].name, sizeof(run->cow.ways[way].name), "%s", ways[way]);
		verify(&run->cow, way, HUGE_PAGE / PAGE_SIZE);
	}
	add_rows(&run->cow, run);
}
