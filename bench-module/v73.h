/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How v7.3 copies a page in folio_copy() and in folio_mc_copy().
 *
 * User-Mode Linux copies neither way: its copy_page() is a memcpy() that nobody fits to the CPU. Its
 * numbers are wanted for an x86 kernel on the same CPU, though, so what is here is what v7.3 on x86
 * executes there. Out of line, as its copy_page() and copy_mc_to_kernel() are.
 */
#ifndef FOLIO_COPY_BENCH_V73_H
#define FOLIO_COPY_BENCH_V73_H

#include <linux/highmem.h>

#if defined(CONFIG_UML) && defined(CONFIG_X86_64)
#include <asm/cpufeature.h>

/* x86 preempts, and has none. */
#define v73_cond_resched()	do { } while (0)

#define V73_COPIES	"rep movsq page by page, as on x86"
#define V73_MC_COPIES	"rep movsb page by page, as on x86 (memcpy() without ERMS)"

static noinline void v73_copy_page(void *to, const void *from)
{
	unsigned long quads = PAGE_SIZE / sizeof(u64);

	asm volatile("rep movsq" : "+c" (quads), "+D" (to), "+S" (from) : : "memory");
}

static inline void v73_copy_highpage(struct page *to, struct page *from)
{
	v73_copy_page(page_address(to), page_address(from));
}

static noinline unsigned long v73_copy_mc(void *to, const void *from)
{
	unsigned long left = PAGE_SIZE;

	if (!boot_cpu_has(X86_FEATURE_ERMS)) {
		memcpy(to, from, PAGE_SIZE);
		return 0;
	}
	asm volatile("rep movsb" : "+c" (left), "+D" (to), "+S" (from) : : "memory");
	return left;
}

static inline int v73_copy_mc_highpage(struct page *to, struct page *from)
{
	return v73_copy_mc(page_address(to), page_address(from));
}

#else

#define v73_cond_resched	cond_resched

#define V73_COPIES	"copy_highpage() page by page"
#define V73_MC_COPIES	"copy_mc_highpage() page by page"

#define v73_copy_highpage	copy_highpage
#define v73_copy_mc_highpage	copy_mc_highpage

#endif

#endif /* FOLIO_COPY_BENCH_V73_H */
