/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of a command: planned, measured, written as samples, and printed, a line each. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "front-end.h"
#include "samples.h"

#define MAX_WAYS 16
#define KERNEL	 "running kernel"

/* All rounds of a row: times by round and way. 0: not measured. */
struct rounds {
	int nr;
	double ns[MAX_ROUNDS][MAX_WAYS];
	double first_ns[MAX_ROUNDS][MAX_WAYS];	   /* until the first folio was copied */
	double bystander_ns[MAX_ROUNDS][MAX_WAYS]; /* a cache walk of the bystander */
	double alone_ns[MAX_ROUNDS][MAX_WAYS];	   /* the same walk while nobody copied */
};

extern int nr_failed; /* failed measurements */

/* The plan. It keeps pointers to its texts, which must stay valid. */
struct planned_row kernel_row(const char *benchmark, const char *function);
int plan_rows(const struct planned_row *planned, int nr, int rounds);
void miss_row(int row, const char *why);
void miss_way(const char *function, const char *way, const char *why);
char *row_name(int row);
char *plan_text(void);

/* Rows that were measured before. */
bool count_round(int row, int round);
bool are_complete(int row);
bool all_complete(void);
void forget_incomplete(void);

void show_environment(int cpu, uint64_t seed);
void open_samples(void);
void continue_samples(const char *path, bool begun);
void finish_row(int row, const struct rounds *rounds);
void fail_rows(int first, const char *why);
void end_samples(bool complete);
void judge_samples(const char *results);
void show_page(const char *dir);
int exit_code(void);
int finish_command(void);

#endif
