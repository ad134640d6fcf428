// SPDX-License-Identifier: GPL-2.0
/*
 * template-test: mm/memmap_template.c in user space, for one size of struct page. Prints KTAP.
 *
 * tests/template compiles this with -DSTRUCT_PAGE_SIZE=N. memmap_template.inc has the kernel's own
 * code, without its #include lines. The kernel functions that the code uses are replaced here by
 * functions that count their calls and stores.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ktap.h"

#define PAGE_SIZE	  4096UL
#define PAGES_PER_SECTION 32768UL
#define SZ_32K		  0x8000UL
#define GFP_KERNEL	  0
#define __GFP_NORETRY	  0
#define __GFP_NOWARN	  0

#define MAX(a, b)	     ((a) > (b) ? (a) : (b))
#define min(a, b)	     ((a) < (b) ? (a) : (b))
#define ALIGN_DOWN(x, a)     ((x) / (a) * (a))
#define ALIGN(x, a)	     ALIGN_DOWN((x) + (a)-1, a)
#define IS_ALIGNED(x, a)     ((x) % (a) == 0)
#define PTR_ALIGN(p, a)	     ((typeof(p))ALIGN((uintptr_t)(p), a))
#define PTR_ALIGN_DOWN(p, a) ((typeof(p))ALIGN_DOWN((uintptr_t)(p), a))

struct page {
	unsigned char bytes[STRUCT_PAGE_SIZE];
} __attribute__((aligned(STRUCT_PAGE_SIZE % 16 ? 8 : 16)));

/* A map of three sections, which fills may use completely, and a margin of one block on both sides. */
#define MARGIN (SZ_32K / sizeof(struct page))
#define NR     (3 * PAGES_PER_SECTION)

static struct page *map;
static unsigned long stored, rescheds, block_copies, blocks;
static bool no_memory, undrained;
static const char *misuse;

static struct page *pfn_to_page(unsigned long pfn)
{
	return map + pfn;
}

static void cond_resched(void)
{
	rescheds++;
	if (undrained)
		misuse = "sleeps with stores that are not drained";
}

static int get_order(unsigned long size)
{
	int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

static unsigned long __get_free_pages(int gfp, int order)
{
	(void)gfp;
	if (no_memory)
		return 0;
	blocks++;
	return (unsigned long)aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

static void free_pages(unsigned long address, int order)
{
	(void)order;
	blocks -= address != 0;
	free((void *)address);
}

static void copy_pages(void *to, const void *from, unsigned int npages)
{
	if (!npages || (uintptr_t)to % PAGE_SIZE || (uintptr_t)from % PAGE_SIZE)
		misuse = "copies no page or an unaligned one";
	memcpy(to, from, npages * PAGE_SIZE);
	stored += npages * PAGE_SIZE;
	block_copies++;
}

/* A macro of this name tells the kernel's code that the architecture has copy_pages(). */
#ifndef WITHOUT_COPY_PAGES
#define copy_pages copy_pages
#endif

static void counted_memcpy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	stored += size;
}

static void memcpy_nontemporal(void *to, const void *from, size_t size)
{
	counted_memcpy(to, from, size);
	undrained = true;
}

static void memcpy_nontemporal_drain(void)
{
	undrained = false;
}

/* A macro of this name tells the kernel's code that the function is more than memcpy(). */
#ifndef WITHOUT_NONTEMPORAL
#define memcpy_nontemporal memcpy_nontemporal
#endif

#define memcpy(to, from, size) counted_memcpy(to, from, size)
#include "memmap_template.inc"
#undef memcpy

/* Fill the map and its margins with a byte that no byte of the copied struct page has. */
static void spoil_map(void)
{
	memset(map - MARGIN, 0xee, (NR + 2 * MARGIN) * sizeof(*map));
}

/* Return the index of the first wrong struct page, or NR + MARGIN if all are right. */
static long first_wrong(const struct page *page, long start, long nr)
{
	struct page untouched;
	long i;

	memset(&untouched, 0xee, sizeof(untouched));
	for (i = -(long)MARGIN; i < (long)(NR + MARGIN); i++)
		if (memcmp(map + i, i >= start && i < start + nr ? page : &untouched, sizeof(*page)))
			break;
	return i;
}

static unsigned long sections_begun(unsigned long start, unsigned long nr)
{
	unsigned long pfn, n = 0;

	for (pfn = ALIGN(start, PAGES_PER_SECTION); pfn < start + nr; pfn += PAGES_PER_SECTION)
		n++;
	return n;
}

/* A block must be used if and only if it pays. */
static bool block_expected(unsigned long nr, bool nontemporal)
{
#ifdef WITHOUT_NONTEMPORAL
	nontemporal = false;
#endif
#ifdef WITHOUT_COPY_PAGES
	return false;
#endif
	return !nontemporal && !no_memory && PAGE_SIZE % sizeof(struct page) == 0 &&
	       nr * sizeof(struct page) >= 32 * SZ_32K;
}

static bool wrong(const char *what, unsigned long start, unsigned long nr)
{
	printf("# start %lu, %lu struct pages: %s\n", start, nr, what);
	return false;
}

static bool fill(unsigned long start, unsigned long nr, bool nontemporal)
{
	struct memmap_template template;
	struct page page;
	unsigned int i;
	char text[64];
	long at;

	for (i = 0; i < sizeof(page); i++)
		page.bytes[i] = i + 1;
	spoil_map();
	stored = 0;
	rescheds = 0;
	block_copies = 0;
	misuse = NULL;

	memmap_template_init(&template, &page, nr, nontemporal);
	memmap_template_fill(&template, start, nr);
	memmap_template_free(&template);

	at = first_wrong(&page, start, nr);
	if (at != (long)(NR + MARGIN)) {
		snprintf(text, sizeof(text), "struct page %ld is wrong", at);
		return wrong(text, start, nr);
	}
	if (misuse)
		return wrong(misuse, start, nr);
	if (undrained)
		return wrong("returns with stores that are not drained", start, nr);
	if (blocks)
		return wrong("a block was not freed", start, nr);
	if (rescheds != sections_begun(start, nr))
		return wrong("not one cond_resched() per section", start, nr);
	if (!!block_copies != block_expected(nr, nontemporal))
		return wrong("a block where it does not pay, or none where it does", start, nr);
	/* One struct page more, for the template itself. */
	if (stored > nr * sizeof(page) * 11 / 10 + sizeof(page))
		return wrong("stores more than 1.1 times the memory map", start, nr);
	return true;
}

static bool fill_all(bool nontemporal)
{
	static const unsigned long starts[] = {
		0, 1, 2, 63, 64, 65, 511, 512, 513, 32767, 32768, 32769,
	}, lengths[] = {
		1, 2, 63, 64, 65, 127, 128, 129, 512, 513, 16383, 16384, 16385, 32768, 40001, 65535,
	};
	unsigned int i, j;
	bool right = true;

	for (i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		for (j = 0; j < sizeof(lengths) / sizeof(*lengths); j++)
			right &= fill(starts[i], lengths[j], nontemporal);
	return right;
}

int main(void)
{
	/* The map starts on a page boundary: where sizes allow, each of its pages starts with a struct page. */
	char *memory = mmap(NULL, (NR + 2 * MARGIN) * sizeof(*map) + PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("template-test: no memory");
		return 2;
	}
	map = (struct page *)PTR_ALIGN(memory + MARGIN * sizeof(*map), PAGE_SIZE);
	ktap_plan(3);
	ktap_point(fill_all(false), "by the block, %d bytes", STRUCT_PAGE_SIZE);
	no_memory = true;
	ktap_point(fill_all(false), "without memory for a block, %d bytes", STRUCT_PAGE_SIZE);
	no_memory = false;
	ktap_point(fill_all(true), "past the caches, %d bytes", STRUCT_PAGE_SIZE);
	return ktap_failed;
}
