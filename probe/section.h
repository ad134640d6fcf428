/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A section compares ways of doing one thing: rows are the conditions, the first way is the base,
 * the second one the same again as a control. One of the others is what the series chooses here.
 */
#ifndef PROBE_SECTION_H
#define PROBE_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ROWS 40
#define MAX_WAYS 12

enum { BASE, CONTROL, FIRST_OTHER };

/* No way is chosen. */
#define NO_WAY -1

struct way {
	char name[20];
	const char *missing; /* why the machine does not have it */
	bool wanted;
};

struct row {
	const char *kind; /* of memory */
	int src, dst;	  /* nodes */
	const char *state;
	size_t size;	     /* of a piece */
	bool read;	     /* afterwards */
	size_t bytes;	     /* per sample */
	unsigned int calls;  /* per sample */
	unsigned int shares; /* of the time */
	bool few;	     /* ways: base, control and the chosen one */
	const char *missing; /* why it cannot be measured here */
	const char *aside;   /* why the series is not judged by it */

	int nr_ways;		      /* that are measured */
	unsigned char ways[MAX_WAYS]; /* their indices */
	unsigned int rounds, capacity;
	int64_t spent;	      /* ns */
	double *ns;	      /* nr_ways per round, in the order of the ways */
	unsigned char *order; /* the same, as they ran */
};

struct section {
	const char *name;
	/* Called once before the ways of a row take their samples, unless it is NULL. */
	void (*visit)(const struct section *section, int row, uint64_t *random);
	double (*sample)(const struct section *section, int row, int way); /* in ns */
	int nr_rows, nr_ways;
	struct row rows[MAX_ROWS];
	struct way ways[MAX_WAYS];
	int chosen;
	const void *context; /* of visit() and sample() */

	unsigned int max_rounds;
	double seconds;
};

/* Such as "anon 2M cold +read"; valid until the next call. */
const char *row_name(const struct row *row);

/*
 * Says which ways the rows measure: base, control and the chosen one, or all, and those of a list
 * whose names are separated by semicolons. To be called when all rows are there.
 */
void select_ways(struct section *section, bool all, const char *list);

/* Whether a list has the name. */
bool is_listed(const char *list, const char *name);

/* More rounds the longer the whole run takes. */
unsigned int rounds_in(double seconds);
void measure(struct section *section, uint64_t seed, double seconds);

#endif /* PROBE_SECTION_H */
