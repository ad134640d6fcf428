// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark of folio_copy() and folio_mc_copy(). One boot compares both sides: the running kernel's
 * two functions, and the page-by-page loops that v7.3 had in their place, rebuilt here from what is
 * exported.
 */
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/utsname.h>

#include "bench.h"
#include "v73.h"

#define MAX_SLOTS	8
#define DEFAULT_ORDER	min(9, MAX_PAGE_ORDER)	/* 2 MiB with 4 KiB pages */
#define WORDS_PER_PAGE	(PAGE_SIZE / sizeof(u64))

/* The largest order that the page allocator does not regard as costly: the buffer always fits. */
#define EVICT_ORDER	PAGE_ALLOC_COSTLY_ORDER
#define EVICT_CHUNK	(PAGE_SIZE << EVICT_ORDER)

/*
 * How many pages are copied between two looks at the stop flag. A look is a few nanoseconds, an
 * order-0 copy from cache a few tens: one look per 2 MiB costs nothing and is still frequent.
 */
#define STOP_CHECK_PAGES	(SZ_2M / PAGE_SIZE)

/*
 * Movable, although these folios are not: memory of CXL devices is commonly onlined to ZONE_MOVABLE
 * only, and that is where migration puts its folios. They pin it for no longer than a run.
 * NORETRY bounds the time in reclaim and compaction, during which a run cannot be stopped.
 */
#define BENCH_GFP	(GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN)

struct copy_run;

/*
 * @copy copies one folio. @sample copies all folios of a sample and takes the time; it exists once
 * per variant so that the timed loop calls @copy directly, not through a pointer and its thunk.
 */
struct variant {
	const char *name;
	const char *what;
	int (*copy)(struct folio *dst, struct folio *src);
	int (*sample)(const struct copy_run *r, u64 *ns);
};

struct copy_run {
	struct run run;

	/* The request. A variant in two slots is measured twice: an A-against-A control. */
	const struct variant *slot[MAX_SLOTS];
	unsigned int nr_slots;
	unsigned int order;
	int src_nid;
	int dst_nid;
	bool cold;
	u64 evict;
	u64 bytes;
	u64 seed;

	/* What follows from it. */
	unsigned long nr_copies;	/* per sample */
	unsigned long nr_folios;	/* on each side; cold copies never touch a folio twice */
	unsigned long nr_chunks;
	int evict_nid;

	struct folio **src;
	struct folio **dst;
	struct folio **chunk;
	u64 *ns;			/* [round][slot] */
};

static struct copy_run *to_copy_run(struct run *run)
{
	return container_of(run, struct copy_run, run);
}

/* The variants */

static __always_inline int kernel_folio_copy(struct folio *dst, struct folio *src)
{
	folio_copy(dst, src);
	return 0;
}

static __always_inline int time_copies(const struct copy_run *r, u64 *ns,
				       int (*copy)(struct folio *dst, struct folio *src))
{
	unsigned long batch = max(1UL, STOP_CHECK_PAGES >> r->order);
	unsigned long i = 0, end, n;
	u64 start;
	int err;

	start = ktime_get_ns();
	while (i < r->nr_copies) {
		end = min(i + batch, r->nr_copies);
		for (; i < end; i++) {
			n = r->cold ? i : 0;
			err = copy(r->dst[n], r->src[n]);
			if (err)
				return err;
		}
		if (stopping())
			return -EINTR;
	}
	*ns = ktime_get_ns() - start;
	return 0;
}

static int sample_folio_copy(const struct copy_run *r, u64 *ns)
{
	return time_copies(r, ns, kernel_folio_copy);
}

static int sample_folio_mc_copy(const struct copy_run *r, u64 *ns)
{
	return time_copies(r, ns, folio_mc_copy);
}

static int sample_v73_folio_copy(const struct copy_run *r, u64 *ns)
{
	return time_copies(r, ns, v73_folio_copy);
}

static int sample_v73_folio_mc_copy(const struct copy_run *r, u64 *ns)
{
	return time_copies(r, ns, v73_folio_mc_copy);
}

static const struct variant variants[] = {
	{
		.name	= "folio_copy_v73",
		.what	= "v7.3's folio_copy(): " V73_COPIES,
		.copy	= v73_folio_copy,
		.sample	= sample_v73_folio_copy,
	}, {
		.name	= "folio_copy",
		.what	= "folio_copy() of the running kernel",
		.copy	= kernel_folio_copy,
		.sample	= sample_folio_copy,
	}, {
		.name	= "folio_mc_copy_v73",
		.what	= "v7.3's folio_mc_copy(): " V73_MC_COPIES,
		.copy	= v73_folio_mc_copy,
		.sample	= sample_v73_folio_mc_copy,
	}, {
		.name	= "folio_mc_copy",
		.what	= "folio_mc_copy() of the running kernel",
		.copy	= folio_mc_copy,
		.sample	= sample_folio_mc_copy,
	},
};

/* Memory */

static int check_memory(const struct copy_run *r)
{
	u64 folios = (u64)r->nr_folios << (PAGE_SHIFT + r->order);
	u64 evict = (u64)r->nr_chunks * EVICT_CHUNK;
	int nid, err = 0;

	for_each_node_state(nid, N_MEMORY) {
		u64 need = 0;

		if (nid == r->src_nid)
			need += folios;
		if (nid == r->dst_nid)
			need += folios;
		if (nid == r->evict_nid)
			need += evict;
		err = err ?: check_free(nid, need, "bytes= or evict=");
	}
	return err;
}

static void free_folios(struct folio **folios, unsigned long nr)
{
	unsigned long i;

	for (i = 0; folios && i < nr && folios[i]; i++)
		folio_put(folios[i]);
	kvfree(folios);
}

static void release(struct run *run)
{
	struct copy_run *r = to_copy_run(run);

	free_folios(r->src, r->nr_folios);
	free_folios(r->dst, r->nr_folios);
	free_folios(r->chunk, r->nr_chunks);
	kvfree(r->ns);
}

/* On failure the array is left as it is, for free_run(). */
static int alloc_folios(struct folio ***folios, unsigned long nr, gfp_t gfp, unsigned int order,
			int nid)
{
	unsigned long i;

	*folios = kvcalloc(nr, sizeof(**folios), GFP_KERNEL);
	if (!*folios)
		return fail(-ENOMEM, "no memory for a list of %lu folios", nr);

	for (i = 0; i < nr; i++) {
		if (stopping())
			return -EINTR;
		(*folios)[i] = __folio_alloc_node(gfp, order, nid);
		if (!(*folios)[i])
			return fail(-ENOMEM,
				    "node %d: no free folio of order %u, compact its memory",
				    nid, order);
	}
	return 0;
}

static int alloc_run(struct copy_run *r)
{
	size_t nr = (size_t)(r->run.samples + 1) * r->nr_slots;
	int err;

	r->ns = kvcalloc(nr, sizeof(*r->ns), GFP_KERNEL);
	if (!r->ns)
		return fail(-ENOMEM, "no memory for %u samples", r->run.samples);

	err = alloc_text(&r->run, nr);
	if (!err)
		err = alloc_folios(&r->src, r->nr_folios, BENCH_GFP, r->order, r->src_nid);
	if (!err)
		err = alloc_folios(&r->dst, r->nr_folios, BENCH_GFP, r->order, r->dst_nid);
	/*
	 * Zeroed, because a hypervisor may back memory that was never written with one shared page:
	 * reading that evicts nothing.
	 */
	if (!err && r->nr_chunks)
		err = alloc_folios(&r->chunk, r->nr_chunks, BENCH_GFP | __GFP_ZERO, EVICT_ORDER,
				   r->evict_nid);
	return err;
}

/*
 * Contents
 *
 * No two words of a run's source folios are alike, so a page in the wrong place is seen just as a
 * wrong byte is. The destination is filled with the complement: there every byte is wrong until it
 * is copied, so a skipped page is seen even when an earlier copy got it right.
 */
static u64 pattern(const struct copy_run *r, unsigned long page, unsigned int word)
{
	u64 x = (r->seed + (u64)page * WORDS_PER_PAGE + word) * GOLDEN_RATIO_64;

	return x ^ (x >> 32);
}

static void fill_folio(const struct copy_run *r, struct folio *folio, unsigned long n, u64 flip)
{
	long i, nr = folio_nr_pages(folio);
	unsigned int w;
	u64 *p;

	for (i = 0; i < nr; i++) {
		p = kmap_local_page(folio_page(folio, i));
		for (w = 0; w < WORDS_PER_PAGE; w++)
			p[w] = pattern(r, n * nr + i, w) ^ flip;
		kunmap_local(p);
	}
}

static int mismatch(const char *name, const char *side, unsigned long n, long page,
		    unsigned int word, u64 want, u64 found)
{
	const u8 *w = (const u8 *)&want, *f = (const u8 *)&found;
	unsigned int b = 0;

	while (w[b] == f[b])
		b++;
	return fail(-EIO,
		    "variant=%s: %s folio %lu, page %ld, byte %zu: expected 0x%02x, found 0x%02x%s",
		    name, side, n, page, word * sizeof(u64) + b, w[b], f[b],
		    found == ~want ? " (never written)" : "");
}

static int check_folio(const struct copy_run *r, struct folio *folio, unsigned long n,
		       const char *name, const char *side)
{
	long i, nr = folio_nr_pages(folio);
	unsigned int w;
	int err = 0;
	u64 *p;

	for (i = 0; i < nr && !err; i++) {
		p = kmap_local_page(folio_page(folio, i));
		for (w = 0; w < WORDS_PER_PAGE; w++) {
			u64 want = pattern(r, n * nr + i, w);

			if (p[w] != want) {
				err = mismatch(name, side, n, i, w, want, p[w]);
				break;
			}
		}
		kunmap_local(p);
	}
	return err;
}

static int copy_failed(const struct variant *v, int err)
{
	if (err == -EINTR)
		return err;
	return fail(err, "variant=%s: a source page is poisoned, see the kernel log", v->name);
}

static int verify_variant(const struct copy_run *r, const struct variant *v)
{
	unsigned long n;
	int err;

	for (n = 0; n < r->nr_folios; n++) {
		if (stopping())
			return -EINTR;
		fill_folio(r, r->dst[n], n, ~0ULL);
		err = v->copy(r->dst[n], r->src[n]);
		if (err)
			return copy_failed(v, err);
		err = check_folio(r, r->dst[n], n, v->name, "destination") ?:
		      check_folio(r, r->src[n], n, v->name, "source");
		if (err)
			return err;
	}
	return 0;
}

/* Measuring */

/*
 * Read, not write: dirty lines would be written back while the next copy is timed. The source and
 * the destination are both evicted; a cold copy finds neither in a cache.
 */
static int evict_caches(const struct copy_run *r)
{
	unsigned long n, i, off;
	char *p;

	for (n = 0; n < r->nr_chunks; n++) {
		for (i = 0; i < EVICT_CHUNK / PAGE_SIZE; i++) {
			p = kmap_local_page(folio_page(r->chunk[n], i));
			for (off = 0; off < PAGE_SIZE; off += L1_CACHE_BYTES)
				READ_ONCE(p[off]);
			kunmap_local(p);
		}
		if (stopping())
			return -EINTR;
	}
	return 0;
}

static void shuffle(u8 *turn, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++)
		turn[i] = i;
	for (i = nr - 1; i > 0; i--) {
		j = prandom_u32_state(rnd) % (i + 1);
		swap(turn[i], turn[j]);
	}
}

/* Every variant once, in an order of the round's own, so that drift hits all of them alike. */
static int measure_round(const struct copy_run *r, unsigned int round, struct rnd_state *rnd)
{
	u8 turn[MAX_SLOTS];
	unsigned int i;
	int err = start_round(&r->run, round);

	if (err)
		return err;
	shuffle(turn, r->nr_slots, rnd);
	for (i = 0; i < r->nr_slots; i++) {
		const struct variant *v = r->slot[turn[i]];

		err = evict_caches(r);
		if (err)
			return err;
		err = v->sample(r, &r->ns[round * r->nr_slots + turn[i]]);
		if (err)
			return copy_failed(v, err);
	}
	return 0;
}

static int fill_sources(const struct copy_run *r)
{
	unsigned long n;

	for (n = 0; n < r->nr_folios; n++) {
		fill_folio(r, r->src[n], n, 0);
		if (stopping())
			return -EINTR;
	}
	return 0;
}

static void print_sample(struct copy_run *r, unsigned int round, unsigned int slot)
{
	seq_buf_printf(&r->run.text,
		       "sample slot=%u variant=%s round=%u first=%d ns=%llu bytes=%llu\n", slot,
		       r->slot[slot]->name, round, !round,
		       r->ns[round * r->nr_slots + slot],
		       (u64)r->nr_copies << (PAGE_SHIFT + r->order));
}

static void print_results(struct copy_run *r)
{
	unsigned int i, round;

	seq_buf_printf(&r->run.text,
		       "# folio_copy_bench 1: one line for the run, then one per sample.\n"
		       "# ns: time of all copies of a sample; bytes: what they copied;\n"
		       "# first=1: first sample of a variant, kept apart, not in samples=.\n"
		       "kernel=%s seed=%llu order=%u folio=%lu src=%d dst=%d cpu=%u cache=%s",
		       init_utsname()->release, r->seed, r->order, PAGE_SIZE << r->order,
		       r->src_nid, r->dst_nid, r->run.cpu, r->cold ? "cold" : "hot");
	seq_buf_printf(&r->run.text, " evict=%llu samples=%u bytes=%llu copies=%lu verified=ok\n",
		       r->evict, r->run.samples, r->bytes, r->nr_copies);
	for (round = 0; round <= r->run.samples; round++)
		for (i = 0; i < r->nr_slots; i++)
			print_sample(r, round, i);
}

static int measure(struct run *run)
{
	struct copy_run *r = to_copy_run(run);
	struct rnd_state rnd;
	unsigned int i;
	int err;

	err = alloc_run(r) ?: fill_sources(r);
	if (err)
		return err;

	prandom_seed_state(&rnd, r->seed);
	for (i = 0; i <= run->samples; i++) {
		err = measure_round(r, i, &rnd);
		if (err)
			return err;
	}

	for (i = 0; i < r->nr_slots; i++) {
		set_status("running: verifying variant=%s", r->slot[i]->name);
		err = verify_variant(r, r->slot[i]);
		if (err)
			return err;
	}
	print_results(r);
	return 0;
}

/* Requests */

static int set_cache(const char *val, bool *cold)
{
	*cold = !strcmp(val, "cold");
	if (!*cold && strcmp(val, "hot"))
		return fail(-EINVAL, "cache=%.32s: hot or cold is allowed", val);
	return 0;
}

static int set_seed(const char *val, u64 *seed)
{
	if (kstrtoull(val, 10, seed))
		return fail(-EINVAL, "seed=%.32s: a number below 2^64 is allowed", val);
	return 0;
}

static const struct variant *find_variant(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (!strcmp(name, variants[i].name))
			return &variants[i];
	return NULL;
}

static int fail_variant(const char *name)
{
	DECLARE_SEQ_BUF(names, 128);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		seq_buf_printf(&names, " %s", variants[i].name);
	return fail(-EINVAL, "variant=%.32s: allowed are%s", name, seq_buf_str(&names));
}

static int set_variants(struct copy_run *r, char *val)
{
	char *name;

	while ((name = strsep(&val, ","))) {
		const struct variant *v = find_variant(name);

		if (!v)
			return fail_variant(name);
		if (r->nr_slots == MAX_SLOTS)
			return fail(-EINVAL, "variant=: at most %d names are allowed", MAX_SLOTS);
		r->slot[r->nr_slots++] = v;
	}
	return 0;
}

static int set_word(struct run *run, const char *key, char *val)
{
	struct copy_run *r = to_copy_run(run);

	if (!strcmp(key, "variant"))
		return set_variants(r, val);
	if (!strcmp(key, "order"))
		return set_number(key, val, 0, MAX_PAGE_ORDER, &r->order);
	if (!strcmp(key, "src"))
		return set_node(key, val, &r->src_nid);
	if (!strcmp(key, "dst"))
		return set_node(key, val, &r->dst_nid);
	if (!strcmp(key, "cache"))
		return set_cache(val, &r->cold);
	if (!strcmp(key, "evict"))
		return set_size(key, val, EVICT_CHUNK, &r->evict);
	if (!strcmp(key, "bytes"))
		return set_size(key, val, 1, &r->bytes);
	if (!strcmp(key, "seed"))
		return set_seed(val, &r->seed);
	return UNKNOWN_KEY;
}

static void defaults(struct run *run)
{
	struct copy_run *r = to_copy_run(run);

	r->order = DEFAULT_ORDER;
	r->src_nid = first_node(node_states[N_MEMORY]);
	r->dst_nid = r->src_nid;
	r->seed = get_random_u64();
	run->samples = 20;
}

static int complete_request(struct run *run)
{
	struct copy_run *r = to_copy_run(run);
	unsigned int i;

	if (r->evict && !r->cold)
		return fail(-EINVAL, "evict= is allowed with cache=cold only");
	if (r->cold && !r->evict)
		r->evict = SZ_128M;
	if (!r->bytes)
		r->bytes = r->cold ? SZ_2M : SZ_64M;
	if (!r->nr_slots) {
		for (i = 0; i < ARRAY_SIZE(variants); i++)
			r->slot[i] = &variants[i];
		r->nr_slots = ARRAY_SIZE(variants);
	}

	r->nr_copies = max(1ULL, r->bytes >> (PAGE_SHIFT + r->order));
	r->nr_folios = r->cold ? r->nr_copies : 1;
	r->nr_chunks = DIV_ROUND_UP_ULL(r->evict, EVICT_CHUNK);
	r->evict_nid = cpu_to_mem(r->run.cpu);
	if (!node_state(r->evict_nid, N_MEMORY))
		r->evict_nid = numa_nearest_node(r->evict_nid, N_MEMORY);
	snprintf(run->what, sizeof(run->what), "order=%u src=%d dst=%d cpu=%u cache=%s", r->order,
		 r->src_nid, r->dst_nid, run->cpu, r->cold ? "cold" : "hot");
	return check_memory(r);
}

void print_variants(struct seq_buf *s)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		seq_buf_printf(s, "%-18s %s\n", variants[i].name, variants[i].what);
}

static const char help_format[] =
	"Copies:\n"
	"  variant=A,B  up to %d names from the file variants (default: each once);\n"
	"               the same name twice compares A against A\n"
	"  order=N      folio order, 0 to %d (default %d)\n"
	"  src=N dst=N  copy from and to these nodes; they need memory, not CPUs\n"
	"               (default: the first node with memory)\n"
	"  cache=       hot: the same folio again and again; cold: as many folios as\n"
	"               bytes= holds, each copied once per sample, source and destination\n"
	"               evicted before (default hot)\n"
	"  evict=SIZE   cold only: how much is read to evict; take more than twice the\n"
	"               last level cache (default 128M, at least %luK)\n"
	"  samples=N    per variant, the variants in random order each time (default 20)\n"
	"  bytes=SIZE   per sample, at least one folio (default: hot 64M, cold 2M)\n"
	"  seed=N       of that order and of the contents (default: random)\n"
	"Contents are verified for every variant before results can be read.\n";

void print_copy_help(struct seq_buf *s)
{
	seq_buf_printf(s, help_format, MAX_SLOTS, MAX_PAGE_ORDER, DEFAULT_ORDER,
		       EVICT_CHUNK / SZ_1K);
}

const struct run_type copy_run_type = {
	.size		= sizeof(struct copy_run),
	.keys		= "variant order src dst cpu cache evict samples bytes seed",
	.defaults	= defaults,
	.set_word	= set_word,
	.complete	= complete_request,
	.measure	= measure,
	.release	= release,
};
