// SPDX-License-Identifier: GPL-2.0
/*
 * Check that move_pages(2) moves every page to the node that the caller asked
 * for, and keeps every byte.
 *
 * Pairs of NUMA nodes with memory are variants of the "pair" fixture, so that
 * each has a result of its own for each kind of mapping. main() registers the
 * variants, because the nodes are known at run time only: all ordered pairs of
 * few nodes, and neighbours only of many, whose other pairs have one kind of
 * mapping only, in all_nodes. The argument "all" asks for all kinds between all
 * nodes.
 */

#include "kselftest_harness.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mman.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "hugepage_settings.h"
#include "vm_util.h"

#define NR_PAGES	600UL	/* more than the 512 that the kernel migrates in one batch */
#define NR_THPS		2UL
#define NR_HUGETLB	2UL	/* pages of each size */
#define MAX_SIZES	16	/* of hugetlb pages: arm64 has four */
#define MAX_LISTED	65536UL
#define MAX_TRIES	10
#define MAX_REPORTS	4	/* pages to describe; others are counted only */
#define TIMEOUT		120	/* seconds: emulated machines run this, too */
#define FEW_NODES	3	/* of more, the pairs take more than a minute or two */
#define UNWRITTEN	INT_MIN
#define NOBODY		65534

#define NODES		"/sys/devices/system/node"
#define CGROUP		"/sys/fs/cgroup"
#define SUBTREE		CGROUP "/cgroup.subtree_control"
#define CPUSET		CGROUP "/move_pages_selftest"

static int *nodes;
static int nr_nodes;

/* The arguments of move_pages(2). Each test is a process with its own copy. */
static void *addrs[MAX_LISTED];
static int targets[MAX_LISTED];
static int status[MAX_LISTED];

/* The memory under test. Pages are numbered from its start. */
struct region {
	const char *kind;
	char *mem;
	char *alias;		/* a second mapping of the same pages, or NULL */
	size_t len;
	size_t unit;		/* bytes that one address in the list stands for */
	bool thp;		/* units are THPs and have to stay whole */
	bool hugetlb;		/* units are hugetlb pages */
	bool pmd_mapped;
	bool half;		/* the second half of every THP is not mapped */
	bool read_only;
	int flags;
	int from, to;		/* the move in progress */
	uint64_t seed;
};

static __printf(2, 3) void say(const struct region *r, const char *fmt, ...)
{
	va_list args;

	ksft_print_msg("%s: node%d -> node%d: ", r->kind, r->from, r->to);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static size_t pmd_size(void)
{
	static size_t size;

	if (!size)
		size = read_pmd_pagesize();
	return size;
}

static bool offset_mapped(const struct region *r, size_t offset)
{
	return !r->half || offset % pmd_size() < pmd_size() / 2;
}

/* The shift lets the low bytes differ between pages, too. */
static uint64_t pattern(const void *addr, uint64_t seed)
{
	uint64_t x = ((uintptr_t)addr ^ seed) * 0x9e3779b97f4a7c15ULL;

	return x ^ x >> 32;
}

/*
 * If a page is not copied, its new frame may still hold what an earlier move or
 * test left there. A new seed for each fill makes sure that this looks wrong.
 */
static void fill(struct region *r)
{
	size_t offset;
	uint64_t *p;

	r->seed = now_ns() * 0xbf58476d1ce4e5b9ULL;
	if (r->read_only)
		mprotect(r->mem, r->len, PROT_READ | PROT_WRITE);
	for (offset = 0; offset < r->len; offset += sizeof(*p)) {
		if (!offset_mapped(r, offset))
			continue;
		p = (uint64_t *)(r->mem + offset);
		*p = pattern(p, r->seed);
	}
	if (r->read_only)
		mprotect(r->mem, r->len, PROT_READ);
}

/* Does the page at @seen hold the pattern of @offset? */
static bool page_matches(const struct region *r, const char *seen, size_t offset)
{
	const uint64_t *p = (const uint64_t *)seen;
	const uint64_t *place = (const uint64_t *)(r->mem + offset);
	unsigned int i;

	for (i = 0; i < psize() / sizeof(*p); i++)
		if (p[i] != pattern(&place[i], r->seed))
			return false;
	return true;
}

static void describe_damage(const struct region *r, const char *seen, size_t offset)
{
	unsigned int i, first = 0, wrong = 0;
	unsigned char want[psize()];
	uint64_t word;
	size_t other;

	for (i = 0; i < psize(); i += sizeof(word)) {
		word = pattern(r->mem + offset + i, r->seed);
		memcpy(want + i, &word, sizeof(word));
	}
	for (i = 0; i < psize(); i++)
		if ((unsigned char)seen[i] != want[i] && !wrong++)
			first = i;
	say(r, "page %zu, byte %u: expected 0x%02x, found 0x%02x; %u bytes of the page are wrong\n",
	    offset / psize(), first, want[first], (unsigned char)seen[first], wrong);
	for (other = 0; other < r->len; other += psize())
		if (page_matches(r, seen, other))
			say(r, "page %zu holds what belongs in page %zu\n",
			    offset / psize(), other / psize());
}

static unsigned long count_damaged(const struct region *r, const char *view)
{
	unsigned long damaged = 0;
	size_t offset;

	for (offset = 0; offset < r->len; offset += psize()) {
		if (!offset_mapped(r, offset) || page_matches(r, view + offset, offset))
			continue;
		if (damaged++ < MAX_REPORTS)
			describe_damage(r, view + offset, offset);
	}
	if (damaged)
		say(r, "%lu of %lu pages damaged, seen through the %s mapping\n", damaged,
		    (unsigned long)r->len / psize(), view == r->mem ? "moved" : "second");
	return damaged;
}

static unsigned long list_addresses(const struct region *r, size_t unit, int node)
{
	unsigned long i;

	for (i = 0; i < r->len / unit; i++) {
		addrs[i] = r->mem + i * unit;
		targets[i] = node;
		status[i] = UNWRITTEN;
	}
	return i;
}

static unsigned long count_status(unsigned long nr, int value)
{
	unsigned long i, count = 0;

	for (i = 0; i < nr; i++)
		count += status[i] == value;
	return count;
}

static int wanted_status(const struct region *r, unsigned long i, size_t unit, int node)
{
	return offset_mapped(r, i * unit) ? node : -ENOENT;
}

/*
 * Query the node of every page, and count the pages that are not on @node. A
 * hugetlb page is always on one node.
 */
static unsigned long count_misplaced(const struct region *r, int node)
{
	const size_t unit = r->hugetlb ? r->unit : psize();
	unsigned long i, misplaced = 0, nr = list_addresses(r, unit, node);
	int want;

	if (move_pages(0, nr, addrs, NULL, status, 0)) {
		ksft_perror("move_pages(NULL)");
		return nr;
	}
	for (i = 0; i < nr; i++) {
		want = wanted_status(r, i, unit, node);
		if (status[i] != want && misplaced++ < MAX_REPORTS)
			say(r, "page %lu: node or error %d expected, %d reported\n",
			    i, want, status[i]);
	}
	return misplaced;
}

/*
 * Migration is best effort: a page may be held by someone for a moment. A
 * positive return value or a status of -EBUSY says so and is worth another try.
 * Anything else unexpected is an error.
 */
static int move_region(struct region *r, uint64_t *ns)
{
	unsigned long i = 0, nr;
	int try, ret = 0;
	uint64_t start;

	for (try = 1; try <= MAX_TRIES; try++) {
		nr = list_addresses(r, r->unit, r->to);
		start = now_ns();
		ret = move_pages(0, nr, addrs, targets, status, r->flags);
		*ns += now_ns() - start;
		if (ret < 0) {
			ret = -errno;
			say(r, "%s\n", strerror(-ret));
			return ret;
		}

		for (i = 0; i < nr && status[i] == wanted_status(r, i, r->unit, r->to); i++)
			;
		/* Folios may have been split: list every page from now on. */
		if (!r->thp && !r->hugetlb)
			r->unit = psize();
		if (!ret && i == nr && try > 1)
			say(r, "took %d tries\n", try);
		if (!ret && i == nr)
			return 0;
		if (!ret && status[i] != -EBUSY)
			break;
	}
	say(r, "returned %d, status of address %lu is %d\n", ret, i, i < nr ? status[i] : r->to);
	return -EIO;
}

static unsigned long thps_moved(void)
{
	static const char name[] = "thp_migration_success ";
	FILE *f = fopen("/proc/vmstat", "r");
	unsigned long count = 0;
	char line[128];

	if (!f)
		return 0;
	if (check_for_pattern(f, name, line, sizeof(line)))
		count = strtoul(line + sizeof(name) - 1, NULL, 10);
	fclose(f);
	return count;
}

/*
 * Frame numbers and page flags are readable by root only. Other users check no
 * more than smaps, which has the PMD mappings.
 */
static bool thps_whole(const struct region *r)
{
	int order = sz2ord(pmd_size(), psize()), orders[NR_ORDERS] = {};
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	int kpageflags = open("/proc/kpageflags", O_RDONLY);
	bool whole = true;

	if (pagemap >= 0 && kpageflags >= 0)
		whole = !gather_folio_orders(r->mem, r->len, pagemap, kpageflags, orders,
					     NR_ORDERS) && orders[order] == NR_THPS;
	close(pagemap);
	close(kpageflags);
	return whole && check_huge_anon(r->mem, r->len, r->pmd_mapped ? NR_THPS : 0, pmd_size());
}

static void move_and_check(struct __test_metadata *_metadata, struct region *r, int from, int to)
{
	unsigned long moved = thps_moved();
	uint64_t ns = 0;
	int ret;

	r->from = from;
	r->to = to;
	fill(r);
	ret = move_region(r, &ns);
	if (ret == -ENOMEM)
		SKIP(return, "node%d has no free memory", to);
	ASSERT_EQ(0, ret);

	EXPECT_EQ(0UL, count_misplaced(r, to));
	EXPECT_EQ(0UL, count_damaged(r, r->mem));
	if (r->alias)
		EXPECT_EQ(0UL, count_damaged(r, r->alias));
	if (r->thp) {
		EXPECT_LE(NR_THPS, thps_moved() - moved)
			say(r, "THPs did not move as one folio each\n");
		EXPECT_TRUE(thps_whole(r))
			say(r, "THPs did not stay whole\n");
	}
	say(r, "seed 0x%llx\n", (unsigned long long)r->seed);
	say(r, "throughput (diagnostic, meaningless under emulation): %zu KiB in %llu us\n",
	    r->len >> 10, (unsigned long long)ns / 1000);
}

/* Does nothing if the set-up of the region has failed or skipped the test. */
static void there_and_back(struct __test_metadata *_metadata, struct region *r, int src, int dst)
{
	if (!_metadata->exit_code)
		move_and_check(_metadata, r, src, dst);
	if (!_metadata->exit_code)
		move_and_check(_metadata, r, dst, src);
}

/*
 * @node is only preferred: if it is full, the test is skipped. MPOL_BIND would
 * call the OOM killer.
 */
static void set_up_region(struct region *r, void *mem, size_t len, int node)
{
	struct bitmask *mask = numa_allocate_nodemask();

	r->mem = mem;
	r->len = len;
	r->unit = psize();
	r->flags = MPOL_MF_MOVE;
	r->from = node;
	r->to = node;
	numa_bitmask_setbit(mask, node);
	mbind(mem, len, MPOL_PREFERRED, mask->maskp, mask->size + 1, 0);
	numa_bitmask_free(mask);
}

/* Map order-0 pages on @node, of file @fd unless that is -1. */
static void map_pages(struct __test_metadata *_metadata, struct region *r, int map_flags, int fd,
		      int node)
{
	size_t len = NR_PAGES * psize();
	void *mem;

	mem = mmap(NULL, len, PROT_READ | PROT_WRITE, map_flags, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	madvise(mem, len, MADV_NOHUGEPAGE);
	set_up_region(r, mem, len, node);
	fill(r);
	if (count_misplaced(r, node))
		SKIP(return, "node%d has no free memory", node);
}

/*
 * Set up PMD-mapped THPs on @node. check_huge_anon() needs them at the start of
 * a VMA, and gather_folio_orders() needs a hole behind them.
 */
static bool map_thps(struct region *r, int node)
{
	size_t len = NR_THPS * pmd_size();
	uintptr_t start;
	void *mem;

	mem = mmap(NULL, len + 2 * pmd_size(), PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED || len / psize() > MAX_LISTED)
		return false;
	start = ((uintptr_t)mem + pmd_size() - 1) / pmd_size() * pmd_size();
	mem = mmap((void *)start, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (mem == MAP_FAILED)
		return false;

	madvise(mem, len, MADV_HUGEPAGE);
	set_up_region(r, mem, len, node);
	r->unit = pmd_size();
	r->thp = true;
	r->pmd_mapped = true;
	fill(r);
	/* Page faults may find no free THP, or not be allowed to use one. */
	if (!thps_whole(r))
		madvise(mem, len, MADV_COLLAPSE);
	/* khugepaged must not undo what a test does to the mapping. */
	madvise(mem, len, MADV_NOHUGEPAGE);
	return thps_whole(r) && !count_misplaced(r, node);
}

/*
 * Migration splits a THP if the target node has no free one. Check both nodes
 * beforehand, so that a split during the test is an error.
 */
static void map_movable_thps(struct __test_metadata *_metadata, struct region *r, int src, int dst)
{
	struct region probe = { .kind = "probe" };

	if (!pmd_size())
		SKIP(return, "no transparent huge pages in this kernel");
	if (!map_thps(&probe, dst))
		SKIP(return, "node%d: THP disabled, or memory full or fragmented", dst);
	munmap(probe.mem, probe.len);
	if (!map_thps(r, src))
		SKIP(return, "node%d: THP disabled, or memory full or fragmented", src);
}

FIXTURE(pair)
{
	struct region r;
};

FIXTURE_VARIANT(pair)
{
	int src;
	int dst;
};

FIXTURE_SETUP(pair)
{
	if (!variant)
		SKIP(return, "needs two NUMA nodes with memory, found one");
	self->r.kind = _metadata->name;
}

FIXTURE_TEARDOWN(pair)
{
}

TEST_F_TIMEOUT(pair, anon, TIMEOUT)
{
	map_pages(_metadata, &self->r, MAP_PRIVATE | MAP_ANONYMOUS, -1, variant->src);
	there_and_back(_metadata, &self->r, variant->src, variant->dst);
}

TEST_F_TIMEOUT(pair, read_only, TIMEOUT)
{
	self->r.read_only = true;
	map_pages(_metadata, &self->r, MAP_PRIVATE | MAP_ANONYMOUS, -1, variant->src);
	there_and_back(_metadata, &self->r, variant->src, variant->dst);
}

TEST_F_TIMEOUT(pair, shared_anon, TIMEOUT)
{
	map_pages(_metadata, &self->r, MAP_SHARED | MAP_ANONYMOUS, -1, variant->src);
	there_and_back(_metadata, &self->r, variant->src, variant->dst);
}

static void map_memfd(struct __test_metadata *_metadata, struct region *r, int node, bool twice)
{
	int fd = memfd_create("move_pages", 0);

	if (fd < 0)
		SKIP(return, "memfd_create: %s", strerror(errno));
	ASSERT_EQ(0, ftruncate(fd, NR_PAGES * psize()));
	map_pages(_metadata, r, MAP_SHARED, fd, node);
	if (!twice)
		return;
	r->alias = mmap(NULL, r->len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	ASSERT_NE(MAP_FAILED, r->alias);
}

TEST_F_TIMEOUT(pair, memfd, TIMEOUT)
{
	map_memfd(_metadata, &self->r, variant->src, false);
	there_and_back(_metadata, &self->r, variant->src, variant->dst);
}

/*
 * A page that is mapped more than once moves only with MPOL_MF_MOVE_ALL, which
 * takes CAP_SYS_NICE.
 */
TEST_F_TIMEOUT(pair, mapped_twice, TIMEOUT)
{
	struct region *r = &self->r;

	map_memfd(_metadata, r, variant->src, true);
	if (_metadata->exit_code)
		return;
	list_addresses(r, r->unit, variant->dst);
	ASSERT_EQ(0, move_pages(0, NR_PAGES, addrs, targets, status, MPOL_MF_MOVE));
	ASSERT_EQ(NR_PAGES, count_status(NR_PAGES, -EACCES));
	ASSERT_EQ(0UL, count_misplaced(r, variant->src));

	r->flags = MPOL_MF_MOVE_ALL;
	if (move_pages(0, 0, NULL, NULL, NULL, r->flags) && errno == EPERM)
		SKIP(return, "MPOL_MF_MOVE_ALL needs CAP_SYS_NICE");
	there_and_back(_metadata, r, variant->src, variant->dst);
}

TEST_F_TIMEOUT(pair, thp, TIMEOUT)
{
	map_movable_thps(_metadata, &self->r, variant->src, variant->dst);
	there_and_back(_metadata, &self->r, variant->src, variant->dst);
}

/*
 * mprotect() inside a THP maps it by PTEs. The folio stays whole, and moves as
 * one. Migration unmaps it PTE by PTE, though, which may mark it as partly
 * mapped. It may then be split on its way back.
 */
TEST_F_TIMEOUT(pair, thp_mapped_by_ptes, TIMEOUT)
{
	struct region *r = &self->r;
	char *p;

	map_movable_thps(_metadata, r, variant->src, variant->dst);
	if (_metadata->exit_code)
		return;
	for (p = r->mem; p < r->mem + r->len; p += pmd_size()) {
		ASSERT_EQ(0, mprotect(p + psize(), psize(), PROT_READ));
		ASSERT_EQ(0, mprotect(p + psize(), psize(), PROT_READ | PROT_WRITE));
	}
	r->pmd_mapped = false;
	ASSERT_TRUE(thps_whole(r));
	move_and_check(_metadata, r, variant->src, variant->dst);
	r->thp = false;
	if (!_metadata->exit_code)
		move_and_check(_metadata, r, variant->dst, variant->src);
}

/* One listed address still moves all that is left of a THP. */
TEST_F_TIMEOUT(pair, thp_partly_mapped, TIMEOUT)
{
	struct region *r = &self->r;
	size_t half = pmd_size() / 2;
	char *p;

	map_movable_thps(_metadata, r, variant->src, variant->dst);
	if (_metadata->exit_code)
		return;
	for (p = r->mem; p < r->mem + r->len; p += pmd_size())
		madvise(p + half, half, MADV_DONTNEED);
	r->half = true;
	r->thp = false;
	there_and_back(_metadata, r, variant->src, variant->dst);
}

/*
 * Not the way to move a THP: the first address isolates the folio, and others
 * may then find it busy.
 */
TEST_F_TIMEOUT(pair, thp_every_subpage_listed, TIMEOUT)
{
	struct region *r = &self->r;
	unsigned long nr = 0;
	int try, ret = 1;

	map_movable_thps(_metadata, r, variant->src, variant->dst);
	if (_metadata->exit_code)
		return;
	r->to = variant->dst;
	r->len = pmd_size();
	for (try = 0; ret > 0 && try < MAX_TRIES; try++) {
		nr = list_addresses(r, psize(), variant->dst);
		ret = move_pages(0, nr, addrs, targets, status, MPOL_MF_MOVE);
	}
	ASSERT_EQ(0, ret);
	EXPECT_EQ(nr, count_status(nr, variant->dst) + count_status(nr, -EBUSY));
	EXPECT_EQ(0UL, count_misplaced(r, variant->dst));
	EXPECT_EQ(0UL, count_damaged(r, r->mem));
}

static unsigned long free_hugetlb_pages(size_t size, int node)
{
	char path[128], text[32] = "";

	snprintf(path, sizeof(path), NODES "/node%d/hugepages/hugepages-%zukB/free_hugepages",
		 node, size >> 10);
	read_file(path, text, sizeof(text));
	return strtoul(text, NULL, 10);
}

/*
 * Map pages of @size on @src. Returns false and says why if the machine has no
 * such pages to move to @dst: pools are shared with others.
 */
static bool map_hugetlb(struct region *r, size_t size, int src, int dst)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | sz2ord(size, 1) << MAP_HUGE_SHIFT;
	void *mem;

	if (free_hugetlb_pages(size, src) < NR_HUGETLB ||
	    free_hugetlb_pages(size, dst) < NR_HUGETLB) {
		ksft_print_msg("%zu KiB: node%d and node%d do not have %lu free pages each\n",
			       size >> 10, src, dst, NR_HUGETLB);
		return false;
	}
	mem = mmap(NULL, NR_HUGETLB * size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (mem == MAP_FAILED) {
		ksft_print_msg("%zu KiB: mmap: %s\n", size >> 10, strerror(errno));
		return false;
	}
	set_up_region(r, mem, NR_HUGETLB * size, src);
	r->unit = size;
	r->hugetlb = true;
	fill(r);
	list_addresses(r, size, dst);
	if (!move_pages(0, 1, addrs, targets, status, MPOL_MF_MOVE) && status[0] != -EFAULT)
		return true;
	ksft_print_msg("%zu KiB: pages of this size do not move here, or node%d is full\n",
		       size >> 10, dst);
	munmap(mem, r->len);
	return false;
}

/* Every size of which both nodes have free pages. main() makes some of one size, if it can. */
TEST_F_TIMEOUT(pair, hugetlb, TIMEOUT)
{
	int i, nr_sizes, moved = 0, src = variant->src, dst = variant->dst;
	struct region *r = &self->r;
	unsigned long sizes[MAX_SIZES];

	nr_sizes = detect_hugetlb_page_sizes(sizes, MAX_SIZES);
	for (i = 0; i < nr_sizes && !_metadata->exit_code; i++) {
		if (!map_hugetlb(r, sizes[i], src, dst))
			continue;
		there_and_back(_metadata, r, src, dst);
		munmap(r->mem, r->len);
		moved++;
	}
	if (!moved)
		SKIP(return, "node%d and node%d do not have %lu free hugetlb pages of any size",
		     src, dst, NR_HUGETLB);
}

/* All nodes, with one kind of mapping */
FIXTURE(all_nodes)
{
	struct region r;
};

FIXTURE_SETUP(all_nodes)
{
	if (nr_nodes < 2)
		SKIP(return, "needs two NUMA nodes with memory, found one");
	self->r.kind = _metadata->name;
	map_pages(_metadata, &self->r, MAP_PRIVATE | MAP_ANONYMOUS, -1, nodes[0]);
}

FIXTURE_TEARDOWN(all_nodes)
{
}

/* The same pages visit all nodes, so that each ordered pair has a move. */
TEST_F_TIMEOUT(all_nodes, each_pair, 4 * TIMEOUT)
{
	int i, j;

	for (i = 0; i + 1 < nr_nodes && !_metadata->exit_code; i++) {
		for (j = i + 1; j < nr_nodes && !_metadata->exit_code; j++)
			there_and_back(_metadata, &self->r, nodes[i], nodes[j]);
		if (!_metadata->exit_code)
			move_and_check(_metadata, &self->r, nodes[i], nodes[i + 1]);
	}
}

/* Errors of the call, and errors in status[]. Most tests need one node only. */
FIXTURE(errors)
{
	void *page;	/* populated */
	void *guard;	/* the page behind it, without access */
	int node;
};

FIXTURE_SETUP(errors)
{
	self->page = mmap(NULL, 2 * psize(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	self->guard = self->page + psize();
	ASSERT_EQ(0, mprotect(self->guard, psize(), PROT_NONE));
	memset(self->page, 0x5a, psize());
	ASSERT_EQ(0, move_pages(0, 1, &self->page, NULL, &self->node, 0));
	ASSERT_LE(0, self->node);
}

FIXTURE_TEARDOWN(errors)
{
}

#define EXPECT_ERRNO(expected, call) do {	\
	EXPECT_EQ(-1, call);			\
	EXPECT_EQ(expected, errno);		\
} while (0)

static void expect_status(struct __test_metadata *_metadata, void *addr, int node, int expected)
{
	status[0] = UNWRITTEN;
	EXPECT_EQ(0, move_pages(0, 1, &addr, NULL, status, 0));
	EXPECT_EQ(expected, status[0]);
	status[0] = UNWRITTEN;
	EXPECT_EQ(0, move_pages(0, 1, &addr, &node, status, MPOL_MF_MOVE));
	EXPECT_EQ(expected, status[0]);
}

TEST_F(errors, no_vma)
{
	ASSERT_EQ(0, munmap(self->page, psize()));
	expect_status(_metadata, self->page, self->node, -EFAULT);
}

TEST_F(errors, unpopulated)
{
	ASSERT_EQ(0, madvise(self->page, psize(), MADV_DONTNEED));
	expect_status(_metadata, self->page, self->node, -ENOENT);
}

TEST_F(errors, zero_page)
{
	ASSERT_EQ(0, madvise(self->page, psize(), MADV_DONTNEED));
	FORCE_READ(*(char *)self->page);
	expect_status(_metadata, self->page, self->node, -EFAULT);
}

TEST_F(errors, no_such_node)
{
	int i, bad[] = { -1, INT_MIN, INT_MAX, numa_max_possible_node() + 1 };

	for (i = 0; i < (int)ARRAY_SIZE(bad); i++)
		EXPECT_ERRNO(ENODEV,
			     move_pages(0, 1, &self->page, &bad[i], status, MPOL_MF_MOVE));
	expect_status(_metadata, self->page, self->node, self->node);
}

TEST_F(errors, nothing_listed)
{
	EXPECT_EQ(0, move_pages(0, 0, NULL, NULL, NULL, 0));
	EXPECT_EQ(0, move_pages(0, 0, self->guard, self->guard, self->guard, MPOL_MF_MOVE));
}

TEST_F_TIMEOUT(errors, many_listed, TIMEOUT)
{
	unsigned long i;

	for (i = 0; i < MAX_LISTED; i++) {
		addrs[i] = self->page + i % psize();
		targets[i] = self->node;
		status[i] = UNWRITTEN;
	}
	EXPECT_EQ(0, move_pages(0, MAX_LISTED, addrs, targets, status, MPOL_MF_MOVE));
	EXPECT_EQ(MAX_LISTED, count_status(MAX_LISTED, self->node));
}

/*
 * With a count beyond the end of the array, even if its size in bytes
 * overflows, the call handles the whole array and then fails.
 */
TEST_F(errors, count_too_large)
{
	unsigned long count[] = { 17, INT_MAX + 1UL, ULONG_MAX / sizeof(void *) + 1, ULONG_MAX };
	void **list = (void **)self->guard - 16;
	unsigned int i, j;

	for (i = 0; i < 16; i++)
		list[i] = self->page;
	for (i = 0; i < ARRAY_SIZE(count); i++) {
		EXPECT_ERRNO(EFAULT, move_pages(0, count[i], list, NULL, status, 0));
		for (j = 0; j < 17; j++) {
			targets[j] = self->node;
			status[j] = UNWRITTEN;
		}
		EXPECT_ERRNO(EFAULT,
			     move_pages(0, count[i], list, targets, status, MPOL_MF_MOVE));
		EXPECT_EQ(16UL, count_status(16, self->node));
		EXPECT_EQ(UNWRITTEN, status[16]);
	}
}

TEST_F(errors, invalid_flags)
{
	int i, bad[] = { MPOL_MF_STRICT, MPOL_MF_MOVE | 1 << 4, INT_MIN };

	for (i = 0; i < (int)ARRAY_SIZE(bad); i++) {
		EXPECT_ERRNO(EINVAL, move_pages(0, 1, &self->page, NULL, status, bad[i]));
		EXPECT_ERRNO(EINVAL, move_pages(0, 1, &self->page, &self->node, status, bad[i]));
	}
}

TEST_F(errors, bad_pointers)
{
	void **page = &self->page, *bad = self->guard;

	EXPECT_ERRNO(EFAULT, move_pages(0, 1, bad, NULL, status, 0));
	EXPECT_ERRNO(EFAULT, move_pages(0, 1, page, NULL, bad, 0));
	EXPECT_ERRNO(EFAULT, move_pages(0, 1, bad, &self->node, status, MPOL_MF_MOVE));
	EXPECT_ERRNO(EFAULT, move_pages(0, 1, page, bad, status, MPOL_MF_MOVE));
	EXPECT_ERRNO(EFAULT, move_pages(0, 1, page, &self->node, bad, MPOL_MF_MOVE));
}

TEST_F(errors, move_all_unprivileged)
{
	if (!geteuid() && seteuid(NOBODY))
		SKIP(return, "cannot give up privileges: %s", strerror(errno));
	EXPECT_ERRNO(EPERM,
		     move_pages(0, 1, &self->page, &self->node, status, MPOL_MF_MOVE_ALL));
}

static bool put(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, len) == len;
	close(fd);
	return written;
}

/*
 * The cpuset belongs to a process that outlives a killed test: it makes the
 * cpuset, writes 0 or an errno to @made, and waits until no other process has
 * the other end of @alive. Then it removes what it has made.
 */
static void keep_cpuset(int made, int alive)
{
	char text[256] = "";
	int try, err = 0;
	bool enabled;

	/* The harness kills the process group of a test. */
	setsid();
	read_file(SUBTREE, text, sizeof(text));
	enabled = strstr(text, "cpuset");
	/* If a process like this one was killed, the cpuset is still there, and empty. */
	rmdir(CPUSET);
	if (!put(SUBTREE, "+cpuset") || mkdir(CPUSET, 0755))
		err = errno;
	if (write(made, &err, sizeof(err)) == sizeof(err))
		while (read(alive, text, 1) < 0 && errno == EINTR)
			;
	/* A killed process takes a moment to leave the cpuset. */
	for (try = 0; !err && rmdir(CPUSET) && errno == EBUSY && try < 100; try++)
		usleep(100000);
	if (!enabled && err != EEXIST)
		put(SUBTREE, "-cpuset");
	_exit(err);
}

static pid_t cpuset_keeper;
static int cpuset_in_use;	/* the end of @alive that this process has */

/* Returns false and sets errno if there is no cpuset now. */
static bool begin_cpuset(void)
{
	int made[2], alive[2], err = ECHILD;

	if (pipe2(made, O_CLOEXEC) || pipe2(alive, O_CLOEXEC))
		return false;
	cpuset_keeper = fork();
	if (!cpuset_keeper) {
		close(alive[1]);
		keep_cpuset(made[1], alive[0]);
	}
	close(made[1]);
	close(alive[0]);
	cpuset_in_use = alive[1];
	if (read(made[0], &err, sizeof(err)) != sizeof(err))
		err = ECHILD;
	close(made[0]);
	errno = err;
	return !err;
}

static bool end_cpuset(void)
{
	int wstatus;

	close(cpuset_in_use);
	return waitpid(cpuset_keeper, &wstatus, 0) == cpuset_keeper && !wstatus &&
	       access(CPUSET, F_OK);
}

/*
 * Let a child in the cpuset move @page to @node, and return its errno, 0 if the
 * move succeeds. The child leaves the cpuset, so that this can be removed.
 */
static int errno_in_cpuset(void *page, int node)
{
	int ret = 0, wstatus = 0;
	pid_t pid = fork();

	if (!pid) {
		errno = EAGAIN;		/* for the number of pages that did not move */
		if (!put(CPUSET "/cgroup.procs", "0") ||
		    move_pages(0, 1, &page, &node, status, MPOL_MF_MOVE))
			ret = errno;
		put(CGROUP "/cgroup.procs", "0");
		_exit(ret);
	}
	if (waitpid(pid, &wstatus, 0) != pid || !WIFEXITED(wstatus))
		return -1;
	return WEXITSTATUS(wstatus);
}

TEST_F(errors, outside_cpuset)
{
	char text[16];

	if (nr_nodes < 2)
		SKIP(return, "needs two NUMA nodes with memory, found one");
	if (geteuid())
		SKIP(return, "needs root to make a cpuset");
	/*
	 * A private mount, which goes away with this process. EBUSY says that
	 * cgroup2 is already mounted there.
	 */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    (mount("none", CGROUP, "cgroup2", 0, NULL) && errno != EBUSY))
		SKIP(return, "cannot mount cgroup2 on " CGROUP ": %s", strerror(errno));
	if (!begin_cpuset())
		SKIP(return, "cannot make the cpuset " CPUSET ": %s", strerror(errno));

	snprintf(text, sizeof(text), "%d", nodes[0]);
	EXPECT_TRUE(put(CPUSET "/cpuset.mems", text));
	EXPECT_EQ(0, errno_in_cpuset(self->page, nodes[0]));
	EXPECT_EQ(EACCES, errno_in_cpuset(self->page, nodes[1]));
	EXPECT_TRUE(end_cpuset());
}

static void find_nodes(void)
{
	int node, max = numa_max_possible_node();
	struct bitmask *allowed = numa_get_mems_allowed();

	nodes = calloc(max + 1, sizeof(*nodes));
	if (!nodes)
		ksft_exit_fail_perror("calloc");
	for (node = 0; node <= max; node++)
		if (numa_bitmask_isbitset(allowed, node) && numa_node_size64(node, NULL) > 0)
			nodes[nr_nodes++] = node;
	numa_bitmask_free(allowed);
}

static void register_pair(int src, int dst)
{
	struct {
		FIXTURE_VARIANT(pair) nodes;
		struct __fixture_variant_metadata metadata;
		char name[32];
	} *pair = calloc(1, sizeof(*pair));

	if (!pair)
		ksft_exit_fail_perror("calloc");
	pair->nodes.src = src;
	pair->nodes.dst = dst;
	snprintf(pair->name, sizeof(pair->name), "node%d_to_node%d", src, dst);
	pair->metadata.name = pair->name;
	pair->metadata.data = &pair->nodes;
	__register_fixture_variant(&_pair_fixture_object, &pair->metadata);
}

static void need(const char *call, bool usable)
{
	if (usable)
		return;
	ksft_print_header();
	ksft_exit_skip("%s: %s: the kernel lacks it, or a system call filter refuses it\n",
		       call, strerror(errno));
}

/* Kernels that have mbind(2) and move_pages(2) look at this argument first: EINVAL. */
static void check_calls(void)
{
	need("get_mempolicy(2)", !get_mempolicy(NULL, NULL, 0, NULL, 0));
	need("mbind(2)", mbind(NULL, 0, -1, NULL, 0, 0) && errno == EINVAL);
	need("move_pages(2)", move_pages(0, 0, NULL, NULL, NULL, -1) && errno == EINVAL);
}

/* For root in a container it may not be. hugetlb_setup_default() would exit. */
static bool pool_writable(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lukB/nr_hugepages",
		 default_huge_page_size() / 1024);
	return !access(path, W_OK);
}

static bool all_wanted(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[argc - 1], "all");
}

int main(int argc, char **argv)
{
	bool all;
	int i, j;

	check_calls();
	find_nodes();
	if (nr_nodes > 1 && hugetlb_available() && pool_writable())
		hugetlb_setup_default(NR_HUGETLB * nr_nodes);
	all = nr_nodes <= FEW_NODES || all_wanted(argc, argv);
	for (i = 0; i < nr_nodes; i++)
		for (j = 0; j < nr_nodes; j++)
			if (i != j && (all || j == (i + 1) % nr_nodes))
				register_pair(nodes[i], nodes[j]);
	return test_harness_run(argc, argv);
}
