/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying contiguous runs of pages: what an architecture may provide, what is
 * used where it does not, and the helpers for struct page on top of both.
 */
#ifndef _LINUX_COPY_PAGES_H
#define _LINUX_COPY_PAGES_H

#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kmsan.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

/*
 * Pages to copy between two calls of cond_resched() where the kernel does not
 * preempt. An architecture that has a copy_pages() gains by long runs. A copy
 * both reads and writes, so that 16 MiB of it cost what clearing the 32 MiB of
 * PROCESS_PAGES_NON_PREEMPT_BATCH costs: 32 MiB of traffic, 3.4 ms at 10 GB/s.
 * Elsewhere nothing is gained by waiting for more than one copy_page().
 */
#ifdef copy_pages
#define COPY_PAGES_NON_PREEMPT_BATCH	(SZ_16M >> PAGE_SHIFT)
#else
#define COPY_PAGES_NON_PREEMPT_BATCH	1
#endif

#ifndef copy_pages
/**
 * copy_pages() - copy a contiguous run of pages by kernel virtual address.
 * @to: destination, page aligned
 * @from: source, page aligned, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * There is no exception handling. KMSAN's metadata is left alone:
 * copy_highpages() takes care of it.
 *
 * Context: Any. One uninterrupted call: a kernel that does not preempt passes
 * at most COPY_PAGES_NON_PREEMPT_BATCH.
 */
static inline void copy_pages(void *to, const void *from, unsigned int npages)
{
	do {
		/* The source of copy_page() is const on some architectures only. */
		copy_page(to, (void *)from);
		to += PAGE_SIZE;
		from += PAGE_SIZE;
	} while (--npages);
}
#endif

/*
 * An architecture with copy_mc_to_kernel() and without copy_mc_pages() has no
 * fallback here: copy_mc_highpages() copies by the page there.
 */
#if !defined(copy_mc_pages) && !defined(copy_mc_to_kernel)
/**
 * copy_mc_pages() - copy_pages() that survives a memory error in the source.
 * @to: destination, page aligned
 * @from: source, page aligned, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * This is for architectures that cannot recover. A memory error is as fatal
 * as in copy_pages().
 *
 * Return: the number of bytes not copied, zero on success. They are the last
 * ones of the run: this says where the copy can be resumed. The memory error
 * may lie further on.
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
 * Copied one by one: pages that have to be mapped, pages whose cache lines are
 * written back when they are unmapped (parisc, without HIGHMEM as well), and
 * pages that carry more than their bytes (tags on arm64 and sparc64).
 */
#if defined(CONFIG_HIGHMEM) || defined(ARCH_HAS_FLUSH_ON_KUNMAP) || \
	defined(__HAVE_ARCH_COPY_HIGHPAGE)
#define COPY_HIGHPAGES_BY_PAGE	1
#else
#define COPY_HIGHPAGES_BY_PAGE	0
#endif

static inline void kmsan_copy_pages_meta(struct page *to, struct page *from,
					 unsigned int npages)
{
	/* The metadata of neighbouring pages need not be neighbours. */
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
#else
/*
 * copy_mc_pages() left @npages pages, or some of the first of them, uncopied.
 * Read them again, one by one.
 *
 * The error that stopped the copy can lie in any page from the first one on:
 * the CPU promises that the copy can be resumed there, not that it had got as
 * far as the poison. When a copy of a single page fails, it is that page that
 * is poisoned. And if none fails any more, all bytes were read without an
 * error: the copy is good, and nobody is to blame.
 */
static inline int resume_copy_mc_highpages(struct page *to, struct page *from,
					   unsigned int npages)
{
	do {
		/*
		 * copy_mc_highpage() would not do: copy_mc_to_kernel() need
		 * not recover where copy_mc_pages() does.
		 */
		if (copy_mc_pages(page_address(to), page_address(from), 1)) {
			memory_failure_queue(page_to_pfn(from), 0);
			return -EHWPOISON;
		}
		to++;
		from++;
	} while (--npages);

	return 0;
}

/**
 * copy_mc_highpages() - copy_highpages() that survives memory errors.
 * @to: first page of the destination
 * @from: first page of the source, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * Both runs have to be contiguous in physical memory and in the memory map,
 * as the pages of one folio are. What can be survived is up to
 * copy_mc_pages().
 *
 * Return: 0, or -EHWPOISON if a page of the source is poisoned. The first such
 * page, and no other, has then been handed to memory_failure_queue(), and the
 * destination is not to be used.
 *
 * Context: Any, like copy_pages().
 */
static inline int __must_check
copy_mc_highpages(struct page *to, struct page *from, unsigned int npages)
{
	unsigned int copied;
	unsigned long left;
	int err;

	left = copy_mc_pages(page_address(to), page_address(from), npages);
	if (unlikely(left)) {
		copied = npages - DIV_ROUND_UP(left, PAGE_SIZE);
		err = resume_copy_mc_highpages(to + copied, from + copied,
					       npages - copied);
		if (err)
			return err;
	}

	kmsan_copy_pages_meta(to, from, npages);
	return 0;
}
#endif

#endif /* _LINUX_COPY_PAGES_H */
