// SPDX-License-Identifier: GPL-2.0
/*
 * Check that private hugetlb pages are copied completely, and only once, when
 * they are written to after a fork, at a fork while they are pinned, and by
 * userfaultfd from a source that is not resident; and what happens when the
 * pool is empty. Each size of hugetlb pages is tested, of which the pool has or
 * can get NR_PAGES.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../../mm/gup_test.h"
#include "hugepage_settings.h"
#include "vm_util.h"

#define NR_PAGES	2UL	/* one for the original, and one for the copy */
#define MAX_SIZES	8	/* arm64 has four */
#define NR_RANDOM	3
#define NR_FORKS	50
#define LARGE		(1UL << 29)
#define NOWHERE		(~0UL)
#define HUGETLB_DIR	"/sys/kernel/mm/hugepages/hugepages-%lukB/"

/* Each 8 bytes of a page tell their place, and which page it is. */
static uint64_t word_of(uint64_t seed, size_t nr)
{
	return (seed + nr + 1) * 0x9e3779b97f4a7c15ULL;
}

static void fill(void *mem, size_t size, uint64_t seed)
{
	uint64_t *words = mem;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		words[i] = word_of(seed, i);
}

static void write_at(char *mem, size_t at)
{
	*(volatile uint64_t *)(mem + at) = ~at;
}

/*
 * Return whether the memory is what fill() wrote, but for the 8 bytes that
 * write_at() wrote, unless @at is NOWHERE.
 */
static bool is_filled(const void *mem, size_t size, uint64_t seed, size_t at)
{
	const uint64_t *words = mem;

	for (size_t i = 0; i < size / sizeof(*words); i++) {
		uint64_t expected = i * sizeof(*words) == at ? ~at : word_of(seed, i);

		if (words[i] == expected)
			continue;
		ksft_print_msg("byte %zu: expected %016llx, found %016llx\n",
			       i * sizeof(*words), (unsigned long long)expected,
			       (unsigned long long)words[i]);
		return false;
	}
	return true;
}

/* Reserve pages of the pool. Without MAP_POPULATE they are allocated later. */
static char *map_hugetlb(size_t len, size_t size, int flags)
{
	int shift = __builtin_ctzl(size);
	char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
			 shift << MAP_HUGE_SHIFT | flags, -1, 0);

	if (mem == MAP_FAILED) {
		ksft_print_msg("mmap(2) of %zu bytes: %s\n", len, strerror(errno));
		return NULL;
	}
	return mem;
}

static char *map_filled(size_t size, uint64_t seed)
{
	char *mem = map_hugetlb(size, size, 0);

	if (mem)
		fill(mem, size, seed);
	return mem;
}

/* The pagemap of this process, which may be a child. */
static int open_pagemap(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0)
		ksft_exit_fail_msg("/proc/self/pagemap: %s\n", strerror(errno));
	return fd;
}

static unsigned long pfn_of(char *mem)
{
	int fd = open_pagemap();
	unsigned long pfn = pagemap_get_pfn(fd, mem);

	close(fd);
	return pfn;
}

static bool is_mapped(char *mem)
{
	int fd = open_pagemap();
	bool mapped = pagemap_is_populated(fd, mem);

	close(fd);
	return mapped;
}

static bool has_exited(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool was_killed(pid_t pid, int signal)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status) && WTERMSIG(status) == signal)
		return true;
	ksft_print_msg("expected signal %d, and the child ended with status %#x\n",
		       signal, status);
	return false;
}

/*
 * A child that runs @child() as soon as the parent writes to the pipe. It is
 * killed if the parent ends before that.
 */
struct child {
	pid_t pid;
	int go;
};

static bool start_child(struct child *c, bool (*child)(void *arg), void *arg)
{
	int fds[2];
	char go;

	if (pipe(fds))
		return false;
	c->go = fds[1];
	c->pid = fork();
	if (c->pid)
		close(fds[0]);
	else
		close(fds[1]);
	if (!c->pid)
		_exit(read(fds[0], &go, 1) == 1 && child(arg) ? 0 : 1);
	return c->pid > 0;
}

static void let_go(struct child *c)
{
	if (write(c->go, "", 1) != 1)
		ksft_print_msg("write(2) to the child: %s\n", strerror(errno));
	close(c->go);
}

struct page {
	char *mem;
	size_t size;
	uint64_t seed;
	size_t at;		/* where it is written to */
	unsigned long pfn;	/* of the parent's page */
};

static bool writes(void *arg)
{
	struct page *p = arg;

	write_at(p->mem, p->at);
	return is_filled(p->mem, p->size, p->seed, p->at);
}

static bool finds_original(void *arg)
{
	struct page *p = arg;

	return is_filled(p->mem, p->size, p->seed, NOWHERE);
}

/*
 * Let the page allocator have pages for the page tables of the next child that
 * were elsewhere in a file than at its start. The ring of aio is such a file,
 * and its pages are as unmovable as page tables.
 */
static void leave_used_pages(void)
{
	unsigned long ring = 0;

	if (!syscall(__NR_io_setup, 4096, &ring))
		syscall(__NR_io_destroy, ring);
}

static bool finds_first_word(void *arg)
{
	struct page *p = arg;

	return *(volatile uint64_t *)p->mem == word_of(p->seed, 0);
}

/* Is the page mapped in each child? Looks at one word only, because it is about the page tables. */
static int inherited(size_t size)
{
	struct page p = { .size = size, .seed = 4 };
	int lost = 0;

	p.mem = map_hugetlb(size, size, 0);
	if (!p.mem)
		return KSFT_FAIL;
	*(volatile uint64_t *)p.mem = word_of(p.seed, 0);
	for (int i = 0; i < NR_FORKS; i++) {
		struct child c;

		leave_used_pages();
		if (!start_child(&c, finds_first_word, &p)) {
			lost++;
			break;
		}
		let_go(&c);
		lost += !has_exited(c.pid);
	}
	if (lost)
		ksft_print_msg("%d of %d children found another page\n", lost, NR_FORKS);
	munmap(p.mem, size);
	return lost ? KSFT_FAIL : KSFT_PASS;
}

/* One of the two processes writes, and the other one must not see it. */
static bool copies_on_write(size_t size, size_t at, bool by_child)
{
	struct page p = { .size = size, .at = at, .seed = at + by_child };
	struct child c;
	bool good;

	p.mem = map_filled(size, p.seed);
	if (!p.mem)
		return false;
	good = start_child(&c, by_child ? writes : finds_original, &p);
	if (good && !by_child)
		good = writes(&p);
	if (good)
		let_go(&c);
	good = good && has_exited(c.pid);
	if (by_child)
		good = good && finds_original(&p);
	if (!good)
		ksft_print_msg("%s wrote to byte %zu\n", by_child ? "the child" : "the parent", at);
	munmap(p.mem, size);
	return good;
}

/* An emulated machine takes 20 seconds to fill, copy and compare 1 GiB, so there it is done less often. */
static int writes_after_fork(size_t size)
{
	size_t page = psize(), nr = size / page;
	size_t pages[3 + NR_RANDOM] = { 0, nr / 2, nr - 1 };
	int nr_places = 3 + (size < LARGE ? NR_RANDOM : 0);
	bool good = true;

	for (int i = 3; i < nr_places; i++)
		pages[i] = random() % nr;
	for (int i = 0; i < nr_places && good; i++) {
		size_t at = pages[i] * page + i * sizeof(uint64_t);

		good = copies_on_write(size, at, i % 2);
		if (size < LARGE)
			good = good && copies_on_write(size, at, !(i % 2));
	}
	return good ? KSFT_PASS : KSFT_FAIL;
}

/* A pinned page is copied at the fork, because the child must not share it. */
static bool has_own_copy(void *arg)
{
	struct page *p = arg;

	if (pfn_of(p->mem) == p->pfn) {
		ksft_print_msg("parent and child share the pinned page\n");
		return false;
	}
	return finds_original(p) && writes(p);
}

static bool copies_at_fork(struct page *p)
{
	struct child c;

	p->pfn = pfn_of(p->mem);
	if (!start_child(&c, has_own_copy, p))
		return false;
	let_go(&c);
	if (!has_exited(c.pid) || !finds_original(p) || !writes(p))
		return false;
	if (pfn_of(p->mem) == p->pfn)
		return true;
	ksft_print_msg("the parent has lost the pinned page\n");
	return false;
}

static int pinned_at_fork(size_t size)
{
	struct page p = { .size = size, .seed = 1, .at = size / 2 };
	struct pin_longterm_test pin = {
		.size = size,
		.flags = PIN_LONGTERM_TEST_FLAG_USE_WRITE,
	};
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR);
	bool good = false;

	if (fd < 0) {
		ksft_print_msg("/sys/kernel/debug/gup_test: %s: it takes CONFIG_GUP_TEST=y, debugfs and root\n",
			       strerror(errno));
		return KSFT_SKIP;
	}
	p.mem = map_filled(size, p.seed);
	pin.addr = (unsigned long)p.mem;
	if (p.mem && ioctl(fd, PIN_LONGTERM_TEST_START, &pin)) {
		ksft_print_msg("PIN_LONGTERM_TEST_START: %s\n", strerror(errno));
	} else if (p.mem) {
		good = copies_at_fork(&p);
		ioctl(fd, PIN_LONGTERM_TEST_STOP);
	}
	if (p.mem)
		munmap(p.mem, size);
	close(fd);
	return good ? KSFT_PASS : KSFT_FAIL;
}

/*
 * Memory that is filled, but not mapped: UFFDIO_COPY cannot read it while it
 * holds the mmap lock. So it reads it into another hugetlb page first, and
 * copies that page with the lock held.
 */
static char *map_unmapped_source(size_t size, uint64_t seed)
{
	int fd = memfd_create("source", MFD_CLOEXEC);
	char *mem;

	if (fd < 0 || ftruncate(fd, size))
		return NULL;
	for (int i = 0; i < 2; i++) {
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (mem == MAP_FAILED)
			mem = NULL;
		if (mem && !i) {
			fill(mem, size, seed);
			munmap(mem, size);
		}
	}
	close(fd);
	return mem;
}

static bool copies_by_uffd(int uffd, char *dst, char *src, size_t size)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)dst,
		.src = (unsigned long)src,
		.len = size,
	};

	if (uffd_register(uffd, dst, size, true, false, false)) {
		ksft_print_msg("UFFDIO_REGISTER: %s\n", strerror(errno));
		return false;
	}
	if (is_mapped(src)) {
		ksft_print_msg("the source is mapped already\n");
		return false;
	}
	if (ioctl(uffd, UFFDIO_COPY, &copy) || copy.copy != (long long)size) {
		ksft_print_msg("UFFDIO_COPY: %s, %lld bytes\n", strerror(errno), copy.copy);
		return false;
	}
	if (!is_mapped(src)) {
		ksft_print_msg("the source was read without being mapped\n");
		return false;
	}
	return is_filled(dst, size, 2, NOWHERE);
}

static int userfaultfd(size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(__NR_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	bool good = false;
	char *dst, *src;

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) {
		ksft_print_msg("userfaultfd(2): %s: it takes CONFIG_USERFAULTFD=y\n",
			       strerror(errno));
		return KSFT_SKIP;
	}
	dst = map_hugetlb(size, size, 0);
	src = map_unmapped_source(size, 2);
	if (!src)
		ksft_print_msg("no memory for the source\n");
	if (dst && src)
		good = copies_by_uffd(uffd, dst, src, size);
	if (src)
		munmap(src, size);
	if (dst)
		munmap(dst, size);
	close(uffd);
	return good ? KSFT_PASS : KSFT_FAIL;
}

static unsigned long pool(size_t size, const char *what)
{
	unsigned long nr;
	char path[128];

	snprintf(path, sizeof(path), HUGETLB_DIR "%s", size / 1024, what);
	if (read_sysfs(path, &nr))
		ksft_exit_fail_msg("%s cannot be read\n", path);
	return nr;
}

/* The child has no page reserved, and the pool has none left. */
static bool child_gets_sigbus(struct page *p)
{
	struct child c;

	if (!start_child(&c, writes, p))
		return false;
	let_go(&c);
	return was_killed(c.pid, SIGBUS) && finds_original(p);
}

static bool reads(void *arg)
{
	struct page *p = arg;

	FORCE_READ(*p->mem);
	return true;
}

/*
 * The parent, which owns the reservation, has to be able to write. It gets the
 * page for itself, and the child loses it.
 */
static bool child_loses_page(struct page *p)
{
	struct child c;
	bool good;

	p->pfn = pfn_of(p->mem);
	if (!start_child(&c, reads, p))
		return false;
	good = writes(p);
	if (pfn_of(p->mem) != p->pfn) {
		ksft_print_msg("the parent's page was copied, from an empty pool\n");
		good = false;
	}
	let_go(&c);
	return was_killed(c.pid, SIGBUS) && good;
}

static int empty_pool(size_t size)
{
	struct page p = { .size = size, .seed = 3, .at = size / 2 };
	size_t rest = 0;
	bool good = false;
	char *others;

	if (pool(size, "nr_overcommit_hugepages")) {
		ksft_print_msg("the pool grows on demand: nr_overcommit_hugepages is not 0\n");
		return KSFT_SKIP;
	}
	p.mem = map_filled(size, p.seed);
	if (!p.mem)
		return KSFT_FAIL;
	rest = (pool(size, "free_hugepages") - pool(size, "resv_hugepages")) * size;
	others = rest ? map_hugetlb(rest, size, MAP_POPULATE) : NULL;
	if (rest && !others)
		good = false;
	else if (pool(size, "free_hugepages"))
		ksft_print_msg("the pool is not empty\n");
	else
		good = child_gets_sigbus(&p) && child_loses_page(&p);
	if (others)
		munmap(others, rest);
	munmap(p.mem, size);
	return good ? KSFT_PASS : KSFT_FAIL;
}

static const struct test {
	const char *name;
	int (*run)(size_t size);
} tests[] = {
	{ "inherited by children", inherited },
	{ "writes after a fork", writes_after_fork },
	{ "pinned at a fork", pinned_at_fork },
	{ "userfaultfd, source not resident", userfaultfd },
	{ "empty pool", empty_pool },
};

/* Pages can return to the pool a moment later, when their memory map is restored. */
static bool is_as_before(size_t size, unsigned long free, unsigned long resv)
{
	for (int i = 0; i < 20; i++) {
		if (pool(size, "free_hugepages") == free && pool(size, "resv_hugepages") == resv)
			return true;
		usleep(100000);
	}
	ksft_print_msg("%lu pages are free and %lu reserved, and before it was %lu and %lu\n",
		       pool(size, "free_hugepages"), pool(size, "resv_hugepages"), free, resv);
	return false;
}

static void test_size(size_t size)
{
	unsigned long free = pool(size, "free_hugepages"), resv = pool(size, "resv_hugepages");
	bool enough = free - resv >= NR_PAGES;

	if (!enough)
		ksft_print_msg("%zu KiB: the pool has %lu pages to spare, and %lu are needed: raise nr_hugepages\n",
			       size / 1024, free - resv, NR_PAGES);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		log_test_start("%zu KiB: %s", size / 1024, tests[i].name);
		log_test_result(enough ? tests[i].run(size) : KSFT_SKIP);
	}
	log_test_start("%zu KiB: HugePages_Free and HugePages_Rsvd as before", size / 1024);
	if (!enough)
		log_test_result(KSFT_SKIP);
	else
		log_test_result(is_as_before(size, free, resv) ? KSFT_PASS : KSFT_FAIL);
}

int main(void)
{
	const struct rlimit none = {};
	unsigned long sizes[MAX_SIZES];
	int nr_sizes;

	ksft_print_header();
	nr_sizes = detect_hugetlb_page_sizes(sizes, MAX_SIZES);
	if (!nr_sizes)
		ksft_exit_skip("this kernel has no hugetlb pages\n");
	ksft_set_plan(nr_sizes * (ARRAY_SIZE(tests) + 1));

	/* Children are killed on purpose. */
	setrlimit(RLIMIT_CORE, &none);
	hugetlb_setup(NR_PAGES, sizes, MAX_SIZES);
	nr_sizes = detect_hugetlb_page_sizes(sizes, MAX_SIZES);
	for (int i = 0; i < nr_sizes; i++)
		test_size(sizes[i]);
	ksft_finished();
}
