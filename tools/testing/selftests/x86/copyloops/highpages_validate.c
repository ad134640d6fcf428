// SPDX-License-Identifier: GPL-2.0
/*
 * Check which bytes copy_highpages(), copy_mc_highpages(),
 * copy_mc_highpages_nontemporal() and copy_mc_user_highpages() copy, which page
 * is blamed for poison, and which KMSAN metadata is copied or says that bytes
 * are initialised. The Makefile builds this as for other architectures, too, by
 * defining ARCH_WITHOUT_... or __HAVE_ARCH_COPY_HIGHPAGE.
 */
#include <sys/mman.h>

#include <asm/cpufeatures.h>
#include <linux/copy_pages.h>
#include <linux/jump_label.h>
#include <linux/printk.h>

#include "kselftest.h"
#include "harness.h"
#include "mce.h"

#define MAX_PAGES	16

/* A run may have MAX_PAGES pages, with FIRST more pages on either side. */
#define FIRST		2
#define NR_PAGES	(MAX_PAGES + 2 * FIRST)
#define FIRST_PFN	0x12300

#if COPY_HIGHPAGES_BY_PAGE || !defined(copy_mc_pages)
#define MC_BY_PAGE	1
#else
#define MC_BY_PAGE	0
#endif

#if MC_BY_PAGE || !defined(copy_pages)
#define USER_BY_PAGE	1
#else
#define USER_BY_PAGE	0
#endif

#define USER_ADDRESS	0x40000000UL

/* One memory map: the pages of the source, then those of the destination. */
static struct page mem_map[2 * NR_PAGES];
static struct page *const from_pages = mem_map + FIRST;
static struct page *const to_pages = mem_map + NR_PAGES + FIRST;
static struct region source, destination;

static struct {
	unsigned int metadata[NR_PAGES];	/* copies per source page */
	unsigned int unpoisoned[NR_PAGES];	/* per destination page */
	unsigned int by_page;			/* calls of copy_[mc_]highpage() */
	unsigned int blamed;
	unsigned long pfn;
} seen;

void *page_address(const struct page *page)
{
	size_t i = page - mem_map;

	if (i < NR_PAGES)
		return source.start + i * PAGE;
	return destination.start + (i - NR_PAGES) * PAGE;
}

unsigned long page_to_pfn(const struct page *page)
{
	return FIRST_PFN + (page - mem_map);
}

void kmsan_copy_page_meta(struct page *to, struct page *from)
{
	if (to - to_pages != from - from_pages || from >= mem_map + NR_PAGES) {
		complain("metadata of other pages copied");
		return;
	}
	seen.metadata[from - mem_map]++;
}

void kmsan_unpoison_memory(const void *address, size_t size)
{
	size_t offset = (const char *)address - (const char *)destination.start;

	if (size != PAGE || offset % PAGE || offset >= NR_PAGES * PAGE) {
		complain("%zu bytes are initialised, not a page of the destination", size);
		return;
	}
	seen.unpoisoned[offset / PAGE]++;
}

void memory_failure_queue(unsigned long pfn, int flags)
{
	if (flags)
		complain("a page is blamed with flags %d", flags);
	seen.blamed++;
	seen.pfn = pfn;
}

void copy_highpage(struct page *to, struct page *from)
{
	seen.by_page++;
	memcpy(page_address(to), page_address(from), PAGE);
	kmsan_copy_page_meta(to, from);
}

static int copy_mc_page(struct page *to, struct page *from)
{
	const char *at = page_address(from);

	seen.by_page++;
	if (poison.at[0] >= at && poison.at[0] < at + PAGE) {
		memory_failure_queue(page_to_pfn(from), 0);
		return 1;
	}
	memcpy(page_address(to), at, PAGE);
	return 0;
}

int copy_mc_highpage(struct page *to, struct page *from)
{
	if (copy_mc_page(to, from))
		return 1;
	kmsan_copy_page_meta(to, from);
	return 0;
}

int copy_mc_user_highpage(struct page *to, struct page *from,
			  unsigned long vaddr, struct vm_area_struct *vma)
{
	if (vma || vaddr != USER_ADDRESS + (to - to_pages) * PAGE)
		complain("page %d: copied for address %#lx", (int)(to - to_pages), vaddr);
	if (copy_mc_page(to, from))
		return 1;
	kmsan_unpoison_memory(page_address(to), PAGE);
	return 0;
}

#ifdef ARCH_WITHOUT_COPY_PAGES
void copy_page(void *to, void *from)
{
	memcpy(to, from, PAGE);
}
#endif

/* --- judging --- */

static void forget(void)
{
	memset(&seen, 0, sizeof(seen));
	messages = 0;
	memcpy(destination.start, destination.contents,
	       destination.end - destination.start);
}

static void check_metadata(unsigned int npages, unsigned int times)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		if (seen.metadata[i] != (i >= FIRST && i < FIRST + npages ? times : 0))
			complain("metadata of page %d of %u copied %u times",
				 (int)i - FIRST, npages, seen.metadata[i]);
}

static void check_unpoisoned(unsigned int npages)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		if (seen.unpoisoned[i] != (i >= FIRST && i < FIRST + npages))
			complain("page %d of %u: initialised %u times",
				 (int)i - FIRST, npages, seen.unpoisoned[i]);
}

/* The first @copied pages are copied, nothing outside of the run is written. */
static void check_contents(unsigned int npages, unsigned int copied)
{
	size_t start = FIRST * PAGE, end = start + npages * PAGE;

	if (memcmp(destination.start + start, source.contents + start, copied * PAGE))
		complain("not all of %u pages copied", copied);
	if (memcmp(destination.start, destination.contents, start) ||
	    memcmp(destination.start + end, destination.contents + end,
		   destination.end - destination.start - end))
		complain("more than %u pages written", npages);
}

static void check_good(unsigned int npages, bool by_page)
{
	check_contents(npages, npages);
	check_metadata(npages, 1);
	if (seen.by_page != (by_page ? npages : 0))
		complain("%u of %u pages copied one by one", seen.by_page, npages);
	if (seen.blamed)
		complain("pfn %#lx blamed without an error", seen.pfn);
}

/* --- copy_highpages() --- */

static void check_copy_highpages(void)
{
	unsigned int n;

	for (n = 1; n <= MAX_PAGES; n++) {
		count_case(60, NULL, NULL, n * PAGE, NO_FAULT, 0);
		forget();
		copy_highpages(to_pages, from_pages, n);
		check_good(n, COPY_HIGHPAGES_BY_PAGE);
	}
	end_point("copy_highpages()");
}

static void check_batch(void)
{
#ifdef ARCH_WITHOUT_COPY_PAGES
	unsigned int wanted = 1;
#else
	unsigned int wanted = 4096;
#endif

	unsigned int batch = COPY_PAGES_NON_PREEMPT_BATCH;

	if (batch != wanted)
		complain("the batch is %u pages, %u expected", batch, wanted);
	end_point("COPY_PAGES_NON_PREEMPT_BATCH");
}

/* --- copy_mc_highpages(), and the same past the caches --- */

/* The function under test */
static int (*mc_copy)(struct page *to, struct page *from, unsigned int npages) =
	copy_mc_highpages;

static void check_mc_success(const char *name)
{
	unsigned int n;
	int err;

	for (n = 1; n <= MAX_PAGES; n++) {
		forget();
		err = mc_copy(to_pages, from_pages, n);
		if (err)
			complain("returned %d", err);
		check_good(n, MC_BY_PAGE);
	}
	end_point("%s()", name);
}

static void check_user_success(void)
{
	unsigned int n;
	int err;

	for (n = 1; n <= MAX_PAGES; n++) {
		forget();
		err = copy_mc_user_highpages(to_pages, from_pages, USER_ADDRESS, NULL, n);
		if (err || seen.blamed)
			complain("returned %d, %u pages blamed", err, seen.blamed);
		check_contents(n, n);
		check_metadata(n, 0);
		check_unpoisoned(n);
		if (seen.by_page != (USER_BY_PAGE ? n : 0))
			complain("%u of %u pages copied one by one", seen.by_page, n);
	}
	end_point("copy_mc_user_highpages()");
}

#ifndef ARCH_WITHOUT_COPY_MC

/*
 * Page @bad has to be blamed, once. After a failure, only copies page by page
 * have copied metadata, that of the pages in front of @bad.
 */
static void check_blame_only(unsigned int npages, unsigned int bad, int err)
{
	if (err != -EHWPOISON)
		complain("returned %d", err);
	if (seen.blamed != 1 || seen.pfn != page_to_pfn(from_pages + bad))
		complain("%u pages: %u times blamed, last page %ld, expected page %u",
			 npages, seen.blamed, (long)seen.pfn - FIRST_PFN - FIRST, bad);
	check_contents(npages, bad);
}

static void check_blame(unsigned int npages, unsigned int bad, int err)
{
	check_blame_only(npages, bad, err);
	check_metadata(bad, MC_BY_PAGE);
}

/* The address of byte @offset in page @bad of the source. */
static const char *place(unsigned int bad, size_t offset)
{
	return (char *)page_address(from_pages + bad) + offset;
}

static const size_t poison_offsets[] = { 0, 8, 64, 1000, 2048, 4032, 4095 };

/* Bytes between restart point and poison. Copies page by page have none. */
static const size_t earlier[] = {
	0,
#if !MC_BY_PAGE
	1, 64, PAGE, PAGE + 64, 3 * PAGE
#endif
};

static void run_into(unsigned int npages, unsigned int bad, size_t offset,
		     unsigned int i)
{
	unsigned int combination = fragile_key + 2 * has_X86_FEATURE_REP_GOOD +
				   4 * has_X86_FEATURE_ERMS +
				   100 * (mc_copy != copy_mc_highpages);

	poison = (struct poison){ .at[0] = place(bad, offset), .early = earlier[i] };
	count_case(combination + 8 * i, NULL, NULL, npages * PAGE, SOURCE,
		   bad * PAGE + offset);
	forget();
	check_blame(npages, bad, mc_copy(to_pages, from_pages, npages));
}

static void check_poison(const char *name)
{
	unsigned int n, bad, i, j;

	for (n = 1; n <= MAX_PAGES; n += reduced ? 5 : 1)
		for (bad = 0; bad < n; bad++)
			for (i = 0; i < ARRAY_SIZE(poison_offsets); i++)
				for (j = 0; j < ARRAY_SIZE(earlier); j++)
					run_into(n, bad, poison_offsets[i], j);
	poison = (struct poison){ 0 };
	end_point("%s: the poisoned page is blamed, however early", name);
}

/* After a failure, only copies page by page have initialised pages. */
static void check_user_poison(void)
{
	unsigned int n, bad;
	int err;

	for (n = 1; n <= MAX_PAGES; n++)
		for (bad = 0; bad < n; bad++) {
			poison = (struct poison){ .at[0] = place(bad, 64) };
			forget();
			err = copy_mc_user_highpages(to_pages, from_pages, USER_ADDRESS,
						     NULL, n);
			check_blame_only(n, bad, err);
			check_metadata(0, 0);
			check_unpoisoned(USER_BY_PAGE ? bad : 0);
		}
	poison = (struct poison){ 0 };
	end_point("copy_mc_user_highpages(): the poisoned page is blamed");
}

#endif /* !ARCH_WITHOUT_COPY_MC */

#if !MC_BY_PAGE && !defined(ARCH_WITHOUT_COPY_MC)

/* The page in which the copy stops. The careful loop is called for each page. */
static unsigned int stops_in(unsigned int bad, size_t early, bool careful)
{
	size_t position = bad * PAGE + 64;

	if (careful)
		return bad;
	return early > position ? 0 : (position - early) / PAGE;
}

/* If the copy stops in the last page, that page is known. */
static void run_into_transient(unsigned int npages, unsigned int bad, size_t early,
			       bool careful)
{
	unsigned int stopped = stops_in(bad, early, careful);
	bool known = stopped == npages - 1;
	int err;

	poison = (struct poison){
		.at[0] = place(bad, 64), .transient[0] = true, .early = early,
	};
	forget();
	err = mc_copy(to_pages, from_pages, npages);
	if (poison.at[0])
		complain("poison not met");
	if (messages != !known)
		complain("%u messages", messages);
	if (known) {
		check_blame(npages, stopped, err);
		return;
	}
	if (err)
		complain("returned %d", err);
	check_good(npages, false);
}

static void check_transient(const char *name, bool careful)
{
	unsigned int n, bad, j;

	for (n = 1; n <= MAX_PAGES; n += reduced ? 5 : 1)
		for (bad = 0; bad < n; bad++)
			for (j = 0; j < ARRAY_SIZE(earlier); j++)
				run_into_transient(n, bad, earlier[j], careful);
	poison = (struct poison){ 0 };
	end_point("%s: poison that goes away, only a known page is blamed", name);
}

/*
 * Of two poisoned pages, only the first is blamed, or only the second if the
 * poison of the first is transient.
 */
static void check_two(const char *name)
{
	unsigned int first, second, transient;

	for (first = 0; first < MAX_PAGES; first++)
		for (second = first + 1; second < MAX_PAGES; second++)
			for (transient = 0; transient < 2; transient++) {
				poison = (struct poison){
					.at = { place(first, 8), place(second, 8) },
					.transient[0] = transient, .early = 64,
				};
				forget();
				check_blame(MAX_PAGES, transient ? second : first,
					    mc_copy(to_pages, from_pages, MAX_PAGES));
			}
	poison = (struct poison){ 0 };
	end_point("%s: of two poisoned pages, the first that stays so is blamed", name);
}

/* Not simulated: the page has no access, so that exception entries are used. */
static void miss_page(unsigned int npages, unsigned int bad)
{
	void *at = page_address(from_pages + bad);
	static int err;		/* outlives siglongjmp() */

	err = 0;
	forget();
	mprotect(at, PAGE, PROT_NONE);
	WITH_FAULTS(err = mc_copy(to_pages, from_pages, npages));
	mprotect(at, PAGE, PROT_READ);
	/* One for the run, and one for the page, unless it is the last one. */
	if (faults.count != 1 + (bad < npages - 1))
		complain("%u faults", faults.count);
	check_blame(npages, bad, err);
}

static void check_missing_page(const char *name)
{
	unsigned int n, bad;

	for (n = 1; n <= MAX_PAGES; n++)
		for (bad = 0; bad < n; bad++)
			miss_page(n, bad);
	end_point("%s: a page without access is blamed", name);
}

/*
 * On a CPU that recovers from nothing but loads: the copy has to be resumed by
 * them, too. The careful loop is the same as in copy_mc_pages().
 */
static void check_nontemporal(void)
{
	static const char name[] = "past the caches";

	fragile_key = 0;
	has_X86_FEATURE_REP_GOOD = true;
	has_X86_FEATURE_ERMS = false;
	has_X86_FEATURE_SUCCOR = false;
	mc_copy = copy_mc_highpages_nontemporal;
	check_mc_success("copy_mc_highpages_nontemporal");
	check_poison(name);
	check_transient(name, false);
	check_two(name);
	if (!reduced)
		check_missing_page(name);
	mc_copy = copy_mc_highpages;
}

static void check_mc(void)
{
	static const char *const names[] = { "unrolled", "fragile", "rep movsq", "rep movsb" };
	unsigned int i;

	has_X86_FEATURE_SUCCOR = true;
	recovers_kernel_reads = true;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fragile_key = i == 1;
		has_X86_FEATURE_REP_GOOD = i >= 2;
		has_X86_FEATURE_ERMS = i == 3;
		check_poison(names[i]);
		if (i == 3)
			check_user_poison();
		check_transient(names[i], i < 2);
		check_two(names[i]);
		if (!reduced)
			check_missing_page(names[i]);
	}
	check_nontemporal();
}

#define MC_POINTS	(reduced ? 17 : 22)

#elif !defined(ARCH_WITHOUT_COPY_MC)

static void check_mc(void)
{
	check_poison("page by page");
	check_user_poison();
}

#define MC_POINTS	2

#else

static void check_mc(void)
{
}

#define MC_POINTS	0

#endif

int main(int argc, char **argv)
{
	begin(argc, argv);
	plan(4 + MC_POINTS);
	source = map_region(NR_PAGES, 1, PROT_READ);
	destination = map_region(NR_PAGES, 2, PROT_READ | PROT_WRITE);
	catch_faults();
	check_copy_highpages();
	check_batch();
	check_mc_success("copy_mc_highpages");
	check_user_success();
	check_mc();
	return finish();
}
