// SPDX-License-Identifier: GPL-2.0
/*
 * A pass visits every row of a section in random order, and in each row takes one sample of every
 * way, again in random order. All rows are thus measured over the whole run: a disturbance hits all
 * of them a little and none of them alone.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "section.h"

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

static void measure_row(struct section *section, int row, uint64_t *random)
{
	uint32_t order[MAX_WAYS];

	section->visit(row, random);
	shuffle(order, section->nr_ways, random);
	for (int i = 0; i < section->nr_ways; i++) {
		int way = order[i];

		section->order[row][section->passes][i] = way;
		if (!section->ways[way].missing)
			section->ns[row][way][section->passes] = section->sample(row, way);
	}
}

static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

/* At least one pass after the first, however slow the machine is. */
void measure(struct section *section, uint64_t seed, double seconds)
{
	uint64_t random = seed;
	int64_t start = now_ns();
	uint32_t rows[MAX_ROWS];

	section->preemptions = -preemptions();
	while (section->passes < 2 ||
	       (section->passes < MAX_PASSES && section->seconds < seconds)) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%s: pass %u of %u ", section->name,
				section->passes + 1, MAX_PASSES);
		shuffle(rows, section->nr_rows, &random);
		for (int i = 0; i < section->nr_rows; i++)
			if (!section->rows[rows[i]].missing)
				measure_row(section, rows[i], &random);
		section->passes++;
		section->seconds = (now_ns() - start) / 1e9;
	}
	section->preemptions += preemptions();
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
