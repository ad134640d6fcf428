// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of paired samples.
 *
 * In each round all routines run once in random order, next to each other in time. The ratio of two
 * routines is the median over rounds of (time of the base / time of the other): what slows a whole
 * round down, such as a frequency change or a neighbour's burst, cancels within the round, and what
 * hits a single sample, such as a preemption, does not move a median.
 *
 * The confidence interval is that of the sign test: were the true median outside it, that many
 * values on one side would be as unlikely as that many heads in n throws of a coin. It is exact for
 * any distribution, needs no resampling and nothing about the shape of the noise, only that rounds
 * are independent. Rounds of one row are therefore spread over the whole run.
 */
#include <math.h>
#include <stdlib.h>

#include "stats.h"

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle_of_sorted(const double *values, unsigned int n)
{
	return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
	return middle_of_sorted(values, n);
}

/* The interquartile range as a fraction of the median. */
double relative_spread(double *values, unsigned int n)
{
	double middle = median(values, n);

	return (values[n - 1 - n / 4] - values[n / 4]) / middle;
}

/*
 * How many values to cut off each end, so that the rest covers the median with probability
 * 1 - alpha or more; 0 when even all of them do not.
 */
static unsigned int ranks_to_cut(unsigned int n, double alpha)
{
	double probability = exp2(-(double)n);
	double tail = probability;
	unsigned int cut = 0;

	while (tail <= alpha / 2) {
		cut++;
		probability *= (double)(n - cut + 1) / cut;
		tail += probability;
	}
	return cut;
}

bool enough_values(unsigned int n, double alpha)
{
	return ranks_to_cut(n, alpha) > 0;
}

struct interval ratio_interval(const double *base, const double *other, unsigned int n,
			       double alpha)
{
	unsigned int cut = ranks_to_cut(n, alpha);
	struct interval ratio = { .low = 0, .high = INFINITY };
	double values[n];

	for (unsigned int i = 0; i < n; i++)
		values[i] = base[i] / other[i];
	ratio.middle = median(values, n);
	if (cut) {
		ratio.low = values[cut - 1];
		ratio.high = values[n - cut];
	}
	return ratio;
}

/* '+' surely faster than the base, '-' surely slower, ' ' no difference shown. */
char ratio_mark(struct interval ratio)
{
	if (ratio.low > 1)
		return '+';
	if (ratio.high < 1)
		return '-';
	return ' ';
}

/* The same, with no mark on less than what placement may do; @base_ns: the time of a call. */
char placed_mark(struct interval ratio, double base_ns)
{
	if (fabs(1 - 1 / ratio.middle) * base_ns < PLACEMENT_NS)
		return ' ';
	return ratio_mark(ratio);
}
