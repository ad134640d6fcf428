// SPDX-License-Identifier: GPL-2.0
/* Statistics on numbers whose answer is known. Prints KTAP. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats.h"

#define RUNS	2000
#define PASSES	400
#define ALPHA	(0.05 / 168)		/* as the probe's table corrects for its comparisons */

static int failures;

static void report(bool ok, const char *what)
{
	static int number;

	printf("%s %d %s\n", ok ? "ok" : "not ok", ++number, what);
	failures += !ok;
}

static void test_median(void)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 2, 8 }, one[] = { 7 };

	report(median(odd, 3) == 5 && median(even, 4) == 3 && median(one, 1) == 7, "median");
}

static void test_spread(void)
{
	double values[] = { 9, 8, 7, 6, 5, 4, 3, 2, 1 };

	report(relative_spread(values, 9) == 4.0 / 5, "interquartile spread of 1 to 9");
}

/* The published ranks of the distribution-free 95% interval of a median. */
static void test_ranks(void)
{
	static const struct {
		unsigned int n, low, high;
	} table[] = { { 6, 1, 6 }, { 10, 2, 9 }, { 20, 6, 15 }, { 50, 18, 33 }, { 100, 40, 61 } };
	double base[100], other[100];
	bool ok = true;

	for (int i = 0; i < 100; i++) {
		base[i] = i + 1;
		other[i] = 1;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct interval ratio = ratio_interval(base, other, table[i].n, 0.05);

		ok &= ratio.low == table[i].low && ratio.high == table[i].high;
	}
	report(ok, "ranks of the 95% interval for n of 6, 10, 20, 50, 100");
	report(ratio_mark(ratio_interval(base, other, 5, 0.05)) == ' ' &&
	       !enough_values(5, 0.05) && enough_values(6, 0.05),
	       "no verdict from too few values");
}

static double normal(void)
{
	return sqrt(-2 * log(1 - drand48())) * cos(2 * M_PI * drand48());
}

/* The noise of a busy machine: 4% jitter, and one sample in ten preempted. */
static double noisy(double ns)
{
	ns *= exp(0.04 * normal());
	return drand48() < 0.1 ? ns * (1 + 10 * drand48()) : ns;
}

/* A round of two routines, the second faster by ratio, while the machine's speed drifts. */
static struct interval simulate(double ratio, unsigned int n, double alpha)
{
	double base[PASSES], other[PASSES];

	for (unsigned int i = 0; i < n; i++) {
		double ns = 100000 * (1 + 0.3 * sin(i / 25.0));

		base[i] = noisy(ns);
		other[i] = noisy(ns / ratio);
	}
	return ratio_interval(base, other, n, alpha);
}

/* With RUNS runs, 93.5% is three standard errors below 95%. */
static void test_coverage(void)
{
	int covered = 0;

	for (int i = 0; i < RUNS; i++) {
		struct interval ratio = simulate(1.2, 50, 0.05);

		covered += ratio.low <= 1.2 && ratio.high >= 1.2;
	}
	printf("# %.1f%% of the intervals hold the true ratio\n", 100.0 * covered / RUNS);
	report(covered >= 0.935 * RUNS, "95% intervals hold the true ratio");
}

static int count_marks(double ratio, char mark)
{
	int marks = 0;

	for (int i = 0; i < RUNS; i++)
		marks += ratio_mark(simulate(ratio, PASSES, ALPHA)) == mark;
	return marks;
}

/* 0.6 marks are expected in RUNS runs; more than 4 come by chance once in 2500 tries. */
static void test_same(void)
{
	int marks = RUNS - count_marks(1, ' ');

	printf("# %d of %d A-against-A comparisons marked\n", marks, RUNS);
	report(marks <= 4, "A against A is not marked");
}

static void test_loss(void)
{
	int marks = count_marks(0.97, '-');

	printf("# %.1f%% of the planted losses of 3%% marked\n", 100.0 * marks / RUNS);
	report(marks >= 0.95 * RUNS, "a loss of 3% is marked");
}

/* Surely slower and faster by 1% or 3%, which is less and more than 2 ns of 100 ns. */
static void test_placement(void)
{
	static const struct interval one = { 0.99, 0.985, 0.995 }, three = { 1.03, 1.02, 1.04 };

	report(placed_mark(one, 100) == ' ', "a loss of 1 ns is not marked");
	report(placed_mark(one, 300) == '-', "a loss of 3 ns is marked");
	report(placed_mark(three, 100) == '+', "a gain of 3 ns is marked");
	report(placed_mark(three, 50) == ' ', "a gain of 1.5 ns is not marked");
}

int main(void)
{
	puts("KTAP version 1\n1..11");
	srand48(1);
	test_median();
	test_spread();
	test_ranks();
	test_coverage();
	test_same();
	test_loss();
	test_placement();
	return failures != 0;
}
