/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Samples as report/ reads them: JSON lines. A run begins with the environment. The plan follows, a line per row,
 * then the rounds, then the end. report/samples.py describes each line.
 */
#ifndef COMMON_SAMPLES_H
#define COMMON_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Facts needed to judge the numbers, in the order in which they are added. A name added again gets the new value. */
void add_environment(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void add_environment_number(const char *name, double number);
void add_environment_flag(const char *name, bool flag);
const char *find_environment(const char *name); /* as text; NULL if there is no such name */

/* Reasons to doubt the numbers. A text that is added again counts once. */
void add_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *find_warning(size_t index); /* NULL after the last one */
void print_warnings(void);

/* Adds the facts that every program records: CPU, kernel, boot, load, frequency, nodes, THP, ... */
void add_common_environment(const char *program, int cpu, uint64_t seed);
void print_environment(void);

#define NO_NODE -1
#define NO_CPU	-1

/* A line of the plan. A field that does not apply is 0 (numbers), NO_NODE (nodes) or NO_CPU (the bystander). */
struct planned_row {
	const char *benchmark, *function, *kind;
	int src, dst;
	const char *state;
	size_t size; /* of a folio */
	bool read;
	int threads, bystander;
	size_t bytes; /* of a sample */
	double calls; /* in a sample, per thread */
	int nr_ways;
	const char *const *ways;
	const char *base, *control, *chosen;
	const char *aside, *missing;
};

/* A round of a row. An array has a number per way; it is NULL if nothing of that kind was measured. */
struct round {
	int row, round;
	int nr_ways;
	const double *ns, *first_ns, *bystander_ns, *alone_ns;
	const unsigned char *order;
};

/* Returns the median, for output where scripts/report does not run. Sorts the values. */
double median(double *values, size_t n);

/* Errors show up in ferror() or fclose(), which the caller has to check. */
void write_environment(FILE *file);
void write_row(FILE *file, int id, const struct planned_row *row);
void write_missing_way(FILE *file, const char *benchmark, const char *function, const char *way, const char *why);
void write_round(FILE *file, const struct round *round);
/* With the warnings that came after the environment was written. @disturbance: host_disturbance(), or NULL */
void write_end(FILE *file, double seconds, const char *disturbance);

#endif
