/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A section compares ways of doing one thing, and its rows are the conditions. The first way is the
 * base, the second way is the base again, as a control. One of the others is the way that the
 * series chooses on this CPU.
 */
#ifndef PROBE_SECTION_H
#define PROBE_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bystander.h"

#define MAX_ROWS 40
#define MAX_WAYS 24

enum { BASE, CONTROL, FIRST_OTHER };

/* Of a row's left_out, which has no effect on base, control and chosen way. */
#define ALL_WAYS ~0U

/* No way is chosen. */
#define NO_WAY -1

struct way {
	char name[24];
	const char *missing; /* why the machine does not have it */
	bool wanted;
};

struct row {
	const char *kind; /* of memory */
	int src, dst;	  /* nodes */
	const char *state;
	size_t size;		  /* of a piece */
	bool read;		  /* afterwards */
	size_t bytes;		  /* per sample */
	unsigned int calls;	  /* per sample */
	unsigned int shares;	  /* of the time */
	unsigned int left_out;	  /* a bit for each way that is not measured */
	struct bystander *beside; /* uses the caches meanwhile, or NULL */
	const char *missing;	  /* why the row cannot be measured here */
	const char *aside;	  /* why the row does not judge the series */

	int nr_ways;		      /* that are measured */
	unsigned char ways[MAX_WAYS]; /* their indices */
	unsigned int rounds, capacity;
	int64_t spent;		    /* ns */
	double *ns;		    /* nr_ways per round, in the order of ways[] */
	double *walk_ns, *alone_ns; /* the same of the bystander, or NULL */
	unsigned char *order;	    /* nr_ways per round: indices into ways[], as they ran */
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

/* Returns a name such as "anon 2M cold +read", valid until the next call. */
const char *row_name(const struct row *row);

/*
 * Selects the ways that the rows measure: base, control and the chosen one, or all of them, and
 * those of a list of names separated by semicolons. Call this when all rows are added.
 */
void select_ways(struct section *section, bool all, const char *list);

/* Whether a list has the name. */
bool is_listed(const char *list, const char *name);

/* Returns the most rounds of a row: more, the longer the whole run takes. */
unsigned int rounds_in(double seconds);
void measure(struct section *section, uint64_t seed, double seconds);

#endif /* PROBE_SECTION_H */
