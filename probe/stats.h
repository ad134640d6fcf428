/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_STATS_H
#define PROBE_STATS_H

#include <stdbool.h>

/*
 * What the linker's and the loader's choice of addresses makes of the same instructions, per call:
 * it differs from run to run but not within one, so no interval shows it. Hence no mark below.
 */
#define PLACEMENT_NS	2.0

/* With too few values for the confidence asked for, low is 0 and high is infinite. */
struct interval {
	double middle;
	double low;
	double high;
};

/* Both sort the values in place. */
double median(double *values, unsigned int n);
double relative_spread(double *values, unsigned int n);

bool enough_values(unsigned int n, double alpha);
struct interval ratio_interval(const double *base, const double *other, unsigned int n,
			       double alpha);
char ratio_mark(struct interval ratio);
char placed_mark(struct interval ratio, double base_ns);

#endif /* PROBE_STATS_H */
