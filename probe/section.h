/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A section compares ways of doing one thing: rows are the conditions, the first way is the base,
 * the second one the same again as a control. One of the others is what the series takes here.
 */
#ifndef PROBE_SECTION_H
#define PROBE_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ROWS	40
#define MAX_WAYS	12
#define MAX_ROUNDS	401			/* the first one is kept apart */

enum { BASE, CONTROL, FIRST_OTHER };

/* What cannot be measured here stays in the table, with the reason in missing. */
struct way {
	char name[20];
	const char *missing;
};

struct row {
	char group[16], name[40];		/* the name begins with the group */
	size_t bytes;				/* per sample */
	unsigned int calls;			/* per sample */
	unsigned int shares;			/* of the time */
	bool few;				/* ways: base, control and candidate */
	const char *missing;
	const char *aside;			/* why the series is not judged by it */

	unsigned int rounds;
	int64_t spent;				/* ns */
};

struct section {
	const char *name, *what;
	const char *call;			/* what row.calls counts */
	/* Called once before the ways of a row take their samples. */
	void (*visit)(const struct section *section, int row, uint64_t *random);
	double (*sample)(const struct section *section, int row, int way);	/* in ns */
	int nr_rows, nr_ways;
	struct row rows[MAX_ROWS];
	struct way ways[MAX_WAYS];
	int candidate;
	int first_choice, last_choice;		/* what the kernel could select instead, if any */
	int nr_extra;				/* comparisons per row beyond those with the base */
	const void *context;			/* of visit() and sample() */

	double seconds;
	long preemptions;
	double ns[MAX_ROWS][MAX_WAYS][MAX_ROUNDS];
	unsigned char order[MAX_ROWS][MAX_ROUNDS][MAX_WAYS];
};

/* Whether this way is measured in this row. */
bool is_measured(const struct section *section, int row, int way);

/*
 * The second one stands still while others have the CPU. It takes a system call, which a short
 * sample would show; a long one would otherwise rarely be left alone on a busy machine.
 */
int64_t now_ns(void);
int64_t cpu_ns(void);
long preemptions(void);
uint64_t next_random(uint64_t *state);
void shuffle(uint32_t *values, unsigned int n, uint64_t *random);
void measure(struct section *section, uint64_t seed, double seconds);

#endif /* PROBE_SECTION_H */
