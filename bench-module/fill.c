// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark of the stores that fill a memory map of device memory: those of v7.3, struct page by struct
 * page, and memmap_fill() of the series. Both run in any x86-64 kernel, on memory of a chosen node that has
 * been zeroed, in pieces of what a section takes.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/utsname.h>

#include "bench.h"
#include "fill.h"

/* The memory map of a section on x86-64: 32768 struct pages of 64 bytes. */
#define PIECE_ORDER min(9, MAX_PAGE_ORDER)
#define PIECE_SIZE  (PAGE_SIZE << PIECE_ORDER)

#define DEFAULT_BYTES SZ_64M

struct fill_run {
	struct run run;

	/* The request. */
	u64 size;
	u64 bytes; /* per sample */
	u64 seed;
	int nid;
	unsigned int read;

	/* Derived from the request. */
	unsigned long piece; /* bytes of each piece */
	unsigned long nr_pieces;
	unsigned long nr_maps; /* filled per sample */
	struct folio **pieces;
	u64 *ns; /* [round][way] */
};

static struct fill_run *to_fill_run(struct run *run)
{
	return container_of(run, struct fill_run, run);
}

static const struct pgmap pgmap = { .type = DEVICE_PRIVATE };

static void build(struct descriptor *to, unsigned long nr)
{
	init_memmap(to, nr, ZONE_DEVICE, 0, &pgmap);
}

static void copy(struct descriptor *to, unsigned long nr)
{
	build(to, 1);
	bench_memmap_fill(to + 1, nr - 1, to);
}

static const struct {
	const char *name;
	void (*fill)(struct descriptor *to, unsigned long nr);
} ways[] = {
	{ "v73", build },
	{ "v73_again", build },
	{ "registers", copy },
};

#define NR_WAYS ARRAY_SIZE(ways)

static void *piece_address(const struct fill_run *f, unsigned long i)
{
	return folio_address(f->pieces[i]);
}

static unsigned long nr_in_piece(const struct fill_run *f)
{
	return f->piece / sizeof(struct descriptor);
}

/* Measuring */

/* The kernel reschedules between two sections, too. */
static u64 time_map(const struct fill_run *f, unsigned int way)
{
	u64 start = ktime_get_ns();
	unsigned long i;

	for (i = 0; i < f->nr_pieces; i++) {
		ways[way].fill(piece_address(f, i), nr_in_piece(f));
		cond_resched();
	}
	for (i = 0; i < f->nr_pieces && f->read; i++) {
		read_folio(f->pieces[i]);
		cond_resched();
	}
	return ktime_get_ns() - start;
}

static int measure_sample(const struct fill_run *f, unsigned int way, u64 *ns)
{
	unsigned long map, i;

	for (map = 0; map < f->nr_maps; map++) {
		for (i = 0; i < f->nr_pieces; i++) {
			if (stopping())
				return -EINTR;
			memset(piece_address(f, i), 0, f->piece);
		}
		*ns += time_map(f, way);
	}
	return 0;
}

static int measure_round(const struct fill_run *f, unsigned int round, struct rnd_state *rnd)
{
	u8 turn[NR_WAYS];
	unsigned int i;
	int err;

	err = start_round(&f->run, round);
	shuffle(turn, NR_WAYS, rnd);
	for (i = 0; i < NR_WAYS && !err; i++)
		err = measure_sample(f, turn[i], &f->ns[round * NR_WAYS + turn[i]]);
	return err ?: check_cpu(f->run.cpu);
}

/* Every word of a struct page, computed without any of the ways. */
static u64 expected_word(unsigned int word)
{
	switch (word % 8) {
	case 0:
		return ZONE_DEVICE << ZONE_SHIFT | BIT_ULL(RESERVED_BIT);
	case 1:
		return (unsigned long)&pgmap;
	case 6:
		return 0xffffffff;
	}
	return 0;
}

static int verify_way(const struct fill_run *f, unsigned int way)
{
	unsigned long i, w;

	for (i = 0; i < f->nr_pieces; i++) {
		u64 *words = piece_address(f, i);

		if (stopping())
			return -EINTR;
		memset(words, 0xee, f->piece);
		ways[way].fill((void *)words, nr_in_piece(f));
		for (w = 0; w < f->piece / sizeof(u64); w++)
			if (words[w] != expected_word(w))
				return fail(-EIO, "%s: struct page %lu, offset %lu: expected %#llx, found %#llx",
					    ways[way].name, i * nr_in_piece(f) + w / 8, w % 8 * 8, expected_word(w),
					    words[w]);
	}
	return 0;
}

static void print_results(struct fill_run *f)
{
	struct seq_buf *s = &f->run.text;
	unsigned int i, way;

	seq_buf_printf(s,
		       "# folio_copy_bench 1: one line for the run, then one per sample.\n"
		       "# ns: to fill bytes=; first=1: warm-up round, not among the samples.\n"
		       "kernel=%s fill=%llu seed=%llu node=%d cpu=%u read=%u samples=%u verified=ok\n",
		       init_utsname()->release, f->size, f->seed, f->nid, f->run.cpu, f->read, f->run.samples);
	for (i = 0; i < nr_rounds(&f->run); i++)
		for (way = 0; way < NR_WAYS; way++)
			seq_buf_printf(s, "sample way=%u name=%s round=%u first=%d ns=%llu bytes=%llu\n", way,
				       ways[way].name, i, i < f->run.warmup, f->ns[i * NR_WAYS + way],
				       f->nr_maps * f->size);
}

static int measure(struct run *run)
{
	struct fill_run *f = to_fill_run(run);
	struct rnd_state rnd;
	unsigned int i;
	int err;

	f->ns = kvcalloc(nr_rounds(run) * NR_WAYS, sizeof(*f->ns), GFP_KERNEL);
	if (!f->ns)
		return fail(-ENOMEM, "no memory for %u samples", run->samples);
	err = alloc_text(run, nr_rounds(run) * NR_WAYS, 1)
		      ?: alloc_folios(&f->pieces, f->nr_pieces, BENCH_GFP, get_order(f->piece), f->nid);
	prandom_seed_state(&rnd, f->seed);
	for (i = 0; i < nr_rounds(run) && !err; i++)
		err = measure_round(f, i, &rnd);
	for (i = 0; i < NR_WAYS && !err; i++)
		err = verify_way(f, i);
	if (!err)
		print_results(f);
	return err;
}

static void release(struct run *run)
{
	struct fill_run *f = to_fill_run(run);

	free_folios(f->pieces, f->nr_pieces, false);
	kvfree(f->ns);
}

/* Requests */

static int set_word(struct run *run, const char *key, char *val)
{
	struct fill_run *f = to_fill_run(run);

	if (!strcmp(key, "fill"))
		return set_size(key, val, PAGE_SIZE, &f->size);
	if (!strcmp(key, "bytes"))
		return set_size(key, val, 1, &f->bytes);
	if (!strcmp(key, "node"))
		return set_node(key, val, &f->nid);
	if (!strcmp(key, "read"))
		return set_number(key, val, 0, 1, &f->read);
	if (!strcmp(key, "seed"))
		return set_seed(val, &f->seed);
	return UNKNOWN_KEY;
}

static void defaults(struct run *run)
{
	struct fill_run *f = to_fill_run(run);

	f->nid = NUMA_NO_NODE;
	f->bytes = DEFAULT_BYTES;
	f->seed = get_random_u64();
	run->samples = 20;
}

static int complete_request(struct run *run)
{
	struct fill_run *f = to_fill_run(run);

	if (f->nid == NUMA_NO_NODE)
		f->nid = near_memory(run->cpu);
	f->piece = min_t(u64, f->size, PIECE_SIZE);
	if (!is_power_of_2(f->piece) || f->size % f->piece)
		return fail(-EINVAL, "fill=: a power of two up to %lu, or a multiple of %lu bytes, is allowed",
			    PIECE_SIZE, PIECE_SIZE);
	f->nr_pieces = f->size / f->piece;
	f->nr_maps = max(1ULL, div64_u64(f->bytes, f->size));
	snprintf(run->what, sizeof(run->what), "fill=%llu node=%d cpu=%u read=%u", f->size, f->nid, run->cpu, f->read);
	return check_free(f->nid, f->size, "fill=");
}

static const char help_format[] =
	"Stores that fill a memory map, v7.3's and those of the series, if the first word is\n"
	"  fill=SIZE    bytes of the memory map, which is zeroed before: %lu, or more in\n"
	"               multiples of that, or a smaller power of two\n"
	"  node=N       the node of its memory (default: that of the CPU)\n"
	"  read=1       read it afterwards, one load per cache line; it counts\n"
	"  bytes=SIZE   per sample: as many maps as fit in it, at least one (default 64M)\n"
	"  samples=N    samples per way, in a random order of ways (default 20)\n"
	"  seed=N       of that order (default: random)\n";

void print_fill_help(struct seq_buf *s)
{
	seq_buf_printf(s, help_format, PIECE_SIZE);
}

const struct run_type fill_run_type = {
	.size = sizeof(struct fill_run),
	.keys = "fill node cpu read bytes samples seed",
	.defaults = defaults,
	.set_word = set_word,
	.complete = complete_request,
	.measure = measure,
	.release = release,
};
