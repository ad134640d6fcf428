/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How v7.3 copies folios. The two loops are in v73.c, and this is what they copy a page with.
 *
 * User-Mode Linux copies pages neither way: its copy_page() is a memcpy() that nobody fits to the CPU.
 * Its numbers are wanted for an x86 kernel on the same CPU, though, so v73_um.c has what v7.3 on x86
 * executes there.
 *
 * What is compared has to be called alike. Loops, copies of a page and what measures them are three
 * objects, as they are in the kernel, where copy_page() is assembly: a compiler that sees a function
 * and its callers keeps values in registers that it knows the function to spare, and saves none of
 * its own. v7.3 has never had that: a nanosecond of the 32 that a page from cache takes.
 */
#ifndef FOLIO_COPY_BENCH_V73_H
#define FOLIO_COPY_BENCH_V73_H

#include <linux/highmem.h>
#include <linux/mm.h>

int v73_folio_copy(struct folio *dst, struct folio *src);
int v73_folio_mc_copy(struct folio *dst, struct folio *src);

#if defined(CONFIG_UML) && defined(CONFIG_X86_64)

/* x86 preempts, and has none. */
#define v73_cond_resched() \
	do {               \
	} while (0)

#define V73_COPIES    "rep movsq page by page, as on x86"
#define V73_MC_COPIES "rep movsb page by page, as on x86 (memcpy() without ERMS)"

void v73_copy_page(void *to, const void *from);
unsigned long v73_copy_mc(void *to, const void *from);

static inline void v73_copy_highpage(struct page *to, struct page *from)
{
	v73_copy_page(page_address(to), page_address(from));
}

static inline int v73_copy_mc_highpage(struct page *to, struct page *from)
{
	return v73_copy_mc(page_address(to), page_address(from));
}

#else

#define v73_cond_resched cond_resched

#define V73_COPIES    "copy_highpage() page by page"
#define V73_MC_COPIES "copy_mc_highpage() page by page"

#define v73_copy_highpage    copy_highpage
#define v73_copy_mc_highpage copy_mc_highpage

#endif

#endif /* FOLIO_COPY_BENCH_V73_H */
