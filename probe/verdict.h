/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include "section.h"
#include "stats.h"

#define CONFIDENCE	0.95

/* What block replication is to gain. */
#define TARGET		1.4

struct finding {
	int row, way;
	double ratio;
};

#define MAX_FINDINGS	(MAX_ROWS * MAX_WAYS)

unsigned int rounds_of(const struct section *section, int row);
int rows_measured(const struct section *section);
int nr_verdicts(const struct section *section);
double verdict_alpha(const struct section *section);
struct interval compare(const struct section *section, int row, int base, int other, double alpha);
double median_ns(const struct section *section, int row, int way);
double ratio(const struct section *section, int row, int base, int other);

/* '+' faster than the base, '-' slower, ' ' neither for sure, '?' not even the control agrees. */
char mark(const struct section *section, int row, int base, int other);
double lower_bound(const struct section *section, int row, int base, int way);

/* In how many rows does the base differ from itself; have too few rounds for any verdict? */
int control_failures(const struct section *section);
int rows_with_few_rounds(const struct section *section);

/* The rows in which a way is surely slower than another one, worst first. */
int find_losses(const struct section *section, int base, int way, struct finding *losses);

/* Where something else that the kernel could select is surely faster than what it does. */
int find_better(const struct section *section, struct finding *better);

#endif /* PROBE_VERDICT_H */
