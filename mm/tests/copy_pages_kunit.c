// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the helpers that copy runs of pages and folios: copy_pages(),
 * copy_highpages(), copy_mc_pages() and what is on top of it, folio_copy(),
 * folio_mc_copy() and copy_user_large_folio().
 *
 * To make a source unreadable, the tests unmap a page of it. The page fault
 * takes the exception table entry that a machine check would take, so that
 * recovery is tested without hardware support. A stub of memory_failure_queue()
 * notes the blamed page, which is healthy and stays in use.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/copy_pages.h>
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/panic.h>
#include <linux/pgalloc_tag.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/text-patching.h>
#include <linux/vmalloc.h>
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <asm/insn-eval.h>
#include <asm/mce.h>
#include <asm/tlbflush.h>
#endif

#define WORDS_PER_PAGE		(PAGE_SIZE / sizeof(u64))

/*
 * A destination has a guard page on either side, and alloc_pages_exact() rounds
 * up to a power of two. 513 is one page more than a THP of x86 has.
 */
#define MAX_ORDER_COPIED	MIN(9, MAX_PAGE_ORDER - 1)
#define MAX_PAGES_COPIED	MIN(513, MAX_ORDER_NR_PAGES - 2)

static_assert(MAX_ORDER_COPIED >= 0);
static_assert((1 << MAX_ORDER_COPIED) + 2 <= MAX_ORDER_NR_PAGES);
static_assert(MAX_PAGES_COPIED + 2 <= MAX_ORDER_NR_PAGES);

/* Every word encodes its number, and whether it is of source or destination. */
enum filling { SOURCE, DESTINATION };

static u64 word_of(enum filling filling, unsigned long nr)
{
	return (((u64)filling << 32) + nr + 1) * GOLDEN_RATIO_64;
}

static void fill(void *addr, unsigned int nr_pages, enum filling filling)
{
	u64 *words = addr;
	unsigned long i;

	for (i = 0; i < nr_pages * WORDS_PER_PAGE; i++)
		words[i] = word_of(filling, i);
}

/*
 * Expect that @nr_pages at @addr hold what fill() wrote, from page @first on.
 * The test ends at the first wrong word, because later ones say little.
 */
static void expect_filled(struct kunit *test, const char *what, const void *addr,
			  unsigned int first, unsigned int nr_pages,
			  enum filling filling)
{
	const u64 *words = addr;
	unsigned long i;
	u64 expected;

	for (i = 0; i < nr_pages * WORDS_PER_PAGE; i++) {
		expected = word_of(filling, first * WORDS_PER_PAGE + i);
		if (words[i] == expected)
			continue;
		KUNIT_FAIL_AND_ABORT(test,
				     "%s: page %lu, byte %lu: expected %016llx, found %016llx",
				     what, first + i / WORDS_PER_PAGE,
				     i % WORDS_PER_PAGE * sizeof(u64), expected, words[i]);
	}
}

/*
 * Memory may be too fragmented for large orders, which is no failure. A skip
 * would hide an earlier one, though.
 */
static void check_allocated(struct kunit *test, const void *allocated, unsigned int order)
{
	if (!allocated && order > PAGE_ALLOC_COSTLY_ORDER && test->status == KUNIT_SUCCESS)
		kunit_skip(test, "no %lu KiB of contiguous memory are free",
			   PAGE_SIZE << order >> 10);
	KUNIT_ASSERT_NOT_NULL(test, allocated);
}

struct run {
	void *addr;
	unsigned int nr_pages;
};

static void free_run(void *data)
{
	struct run *run = data;

	free_pages_exact(run->addr, run->nr_pages * PAGE_SIZE);
}

/* Allocate contiguous order-0 pages, which are freed at the end of the test. */
static void *alloc_run(struct kunit *test, unsigned int nr_pages)
{
	struct run *run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, run);
	run->nr_pages = nr_pages;
	run->addr = alloc_pages_exact(nr_pages * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	check_allocated(test, run->addr, get_order(nr_pages * PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_run, run), 0);
	return run->addr;
}

static void free_folio(void *folio)
{
	folio_put(folio);
}

static struct folio *alloc_folio(struct kunit *test, unsigned int order)
{
	struct folio *folio = folio_alloc(GFP_KERNEL | __GFP_NOWARN, order);

	check_allocated(test, folio, order);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_folio, folio), 0);
	return folio;
}

/* Allocate a page more on each side, to notice writes outside of the run. */
static void *alloc_guarded(struct kunit *test, unsigned int nr_pages)
{
	return alloc_run(test, nr_pages + 2) + PAGE_SIZE;
}

static void fill_all(void *dst, void *src, unsigned int nr_pages)
{
	fill(src, nr_pages, SOURCE);
	fill(dst - PAGE_SIZE, nr_pages + 2, DESTINATION);
}

/*
 * Expect that of the pages that fill_all() filled, the first @copied ones were
 * copied and nothing else has changed.
 */
static void expect_copied(struct kunit *test, void *dst, void *src,
			  unsigned int nr_pages, unsigned int copied)
{
	expect_filled(test, "source", src, 0, nr_pages, SOURCE);
	expect_filled(test, "before the destination", dst - PAGE_SIZE, 0, 1,
		      DESTINATION);
	expect_filled(test, "destination", dst, 0, copied, SOURCE);
	expect_filled(test, "behind what is copied", dst + copied * PAGE_SIZE,
		      1 + copied, nr_pages + 1 - copied, DESTINATION);
}

/* Is a run of pages copied, and nothing beside it written? */

static void by_copy_pages(struct kunit *test, void *dst, void *src, unsigned int nr)
{
	copy_pages(dst, src, nr);
}

static void by_copy_highpages(struct kunit *test, void *dst, void *src, unsigned int nr)
{
	copy_highpages(virt_to_page(dst), virt_to_page(src), nr);
}

#ifdef copy_mc_pages
static void by_copy_mc_pages(struct kunit *test, void *dst, void *src, unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, copy_mc_pages(dst, src, nr), 0);
}
#endif

static void by_copy_mc_highpages(struct kunit *test, void *dst, void *src, unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, copy_mc_highpages(virt_to_page(dst), virt_to_page(src), nr), 0);
}

#if COPY_MC_NONTEMPORAL
static void by_copy_mc_pages_nontemporal(struct kunit *test, void *dst, void *src,
					 unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, copy_mc_pages_nontemporal(dst, src, nr), 0);
}
#endif

static void by_copy_mc_highpages_nontemporal(struct kunit *test, void *dst, void *src,
					     unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, copy_mc_highpages_nontemporal(virt_to_page(dst),
							    virt_to_page(src), nr), 0);
}

/* The user address of a folio, or of a run of pages */
#define USER_ADDRESS		(SZ_1G)

/* No architecture looks at more of it. */
static struct vm_area_struct user_vma = TLB_FLUSH_VMA(&init_mm, 0);

static void by_copy_mc_user_highpages(struct kunit *test, void *dst, void *src, unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, copy_mc_user_highpages(virt_to_page(dst), virt_to_page(src),
						     USER_ADDRESS, &user_vma, nr), 0);
}

static const struct run_copy {
	const char *name;
	void (*copy)(struct kunit *test, void *dst, void *src, unsigned int nr);
} run_copies[] = {
	{ "copy_pages", by_copy_pages },
	{ "copy_highpages", by_copy_highpages },
#ifdef copy_mc_pages
	{ "copy_mc_pages", by_copy_mc_pages },
#endif
	{ "copy_mc_highpages", by_copy_mc_highpages },
#if COPY_MC_NONTEMPORAL
	{ "copy_mc_pages_nontemporal", by_copy_mc_pages_nontemporal },
#endif
	{ "copy_mc_highpages_nontemporal", by_copy_mc_highpages_nontemporal },
	{ "copy_mc_user_highpages", by_copy_mc_user_highpages },
};

KUNIT_ARRAY_PARAM_DESC(run_copy, run_copies, name);

/* Every count up to 64, then counts around powers of two, and the last one. */
static unsigned int next_count(unsigned int count)
{
	static const unsigned int larger[] = { 65, 127, 129, 255, 511, 512 };
	unsigned int next = MAX_PAGES_COPIED;
	int i;

	if (count == next)
		return 0;
	if (count < 64)
		return min(count + 1, next);
	for (i = ARRAY_SIZE(larger) - 1; i >= 0 && larger[i] > count; i--)
		next = min(next, larger[i]);
	return next;
}

static void copies_runs(struct kunit *test)
{
	const struct run_copy *by = test->param_value;
	void *src = alloc_run(test, MAX_PAGES_COPIED);
	void *dst = alloc_guarded(test, MAX_PAGES_COPIED);
	unsigned int nr;

	for (nr = 1; nr; nr = next_count(nr)) {
		fill_all(dst, src, nr);
		by->copy(test, dst, src, nr);
		expect_copied(test, dst, src, nr, nr);
	}
}

/*
 * Is a folio copied, and nothing beside it written? Only the source has to be a
 * folio, because its size is copied. The destination is a run of guarded pages.
 */

static int by_folio_copy(struct folio *dst, struct folio *src)
{
	folio_copy(dst, src);
	return 0;
}

static const struct folio_copier {
	const char *name;
	int (*copy)(struct folio *dst, struct folio *src);
} folio_copiers[] = {
	{ "folio_copy", by_folio_copy },
	{ "folio_mc_copy", folio_mc_copy },
};

KUNIT_ARRAY_PARAM_DESC(folio_copier, folio_copiers, name);

static void copies_folios(struct kunit *test)
{
	const struct folio_copier *by = test->param_value;
	unsigned int order;

	for (order = 0; order <= MAX_ORDER_COPIED; order++) {
		struct folio *src = alloc_folio(test, order);
		void *dst = alloc_guarded(test, 1 << order);

		fill_all(dst, folio_address(src), 1 << order);
		KUNIT_EXPECT_EQ(test, by->copy(virt_to_folio(dst), src), 0);
		expect_copied(test, dst, folio_address(src), 1 << order, 1 << order);
	}
}

/* Is the rest of a larger destination left alone? */
static void copies_into_larger_folio(struct kunit *test)
{
	const struct folio_copier *by = test->param_value;
	unsigned int order;

	for (order = 0; order < MAX_ORDER_COPIED; order++) {
		struct folio *src = alloc_folio(test, order);
		struct folio *dst = alloc_folio(test, order + 1);
		unsigned int nr = folio_nr_pages(src);
		void *rest = folio_address(dst) + nr * PAGE_SIZE;

		fill(folio_address(src), nr, SOURCE);
		fill(folio_address(dst), 2 * nr, DESTINATION);
		KUNIT_EXPECT_EQ(test, by->copy(dst, src), 0);
		expect_filled(test, "destination", folio_address(dst), 0, nr, SOURCE);
		expect_filled(test, "rest of the destination", rest, nr, nr, DESTINATION);
	}
}

/* Is a folio copied that the page allocator does not have, like those of hugetlb? */

#ifdef CONFIG_CONTIG_ALLOC
#define GIGANTIC_ORDER	(MAX_PAGE_ORDER + 1)

static void free_gigantic(void *folio)
{
	free_contig_frozen_range(folio_pfn(folio), 1 << GIGANTIC_ORDER);
}

static struct folio *alloc_gigantic(struct kunit *test)
{
	struct page *page = alloc_contig_frozen_pages(1 << GIGANTIC_ORDER,
						      GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
						      numa_mem_id(), NULL);

	check_allocated(test, page, GIGANTIC_ORDER);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_gigantic, page), 0);
	return page_folio(page);
}

static void copies_gigantic(struct kunit *test, const struct folio_copier *by)
{
	const unsigned int nr = 1 << GIGANTIC_ORDER;
	struct folio *src, *dst;

	if (GIGANTIC_ORDER > MAX_FOLIO_ORDER)
		kunit_skip(test, "this kernel has no folios above order %d",
			   (int)MAX_FOLIO_ORDER);
	/* With pages of 64 KiB, it is 1 GiB. */
	if (PAGE_SIZE << GIGANTIC_ORDER > SZ_64M)
		kunit_skip(test, "the smallest gigantic folio is too large for a test");
	src = alloc_gigantic(test);
	dst = alloc_gigantic(test);
	fill(folio_address(src), nr, SOURCE);
	fill(folio_address(dst), nr, DESTINATION);
	KUNIT_EXPECT_EQ(test, by->copy(dst, src), 0);
	expect_filled(test, "source", folio_address(src), 0, nr, SOURCE);
	expect_filled(test, "destination", folio_address(dst), 0, nr, SOURCE);
}
#else
static void copies_gigantic(struct kunit *test, const struct folio_copier *by)
{
	kunit_skip(test, "needs CONFIG_CONTIG_ALLOC");
}
#endif

static void copies_gigantic_folio(struct kunit *test)
{
	copies_gigantic(test, test->param_value);
}

/*
 * Is a folio of user space copied, and nothing beside it written, whichever
 * page the fault is in?
 */

#if defined(CONFIG_TRANSPARENT_HUGEPAGE) || defined(CONFIG_HUGETLBFS)
static int copy_user_folio(struct folio *dst, struct folio *src, unsigned int fault)
{
	unsigned long addr = USER_ADDRESS + fault * PAGE_SIZE + fault % PAGE_SIZE;

	return copy_user_large_folio(dst, src, addr, &user_vma);
}

static void skip_without_user_folios(struct kunit *test)
{
}
#else
static int copy_user_folio(struct folio *dst, struct folio *src, unsigned int fault)
{
	return -EOPNOTSUPP;
}

static void skip_without_user_folios(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_TRANSPARENT_HUGEPAGE or CONFIG_HUGETLBFS");
}
#endif

/* Folios of two pages and more, with as many pages in front and twice as many behind */
static_assert(MAX_PAGE_ORDER >= 3);

static void free_page_of_folio(void *page)
{
	__free_page(page);
}

/*
 * Allocate a folio in the second quarter of a run of pages. The other pages are
 * freed one by one.
 */
static struct folio *alloc_guarded_folio(struct kunit *test, unsigned int order)
{
	const unsigned int nr = 1 << order;
	struct page *run = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order + 2);
	struct page *head = run + nr;
	unsigned int i;

	check_allocated(test, run, order + 2);
	split_page(run, order + 2);
	for (i = 1; i < nr; i++) {
		KUNIT_ASSERT_TRUE(test, page_ref_freeze(head + i, 1));
		clear_page_tag_ref(head + i);
	}
	prep_compound_page(head, order);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_folio, head), 0);

	for (i = 0; i < 4 * nr; i++) {
		if (i >= nr && i < 2 * nr)
			continue;
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_page_of_folio,
								run + i), 0);
	}
	return page_folio(head);
}

/* In folios of up to 16 pages, the fault is in each page. */
static void copies_user_folios(struct kunit *test)
{
	unsigned int order, fault;

	skip_without_user_folios(test);
	for (order = 1; order <= MIN(4, MAX_PAGE_ORDER - 2); order++) {
		struct folio *src = alloc_folio(test, order);
		struct folio *dst = alloc_guarded_folio(test, order);
		const unsigned int nr = 1 << order;

		for (fault = 0; fault < nr; fault++) {
			fill_all(folio_address(dst), folio_address(src), nr);
			KUNIT_EXPECT_EQ(test, copy_user_folio(dst, src, fault), 0);
			expect_copied(test, folio_address(dst), folio_address(src), nr, nr);
		}
	}
}

static void copies_large_user_folio(struct kunit *test)
{
	const unsigned int nr = 1 << MAX_ORDER_COPIED;
	const unsigned int faults[] = { 0, 2, 3, nr / 2, nr - 4, nr - 1 };
	struct folio *src, *dst;
	int i;

	skip_without_user_folios(test);
	src = alloc_folio(test, MAX_ORDER_COPIED);
	dst = alloc_folio(test, MAX_ORDER_COPIED);
	fill(folio_address(src), nr, SOURCE);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		fill(folio_address(dst), nr, DESTINATION);
		KUNIT_EXPECT_EQ(test, copy_user_folio(dst, src, faults[i]), 0);
		expect_filled(test, "source", folio_address(src), 0, nr, SOURCE);
		expect_filled(test, "destination", folio_address(dst), 0, nr, SOURCE);
	}
}

static int by_copy_user_large_folio(struct folio *dst, struct folio *src)
{
	return copy_user_folio(dst, src, folio_nr_pages(src) / 3);
}

static void copies_gigantic_user_folio(struct kunit *test)
{
	static const struct folio_copier by = { .copy = by_copy_user_large_folio };

	skip_without_user_folios(test);
	copies_gigantic(test, &by);
}

/*
 * May an order-0 folio be copied in atomic context? A kernel with
 * CONFIG_DEBUG_ATOMIC_SLEEP warns of a copy that might sleep, and the first
 * warning taints it.
 */
static void copies_small_folio_in_atomic_context(struct kunit *test)
{
	const struct folio_copier *by = test->param_value;
	static DEFINE_SPINLOCK(lock);
	struct folio *src;
	void *dst;
	int err;

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");
	if (test_taint(TAINT_WARN))
		kunit_skip(test, "a warning would not show, because there was one before");

	src = alloc_folio(test, 0);
	dst = alloc_guarded(test, 1);
	fill_all(dst, folio_address(src), 1);
	spin_lock(&lock);
	err = by->copy(virt_to_folio(dst), src);
	spin_unlock(&lock);
	KUNIT_EXPECT_EQ(test, err, 0);
	expect_copied(test, dst, folio_address(src), 1, 1);
	KUNIT_EXPECT_FALSE(test, test_taint(TAINT_WARN));
}

/* The rest needs a copy_mc_pages() that recovers from any source exception. */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)

/* Only CPUs in the 'fragile' set that would not recover otherwise are missing. */
static bool cpu_recovers(void)
{
	if (boot_cpu_has(X86_FEATURE_ERMS))
		return true;
	if (boot_cpu_has(X86_FEATURE_REP_GOOD))
		return boot_cpu_has(X86_FEATURE_SUCCOR);
	return mce_recovers_kernel_reads();
}

static void skip_unless_recovering(struct kunit *test)
{
	if (!cpu_recovers())
		kunit_skip(test, "no copy recovers on this CPU with this kernel");
}

/* Is the residue exact to the byte? */

typedef unsigned long mc_copy(void *to, const void *from, unsigned int npages);

static void *map_without_page(struct kunit *test, void *addr, unsigned int nr_pages,
			      unsigned int missing)
{
	struct page **pages;
	unsigned long hole;
	unsigned int i;
	void *map;

	pages = kvmalloc_array(nr_pages, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr_pages; i++)
		pages[i] = virt_to_page(addr + i * PAGE_SIZE);
	map = vmap(pages, nr_pages, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	KUNIT_ASSERT_NOT_NULL(test, map);
	hole = (unsigned long)map + missing * PAGE_SIZE;
	vunmap_range(hole, hole + PAGE_SIZE);
	return map;
}

static void expect_residue(struct kunit *test, mc_copy *copy, void *dst, void *src,
			   unsigned int nr_pages, unsigned int missing)
{
	unsigned long left;
	void *map;

	fill_all(dst, src, nr_pages);
	map = map_without_page(test, src, nr_pages, missing);
	left = copy(dst, map, nr_pages);
	vunmap(map);
	KUNIT_ASSERT_EQ_MSG(test, left, (nr_pages - missing) * PAGE_SIZE,
			    "%u pages, page %u is missing", nr_pages, missing);
	expect_copied(test, dst, src, nr_pages, missing);
}

static void expect_residues(struct kunit *test, mc_copy *copy)
{
	const unsigned int max = MAX_PAGES_COPIED;
	void *src = alloc_run(test, max);
	void *dst = alloc_guarded(test, max);
	unsigned int nr, missing;

	for (nr = 1; nr <= 9; nr++)
		for (missing = 0; missing < nr; missing++)
			expect_residue(test, copy, dst, src, nr, missing);
	expect_residue(test, copy, dst, src, max, 0);
	expect_residue(test, copy, dst, src, max, max / 2);
	expect_residue(test, copy, dst, src, max, max - 1);
}

static void residue_is_exact(struct kunit *test)
{
	skip_unless_recovering(test);
	expect_residues(test, copy_mc_pages);
}

/* Copies past the caches recover, or are copy_mc_pages(). */
static void skip_unless_recovering_past_caches(struct kunit *test)
{
	if (!mce_recovers_kernel_reads())
		skip_unless_recovering(test);
}

static void residue_past_caches_is_exact(struct kunit *test)
{
	skip_unless_recovering_past_caches(test);
	expect_residues(test, copy_mc_pages_nontemporal);
}

/* Is the unreadable page blamed, and no other? */

struct blame {
	unsigned int count;
	unsigned long pfn;
	bool interrupted;
	unsigned long real_pfn;
	int real_flags;
};

/* The stub of memory_failure_queue() */
static void note_blame(unsigned long pfn, int flags)
{
	struct kunit *test = kunit_get_current_test();
	struct blame *blame = test->priv;

	/* The test copies in task context: this is a real error, for later. */
	if (!in_task()) {
		blame->interrupted = true;
		blame->real_pfn = pfn;
		blame->real_flags = flags;
		return;
	}
	KUNIT_EXPECT_EQ(test, flags, 0);
	blame->count++;
	blame->pfn = pfn;
}

static int mc_copy_folio(struct folio *dst, struct folio *src, unsigned int fault)
{
	return folio_mc_copy(dst, src);
}

static int mc_copy_folio_nontemporal(struct folio *dst, struct folio *src,
				     unsigned int fault)
{
	return copy_mc_highpages_nontemporal(folio_page(dst, 0), folio_page(src, 0),
					     folio_nr_pages(src));
}

/* A copy of the folio whose page @bad is not in the direct map */
struct bad_copy {
	int (*copy)(struct folio *dst, struct folio *src, unsigned int fault);
	unsigned int fault;
	unsigned int bad;
};

static int copy_without_page(struct folio *dst, struct folio *src,
			     const struct bad_copy *by)
{
	struct page *page = folio_page(src, by->bad);
	unsigned long addr = (unsigned long)page_address(page);
	int err;

	err = set_direct_map_invalid_noflush(page);
	KUNIT_ASSERT_EQ_MSG(kunit_get_current_test(), err, 0,
			    "the page could not be unmapped");
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
	err = by->copy(dst, src, by->fault);
	if (set_direct_map_default_noflush(page)) {
		/* Nobody can use the page now: keep it from being freed. */
		folio_get(src);
		KUNIT_FAIL_AND_ABORT(kunit_get_current_test(),
				     "the page could not be mapped again, and is leaked");
	}
	return err;
}

static void expect_blame(struct kunit *test, void *dst, struct folio *src,
			 const struct bad_copy *by)
{
	const unsigned int nr = folio_nr_pages(src);
	struct blame blame = {};
	int err;

	fill_all(dst, folio_address(src), nr);
	test->priv = &blame;
	kunit_activate_static_stub(test, memory_failure_queue, note_blame);
	err = copy_without_page(virt_to_folio(dst), src, by);
	kunit_deactivate_static_stub(test, memory_failure_queue);
	test->priv = NULL;
	if (blame.interrupted)
		memory_failure_queue(blame.real_pfn, blame.real_flags);

	KUNIT_EXPECT_EQ(test, err, -EHWPOISON);
	KUNIT_EXPECT_EQ_MSG(test, blame.count, 1, "of %u pages, one has to be blamed", nr);
	KUNIT_EXPECT_EQ_MSG(test, (long)(blame.pfn - folio_pfn(src)), by->bad,
			    "the wrong one of %u pages is blamed", nr);
	expect_filled(test, "source", folio_address(src), 0, nr, SOURCE);
	expect_filled(test, "before the destination", dst - PAGE_SIZE, 0, 1, DESTINATION);
	expect_filled(test, "after the destination", dst + nr * PAGE_SIZE, nr + 1, 1,
		      DESTINATION);
}

/* The first page is bad, one in the middle, and the last one. */
static void expect_blame_of_folio(struct kunit *test, unsigned int order,
				  struct bad_copy by)
{
	struct folio *src = alloc_folio(test, order);
	const unsigned int nr = folio_nr_pages(src);
	void *dst = alloc_guarded(test, nr);

	by.bad = 0;
	expect_blame(test, dst, src, &by);
	by.bad = nr / 2;
	expect_blame(test, dst, src, &by);
	by.bad = nr - 1;
	expect_blame(test, dst, src, &by);
}

static void skip_unless_blaming(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "needs CONFIG_MEMORY_FAILURE");
	skip_unless_recovering(test);
}

static const unsigned int orders_to_blame[] = { 2, 4, MAX_ORDER_COPIED };

static void blames_page_of_large_folio(struct kunit *test)
{
	int i;

	skip_unless_blaming(test);
	for (i = 0; i < ARRAY_SIZE(orders_to_blame); i++)
		expect_blame_of_folio(test, orders_to_blame[i],
				      (struct bad_copy){ .copy = mc_copy_folio });
}

static void blames_page_past_caches(struct kunit *test)
{
	int i;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "needs CONFIG_MEMORY_FAILURE");
	skip_unless_recovering_past_caches(test);
	for (i = 0; i < ARRAY_SIZE(orders_to_blame); i++)
		expect_blame_of_folio(test, orders_to_blame[i],
				      (struct bad_copy){ .copy = mc_copy_folio_nontemporal });
}

static void blames_small_folio(struct kunit *test)
{
	const struct bad_copy by = { .copy = mc_copy_folio };
	void *src;

	skip_unless_blaming(test);
	src = alloc_guarded(test, 1);
	expect_blame(test, alloc_guarded(test, 1), virt_to_folio(src), &by);
}

/*
 * The pages around the fault are copied last: if the copy fails in one of them,
 * those on either side are complete.
 */
static void expect_neighbourhood_last(struct kunit *test, void *dst, unsigned int nr,
				      unsigned int fault)
{
	const unsigned int first = fault < 2 ? 0 : fault - 2;
	const unsigned int end = min(fault + 3, nr);

	expect_filled(test, "left of the neighbourhood", dst, 0, first, SOURCE);
	expect_filled(test, "right of the neighbourhood", dst + end * PAGE_SIZE, end, nr - end,
		      SOURCE);
}

/* In a folio of 16 pages, each page is bad while the fault is in each page. */
static void blames_page_of_user_folio(struct kunit *test)
{
	const unsigned int order = MIN(4, MAX_PAGE_ORDER - 2), nr = 1 << order;
	struct bad_copy by = { .copy = copy_user_folio };
	struct folio *src, *dst;

	skip_without_user_folios(test);
	skip_unless_blaming(test);
	src = alloc_folio(test, order);
	dst = alloc_guarded_folio(test, order);
	for (by.fault = 0; by.fault < nr; by.fault++) {
		for (by.bad = 0; by.bad < nr; by.bad++) {
			expect_blame(test, folio_address(dst), src, &by);
			if (abs_diff(by.bad, by.fault) <= 2)
				expect_neighbourhood_last(test, folio_address(dst), nr, by.fault);
		}
	}
}

/* Does copy_pages() run the instruction that the CPU's flags ask for? */

static noinline void inlined_copy_pages(void *to, const void *from, unsigned int npages)
{
	copy_pages(to, from, npages);
}

/* Name the first instruction from @text on that copies pages. */
static const char *find_copy(const u8 *text)
{
	const u8 *end = text + 128;
	struct insn insn;

	for (; text < end; text += insn.length) {
		/* The end of the function, with or without a return thunk */
		if (insn_decode_kernel(&insn, text) < 0 ||
		    insn.opcode.bytes[0] == RET_INSN_OPCODE ||
		    insn.opcode.bytes[0] == JMP32_INSN_OPCODE)
			break;
		if (insn.opcode.bytes[0] == CALL_INSN_OPCODE &&
		    text + insn.length + insn.immediate.value == (u8 *)__copy_pages_unrolled)
			return "call __copy_pages_unrolled";
		if (!insn_has_rep_prefix(&insn))
			continue;
		if (insn.opcode.bytes[0] == 0xa4)
			return "rep movsb";
		if (insn.opcode.bytes[0] == 0xa5 && X86_REX_W(insn.rex_prefix.value))
			return "rep movsq";
	}
	return "nothing";
}

static void selects_instruction(struct kunit *test)
{
	const char *expected = "call __copy_pages_unrolled";

	if (!IS_ENABLED(CONFIG_INSTRUCTION_DECODER)) {
		kunit_skip(test, "needs CONFIG_INSTRUCTION_DECODER");
		return;
	}
	if (boot_cpu_has(X86_FEATURE_REP_GOOD))
		expected = "rep movsq";
	if (boot_cpu_has(X86_FEATURE_ERMS))
		expected = "rep movsb";
	/* With call depth tracking, a CALL goes to the padding of the function. */
	if (!strncmp(expected, "call", 4) && cpu_feature_enabled(X86_FEATURE_CALL_DEPTH))
		kunit_skip(test, "calls are redirected for call depth tracking");
	KUNIT_EXPECT_STREQ(test, find_copy((const u8 *)inlined_copy_pages), expected);
}

#else

static void skip_not_x86_64(struct kunit *test)
{
	kunit_skip(test, "needs the exception table of x86-64");
}

#define residue_is_exact		skip_not_x86_64
#define residue_past_caches_is_exact	skip_not_x86_64
#define blames_page_past_caches		skip_not_x86_64
#define blames_page_of_large_folio	skip_not_x86_64
#define blames_small_folio		skip_not_x86_64
#define blames_page_of_user_folio	skip_not_x86_64
#define selects_instruction		skip_not_x86_64
#endif

static struct kunit_case copy_pages_test_cases[] = {
	KUNIT_CASE_PARAM(copies_runs, run_copy_gen_params),
	KUNIT_CASE_PARAM(copies_folios, folio_copier_gen_params),
	KUNIT_CASE_PARAM(copies_into_larger_folio, folio_copier_gen_params),
	KUNIT_CASE_PARAM(copies_gigantic_folio, folio_copier_gen_params),
	KUNIT_CASE(copies_user_folios),
	KUNIT_CASE(copies_large_user_folio),
	KUNIT_CASE(copies_gigantic_user_folio),
	KUNIT_CASE_PARAM(copies_small_folio_in_atomic_context, folio_copier_gen_params),
	KUNIT_CASE(residue_is_exact),
	KUNIT_CASE(residue_past_caches_is_exact),
	KUNIT_CASE(blames_page_of_large_folio),
	KUNIT_CASE(blames_page_past_caches),
	KUNIT_CASE(blames_small_folio),
	KUNIT_CASE(blames_page_of_user_folio),
	KUNIT_CASE(selects_instruction),
	{}
};

static struct kunit_suite copy_pages_test_suite = {
	.name = "copy_pages",
	.test_cases = copy_pages_test_cases,
};

kunit_test_suite(copy_pages_test_suite);

MODULE_DESCRIPTION("Tests of copies of pages and folios");
MODULE_LICENSE("GPL");
