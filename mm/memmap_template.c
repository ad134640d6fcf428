// SPDX-License-Identifier: GPL-2.0
/*
 * Memory maps made by copying: if all struct pages of a range have the same
 * contents, mm_init.c builds one of them, and this file fills the range with
 * copies.
 */
#include <linux/copy_pages.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "memmap_template.h"

/*
 * copy_pages() gains by long runs. This is the longest block whose order the
 * page allocator does not consider costly: order 3 with pages of 4 KiB.
 *
 * Times as fast as stores to the fields, filling cold DRAM in user space: 1.32
 * on Zen 5, and 0.72, which is slower, on Zen 4. In the caches: 2.6 and 1.6.
 */
#define TEMPLATE_BLOCK_SIZE	MAX(SZ_32K, PAGE_SIZE)
#define TEMPLATE_BLOCK_ORDER	get_order(TEMPLATE_BLOCK_SIZE)
#define STRUCT_PAGES_PER_BLOCK	(TEMPLATE_BLOCK_SIZE / sizeof(struct page))
#define STRUCT_PAGES_PER_PAGE	(PAGE_SIZE / sizeof(struct page))

/*
 * The block itself has to be filled first, and cleared before that with
 * init_on_alloc=1. From 32 blocks on, these extra stores are at most 1/16 of
 * the memory map. 32 blocks are the memory map of 64 MiB, with struct pages of
 * 64 bytes and pages of 4 KiB.
 */
#define TEMPLATE_MIN_BLOCKS	32

/* Nobody has measured blocks on architectures without a copy_pages(). */
#ifdef copy_pages
#define HAVE_COPY_PAGES	true
#else
#define HAVE_COPY_PAGES	false
#endif

/* The generic memcpy_nontemporal() is just memcpy(): use the block there. */
#ifdef memcpy_nontemporal
#define HAVE_MEMCPY_NONTEMPORAL	true
#else
#define HAVE_MEMCPY_NONTEMPORAL	false
#endif

/* At -O2, memcpy() of this constant size is a few moves and no call. */
static void copy_struct_pages(struct page *to, const struct page *from,
			      unsigned long nr)
{
	for (; nr; nr--)
		memcpy(to++, from, sizeof(*to));
}

/*
 * Drain the stores: later users of the struct pages, on this or another CPU,
 * access them with ordinary loads and stores.
 */
static void copy_struct_pages_nontemporal(struct page *to, const struct page *from,
					  unsigned long nr)
{
	for (; nr; nr--)
		memcpy_nontemporal(to++, from, sizeof(*to));
	memcpy_nontemporal_drain();
}

/**
 * memmap_template_init() - prepare to copy a struct page.
 * @template: template to prepare; release it with memmap_template_free()
 * @page: struct page to copy, complete
 * @nr: approximate number of copies to be made
 * @nontemporal: the memory map is in memory that is not worth being cached
 *
 * The template has its own copy of @page, which may change after this.
 *
 * Context: May sleep.
 */
void memmap_template_init(struct memmap_template *template,
			  const struct page *page, unsigned long nr,
			  bool nontemporal)
{
	memcpy(&template->page, page, sizeof(*page));
	template->block = NULL;
	template->nontemporal = nontemporal && HAVE_MEMCPY_NONTEMPORAL;
	if (template->nontemporal)
		return;

	/* Every page of the block has to begin with a struct page. */
	if (!HAVE_COPY_PAGES || PAGE_SIZE % sizeof(struct page) ||
	    nr < TEMPLATE_MIN_BLOCKS * STRUCT_PAGES_PER_BLOCK)
		return;

	/* A failed allocation is no error: it only leaves out the block. */
	template->block = (void *)__get_free_pages(GFP_KERNEL | __GFP_NORETRY |
						   __GFP_NOWARN,
						   TEMPLATE_BLOCK_ORDER);
	if (template->block)
		copy_struct_pages(template->block, &template->page,
				  STRUCT_PAGES_PER_BLOCK);
}

/* Fill the whole pages of memory map from @first to @end, block by block. */
static void copy_blocks(struct page *first, struct page *end, const void *block)
{
	unsigned long npages = (end - first) / STRUCT_PAGES_PER_PAGE;
	void *to = first;

	while (npages) {
		unsigned long n = min(npages, TEMPLATE_BLOCK_SIZE / PAGE_SIZE);

		copy_pages(to, block, n);
		to += n * PAGE_SIZE;
		npages -= n;
	}
}

/* Fill the struct pages from @first to before @end, all in one section. */
static void copy_template(const struct memmap_template *template,
			  struct page *first, struct page *end)
{
	struct page *first_whole = PTR_ALIGN(first, PAGE_SIZE);
	struct page *end_whole = PTR_ALIGN_DOWN(end, PAGE_SIZE);

	if (template->nontemporal) {
		copy_struct_pages_nontemporal(first, &template->page, end - first);
		return;
	}
	if (!template->block || first_whole >= end_whole) {
		copy_struct_pages(first, &template->page, end - first);
		return;
	}
	copy_struct_pages(first, &template->page, first_whole - first);
	copy_blocks(first_whole, end_whole, template->block);
	copy_struct_pages(end_whole, &template->page, end - end_whole);
}

/**
 * memmap_template_fill() - make the struct pages of a range copies of one.
 * @template: template to copy
 * @start_pfn: first page frame of the range
 * @nr: number of page frames
 *
 * The memory map of the range must not have holes. On return, and whenever this
 * sleeps, the copies are visible and ordered as if made by ordinary stores.
 *
 * Context: May sleep, once per section.
 */
void memmap_template_fill(const struct memmap_template *template,
			  unsigned long start_pfn, unsigned long nr)
{
	unsigned long pfn, next, end_pfn = start_pfn + nr;
	struct page *page;

	for (pfn = start_pfn; pfn < end_pfn; pfn = next) {
		if (IS_ALIGNED(pfn, PAGES_PER_SECTION))
			cond_resched();

		next = min(ALIGN(pfn + 1, PAGES_PER_SECTION), end_pfn);
		page = pfn_to_page(pfn);
		copy_template(template, page, page + (next - pfn));
	}
}

/**
 * memmap_template_free() - release what memmap_template_init() has prepared.
 * @template: template to release
 */
void memmap_template_free(struct memmap_template *template)
{
	free_pages((unsigned long)template->block, TEMPLATE_BLOCK_ORDER);
}
