/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The copy loops that copy_pages() and copy_mc_pages() of the series choose from, and its copy past the
 * caches, each over a whole folio in one go. All copy correctly on any x86-64 CPU; the CPU flags tell
 * which of them are fast.
 */
#ifndef FOLIO_COPY_BENCH_PRIMITIVES_H
#define FOLIO_COPY_BENCH_PRIMITIVES_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <asm/cpufeature.h>

static bool has_rep_good(void)
{
	return boot_cpu_has(X86_FEATURE_REP_GOOD);
}

static bool has_erms(void)
{
	return boot_cpu_has(X86_FEATURE_ERMS);
}

/* x86-64 has no HIGHMEM, so the pages of a folio follow each other in the direct map. */
static inline void *folio_start(struct folio *folio)
{
	return page_address(folio_page(folio, 0));
}

/*
 * noinline: all variants pay for a call, as folio_copy() does. Otherwise the compiler would inline
 * some of them, and perhaps others in the next build.
 */
static noinline int copy_movsq(struct folio *dst, struct folio *src)
{
	void *to = folio_start(dst), *from = folio_start(src);
	unsigned long quads = folio_size(src) / sizeof(u64);

	asm volatile("rep movsq" : "+c"(quads), "+D"(to), "+S"(from) : : "memory");
	return 0;
}

static noinline int copy_movsb(struct folio *dst, struct folio *src)
{
	void *to = folio_start(dst), *from = folio_start(src);
	unsigned long len = folio_size(src);

	asm volatile("rep movsb" : "+c"(len), "+D"(to), "+S"(from) : : "memory");
	return 0;
}

/*
 * The loop takes its length in %rcx, as a C function takes its fourth argument, and clobbers only
 * registers that a C function may clobber. Taking its address makes the compiler emit the type that
 * CONFIG_CFI expects in front of the function.
 */
void bench_copy_pages_unrolled(void *to, const void *from, unsigned long unused, unsigned long len);
__ADDRESSABLE(bench_copy_pages_unrolled);

static noinline int copy_unrolled(struct folio *dst, struct folio *src)
{
	bench_copy_pages_unrolled(folio_start(dst), folio_start(src), 0, folio_size(src));
	return 0;
}

/* User-Mode Linux gets no machine checks and has no exception table entries for them. */
#ifndef CONFIG_UML
#include "copy_mc.h"

#define HAVE_COPY_MC

static noinline int copy_mc_movsq(struct folio *dst, struct folio *src)
{
	return mc_movsq(folio_start(dst), folio_start(src), folio_size(src)) ? -EHWPOISON : 0;
}

static noinline int copy_mc_movsb(struct folio *dst, struct folio *src)
{
	return mc_movsb(folio_start(dst), folio_start(src), folio_size(src)) ? -EHWPOISON : 0;
}

static noinline int copy_mc_nt(struct folio *dst, struct folio *src)
{
	return copy_mc_nontemporal(folio_start(dst), folio_start(src), folio_size(src)) ? -EHWPOISON : 0;
}
#endif

#endif /* FOLIO_COPY_BENCH_PRIMITIVES_H */
