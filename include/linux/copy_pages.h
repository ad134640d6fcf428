/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies of contiguous runs of pages: the functions that an architecture may
 * provide, their generic versions, and the helpers for struct page on top. They
 * are for code that is built in: no architecture exports its functions.
 */
#ifndef _LINUX_COPY_PAGES_H
#define _LINUX_COPY_PAGES_H

#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kmsan.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

/*
 * Pages to copy between two calls of cond_resched() in a kernel that is not
 * preemptible. An architecture with a copy_pages() gains by long runs. A copy
 * reads and writes, so that 16 MiB are 32 MiB of traffic, like clearing the
 * 32 MiB of PROCESS_PAGES_NON_PREEMPT_BATCH: 3.4 ms at 10 GB/s. Other
 * architectures gain nothing by delaying cond_resched() for more than one page.
 */
#ifdef copy_pages
#define COPY_PAGES_NON_PREEMPT_BATCH	(SZ_16M >> PAGE_SHIFT)
#else
#define COPY_PAGES_NON_PREEMPT_BATCH	1
#endif

/*
 * A preemptible kernel copies a folio in one go: interrupts are taken during
 * the copy, and can preempt it. Other kernels call cond_resched() after each
 * COPY_PAGES_NON_PREEMPT_BATCH pages.
 */
static inline unsigned int copy_pages_unit(unsigned int nr_pages)
{
	if (nr_pages <= COPY_PAGES_NON_PREEMPT_BATCH || preempt_model_preemptible())
		return nr_pages;
	return COPY_PAGES_NON_PREEMPT_BATCH;
}

#ifndef copy_pages
/**
 * copy_pages() - copy a contiguous run of pages by kernel virtual address.
 * @to: destination, page aligned
 * @from: source, page aligned, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * There is no exception handling. KMSAN metadata is not copied; use
 * copy_highpages() for that.
 *
 * Context: Any. Does not call cond_resched(): in a kernel that is not
 * preemptible, callers pass at most COPY_PAGES_NON_PREEMPT_BATCH.
 */
static inline void copy_pages(void *to, const void *from, unsigned int npages)
{
	do {
		/* Not every architecture's copy_page() has a const source. */
		copy_page(to, (void *)from);
		to += PAGE_SIZE;
		from += PAGE_SIZE;
	} while (--npages);
}
#endif

/*
 * No generic version for an architecture with copy_mc_to_kernel() but without
 * copy_mc_pages(): its copy_mc_highpages() copies page by page.
 */
#if !defined(copy_mc_pages) && !defined(copy_mc_to_kernel)
/**
 * copy_mc_pages() - copy_pages() that survives a memory error in the source.
 * @to: destination, page aligned
 * @from: source, page aligned, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * Generic version, for architectures that cannot recover: a memory error is as
 * fatal as in copy_pages().
 *
 * Return: zero on success, or the number of bytes at the end of the run that
 * were not copied. The copy can be resumed where they begin. The memory error
 * is there or further on.
 *
 * Context: Any, like copy_pages().
 */
static inline unsigned long __must_check
copy_mc_pages(void *to, const void *from, unsigned int npages)
{
	copy_pages(to, from, npages);
	return 0;
}

#define copy_mc_pages copy_mc_pages
#endif

/*
 * Copy page by page if pages have to be mapped (HIGHMEM), if unmapping a page
 * flushes its cache lines (parisc, even without HIGHMEM), or if a page has more
 * contents than its bytes (tags on arm64 and sparc64).
 */
#if defined(CONFIG_HIGHMEM) || defined(ARCH_HAS_FLUSH_ON_KUNMAP) || \
	defined(__HAVE_ARCH_COPY_HIGHPAGE)
#define COPY_HIGHPAGES_BY_PAGE	1
#else
#define COPY_HIGHPAGES_BY_PAGE	0
#endif

/* Without a copy past the caches, nobody has to find out which one is wanted. */
#if !COPY_HIGHPAGES_BY_PAGE && defined(copy_mc_pages_nontemporal)
#define COPY_MC_NONTEMPORAL	1
#else
#define COPY_MC_NONTEMPORAL	0
#endif

static inline void kmsan_copy_pages_meta(struct page *to, struct page *from,
					 unsigned int npages)
{
	/* The metadata of contiguous pages need not be contiguous. */
	while (npages--)
		kmsan_copy_page_meta(to++, from++);
}

/**
 * copy_highpages() - copy a contiguous run of pages.
 * @to: first page of the destination
 * @from: first page of the source, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * Both runs have to be contiguous in physical memory and in the memory map,
 * as the pages of one folio are. There is no exception handling.
 *
 * Context: Any, like copy_pages().
 */
static inline void copy_highpages(struct page *to, struct page *from,
				  unsigned int npages)
{
	if (COPY_HIGHPAGES_BY_PAGE) {
		do {
			copy_highpage(to++, from++);
		} while (--npages);
		return;
	}

	copy_pages(page_address(to), page_address(from), npages);
	kmsan_copy_pages_meta(to, from, npages);
}

#if COPY_HIGHPAGES_BY_PAGE || !defined(copy_mc_pages)
static inline int __must_check
copy_mc_highpages(struct page *to, struct page *from, unsigned int npages)
{
	do {
		if (copy_mc_highpage(to++, from++))
			return -EHWPOISON;
	} while (--npages);

	return 0;
}

#define copy_mc_highpages_nontemporal copy_mc_highpages
#else
static inline int blame_page(struct page *page)
{
	memory_failure_queue(page_to_pfn(page), 0);
	return -EHWPOISON;
}

static inline unsigned long copy_mc_run(struct page *to, struct page *from,
					unsigned int npages, bool nontemporal)
{
#if COPY_MC_NONTEMPORAL
	if (nontemporal)
		return copy_mc_pages_nontemporal(page_address(to),
						 page_address(from), npages);
#endif
	return copy_mc_pages(page_address(to), page_address(from), npages);
}

/*
 * copy_mc_run() stopped in the first of @npages pages, or in front of it.
 *
 * The CPU promises that the copy can be resumed where it stopped, not that it
 * stopped at the poison: the poison can be in any of the pages. So copy them
 * again, one by one. If the copy of a single page fails, no other was read.
 * If no copy fails, all bytes were read without an error: the copy is good, and
 * there is no telling which page the error was in.
 */
static inline int resume_copy_mc_highpages(struct page *to, struct page *from,
					   unsigned int npages, bool nontemporal)
{
	unsigned long pfn = page_to_pfn(from), last = pfn + npages - 1;

	/* No other page was left to read. */
	if (npages == 1)
		return blame_page(from);

	do {
		if (copy_mc_run(to, from, 1, nontemporal))
			return blame_page(from);
		to++;
		from++;
	} while (--npages);

	pr_warn_ratelimited("memory error in pfn %#lx to %#lx did not repeat: no page is retired\n",
			    pfn, last);
	return 0;
}

/* copy_mc_highpages(), without what KMSAN has to know of the pages */
static inline int __copy_mc_highpages(struct page *to, struct page *from,
				      unsigned int npages, bool nontemporal)
{
	unsigned int copied;
	unsigned long left;

	left = copy_mc_run(to, from, npages, nontemporal);
	if (likely(!left))
		return 0;

	copied = npages - DIV_ROUND_UP(left, PAGE_SIZE);
	return resume_copy_mc_highpages(to + copied, from + copied,
					npages - copied, nontemporal);
}

/**
 * copy_mc_highpages() - copy_highpages() that survives memory errors.
 * @to: first page of the destination
 * @from: first page of the source, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * Both runs have to be contiguous in physical memory and in the memory map,
 * as the pages of one folio are. copy_mc_pages() decides which errors are
 * survived.
 *
 * Return: 0, or -EHWPOISON if a page of the source is poisoned. In this case
 * that page, and no other, was handed to memory_failure_queue(), and the
 * destination must not be used. An error that does not repeat is -EHWPOISON only
 * if it is known to be in the last page of the run.
 *
 * Context: Any, like copy_pages().
 */
static inline int __must_check
copy_mc_highpages(struct page *to, struct page *from, unsigned int npages)
{
	int err = __copy_mc_highpages(to, from, npages, false);

	if (!err)
		kmsan_copy_pages_meta(to, from, npages);
	return err;
}

/**
 * copy_mc_highpages_nontemporal() - copy_mc_highpages() past the caches.
 * @to: first page of the destination
 * @from: first page of the source, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * For a destination that is not going to be read soon. If the architecture has
 * no copy_mc_pages_nontemporal(), this is copy_mc_highpages().
 *
 * Return: 0, or -EHWPOISON, like copy_mc_highpages().
 *
 * Context: Any, like copy_pages().
 */
static inline int __must_check
copy_mc_highpages_nontemporal(struct page *to, struct page *from,
			      unsigned int npages)
{
	int err = __copy_mc_highpages(to, from, npages, true);

	if (!err)
		kmsan_copy_pages_meta(to, from, npages);
	return err;
}
#endif

/*
 * An architecture may have to do more for a page of user space than to copy
 * its bytes, in copy_user_highpage() or in copy_user_page(). The preprocessor
 * does not tell a copy_user_page() that is a function from a plain copy_page(),
 * so only architectures with a copy_pages() copy user pages in one go. Such an
 * architecture defines __HAVE_ARCH_COPY_USER_HIGHPAGE if it has more to do.
 */
#if COPY_HIGHPAGES_BY_PAGE || !defined(copy_pages) || \
	!defined(copy_mc_pages) || defined(__HAVE_ARCH_COPY_USER_HIGHPAGE)
static inline int __must_check
copy_mc_user_highpages(struct page *to, struct page *from, unsigned long vaddr,
		       struct vm_area_struct *vma, unsigned int npages)
{
	do {
		if (copy_mc_user_highpage(to++, from++, vaddr, vma))
			return -EHWPOISON;
		vaddr += PAGE_SIZE;
	} while (--npages);

	return 0;
}
#else
/**
 * copy_mc_user_highpages() - copy_mc_highpages() for pages of user space.
 * @to: first page of the destination
 * @from: first page of the source, not overlapping the destination
 * @vaddr: user address at which the first page of the destination will be
 *         mapped
 * @vma: VMA in which it will be mapped
 * @npages: number of pages, at least one
 *
 * User space sees the pages, so KMSAN takes the copy as initialised.
 *
 * Return: 0, or -EHWPOISON, like copy_mc_highpages().
 *
 * Context: Any, like copy_pages().
 */
static inline int __must_check
copy_mc_user_highpages(struct page *to, struct page *from, unsigned long vaddr,
		       struct vm_area_struct *vma, unsigned int npages)
{
	int err = __copy_mc_highpages(to, from, npages, false);

	/* The metadata of contiguous pages need not be contiguous. */
	while (!err && npages--)
		kmsan_unpoison_memory(page_address(to++), PAGE_SIZE);
	return err;
}
#endif

#endif /* _LINUX_COPY_PAGES_H */
