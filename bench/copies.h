/* SPDX-License-Identifier: GPL-2.0 */
/* Rows of copies: what is asked of the module, and what it answers. */
#ifndef BENCH_COPIES_H
#define BENCH_COPIES_H

#include "rows.h"

#define MAX_SLOTS     16 /* in the module, too */
#define MAX_FUNCTIONS 2
#define EVICT	      (128UL << 20)

/*
 * What requests have in common. A request measures what the slots name, for one function after the
 * other: v7.3's loop, the same again, and what is compared with it.
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
	uint64_t bytes; /* of a thread's sample; 0: as usual */
	uint64_t evict;
};

/* A request. It becomes a row of each of the method's functions. */
struct config {
	const struct method *method;
	int order, src, dst;
	bool cold, read;
	int threads;
	int bystander; /* the CPU of one, or NO_CPU */
	uint64_t seed;
	int row; /* the first one */
};

/* Many of them: every combination. */
struct grid {
	struct list orders, src, dst, threads;
	bool hot, cold, read;
	int bystander;
	const char *missing; /* why they cannot be measured here, or NULL */
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
