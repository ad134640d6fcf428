// SPDX-License-Identifier: GPL-2.0
/*
 * A pass visits the rows of a section in random order. In each row, it takes one sample of every
 * way, again in random order: this is a round. So all rows are measured over the whole run, and a
 * disturbance hits all of them a little and none of them alone.
 *
 * A round takes from 200 us to a quarter of a second, and every row has its share of the time. So a
 * pass leaves out rows that have had more time than the others, and rows that would end too early.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "memory.h"
#include "samples.h"
#include "random.h"
#include "section.h"

#define LEAST_ROUNDS 2 /* the first one, kept apart, and one that counts */

/* More rounds than these add nothing to a run of ENOUGH_SECONDS. "make check" sets fewer. */
#ifndef ENOUGH_ROUNDS
#define ENOUGH_ROUNDS  401
#define ENOUGH_SECONDS 78
#endif

unsigned int rounds_in(double seconds)
{
	return ENOUGH_ROUNDS * fmax(seconds / ENOUGH_SECONDS, 1);
}

/* Returns a text such as 64K. */
static const char *size_name(size_t size)
{
	static char name[16];
	int unit = 0;

	for (size >>= 10; size >= 1024; size >>= 10)
		unit++;
	snprintf(name, sizeof(name), "%zu%c", size, "KMG"[unit]);
	return name;
}

const char *row_name(const struct row *row)
{
	static char name[64];
	char nodes[24] = "", beside[24] = "";

	if (row->src != NO_NODE)
		snprintf(nodes, sizeof(nodes), "%d->%d ", row->src, row->dst);
	if (row->beside && row->beside->cpu != NO_CPU)
		snprintf(beside, sizeof(beside), " beside CPU %d", row->beside->cpu);
	snprintf(name, sizeof(name), "%s%s%s%s%s%s%s%s", row->kind, *row->kind ? " " : "", nodes, row->state,
		 row->size ? " " : "", row->size ? size_name(row->size) : "", row->read ? " +read" : "", beside);
	return name;
}

bool is_listed(const char *list, const char *name)
{
	while (list && *list) {
		size_t length = strcspn(list, ";");

		if (length == strlen(name) && !strncmp(list, name, length))
			return true;
		list += length + (list[length] == ';');
	}
	return false;
}

static void select_ways_of_row(const struct section *section, struct row *row)
{
	row->nr_ways = 0;
	for (int way = 0; way < section->nr_ways; way++) {
		bool always = way < FIRST_OTHER || way == section->chosen;

		if (section->ways[way].wanted && !section->ways[way].missing && (always || !(row->left_out >> way & 1)))
			row->ways[row->nr_ways++] = way;
	}
}

void select_ways(struct section *section, bool all, const char *list)
{
	for (int i = 0; i < section->nr_ways; i++)
		section->ways[i].wanted = all || i < FIRST_OTHER || i == section->chosen ||
					  is_listed(list, section->ways[i].name);
	for (int i = 0; i < section->nr_rows; i++)
		select_ways_of_row(section, &section->rows[i]);
}

static double *resized(double *ns, size_t values)
{
	ns = realloc(ns, values * sizeof(*ns));
	if (!ns)
		die("no memory for the samples: free some memory");
	return ns;
}

static void make_room(struct row *row)
{
	size_t values;

	if (row->rounds < row->capacity)
		return;
	row->capacity = 2 * row->capacity + 64;
	values = (size_t)row->capacity * row->nr_ways;
	row->ns = resized(row->ns, values);
	row->order = realloc(row->order, values);
	if (!row->order)
		die("no memory for the samples: free some memory");
	if (!row->beside)
		return;
	row->walk_ns = resized(row->walk_ns, values);
	row->alone_ns = resized(row->alone_ns, values);
}

/* The order of the ways in a round does not depend on how many rounds other rows have had. */
static void measure_row(struct section *section, int index, uint64_t seed)
{
	struct row *row = &section->rows[index];
	uint64_t random = seed + ((uint64_t)index << 32) + row->rounds;
	int64_t start = now_ns();
	uint32_t order[MAX_WAYS];
	size_t first;

	make_room(row);
	first = (size_t)row->rounds * row->nr_ways;
	if (section->visit)
		section->visit(section, index, &random);
	shuffle(order, row->nr_ways, &random);
	for (int i = 0; i < row->nr_ways; i++) {
		row->order[first + i] = order[i];
		row->ns[first + order[i]] = section->sample(section, index, row->ways[order[i]]);
		if (!row->beside)
			continue;
		row->walk_ns[first + order[i]] = row->beside->walk_ns;
		row->alone_ns[first + order[i]] = row->beside->alone_ns;
	}
	row->rounds++;
	row->spent += now_ns() - start;
}

static bool is_behind(const struct section *section, const struct row *row, double pace)
{
	return !row->missing && row->rounds < section->max_rounds && row->rounds <= pace;
}

/* Returns the mean time per share of the rows that are behind, or a negative number if none is. */
static double mean_spent(const struct section *section, double pace)
{
	double sum = 0;
	int n = 0;

	for (int i = 0; i < section->nr_rows; i++) {
		const struct row *row = &section->rows[i];

		if (!is_behind(section, row, pace))
			continue;
		sum += (double)row->spent / row->shares;
		n++;
	}
	return n ? sum / n : -1;
}

/* Returns false if nothing is left to do. */
static bool pass(struct section *section, uint64_t seed, uint64_t *random, double pace)
{
	double share = mean_spent(section, pace);
	uint32_t rows[MAX_ROWS];

	if (share < 0) {
		pace = section->max_rounds;
		share = mean_spent(section, pace);
	}
	shuffle(rows, section->nr_rows, random);
	for (int i = 0; i < section->nr_rows; i++) {
		const struct row *row = &section->rows[rows[i]];

		if (is_behind(section, row, pace) &&
		    (row->rounds < LEAST_ROUNDS || (double)row->spent / row->shares <= share))
			measure_row(section, rows[i], seed);
	}
	return share >= 0;
}

static void say_progress(const struct section *section, double seconds)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s: %.0f of %.0f s ", section->name, section->seconds, seconds);
}

static bool lacks_rounds(const struct section *section)
{
	for (int i = 0; i < section->nr_rows; i++)
		if (is_behind(section, &section->rows[i], LEAST_ROUNDS - 1))
			return true;
	return false;
}

/* Every row gets at least one round after the first, however slow the machine is. */
void measure(struct section *section, uint64_t seed, double seconds)
{
	uint64_t random = seed;
	int64_t start = now_ns();

	while (section->seconds < seconds || lacks_rounds(section)) {
		double fraction = fmin(section->seconds / fmax(seconds, 1e-9), 1);

		say_progress(section, seconds);
		if (!pass(section, seed, &random, section->max_rounds * fraction))
			break;
		section->seconds = (now_ns() - start) / 1e9;
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
