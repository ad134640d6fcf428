/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What copy_pages() and copy_mc_pages() of the series choose from, over a whole folio in one go, and
 * movnti next to them. All are right on any x86-64 CPU; the flags tell which are fast.
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

/* Without HIGHMEM, as here, the pages of a folio follow each other in the direct map. */
static inline void *folio_start(struct folio *folio)
{
	return page_address(folio_page(folio, 0));
}

/*
 * All are called, as folio_copy() is. If the compiler were to choose, some would pay for a call and
 * others would not, and each build would choose anew.
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
 * The length is in %rcx, as the fourth argument of a C function is, and it clobbers no more than one.
 * Having its address taken makes the compiler emit the type that CONFIG_CFI expects in front of it.
 */
void bench_copy_pages_unrolled(void *to, const void *from, unsigned long unused, unsigned long len);
__ADDRESSABLE(bench_copy_pages_unrolled);

static noinline int copy_unrolled(struct folio *dst, struct folio *src)
{
	bench_copy_pages_unrolled(folio_start(dst), folio_start(src), 0, folio_size(src));
	return 0;
}

/* A cache line at a time, so that it is written out whole. */
static noinline int copy_nt(struct folio *dst, struct folio *src)
{
	u64 *to = folio_start(dst);
	const u64 *from = folio_start(src), *end = from + folio_size(src) / sizeof(u64);
	unsigned int i;

	for (; from < end; from += 8, to += 8) {
		u64 line[8];

		for (i = 0; i < 8; i++)
			line[i] = READ_ONCE(from[i]);
		for (i = 0; i < 8; i++)
			asm volatile("movnti %1, %0" : "=m"(to[i]) : "r"(line[i]));
	}
	asm volatile("sfence" : : : "memory");
	return 0;
}

/* User-Mode Linux gets no machine checks, and has no entries for them. */
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
#endif

#endif /* FOLIO_COPY_BENCH_PRIMITIVES_H */
