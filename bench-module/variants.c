// SPDX-License-Identifier: GPL-2.0
/*
 * The variants: all functions that can be timed. One boot compares the two functions of the running
 * kernel, v7.3's page-by-page loops, which are rebuilt here from exported functions, and the copy loops
 * that the series chooses from, each over a whole folio in one go. The module has its own copies of
 * these loops, so that kernels without the series can measure them, too.
 */
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "copy.h"
#include "v73.h"

/*
 * Pages copied between two looks at the stop flag. A look takes a few nanoseconds, an order-0 copy
 * from cache a few tens: one look per 2 MiB costs nothing and is still frequent.
 */
#define STOP_CHECK_PAGES (SZ_2M / PAGE_SIZE)

static __always_inline int kernel_folio_copy(struct folio *dst, struct folio *src)
{
	folio_copy(dst, src);
	return 0;
}

static __always_inline int copy_one(const struct copier *c, unsigned long i,
				    int (*copy)(struct folio *dst, struct folio *src))
{
	unsigned long n = c->r->cold ? i : 0;
	int err = copy(c->dst[n], c->src[n]);

	if (c->r->read)
		read_folio(c->dst[n]);
	return err;
}

static __always_inline int time_copies(struct copier *c, int (*copy)(struct folio *dst, struct folio *src))
{
	unsigned long batch = max(1UL, STOP_CHECK_PAGES >> c->r->order);
	unsigned long i, nr = c->r->nr_copies;
	int err = 0;

	/* An unmeasured copy: the first measured one is hot, wherever the variant before left the data. */
	if (!c->r->cold)
		err = copy_one(c, 0, copy);
	err = err ?: meet(c);
	if (err)
		return err;

	err = copy_one(c, 0, copy);
	c->first = ktime_get_ns();
	for (i = 1; i < nr && !err; i++) {
		err = copy_one(c, i, copy);
		if (!(i & (batch - 1)) && copier_stops(c))
			return -EINTR;
	}
	c->end = ktime_get_ns();
	return err ?: finish_together(c, copy);
}

#define DEFINE_SAMPLE(name, copy)                  \
	static int sample_##name(struct copier *c) \
	{                                          \
		return time_copies(c, copy);       \
	}

DEFINE_SAMPLE(folio_copy, kernel_folio_copy)
DEFINE_SAMPLE(folio_mc_copy, folio_mc_copy)
DEFINE_SAMPLE(v73_folio_copy, v73_folio_copy)
DEFINE_SAMPLE(v73_folio_mc_copy, v73_folio_mc_copy)

#ifdef CONFIG_X86_64
#include "primitives.h"

DEFINE_SAMPLE(movsq, copy_movsq)
DEFINE_SAMPLE(movsb, copy_movsb)
DEFINE_SAMPLE(unrolled, copy_unrolled)
#ifdef HAVE_COPY_MC
DEFINE_SAMPLE(mc_movsq, copy_mc_movsq)
DEFINE_SAMPLE(mc_movsb, copy_mc_movsb)
DEFINE_SAMPLE(mc_nt, copy_mc_nt)
#endif
#endif

static const struct variant variants[] = {
	{
		.name = "folio_copy_v73",
		.what = "v7.3's folio_copy(): " V73_COPIES,
		.copy = v73_folio_copy,
		.sample = sample_v73_folio_copy,
	},
	{
		.name = "folio_copy",
		.what = "folio_copy() of the running kernel",
		.copy = kernel_folio_copy,
		.sample = sample_folio_copy,
	},
	{
		.name = "folio_mc_copy_v73",
		.what = "v7.3's folio_mc_copy(): " V73_MC_COPIES,
		.copy = v73_folio_mc_copy,
		.sample = sample_v73_folio_mc_copy,
	},
	{
		.name = "folio_mc_copy",
		.what = "folio_mc_copy() of the running kernel",
		.copy = folio_mc_copy,
		.sample = sample_folio_mc_copy,
	},
#ifdef CONFIG_X86_64
	{
		.name = "movsq",
		.what = "one rep movsq per folio",
		.feature = "rep_good",
		.has = has_rep_good,
		.copy = copy_movsq,
		.sample = sample_movsq,
	},
	{
		.name = "movsb",
		.what = "one rep movsb per folio",
		.feature = "erms",
		.has = has_erms,
		.copy = copy_movsb,
		.sample = sample_movsb,
	},
	{
		.name = "unrolled",
		.what = "the series' loop of movq for CPUs without fast strings",
		.copy = copy_unrolled,
		.sample = sample_unrolled,
	},
#ifdef HAVE_COPY_MC
	{
		.name = "mc_movsq",
		.what = "one rep movsq per folio that survives memory errors",
		.feature = "rep_good",
		.has = has_rep_good,
		.copy = copy_mc_movsq,
		.sample = sample_mc_movsq,
	},
	{
		.name = "mc_movsb",
		.what = "one rep movsb per folio that survives memory errors",
		.feature = "erms",
		.has = has_erms,
		.copy = copy_mc_movsb,
		.sample = sample_mc_movsb,
	},
	{
		.name = "mc_nt",
		.what = "the series' copy past the caches, which survives memory errors: for demotion",
		.copy = copy_mc_nt,
		.sample = sample_mc_nt,
	},
#endif
#endif
};

static_assert(ARRAY_SIZE(variants) >= NR_DEFAULT_VARIANTS);

/* Returns NULL behind the last variant. */
const struct variant *get_variant(unsigned int i)
{
	return i < ARRAY_SIZE(variants) ? &variants[i] : NULL;
}

void print_variants(struct seq_buf *s)
{
	const struct variant *v;
	unsigned int i;

	for (i = 0; (v = get_variant(i)); i++) {
		seq_buf_printf(s, "%-18s %s", v->name, v->what);
		if (v->has && !v->has())
			seq_buf_printf(s, " (this CPU lacks %s)", v->feature);
		seq_buf_puts(s, "\n");
	}
}
