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
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../../mm/gup_test.h"
#include "hugepage_settings.h"
#include "vm_util.h"

#define NR_PAGES	2	/* one for the original, and one for the copy */
#define MAX_SIZES	8	/* arm64 has four */
#define NR_RANDOM	3
#define NR_FORKS	50
#define LARGE		(512UL << 20)
#define MAX_SPARE	(1024UL << 20)	/* bytes of the pool that may be taken from others */
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
	*(uint64_t *)(mem + at) = ~at;
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
static char *map_hugetlb(size_t len, unsigned long size, int flags)
{
	unsigned int size_flag = (unsigned int)__builtin_ctzl(size) << MAP_HUGE_SHIFT;
	char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag | flags,
			 -1, 0);

	if (mem == MAP_FAILED) {
		ksft_print_msg("mmap(2) of %zu bytes: %s\n", len, strerror(errno));
		return NULL;
	}
	return mem;
}

static char *map_filled(unsigned long size, uint64_t seed)
{
	char *mem = map_hugetlb(size, size, 0);

	if (mem)
		fill(mem, size, seed);
	return mem;
}

static int open_pagemap(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	return fd;
}

static unsigned long pfn_of(pid_t pid, char *mem)
{
	int fd = open_pagemap(pid);
	unsigned long pfn = pagemap_get_pfn(fd, mem);

	close(fd);
	return pfn;
}

/* In a user namespace, root finds zeroes instead of page frame numbers. */
static bool sees_pfns(void)
{
	char own = 0;

	if (pfn_of(getpid(), &own))
		return true;
	ksft_print_msg("page frame numbers are hidden from this user namespace\n");
	return false;
}

static bool is_mapped(char *mem)
{
	int fd = open_pagemap(getpid());
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
 * A child that runs @child() as soon as the parent writes to the pipe, and ends
 * if the parent does without having written.
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
	if (!c->pid) {
		close(fds[1]);
		_exit(read(fds[0], &go, 1) == 1 && child(arg) ? 0 : 1);
	}
	close(fds[0]);
	if (c->pid > 0)
		return true;
	close(fds[1]);
	ksft_print_msg("fork(2): %s\n", strerror(errno));
	return false;
}

static void let_go(struct child *c)
{
	if (write(c->go, "", 1) != 1)
		ksft_print_msg("write(2) to the child: %s\n", strerror(errno));
	close(c->go);
}

struct page {
	char *mem;
	unsigned long size;
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
static bool leave_used_pages(void)
{
	unsigned long ring = 0;

	return !syscall(__NR_io_setup, 4096, &ring) && !syscall(__NR_io_destroy, ring);
}

static bool finds_first_word(void *arg)
{
	struct page *p = arg;

	return FORCE_READ(*(uint64_t *)p->mem) == word_of(p->seed, 0);
}

/* Is the page mapped in each child? This is about page tables, so one word will do. */
static int inherited(unsigned long size)
{
	struct page p = { .size = size, .seed = 4 };
	int found = 0;

	if (!leave_used_pages()) {
		ksft_print_msg("io_setup(2): %s: see CONFIG_AIO and fs.aio-max-nr\n",
			       strerror(errno));
		return KSFT_SKIP;
	}
	p.mem = map_hugetlb(size, size, 0);
	if (!p.mem)
		return KSFT_FAIL;
	*(uint64_t *)p.mem = word_of(p.seed, 0);
	for (int i = 0; i < NR_FORKS; i++) {
		struct child c;

		leave_used_pages();
		if (!start_child(&c, finds_first_word, &p))
			break;
		let_go(&c);
		found += has_exited(c.pid);
	}
	if (found < NR_FORKS)
		ksft_print_msg("%d of %d children did not find the page\n",
			       NR_FORKS - found, NR_FORKS);
	munmap(p.mem, size);
	return found == NR_FORKS ? KSFT_PASS : KSFT_FAIL;
}

/* One of the two processes writes, and the other one must not see it. */
static bool copies_on_write(unsigned long size, size_t at, bool by_child)
{
	struct page p = { .size = size, .at = at, .seed = at + by_child };
	struct child c;
	bool good;

	p.mem = map_filled(size, p.seed);
	if (!p.mem)
		return false;
	good = start_child(&c, by_child ? writes : finds_original, &p);
	if (good) {
		good = by_child || writes(&p);
		let_go(&c);
		good = has_exited(c.pid) && good;
	}
	if (by_child)
		good = good && finds_original(&p);
	if (!good)
		ksft_print_msg("%s wrote to byte %zu\n", by_child ? "the child" : "the parent", at);
	munmap(p.mem, size);
	return good;
}

/* An emulated machine takes 20 seconds to fill, copy and compare 1 GiB: fewer places. */
static int writes_after_fork(unsigned long size)
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

static bool finds_own_copy(void *arg)
{
	return finds_original(arg) && writes(arg);
}

/* A pinned page is copied at the fork, because the child must not share it. */
static bool copies_at_fork(struct page *p)
{
	struct child c;
	bool shared;

	p->pfn = pfn_of(getpid(), p->mem);
	if (!start_child(&c, finds_own_copy, p))
		return false;
	shared = pfn_of(c.pid, p->mem) == p->pfn;
	let_go(&c);
	if (!has_exited(c.pid) || shared) {
		ksft_print_msg("parent and child %s the pinned page\n",
			       shared ? "share" : "do not both have");
		return false;
	}
	if (!finds_original(p) || !writes(p))
		return false;
	if (pfn_of(getpid(), p->mem) == p->pfn)
		return true;
	ksft_print_msg("the parent has lost the pinned page\n");
	return false;
}

static int pinned_at_fork(unsigned long size)
{
	struct page p = { .size = size, .seed = 1, .at = size / 2 };
	struct pin_longterm_test pin = {
		.size = size,
		.flags = PIN_LONGTERM_TEST_FLAG_USE_WRITE,
	};
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR);
	int result = KSFT_FAIL;

	if (fd < 0) {
		ksft_print_msg("/sys/kernel/debug/gup_test: %s: see CONFIG_GUP_TEST and debugfs\n",
			       strerror(errno));
		return KSFT_SKIP;
	}
	if (!sees_pfns()) {
		close(fd);
		return KSFT_SKIP;
	}
	p.mem = map_filled(size, p.seed);
	pin.addr = (unsigned long)p.mem;
	if (p.mem && ioctl(fd, PIN_LONGTERM_TEST_START, &pin)) {
		ksft_print_msg("PIN_LONGTERM_TEST_START: %s\n", strerror(errno));
		/* A page of movable memory has to be moved, and there may be no other. */
		result = errno == ENOMEM ? KSFT_SKIP : KSFT_FAIL;
	} else if (p.mem) {
		result = copies_at_fork(&p) ? KSFT_PASS : KSFT_FAIL;
		ioctl(fd, PIN_LONGTERM_TEST_STOP);
	}
	if (p.mem)
		munmap(p.mem, size);
	close(fd);
	return result;
}

static char *map_file(int fd, size_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/*
 * Memory that is filled, but not mapped: UFFDIO_COPY cannot read it while it
 * holds the mmap lock. So it reads it into another hugetlb page first, and
 * copies that page with the lock held.
 */
static char *map_unmapped_source(unsigned long size, uint64_t seed)
{
	int fd = memfd_create("source", MFD_CLOEXEC);
	char *mem = NULL;

	if (fd >= 0 && !ftruncate(fd, size))
		mem = map_file(fd, size);
	if (mem) {
		fill(mem, size, seed);
		munmap(mem, size);
		mem = map_file(fd, size);
	}
	if (fd >= 0)
		close(fd);
	return mem;
}

/* In KiB: 32-bit machines may have more bytes than fit in a long. */
static unsigned long available_memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long kb = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static bool copies_by_uffd(int uffd, char *dst, char *src, unsigned long size)
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
		ksft_print_msg("UFFDIO_COPY: %s, %lld bytes\n", strerror(errno),
			       (long long)copy.copy);
		return false;
	}
	return is_filled(dst, size, 2, NOWHERE);
}

static bool copies_unmapped_source(int uffd, unsigned long size)
{
	char *dst = map_hugetlb(size, size, 0), *src = map_unmapped_source(size, 2);
	bool good = false;

	if (!src)
		ksft_print_msg("the source: %s\n", strerror(errno));
	if (dst && src)
		good = copies_by_uffd(uffd, dst, src, size);
	if (src)
		munmap(src, size);
	if (dst)
		munmap(dst, size);
	return good;
}

static int source_not_resident(unsigned long size)
{
	struct uffdio_api api = { .api = UFFD_API };
	int result, uffd;

	if (available_memory() < 2 * (size >> 10)) {
		ksft_print_msg("%lu KiB of memory are available: too little for the source\n",
			       available_memory());
		return KSFT_SKIP;
	}
	uffd = syscall(__NR_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) {
		ksft_print_msg("userfaultfd(2): %s: see CONFIG_USERFAULTFD\n", strerror(errno));
		result = KSFT_SKIP;
	} else {
		result = copies_unmapped_source(uffd, size) ? KSFT_PASS : KSFT_FAIL;
	}
	if (uffd >= 0)
		close(uffd);
	return result;
}

static unsigned long pool(unsigned long size, const char *what)
{
	unsigned long nr;
	char path[128];

	snprintf(path, sizeof(path), HUGETLB_DIR "%s", size / 1024, what);
	if (read_sysfs(path, &nr))
		ksft_exit_fail_msg("%s cannot be read\n", path);
	return nr;
}

/* Pages that are neither in use nor reserved by somebody */
static unsigned long spare_pages(unsigned long size)
{
	unsigned long free = pool(size, "free_hugepages"), resv = pool(size, "resv_hugepages");

	return free > resv ? free - resv : 0;
}

/* For children that are killed on purpose: the core would have a huge page. */
static void leave_no_core(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

static bool dies_of_write(void *arg)
{
	leave_no_core();
	return writes(arg);
}

/* The child has no page reserved, and the pool has none left. */
static bool child_gets_sigbus(struct page *p)
{
	struct child c;

	if (!start_child(&c, dies_of_write, p))
		return false;
	let_go(&c);
	return was_killed(c.pid, SIGBUS) && finds_original(p);
}

static bool dies_of_read(void *arg)
{
	struct page *p = arg;

	leave_no_core();
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

	p->pfn = pfn_of(getpid(), p->mem);
	if (!start_child(&c, dies_of_read, p))
		return false;
	good = writes(p);
	if (pfn_of(getpid(), p->mem) != p->pfn) {
		ksft_print_msg("the parent's page was copied, from an empty pool\n");
		good = false;
	}
	let_go(&c);
	return was_killed(c.pid, SIGBUS) && good;
}

static int empty_pool(unsigned long size)
{
	struct page p = { .size = size, .seed = 3, .at = size / 2 };
	int result = KSFT_FAIL;
	unsigned long spare;
	char *others = NULL;
	size_t rest;

	if (!sees_pfns())
		return KSFT_SKIP;
	if (pool(size, "nr_overcommit_hugepages")) {
		ksft_print_msg("the pool grows on demand: nr_overcommit_hugepages is not 0\n");
		return KSFT_SKIP;
	}
	spare = spare_pages(size);
	if (!spare) {
		ksft_print_msg("others have taken the spare pages of the pool\n");
		return KSFT_SKIP;
	}
	if (spare - 1 > MAX_SPARE / size) {
		ksft_print_msg("%lu spare pages in the pool: too many to take from others\n",
			       spare);
		return KSFT_SKIP;
	}
	p.mem = map_filled(size, p.seed);
	if (!p.mem)
		return KSFT_FAIL;
	rest = spare_pages(size) * size;
	if (rest)
		others = map_hugetlb(rest, size, MAP_POPULATE);
	if (spare_pages(size)) {
		ksft_print_msg("the pool is not empty: others have given pages back\n");
		result = KSFT_SKIP;
	} else if (child_gets_sigbus(&p) && child_loses_page(&p)) {
		result = KSFT_PASS;
	}
	if (others)
		munmap(others, rest);
	munmap(p.mem, size);
	return result;
}

static const struct test {
	const char *name;
	int (*run)(unsigned long size);
} tests[] = {
	{ "inherited by children", inherited },
	{ "writes after a fork", writes_after_fork },
	{ "pinned at a fork", pinned_at_fork },
	{ "userfaultfd, source not resident", source_not_resident },
	{ "empty pool", empty_pool },
};

/* Other users of the pool may have taken a page for a moment. */
static bool is_as_before(unsigned long size, unsigned long free, unsigned long resv)
{
	for (int try = 0; try < 20; try++) {
		if (pool(size, "free_hugepages") == free && pool(size, "resv_hugepages") == resv)
			return true;
		usleep(100000);
	}
	ksft_print_msg("%lu pages are free and %lu reserved, and before it was %lu and %lu\n",
		       pool(size, "free_hugepages"), pool(size, "resv_hugepages"), free, resv);
	return false;
}

/* A page of a pool with surplus pages does not return to the pool. */
static bool has_pages(unsigned long size)
{
	unsigned long surplus = pool(size, "surplus_hugepages");

	if (spare_pages(size) >= NR_PAGES && !surplus)
		return true;
	ksft_print_msg("%lu KiB: the pool has %lu pages to spare, and %lu surplus pages\n",
		       size / 1024, spare_pages(size), surplus);
	ksft_print_msg("%d pages to spare are needed and no surplus: raise nr_hugepages\n",
		       NR_PAGES);
	return false;
}

static void test_size(unsigned long size)
{
	unsigned long free = pool(size, "free_hugepages"), resv = pool(size, "resv_hugepages");
	bool enough = has_pages(size);

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		log_test_start("%lu KiB: %s", size / 1024, tests[i].name);
		log_test_result(enough ? tests[i].run(size) : KSFT_SKIP);
	}
	log_test_start("%lu KiB: HugePages_Free and HugePages_Rsvd as before", size / 1024);
	if (!enough)
		log_test_result(KSFT_SKIP);
	else
		log_test_result(is_as_before(size, free, resv) ? KSFT_PASS : KSFT_FAIL);
}

/* In a user namespace it may not be. hugetlb_setup() would exit. */
static bool pool_is_writable(unsigned long size)
{
	char path[128];

	snprintf(path, sizeof(path), HUGETLB_DIR "nr_hugepages", size / 1024);
	return !access(path, W_OK);
}

int main(void)
{
	unsigned long sizes[MAX_SIZES];
	int nr_sizes;

	ksft_print_header();
	if (geteuid())
		ksft_exit_skip("needs root, for pools and page frame numbers\n");
	nr_sizes = detect_hugetlb_page_sizes(sizes, MAX_SIZES);
	if (!nr_sizes)
		ksft_exit_skip("this kernel has no hugetlb pages\n");
	ksft_set_plan(nr_sizes * (ARRAY_SIZE(tests) + 1));

	signal(SIGPIPE, SIG_IGN);
	if (pool_is_writable(sizes[0]))
		hugetlb_setup(NR_PAGES, sizes, MAX_SIZES);
	nr_sizes = detect_hugetlb_page_sizes(sizes, MAX_SIZES);
	for (int i = 0; i < nr_sizes; i++)
		test_size(sizes[i]);
	ksft_finished();
}
