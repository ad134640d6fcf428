/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FOLIO_COPY_BENCH_H
#define FOLIO_COPY_BENCH_H

#include <linux/completion.h>
#include <linux/highmem.h>
#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/seq_buf.h>
#include <linux/types.h>

/* A run may take 1/MEMORY_FRACTION of the free memory of each node that it uses. */
#define MEMORY_FRACTION 4

#define MAX_BYTES   SZ_1T
#define MAX_SAMPLES 1000

struct rnd_state;
struct run;
struct task_struct;

/*
 * A kind of benchmark. A run of this kind is a zeroed structure of @size bytes that begins with a
 * struct run. @defaults is called before the first word of the request, @complete after the last
 * word. @measure is called in the thread of the run, which is bound to the run's CPU, and writes the
 * results to the run's text. @release frees everything, at whatever stage the run ended.
 */
struct run_type {
	size_t size;
	const char *keys;
	void (*defaults)(struct run *run);
	int (*set_word)(struct run *run, const char *key, char *val);
	int (*complete)(struct run *run);
	int (*measure)(struct run *run);
	void (*release)(struct run *run);
};

struct run {
	const struct run_type *type;
	unsigned int cpu;
	unsigned int samples;
	unsigned int warmup; /* rounds before the samples, marked first=1 */
	char what[128];	     /* the request in short, for the state line */
	struct seq_buf text; /* the results */
	struct completion done;
	bool unloading;
};

static inline unsigned int nr_rounds(const struct run *run)
{
	return run->warmup + run->samples;
}

extern const struct run_type copy_run_type;
extern const struct run_type memmap_run_type;
extern const struct run_type fill_run_type;

/* One load per cache line. */
static inline void read_folio(struct folio *folio)
{
	long i, nr = folio_nr_pages(folio);
	unsigned int off;
	char *p;

	for (i = 0; i < nr; i++) {
		p = kmap_local_page(folio_page(folio, i));
		for (off = 0; off < PAGE_SIZE; off += L1_CACHE_BYTES)
			READ_ONCE(p[off]);
		kunmap_local(p);
	}
}

/* Returned by @set_word of a type for an unknown key. */
#define UNKNOWN_KEY 1

/* main.c */
__printf(1, 2) void show_progress(const char *fmt, ...);
__printf(2, 3) int fail(int err, const char *fmt, ...);
bool stopping(void);
struct task_struct *run_on_cpu(int (*fn)(void *arg), void *arg, unsigned int cpu);
int check_cpu(unsigned int cpu);
int start_round(const struct run *run, unsigned int round);
int alloc_text(struct run *run, size_t lines, unsigned int cpus);
int near_memory(unsigned int cpu);

/*
 * MOVABLE, although these folios cannot be moved: CXL memory is commonly onlined to ZONE_MOVABLE only,
 * and migration puts its folios there. The zone is pinned for no longer than a run.
 * NORETRY bounds the time in reclaim and compaction, during which a run cannot be stopped.
 */
#define BENCH_GFP (GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN)

int alloc_folios(struct folio ***folios, unsigned long nr, gfp_t gfp, unsigned int order, int nid);
void free_folios(struct folio **folios, unsigned long nr, bool pinned);
int check_free(int nid, u64 need, const char *keys);
int set_number(const char *key, const char *val, unsigned int lo, unsigned int hi, unsigned int *res);
int set_size(const char *key, char *val, u64 lo, u64 *res);
int set_node(const char *key, const char *val, int *nid);
int set_cpu(const char *key, const char *val, unsigned int *cpu);
int set_seed(const char *val, u64 *seed);
void shuffle(u8 *turn, unsigned int nr, struct rnd_state *rnd);

/* The parts of the file help, one per type. */
void print_copy_help(struct seq_buf *s);
void print_memmap_help(struct seq_buf *s);
void print_fill_help(struct seq_buf *s);

/* The contents of the file variants. */
void print_variants(struct seq_buf *s);

#endif
