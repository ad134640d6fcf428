/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The folio copies of v7.3: its two loops are in v73.c, and the functions below copy one page.
 *
 * Numbers from User-Mode Linux stand in for those of an x86 kernel on the same CPU. Its own copy_page()
 * is a memcpy() that does not adapt to the CPU, so v73_um.c has the instructions of v7.3 on x86.
 *
 * All variants need the same kind of call. Timing, loop and page copy are thus in three objects, as in
 * the kernel, where copy_page() is assembly. In one object the compiler would see function and callers
 * and keep values in registers that the function spares. That saves 1 of the 32 ns that a page from
 * cache takes, and v7.3 never had it.
 */
#ifndef FOLIO_COPY_BENCH_V73_H
#define FOLIO_COPY_BENCH_V73_H

#include <linux/highmem.h>
#include <linux/mm.h>

int v73_folio_copy(struct folio *dst, struct folio *src);
int v73_folio_mc_copy(struct folio *dst, struct folio *src);

#if defined(CONFIG_UML) && defined(CONFIG_X86_64)

/* x86 kernels preempt: cond_resched() is empty there. */
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
