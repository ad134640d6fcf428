/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run that copies. Its request and results are in copy.c, its memory is in memory.c, its threads are
 * in team.c, and the timed functions are in variants.c.
 */
#ifndef FOLIO_COPY_BENCH_COPY_H
#define FOLIO_COPY_BENCH_COPY_H

#include <linux/atomic.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "bench.h"

#define MAX_SLOTS 16

/* The largest order that the page allocator does not count as costly: it always finds such folios. */
#define CHUNK_ORDER PAGE_ALLOC_COSTLY_ORDER
#define CHUNK_SIZE  (PAGE_SIZE << CHUNK_ORDER)

struct copier;

/*
 * @copy copies one folio. @sample copies all folios of a sample and takes the time. Each variant has
 * a @sample of its own, so that the timed loop calls @copy directly, not through a pointer and its
 * thunk. @has tests for the CPU feature named @feature; both are unset if no CPU lacks it.
 */
struct variant {
	const char *name;
	const char *what;
	const char *feature;
	bool (*has)(void);
	int (*copy)(struct folio *dst, struct folio *src);
	int (*sample)(struct copier *c);
};

/* The times of one variant in one round, in ns. */
struct sample {
	u64 copies;    /* from the start of all threads to the end of the last one */
	u64 first;     /* the first folio of the first thread */
	u64 bystander; /* one walk of the bystander during the copies */
	u64 alone;     /* one walk of the bystander before the round, while no thread copied */
};

/* A buffer that is only read: it evicts other memory from the caches, or is evicted itself. */
struct buffer {
	struct folio **chunk;
	unsigned long nr_chunks;
	int nid;
};

/* A thread that copies, on a CPU of its own. The first copier is the thread of the run. */
struct copier {
	struct copy_run *r;
	unsigned int cpu;
	struct task_struct *task; /* NULL for the first copier */
	struct folio **src;
	struct folio **dst;

	unsigned int nr_meetings;
	unsigned int nr_finished;
	u64 first; /* time after the first folio of the sample */
	u64 end;   /* time after the last folio of the sample */
};

struct bystander {
	bool wanted;
	unsigned int cpu;
	u64 bytes;
	struct buffer buffer;
	struct task_struct *task;
	unsigned long walked; /* number of chunks read since the start */
	bool strayed;	      /* left its CPU, which went offline */
};

struct copy_run {
	struct run run;

	/* The request. A variant in two slots is measured twice: an A-against-A control. */
	const struct variant *slot[MAX_SLOTS];
	unsigned int nr_slots;
	unsigned int order;
	int src_nid;
	int dst_nid;
	u64 src_addr; /* address in the requesting process; 0: the module allocates the folios */
	u64 dst_addr;
	unsigned int threads;
	unsigned int read;
	bool cold;
	u64 evict_bytes;
	u64 bytes; /* per sample and thread */
	u64 seed;

	/* Derived from the request. */
	unsigned long nr_copies; /* per sample and thread */
	unsigned long nr_folios; /* per thread, on each side; a cold sample uses each folio once */
	struct folio **src;	 /* [thread][folio] */
	struct folio **dst;
	struct buffer evict;
	struct copier *copiers; /* [thread] */
	struct bystander bystander;
	struct sample *samples; /* [round][slot] */

	/* Shared by the copiers. */
	atomic_t nr_met;
	atomic_t nr_finished;
	unsigned int nr_started;
	int stopped;		    /* an errno: all copiers have to end */
	u64 start;		    /* time when all copiers had met */
	unsigned long start_walked; /* @walked of the bystander at that time */
};

static inline struct copy_run *to_copy_run(struct run *run)
{
	return container_of(run, struct copy_run, run);
}

/* memory.c */
int check_memory(struct copy_run *r);
int pin_memory(struct copy_run *r);
int alloc_memory(struct copy_run *r);
void free_memory(struct copy_run *r);
int fill_sources(const struct copy_run *r);
int verify_variant(const struct copy_run *r, const struct variant *v);

/* team.c */
int choose_cpus(struct copy_run *r);
int meet(struct copier *c);
int finish_together(struct copier *c, int (*copy)(struct folio *dst, struct folio *src));
bool copier_stops(const struct copier *c);
int copy_failed(const struct variant *v, int err);
int measure_rounds(struct copy_run *r);

/* variants.c */
const struct variant *get_variant(unsigned int i);

/* The variants that a request without variant= measures: those of v7.3 and of the running kernel. */
#define NR_DEFAULT_VARIANTS 4

#endif
