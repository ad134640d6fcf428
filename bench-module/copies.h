/* SPDX-License-Identifier: GPL-2.0 */
/* Rows of copies: what is asked of the module, what it answers, and tables of that. */
#ifndef BENCH_COPIES_H
#define BENCH_COPIES_H

#include "front-end.h"
#include "stats.h"

#define MAX_SLOTS	16	/* in the module, too */

/*
 * What rows that are measured in the same way have in common. Each variant is compared with v7.3's
 * loop of its function, or in a control that loop with itself. A NULL is the module's own default.
 */
struct method {
	int nr_slots;
	const char *slot[MAX_SLOTS];
	int nr_pairs;
	struct pair {
		const char *name;
		int base, other;	/* slots */
	} pair[MAX_SLOTS];
	bool control;
	const char *samples, *bytes, *evict;
	/* How many samples are a run, of which means are shown; 0: none are. */
	int samples_per_run;
};

/* A request. It becomes a row in the table of each of the method's pairs. */
struct config {
	const struct method *method;
	int order, src, dst;
	bool cold, read;
	int threads;
	int bystander;			/* the CPU of one, or -1 */
	uint64_t seed;
	bool done;			/* and its samples are in the results already */
};

/* Many of them: every combination. */
struct grid {
	struct list orders, src, dst, threads;
	bool between;			/* but only from a node to another one */
	bool hot, cold, read;
	int bystander;
};

/* All samples of a request, by slot and by round; 0: the module does not say. */
struct samples {
	int nr[MAX_SLOTS];
	double speed[MAX_SLOTS][MAX_ROUNDS];	/* GB/s */
	double first_us[MAX_SLOTS][MAX_ROUNDS];	/* until the first folio was copied */
	double bystander_us[MAX_SLOTS][MAX_ROUNDS];	/* a walk of it */
	double alone_us[MAX_SLOTS][MAX_ROUNDS];		/* one while nobody copied */
};

struct sample {
	char variant[32];
	int slot, round, first;
	unsigned long long ns, bytes, first_ns, bystander_ns, alone_ns;
};

extern struct config *configs;
extern int nr_configs, nr_failed;

/* method.c */
void add_variant(struct method *m, const char *name);
void add_variants(struct method *m, char *names);
char *list_variants(const char *function, void (*lacking)(const char *name, const char *why));

/* copies.c */
unsigned long folio_size(int order);
char *describe(const struct config *c);
void add_grid(const struct method *m, const struct grid *g, uint64_t seed);
unsigned long long read_number(const char *line, const char *key);
void keep_sample(struct samples *all, const struct sample *s);
void run_configs(bool go_on, void (*on_samples)(void));
char *json_head(const struct config *c);

/* copies-table.c */
void add_rows(const struct config *c, struct samples *all);
void print_tables(void);

#endif
