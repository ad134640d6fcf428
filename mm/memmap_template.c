// SPDX-License-Identifier: GPL-2.0
/*
 * Memory maps by copying: where thousands of struct pages in a row differ in
 * nothing but their address, one of them is built, by code in mm_init.c, and the
 * others are copies of it.
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
 * copy_pages() gains by long runs. This is the longest of which the page
 * allocator does not consider the order costly: 3, with pages of 4 KiB. In user
 * space, blocks of 4 KiB fill DRAM 1.5 to 1.6 times as fast as stores to the
 * fields do on Sapphire Rapids, and 1.0 times on Zen 5 (cold); blocks of 32 KiB
 * 1.75 to 1.9 and 1.4 times. Blocks of 256 KiB gain little more than that, and
 * those of 2 MiB less.
 */
#define TEMPLATE_BLOCK_SIZE	MAX(SZ_32K, PAGE_SIZE)
#define TEMPLATE_BLOCK_ORDER	get_order(TEMPLATE_BLOCK_SIZE)
#define STRUCT_PAGES_PER_BLOCK	(TEMPLATE_BLOCK_SIZE / sizeof(struct page))
#define STRUCT_PAGES_PER_PAGE	(PAGE_SIZE / sizeof(struct page))

/*
 * A block has to be filled before it can be copied, and with init_on_alloc=1 it
 * is cleared before that. From 32 blocks on, both are 1/16 of what is to be
 * stored anyway. With struct pages of 64 bytes they are the memory map of 64 MiB.
 */
#define TEMPLATE_MIN_BLOCKS	32

/* Without a copy_pages() of the architecture, nobody knows what is faster. */
#ifdef copy_pages
#define HAVE_COPY_PAGES	true
#else
#define HAVE_COPY_PAGES	false
#endif

/* Where memcpy_nontemporal() is just memcpy(), blocks are faster. */
#ifdef memcpy_nontemporal
#define HAVE_MEMCPY_NONTEMPORAL	true
#else
#define HAVE_MEMCPY_NONTEMPORAL	false
#endif

/* At -O2, memcpy() of such a length is a few moves, and no call. */
static void copy_struct_pages(struct page *to, const struct page *from,
			      unsigned long nr)
{
	for (; nr; nr--)
		memcpy(to++, from, sizeof(*to));
}

/*
 * Whoever comes next, here or on another CPU, uses the struct pages with
 * ordinary loads and stores.
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
 * @template: what is prepared, to be released with memmap_template_free()
 * @page: the struct page, complete
 * @nr: number of copies that are going to be made, more or less
 * @nontemporal: the memory map is in memory that is not worth being cached
 *
 * @page itself is not needed any more after this.
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

	/* A block has to start over with every page. */
	if (!HAVE_COPY_PAGES || PAGE_SIZE % sizeof(struct page) ||
	    nr < TEMPLATE_MIN_BLOCKS * STRUCT_PAGES_PER_BLOCK)
		return;

	/* Without a block it takes longer, which is nothing to fail for. */
	template->block = (void *)__get_free_pages(GFP_KERNEL | __GFP_NORETRY |
						   __GFP_NOWARN,
						   TEMPLATE_BLOCK_ORDER);
	if (template->block)
		copy_struct_pages(template->block, &template->page,
				  STRUCT_PAGES_PER_BLOCK);
}

/* The whole pages of memory map between @first and @end, block by block. */
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

/* The struct pages from @first to before @end, within a section. */
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
 * @template: what to copy
 * @start_pfn: first page frame of the range
 * @nr: number of page frames
 *
 * The range has to have a memory map without holes. On return, and whenever this
 * sleeps, the copies are there as if by ordinary stores.
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
 * @template: what is released
 */
void memmap_template_free(struct memmap_template *template)
{
	free_pages((unsigned long)template->block, TEMPLATE_BLOCK_ORDER);
}
