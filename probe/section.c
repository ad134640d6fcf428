// SPDX-License-Identifier: GPL-2.0
/*
 * A pass visits the rows of a section in random order, and in each row takes one sample of every
 * way, again in random order: a round. All rows are thus measured over the whole run: a disturbance
 * hits all of them a little and none of them alone.
 *
 * A round takes from 200 us to a quarter of a second, and every row has its share of the time: a
 * pass leaves out those that have had more than the others, and those that would end too early.
 */
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "section.h"

#define LEAST_ROUNDS	2			/* the first one and one to look at */

/* splitmix64: the whole run's order follows from one number. */
uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void shuffle(uint32_t *values, unsigned int n, uint64_t *random)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int j = next_random(random) % (i + 1);

		values[i] = values[j];
		values[j] = i;
	}
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

bool is_measured(const struct section *section, int row, int way)
{
	if (section->ways[way].missing || section->rows[row].missing)
		return false;
	return !section->rows[row].few || way < FIRST_OTHER || way == section->candidate;
}

/* The order in a round does not hang on how many rounds other rows have had. */
static void measure_row(struct section *section, int index, uint64_t seed)
{
	struct row *row = &section->rows[index];
	uint64_t random = seed + MAX_ROUNDS * index + row->rounds;
	int64_t start = now_ns();
	uint32_t order[MAX_WAYS];

	section->visit(section, index, &random);
	shuffle(order, section->nr_ways, &random);
	for (int i = 0; i < section->nr_ways; i++) {
		int way = order[i];

		section->order[index][row->rounds][i] = way;
		if (is_measured(section, index, way))
			section->ns[index][way][row->rounds] = section->sample(section, index, way);
	}
	row->rounds++;
	row->spent += now_ns() - start;
}

static bool is_behind(const struct row *row, double pace)
{
	return !row->missing && row->rounds < MAX_ROUNDS && row->rounds <= pace;
}

/* What a share of the time has come to in the rows that are behind; negative if none is. */
static double mean_spent(const struct section *section, double pace)
{
	double sum = 0;
	int n = 0;

	for (int i = 0; i < section->nr_rows; i++) {
		const struct row *row = &section->rows[i];

		if (!is_behind(row, pace))
			continue;
		sum += (double)row->spent / row->shares;
		n++;
	}
	return n ? sum / n : -1;
}

/* False if there is nothing left to do. */
static bool pass(struct section *section, uint64_t seed, uint64_t *random, double pace)
{
	double share = mean_spent(section, pace);
	uint32_t rows[MAX_ROWS];

	if (share < 0) {
		pace = MAX_ROUNDS;
		share = mean_spent(section, pace);
	}
	shuffle(rows, section->nr_rows, random);
	for (int i = 0; i < section->nr_rows; i++) {
		const struct row *row = &section->rows[rows[i]];

		if (is_behind(row, pace) &&
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
		if (is_behind(&section->rows[i], LEAST_ROUNDS - 1))
			return true;
	return false;
}

/* At least one round after the first, however slow the machine is. */
void measure(struct section *section, uint64_t seed, double seconds)
{
	uint64_t random = seed;
	int64_t start = now_ns();

	section->preemptions = -preemptions();
	while (section->seconds < seconds || lacks_rounds(section)) {
		double fraction = fmin(section->seconds / fmax(seconds, 1e-9), 1);

		say_progress(section, seconds);
		if (!pass(section, seed, &random, MAX_ROUNDS * fraction))
			break;
		section->seconds = (now_ns() - start) / 1e9;
	}
	section->preemptions += preemptions();
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
