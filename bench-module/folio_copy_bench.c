// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark of folio_copy() and folio_mc_copy().
 *
 * One boot compares both sides: the running kernel's two functions, and the page-by-page loops that
 * v7.3 had in their place, rebuilt here from what is exported. The module does nothing when it is
 * loaded. Everything goes through /sys/kernel/debug/folio_copy_bench/:
 *
 *	help		the request syntax and what this machine allows
 *	variants	what can be measured
 *	run		write one request; read how far it is, or why the last one failed
 *	results		the samples of the last run that was completed and verified
 *
 * Life time. A write to "run" returns when the run is over. That gives a run exactly one owner: a
 * signal to the writer ends the run (no stray work after ^C or SIGKILL), and all memory is freed
 * before the write returns. A writer that blocks normally keeps its module from being unloaded. Not
 * here: debugfs files with short fops take no module reference, and debugfs_remove() waits for the
 * operations in flight after it has called their debugfs_cancellation. So rmmod cancels the run,
 * waits until the writer has left this module, and goes on.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_buf.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <linux/vmstat.h>

#define MAX_SLOTS	8
#define MAX_SAMPLES	1000
#define MAX_REQUEST	512
#define MAX_BYTES	SZ_1T
#define DEFAULT_ORDER	min(9, MAX_PAGE_ORDER)	/* 2 MiB with 4 KiB pages */
#define WORDS_PER_PAGE	(PAGE_SIZE / sizeof(u64))

/* A run may take this fraction of what is free on each node it uses. */
#define MEMORY_FRACTION	4

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

struct run;

/*
 * @copy copies one folio. @sample copies all folios of a sample and takes the time; it exists once
 * per variant so that the timed loop calls @copy directly, not through a pointer and its thunk.
 */
struct variant {
	const char *name;
	const char *what;
	int (*copy)(struct folio *dst, struct folio *src);
	int (*sample)(const struct run *r, u64 *ns);
};

struct run {
	/* The request. A variant in two slots is measured twice: an A-against-A control. */
	const struct variant *slot[MAX_SLOTS];
	unsigned int nr_slots;
	unsigned int order;
	int src_nid;
	int dst_nid;
	unsigned int cpu;
	bool cold;
	u64 evict;
	unsigned int samples;
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
	struct seq_buf text;

	struct completion done;
	bool unloading;
};

static struct dentry *bench_dir;

/* Held for the whole of a run. */
static DEFINE_MUTEX(run_lock);

/* Protects what is read through the files: the line of "run", and "results". */
static DEFINE_MUTEX(text_lock);
static char status[256] = "idle: nothing has run since the module was loaded";
static struct seq_buf results;

static __printf(1, 2) void set_status(const char *fmt, ...)
{
	va_list args;

	guard(mutex)(&text_lock);
	va_start(args, fmt);
	vscnprintf(status, sizeof(status), fmt, args);
	va_end(args);
}

/* Leave the reason where the requester finds it, and return the errno. */
static __printf(2, 3) int fail(int err, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	set_status("failed: %pV", &vaf);
	va_end(args);
	return err;
}

/* The variants */

static __always_inline int kernel_folio_copy(struct folio *dst, struct folio *src)
{
	folio_copy(dst, src);
	return 0;
}

/* The two loops of v7.3: a chance to reschedule between two pages, none after the last one. */
static noinline int v73_folio_copy(struct folio *dst, struct folio *src)
{
	long i, nr = folio_nr_pages(src);

	copy_highpage(folio_page(dst, 0), folio_page(src, 0));
	for (i = 1; i < nr; i++) {
		cond_resched();
		copy_highpage(folio_page(dst, i), folio_page(src, i));
	}
	return 0;
}

static noinline int v73_folio_mc_copy(struct folio *dst, struct folio *src)
{
	long i, nr = folio_nr_pages(src);

	if (copy_mc_highpage(folio_page(dst, 0), folio_page(src, 0)))
		return -EHWPOISON;
	for (i = 1; i < nr; i++) {
		cond_resched();
		if (copy_mc_highpage(folio_page(dst, i), folio_page(src, i)))
			return -EHWPOISON;
	}
	return 0;
}

static bool stopping(void)
{
	cond_resched();
	return kthread_should_stop();
}

static __always_inline int time_copies(const struct run *r, u64 *ns,
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

static int sample_folio_copy(const struct run *r, u64 *ns)
{
	return time_copies(r, ns, kernel_folio_copy);
}

static int sample_folio_mc_copy(const struct run *r, u64 *ns)
{
	return time_copies(r, ns, folio_mc_copy);
}

static int sample_v73_folio_copy(const struct run *r, u64 *ns)
{
	return time_copies(r, ns, v73_folio_copy);
}

static int sample_v73_folio_mc_copy(const struct run *r, u64 *ns)
{
	return time_copies(r, ns, v73_folio_mc_copy);
}

static const struct variant variants[] = {
	{
		.name	= "folio_copy_v73",
		.what	= "v7.3's folio_copy(): copy_highpage() page by page",
		.copy	= v73_folio_copy,
		.sample	= sample_v73_folio_copy,
	}, {
		.name	= "folio_copy",
		.what	= "folio_copy() of the running kernel",
		.copy	= kernel_folio_copy,
		.sample	= sample_folio_copy,
	}, {
		.name	= "folio_mc_copy_v73",
		.what	= "v7.3's folio_mc_copy(): copy_mc_highpage() page by page",
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

static u64 node_free(int nid)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	u64 pages = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&zones[i]))
			pages += zone_page_state(&zones[i], NR_FREE_PAGES);
	return pages << PAGE_SHIFT;
}

static int check_memory(const struct run *r)
{
	u64 folios = (u64)r->nr_folios << (PAGE_SHIFT + r->order);
	u64 evict = (u64)r->nr_chunks * EVICT_CHUNK;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		u64 allowed = node_free(nid) / MEMORY_FRACTION;
		u64 need = 0;

		if (nid == r->src_nid)
			need += folios;
		if (nid == r->dst_nid)
			need += folios;
		if (nid == r->evict_nid)
			need += evict;
		if (need > allowed)
			return fail(-ENOMEM,
				    "node %d: %llu KiB needed, %llu KiB (free / %d) allowed",
				    nid, need / SZ_1K, allowed / SZ_1K, MEMORY_FRACTION);
	}
	return 0;
}

static void free_folios(struct folio **folios, unsigned long nr)
{
	unsigned long i;

	for (i = 0; folios && i < nr && folios[i]; i++)
		folio_put(folios[i]);
	kvfree(folios);
}

static void free_run(struct run *r)
{
	free_folios(r->src, r->nr_folios);
	free_folios(r->dst, r->nr_folios);
	free_folios(r->chunk, r->nr_chunks);
	kvfree(r->ns);
	kvfree(r->text.buffer);
	kfree(r);
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

static int alloc_run(struct run *r)
{
	size_t nr = (size_t)(r->samples + 1) * r->nr_slots;
	size_t len = SZ_1K + nr * 128;
	char *text;
	int err;

	r->ns = kvcalloc(nr, sizeof(*r->ns), GFP_KERNEL);
	text = kvmalloc(len, GFP_KERNEL);
	seq_buf_init(&r->text, text, len);
	if (!r->ns || !text)
		return fail(-ENOMEM, "no memory for %u samples", r->samples);

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
static u64 pattern(const struct run *r, unsigned long page, unsigned int word)
{
	u64 x = (r->seed + (u64)page * WORDS_PER_PAGE + word) * GOLDEN_RATIO_64;

	return x ^ (x >> 32);
}

static void fill_folio(const struct run *r, struct folio *folio, unsigned long n, u64 flip)
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

static int check_folio(const struct run *r, struct folio *folio, unsigned long n,
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

static int verify_variant(const struct run *r, const struct variant *v)
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
static int evict_caches(const struct run *r)
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
static int measure_round(const struct run *r, unsigned int round, struct rnd_state *rnd)
{
	u8 turn[MAX_SLOTS];
	unsigned int i;
	int err;

	if (raw_smp_processor_id() != r->cpu)
		return fail(-ENODEV, "cpu %u went offline during the run", r->cpu);

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

static int fill_sources(const struct run *r)
{
	unsigned long n;

	for (n = 0; n < r->nr_folios; n++) {
		fill_folio(r, r->src[n], n, 0);
		if (stopping())
			return -EINTR;
	}
	return 0;
}

static void print_sample(struct run *r, unsigned int round, unsigned int slot)
{
	seq_buf_printf(&r->text, "sample slot=%u variant=%s round=%u first=%d ns=%llu bytes=%llu\n",
		       slot, r->slot[slot]->name, round, !round,
		       r->ns[round * r->nr_slots + slot],
		       (u64)r->nr_copies << (PAGE_SHIFT + r->order));
}

static void print_results(struct run *r)
{
	unsigned int i, round;

	seq_buf_printf(&r->text,
		       "# folio_copy_bench 1: one line for the run, then one per sample.\n"
		       "# ns: time of all copies of a sample; bytes: what they copied;\n"
		       "# first=1: first sample of a variant, kept apart, not in samples=.\n"
		       "kernel=%s seed=%llu order=%u folio=%lu src=%d dst=%d cpu=%u cache=%s",
		       init_utsname()->release, r->seed, r->order, PAGE_SIZE << r->order,
		       r->src_nid, r->dst_nid, r->cpu, r->cold ? "cold" : "hot");
	seq_buf_printf(&r->text, " evict=%llu samples=%u bytes=%llu copies=%lu verified=ok\n",
		       r->evict, r->samples, r->bytes, r->nr_copies);
	for (round = 0; round <= r->samples; round++)
		for (i = 0; i < r->nr_slots; i++)
			print_sample(r, round, i);
}

static int measure(struct run *r)
{
	struct rnd_state rnd;
	unsigned int i;
	int err;

	err = alloc_run(r) ?: fill_sources(r);
	if (err)
		return err;

	prandom_seed_state(&rnd, r->seed);
	for (i = 0; i <= r->samples; i++) {
		set_status("running: order=%u src=%d dst=%d cpu=%u cache=%s, round %u of %u",
			   r->order, r->src_nid, r->dst_nid, r->cpu, r->cold ? "cold" : "hot",
			   i + 1, r->samples + 1);
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

static int run_thread(void *arg)
{
	struct run *r = arg;
	int err;

	err = measure(r);
	complete(&r->done);
	return err;
}

static void cancel_run(struct dentry *dentry, void *arg)
{
	struct run *r = arg;

	r->unloading = true;
	complete(&r->done);
}

/*
 * Returns -EINTR rather than -ERESTARTSYS after a signal: a run that was cut short must not start
 * again from the beginning because the signal's handler happens to ask for restarts.
 */
static int execute(struct run *r, struct file *file)
{
	struct debugfs_cancellation cancel = { .cancel = cancel_run, .cancel_data = r };
	struct task_struct *task;
	int err;

	init_completion(&r->done);
	task = kthread_create_on_node(run_thread, r, cpu_to_mem(r->cpu), "folio_copy_bench");
	if (IS_ERR(task))
		return fail((int)PTR_ERR(task), "the thread of the run could not be started");
	kthread_bind(task, r->cpu);
	get_task_struct(task);
	wake_up_process(task);

	debugfs_enter_cancellation(file, &cancel);
	wait_for_completion_interruptible(&r->done);
	debugfs_leave_cancellation(file, &cancel);

	/* Over, interrupted or cancelled: the thread's own result tells. */
	err = kthread_stop_put(task);
	if (err != -EINTR)
		return err;
	set_status("stopped: by a signal to the process that asked for the run");
	return r->unloading ? -ECANCELED : -EINTR;
}

/* Requests */

static int set_number(const char *key, const char *val, unsigned int lo, unsigned int hi,
		      unsigned int *res)
{
	if (kstrtouint(val, 10, res) || *res < lo || *res > hi)
		return fail(-EINVAL, "%s=%.32s: a number from %u to %u is allowed", key, val,
			    lo, hi);
	return 0;
}

static int set_size(const char *key, char *val, u64 lo, u64 *res)
{
	size_t len = strlen(val);
	unsigned int shift = 0;

	if (len) {
		const char *unit = "KMG", *u = strchr(unit, val[len - 1]);

		if (u) {
			shift = 10 * (u - unit + 1);
			val[len - 1] = '\0';
		}
	}
	if (kstrtoull(val, 10, res) || *res > MAX_BYTES >> shift || *res << shift < lo)
		return fail(-EINVAL, "%s=: %llu to %llu bytes are allowed, K, M and G are units",
			    key, lo, (u64)MAX_BYTES);
	*res <<= shift;
	return 0;
}

static int set_node(const char *key, const char *val, int *nid)
{
	unsigned int n;

	if (kstrtouint(val, 10, &n) || n >= MAX_NUMNODES || !node_state(n, N_MEMORY))
		return fail(-EINVAL, "%s=%.32s: a node with memory is allowed, that is %*pbl", key,
			    val, nodemask_pr_args(&node_states[N_MEMORY]));
	*nid = n;
	return 0;
}

static int set_cpu(const char *val, unsigned int *cpu)
{
	if (kstrtouint(val, 10, cpu) || *cpu >= nr_cpu_ids || !cpu_online(*cpu))
		return fail(-EINVAL, "cpu=%.32s: an online cpu is allowed, that is %*pbl", val,
			    cpumask_pr_args(cpu_online_mask));
	return 0;
}

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

static int set_variants(struct run *r, char *val)
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

static int set_word(struct run *r, char *word)
{
	char *val = word, *key = strsep(&val, "=");

	if (!val)
		return fail(-EINVAL, "'%.32s': key=value is allowed, see the file help", key);
	if (!strcmp(key, "variant"))
		return set_variants(r, val);
	if (!strcmp(key, "order"))
		return set_number(key, val, 0, MAX_PAGE_ORDER, &r->order);
	if (!strcmp(key, "src"))
		return set_node(key, val, &r->src_nid);
	if (!strcmp(key, "dst"))
		return set_node(key, val, &r->dst_nid);
	if (!strcmp(key, "cpu"))
		return set_cpu(val, &r->cpu);
	if (!strcmp(key, "cache"))
		return set_cache(val, &r->cold);
	if (!strcmp(key, "evict"))
		return set_size(key, val, EVICT_CHUNK, &r->evict);
	if (!strcmp(key, "samples"))
		return set_number(key, val, 1, MAX_SAMPLES, &r->samples);
	if (!strcmp(key, "bytes"))
		return set_size(key, val, 1, &r->bytes);
	if (!strcmp(key, "seed"))
		return set_seed(val, &r->seed);
	return fail(-EINVAL,
		    "%.32s=: allowed are variant order src dst cpu cache evict samples bytes seed",
		    key);
}

static int complete_request(struct run *r)
{
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
	r->evict_nid = cpu_to_mem(r->cpu);
	if (!node_state(r->evict_nid, N_MEMORY))
		r->evict_nid = numa_nearest_node(r->evict_nid, N_MEMORY);
	return 0;
}

static int parse_request(struct run *r, char *line, size_t len)
{
	char *word;
	int err;

	r->order = DEFAULT_ORDER;
	r->src_nid = first_node(node_states[N_MEMORY]);
	r->dst_nid = r->src_nid;
	r->cpu = raw_smp_processor_id();
	r->samples = 20;
	r->seed = get_random_u64();

	if (strlen(line) != len)
		return fail(-EINVAL, "the request has a zero byte in it, see the file help");
	line = strim(line);
	if (!*line || strchr(line, '\n'))
		return fail(-EINVAL,
			    "exactly one line of key=value words is allowed, see the file help");

	while ((word = strsep(&line, " \t"))) {
		if (!*word)
			continue;
		err = set_word(r, word);
		if (err)
			return err;
	}
	return complete_request(r);
}

static int read_request(struct run *r, const char __user *ubuf, size_t len)
{
	char *line;
	int err;

	if (len > MAX_REQUEST)
		return fail(-EINVAL, "a request of at most %d bytes is allowed", MAX_REQUEST);
	line = memdup_user_nul(ubuf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = parse_request(r, line, len);
	kfree(line);
	return err;
}

/* Make @text what is read from "results"; @text gets the old contents, to be freed with it. */
static void swap_results(struct seq_buf *text)
{
	guard(mutex)(&text_lock);
	swap(results, *text);
}

static int do_run(struct run *r, struct file *file)
{
	struct seq_buf none = {};
	int err;

	/* A run that fails must not be mistaken for the one before it. */
	swap_results(&none);
	kvfree(none.buffer);

	err = execute(r, file);
	if (err)
		return err;
	swap_results(&r->text);
	set_status("done: order=%u src=%d dst=%d cpu=%u cache=%s, %u samples, verified",
		   r->order, r->src_nid, r->dst_nid, r->cpu, r->cold ? "cold" : "hot", r->samples);
	return 0;
}

/* The files */

static ssize_t run_write(struct file *file, const char __user *ubuf, size_t len, loff_t *ppos)
{
	struct run *r;
	int err;

	/* The state line stays that of the run in progress. */
	if (!mutex_trylock(&run_lock))
		return -EBUSY;

	r = kzalloc_obj(*r);
	if (r) {
		err = read_request(r, ubuf, len) ?: check_memory(r) ?: do_run(r, file);
		free_run(r);
	} else {
		err = -ENOMEM;
	}
	mutex_unlock(&run_lock);
	return err ?: len;
}

static void print_status(struct seq_buf *s)
{
	guard(mutex)(&text_lock);
	seq_buf_printf(s, "%s\n", status);
}

static void print_variants(struct seq_buf *s)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		seq_buf_printf(s, "%-18s %s\n", variants[i].name, variants[i].what);
}

static const char help_format[] =
	"Write one line of key=value words to the file run. The write returns when the\n"
	"run is over; a signal ends it early. Then read results, or run for the reason.\n"
	"  variant=A,B  up to %d names from the file variants (default: each once);\n"
	"               the same name twice compares A against A\n"
	"  order=N      folio order, 0 to %d (default %d)\n"
	"  src=N dst=N  copy from and to these nodes; they need memory, not CPUs\n"
	"               (default: the first node with memory)\n"
	"  cpu=N        the CPU that copies (default: the one that writes the request)\n"
	"  cache=       hot: the same folio again and again; cold: as many folios as\n"
	"               bytes= holds, each copied once per sample, source and destination\n"
	"               evicted before (default hot)\n"
	"  evict=SIZE   cold only: how much is read to evict; take more than twice the\n"
	"               last level cache (default 128M, at least %luK)\n"
	"  samples=N    1 to %d per variant, the variants in random order each time, and\n"
	"               a first one that is kept apart (default 20)\n"
	"  bytes=SIZE   per sample, at least one folio (default: hot 64M, cold 2M)\n"
	"  seed=N       of that order and of the contents (default: random)\n"
	"Sizes take K, M or G. A run may use 1/%d of the memory that is free on a node.\n"
	"Contents are verified for every variant before results can be read.\n"
	"limits order=0-%d nodes=%*pbl cpus=%*pbl\n";

static void print_help(struct seq_buf *s)
{
	int nid;

	seq_buf_printf(s, help_format, MAX_SLOTS, MAX_PAGE_ORDER, DEFAULT_ORDER,
		       EVICT_CHUNK / SZ_1K, MAX_SAMPLES, MEMORY_FRACTION, MAX_PAGE_ORDER,
		       nodemask_pr_args(&node_states[N_MEMORY]), cpumask_pr_args(cpu_online_mask));
	for_each_node_state(nid, N_MEMORY) {
		u64 mib = node_free(nid) / SZ_1M;

		seq_buf_printf(s, "node %d cpus=%*pbl free=%lluM usable=%lluM\n", nid,
			       cpumask_pr_args(cpumask_of_node(nid)), mib, mib / MEMORY_FRACTION);
	}
}

static ssize_t read_text(char __user *ubuf, size_t len, loff_t *ppos,
			 void (*print)(struct seq_buf *))
{
	struct seq_buf s;
	ssize_t ret;
	char *text;

	text = kmalloc(SZ_16K, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	seq_buf_init(&s, text, SZ_16K);
	print(&s);
	ret = simple_read_from_buffer(ubuf, len, ppos, text, seq_buf_used(&s));
	kfree(text);
	return ret;
}

static ssize_t run_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	return read_text(ubuf, len, ppos, print_status);
}

static ssize_t variants_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	return read_text(ubuf, len, ppos, print_variants);
}

static ssize_t help_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	return read_text(ubuf, len, ppos, print_help);
}

static ssize_t results_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	guard(mutex)(&text_lock);
	return simple_read_from_buffer(ubuf, len, ppos, results.buffer, seq_buf_used(&results));
}

static const struct debugfs_short_fops run_fops = { .read = run_read, .write = run_write };
static const struct debugfs_short_fops variants_fops = { .read = variants_read };
static const struct debugfs_short_fops help_fops = { .read = help_read };
static const struct debugfs_short_fops results_fops = { .read = results_read };

static int __init bench_init(void)
{
	bench_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(bench_dir)) {
		pr_err("no debugfs, no benchmark: needs CONFIG_DEBUG_FS=y and no debugfs=off\n");
		return PTR_ERR(bench_dir);
	}
	debugfs_create_file("help", 0444, bench_dir, NULL, &help_fops);
	debugfs_create_file("variants", 0444, bench_dir, NULL, &variants_fops);
	debugfs_create_file("run", 0600, bench_dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, bench_dir, NULL, &results_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_dir);
	kvfree(results.buffer);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Benchmark of folio_copy() and folio_mc_copy()");
MODULE_LICENSE("GPL");
