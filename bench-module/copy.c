// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark of folio copies: requests and results.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pgtable.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/utsname.h>

#include "copy.h"

#define DEFAULT_ORDER min(9, MAX_PAGE_ORDER) /* 2 MiB with 4 KiB pages */

/* The buffer has to stay in the cache while no thread copies. A module cannot ask for the cache size. */
#define DEFAULT_BYSTANDER_BYTES SZ_8M

static void release(struct run *run)
{
	struct copy_run *r = to_copy_run(run);

	free_memory(r);
	kvfree(r->samples);
	kvfree(r->copiers);
}

/* Results */

static void print_sample(struct copy_run *r, unsigned int round, unsigned int slot)
{
	const struct sample *s = &r->samples[round * r->nr_slots + slot];
	struct seq_buf *text = &r->run.text;

	seq_buf_printf(text, "sample slot=%u variant=%s round=%u first=%d ns=%llu bytes=%llu", slot,
		       r->slot[slot]->name, round, round < r->run.warmup, s->copies,
		       (u64)r->threads * r->nr_copies << (PAGE_SHIFT + r->order));
	if (r->cold)
		/* Never 0, which means "not measured": the clock of User-Mode Linux goes in steps of 256 ns. */
		seq_buf_printf(text, " first_ns=%llu", max(s->first, 1ULL));
	if (r->bystander.wanted)
		seq_buf_printf(text, " bystander_ns=%llu alone_ns=%llu", s->bystander, s->alone);
	seq_buf_puts(text, "\n");
}

static void print_run(struct copy_run *r)
{
	struct seq_buf *text = &r->run.text;
	unsigned int i;

	seq_buf_printf(text, "kernel=%s seed=%llu order=%u folio=%lu src=%d dst=%d cpu=%u cache=%s",
		       init_utsname()->release, r->seed, r->order, PAGE_SIZE << r->order, r->src_nid, r->dst_nid,
		       r->run.cpu, r->cold ? "cold" : "hot");
	seq_buf_printf(text, " evict=%llu samples=%u bytes=%llu copies=%lu verified=ok", r->evict_bytes, r->run.samples,
		       r->bytes, r->nr_copies);
	seq_buf_printf(text, " threads=%u cpus=", r->threads);
	for (i = 0; i < r->threads; i++)
		seq_buf_printf(text, "%s%u", i ? "," : "", r->copiers[i].cpu);
	seq_buf_printf(text, " read=%u warmup=%u memory=%s", r->read, r->run.warmup,
		       r->src_addr ? "hugetlb" : "module");
	if (r->bystander.wanted)
		seq_buf_printf(text, " bystander=%u bystander_bytes=%llu", r->bystander.cpu,
			       (u64)r->bystander.buffer.nr_chunks * CHUNK_SIZE);
	seq_buf_puts(text, "\n");
}

static void print_results(struct copy_run *r)
{
	unsigned int i, round;

	seq_buf_puts(&r->run.text,
		     "# folio_copy_bench 1: one line for the run, then one per sample.\n"
		     "# ns: from the common start of all threads to the last copy of the sample;\n"
		     "# bytes: copied by all threads; first=1: warm-up round, not among the samples;\n"
		     "# first_ns: time of the first folio; bystander_ns: one walk of the bystander\n"
		     "# during the copies; alone_ns: one walk before the round (0: it read nothing).\n");
	print_run(r);
	for (round = 0; round < nr_rounds(&r->run); round++)
		for (i = 0; i < r->nr_slots; i++)
			print_sample(r, round, i);
}

static int alloc_results(struct copy_run *r)
{
	size_t nr = (size_t)nr_rounds(&r->run) * r->nr_slots;

	r->samples = kvcalloc(nr, sizeof(*r->samples), GFP_KERNEL);
	if (!r->samples)
		return fail(-ENOMEM, "no memory for %u samples", r->run.samples);
	return alloc_text(&r->run, nr, r->threads);
}

static int measure(struct run *run)
{
	struct copy_run *r = to_copy_run(run);
	unsigned int i;
	int err;

	err = alloc_results(r) ?: alloc_memory(r) ?: fill_sources(r) ?: measure_rounds(r);
	for (i = 0; i < r->nr_slots && !err; i++) {
		show_progress("verifying variant=%s", r->slot[i]->name);
		err = verify_variant(r, r->slot[i]);
	}
	if (!err)
		print_results(r);
	return err;
}

/* Requests */

static int set_cache(const char *val, bool *cold)
{
	*cold = !strcmp(val, "cold");
	if (!*cold && strcmp(val, "hot"))
		return fail(-EINVAL, "cache=%.32s: hot or cold is allowed", val);
	return 0;
}

static int set_addr(const char *key, const char *val, u64 *addr)
{
	if (kstrtoull(val, 0, addr) || !*addr || !PAGE_ALIGNED(*addr))
		return fail(-EINVAL,
			    "%s=%.32s: a page-aligned address other than 0 is allowed, for example 0x7f0040000000", key,
			    val);
	return 0;
}

static const struct variant *find_variant(const char *name)
{
	const struct variant *v;
	unsigned int i;

	for (i = 0; (v = get_variant(i)); i++)
		if (!strcmp(name, v->name))
			return v;
	return NULL;
}

static int fail_variant(const char *name)
{
	DECLARE_SEQ_BUF(names, 160);
	const struct variant *v;
	unsigned int i;

	for (i = 0; (v = get_variant(i)); i++)
		seq_buf_printf(&names, " %s", v->name);
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
		return set_number(key, val, 0, max(MAX_PAGE_ORDER, PUD_ORDER), &r->order);
	if (!strcmp(key, "src"))
		return set_node(key, val, &r->src_nid);
	if (!strcmp(key, "dst"))
		return set_node(key, val, &r->dst_nid);
	if (!strcmp(key, "src_addr"))
		return set_addr(key, val, &r->src_addr);
	if (!strcmp(key, "dst_addr"))
		return set_addr(key, val, &r->dst_addr);
	if (!strcmp(key, "threads"))
		return set_number(key, val, 1, num_online_cpus(), &r->threads);
	if (!strcmp(key, "read"))
		return set_number(key, val, 0, 1, &r->read);
	if (!strcmp(key, "cache"))
		return set_cache(val, &r->cold);
	if (!strcmp(key, "evict"))
		return set_size(key, val, CHUNK_SIZE, &r->evict_bytes);
	if (!strcmp(key, "bytes"))
		return set_size(key, val, 1, &r->bytes);
	if (!strcmp(key, "warmup"))
		return set_number(key, val, 1, MAX_SAMPLES, &run->warmup);
	if (!strcmp(key, "seed"))
		return set_seed(val, &r->seed);
	if (!strcmp(key, "bystander_bytes"))
		return set_size(key, val, CHUNK_SIZE, &r->bystander.bytes);
	if (strcmp(key, "bystander"))
		return UNKNOWN_KEY;
	r->bystander.wanted = true;
	return set_cpu(key, val, &r->bystander.cpu);
}

static void defaults(struct run *run)
{
	struct copy_run *r = to_copy_run(run);

	r->order = DEFAULT_ORDER;
	r->src_nid = first_node(node_states[N_MEMORY]);
	r->dst_nid = r->src_nid;
	r->threads = 1;
	r->seed = get_random_u64();
	run->samples = 20;
}

/* Checks of words that need or exclude each other. */
static int check_words(const struct copy_run *r)
{
	u64 distance = max(r->src_addr, r->dst_addr) - min(r->src_addr, r->dst_addr);
	const struct bystander *b = &r->bystander;

	if (r->evict_bytes && !r->cold)
		return fail(-EINVAL, "evict= is allowed with cache=cold only");
	if (!r->src_addr != !r->dst_addr)
		return fail(-EINVAL, "src_addr= and dst_addr=: both are needed, or none");
	if (r->src_addr && distance < r->threads * (PAGE_SIZE << r->order))
		return fail(-EINVAL, "src_addr= and dst_addr= overlap: keep %lu bytes between them",
			    r->threads * (PAGE_SIZE << r->order));
	if (!r->src_addr && r->order > MAX_PAGE_ORDER)
		return fail(-EINVAL, "order=%u: 0 to %d is allowed, above that with src_addr= and dst_addr= only",
			    r->order, MAX_PAGE_ORDER);
	if (r->src_addr && r->cold && r->bytes)
		return fail(-EINVAL, "bytes= is not allowed here: with src_addr= a cold sample is one folio");
	if (!b->wanted && b->bytes)
		return fail(-EINVAL, "bystander_bytes= is allowed with bystander= only");
	if (b->wanted && b->cpu == r->run.cpu)
		return fail(-EINVAL, "bystander=%u: this CPU makes the copies, give another one to cpu=", b->cpu);
	return 0;
}

static void fill_in(struct copy_run *r)
{
	unsigned int i;

	if (r->cold && !r->evict_bytes)
		r->evict_bytes = SZ_128M;
	if (!r->bytes)
		r->bytes = r->cold ? SZ_2M : SZ_64M;
	if (r->src_addr && r->cold)
		r->bytes = PAGE_SIZE << r->order;
	if (!r->bystander.bytes)
		r->bystander.bytes = DEFAULT_BYSTANDER_BYTES;
	if (!r->nr_slots) {
		for (i = 0; i < NR_DEFAULT_VARIANTS; i++)
			r->slot[i] = get_variant(i);
		r->nr_slots = NR_DEFAULT_VARIANTS;
	}
	r->nr_copies = max(1ULL, r->bytes >> (PAGE_SHIFT + r->order));
	r->nr_folios = r->cold ? r->nr_copies : 1;
}

static int alloc_copiers(struct copy_run *r)
{
	unsigned int i;

	r->copiers = kvcalloc(r->threads, sizeof(*r->copiers), GFP_KERNEL);
	if (!r->copiers)
		return fail(-ENOMEM, "no memory for %u threads", r->threads);
	for (i = 0; i < r->threads; i++)
		r->copiers[i].r = r;
	return choose_cpus(r);
}

static int complete_request(struct run *run)
{
	struct copy_run *r = to_copy_run(run);
	int err = check_words(r);

	if (err)
		return err;
	fill_in(r);
	snprintf(run->what, sizeof(run->what), "order=%u src=%d dst=%d cpu=%u threads=%u cache=%s", r->order,
		 r->src_nid, r->dst_nid, run->cpu, r->threads, r->cold ? "cold" : "hot");
	err = alloc_copiers(r) ?: check_memory(r);
	if (!err && r->src_addr)
		err = pin_memory(r);
	return err;
}

static const char help_format[] =
	"Copies:\n"
	"  variant=A,B  up to %d names from the file variants (default: the first %d);\n"
	"               a name given twice is measured twice, as an A-against-A control\n"
	"  order=N      folio order, 0 to %d (default %d), to %d with src_addr=\n"
	"  src=N dst=N  copy from and to these nodes; they need memory, not CPUs\n"
	"               (default: the first node with memory)\n"
	"  src_addr=N dst_addr=N\n"
	"               copy between hugetlb folios of order=N that the writing process has\n"
	"               mapped: one folio per thread from each address on, on the nodes src=\n"
	"               and dst=. Source and destination are overwritten\n"
	"  threads=N    copy on N CPUs at once: cpu=, then others of its node, then the rest;\n"
	"               each thread has its own folios (default 1). Timing starts when all are\n"
	"               ready and ends with the last copy; a thread that is done copies on\n"
	"  cache=       hot: copy the same folio again and again; cold: copy as many folios as\n"
	"               fit in bytes=, each once per sample, with source and destination\n"
	"               evicted before (default hot)\n"
	"  evict=SIZE   cold only: every thread reads this much to evict the caches; take more\n"
	"               than twice the last level cache (default 128M, at least %luK)\n"
	"  read=1       read each folio after its copy, one load per cache line; it counts\n"
	"  samples=N    samples per variant, in a random order of variants (default 20)\n"
	"  warmup=N     rounds before the samples, marked first=1 (default 1)\n"
	"  bytes=SIZE   per sample and thread, at least one folio (default: hot 64M, cold 2M)\n"
	"  bystander=N  time how fast this CPU walks through a buffer during the copies\n"
	"  bystander_bytes=SIZE\n"
	"               size of this buffer; take half of the last level cache (default 8M)\n"
	"  seed=N       of the order of variants and of the contents (default: random)\n"
	"Every variant's copies are verified before results can be read.\n";

void print_copy_help(struct seq_buf *s)
{
	seq_buf_printf(s, help_format, MAX_SLOTS, NR_DEFAULT_VARIANTS, MAX_PAGE_ORDER, DEFAULT_ORDER, PUD_ORDER,
		       CHUNK_SIZE / SZ_1K);
}

const struct run_type copy_run_type = {
	.size = sizeof(struct copy_run),
	.keys = "variant order src dst src_addr dst_addr cpu threads cache evict read "
		"samples warmup bytes bystander bystander_bytes seed",
	.defaults = defaults,
	.set_word = set_word,
	.complete = complete_request,
	.measure = measure,
	.release = release,
};
