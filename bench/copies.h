/* SPDX-License-Identifier: GPL-2.0 */
/* Rows of copies: requests to the module, and the samples in its results. */
#ifndef BENCH_COPIES_H
#define BENCH_COPIES_H

#include "rows.h"

#define MAX_SLOTS     16 /* the module has the same limit */
#define MAX_FUNCTIONS 2
#define EVICT	      (128UL << 20)

/*
 * Settings that requests share. The slots of a request name the variants to measure, function by
 * function: v7.3's loop, the same loop again, and the variants that are compared with it.
 */
struct method {
	int nr_slots;
	const char *slot[MAX_SLOTS];
	int nr_functions;
	struct function {
		const char *name;
		int first; /* slot */
		int nr_ways;
		const char *way[MAX_SLOTS]; /* names of the slots in the samples */
		bool has_kernel;
	} function[MAX_FUNCTIONS];
	int samples;
	uint64_t bytes; /* per sample and thread; 0: the default */
	uint64_t evict;
};

/* A request. Its samples fill one row for each function of the method. */
struct config {
	const struct method *method;
	int order, src, dst;
	bool cold, read;
	int threads;
	int bystander; /* CPU of the bystander, or NO_CPU */
	uint64_t seed;
	int row; /* number of the first row */
};

/* Many requests: every combination of these values. */
struct grid {
	struct list orders, src, dst, threads;
	bool hot, cold, read;
	int bystander;
	const char *missing; /* why the rows cannot be measured here, or NULL */
};

extern struct config *configs;
extern int nr_configs;

/* method.c */
void add_variants(struct method *m, char *names);
char *list_variants(const char *function, void (*lacking)(const char *function, const char *name, const char *why));

/* copies.c */
unsigned long folio_size(int order);
void add_grid(const struct method *m, const struct grid *g, uint64_t seed);
void run_configs(bool go_on);

#endif
