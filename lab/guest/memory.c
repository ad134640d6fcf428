// SPDX-License-Identifier: GPL-2.0
/*
 * memory: use memory of several kinds, and check that it keeps its contents.
 *
 *	memory fill FILE SIZE STEP SEED		map FILE as persistent memory, write a page per STEP bytes
 *	memory check FILE SIZE STEP SEED	map FILE likewise and check these pages
 *	memory spoil FILE BYTE			change one byte of FILE
 *	memory migrate SIZE NODE OTHER		allocate on NODE, move to OTHER and back
 *	memory stay SIZE NODE			allocate on NODE, print a line, wait for the end of the standard
 *						input; then no page may be on NODE any more
 *	memory visit NODE OTHER			allocate a page on NODE, print its physical address, wait for
 *						the end of the standard input; then move it to OTHER and check it
 *	memory write FILE SIZE SEED		write FILE by write(2)
 *	memory read FILE SIZE SEED		read FILE by read(2), and check it
 *	memory shuttle FILE SIZE SEED NODE OTHER
 *						map FILE, and until the end of the standard input move its page cache
 *						to NODE, to OTHER, and so on, and check it each time; print how often
 *	memory demote SIZE NODE RECLAIM		until the end of the standard input: allocate on NODE, half of it as
 *						THPs, let the cgroup whose memory.reclaim is RECLAIM demote it, check
 *						it; print how often, and how many pages have left NODE
 *	memory hugetlb ORDER SRC DST NR FILE REQUEST
 *						allocate NR hugetlb folios on each of the nodes SRC and DST, write
 *						REQUEST and their addresses to FILE (the file "run" of the bench
 *						module), and check that both have the same, new contents
 *	memory sparse SIZE STEP NODE		allocate on NODE as long as there is room, free every second
 *						stretch of STEP bytes, lock the others, print a line, and keep
 *						them until the end of the standard input
 *
 * Sizes are in bytes. Ends with 0, or with 1 and a line that says what is wrong.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/mman.h>
#include <unistd.h>

#define PAGE  4096UL
#define HUGE  (2UL << 20)
#define WORDS (PAGE / sizeof(unsigned long))

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end)
		errx(1, "%s is not a number", text);
	return value;
}

/* All words differ, within a page, between pages and between seeds. */
static unsigned long expected(unsigned long seed, unsigned long page, unsigned long word)
{
	return (seed << 48 | page << 12 | word) * 0x9e3779b97f4a7c15UL;
}

static void fill(unsigned long *p, unsigned long size, unsigned long step, unsigned long seed)
{
	for (unsigned long at = 0; at < size; at += step)
		for (unsigned long word = 0; word < WORDS; word++)
			p[at / sizeof(*p) + word] = expected(seed, at / PAGE, word);
}

static void check(const unsigned long *p, unsigned long size, unsigned long step, unsigned long seed)
{
	for (unsigned long at = 0; at < size; at += step) {
		for (unsigned long word = 0; word < WORDS; word++) {
			unsigned long want = expected(seed, at / PAGE, word);
			unsigned long found = p[at / sizeof(*p) + word];

			if (found != want)
				errx(1, "byte %lu: expected %#018lx, found %#018lx", at + word * sizeof(*p), want,
				     found);
		}
	}
}

/* MAP_SYNC fails if there is a page cache between the mapping and the memory. */
static void *map_file(const char *name, unsigned long size)
{
	int fd = open(name, O_RDWR);
	void *p;

	if (fd < 0)
		err(1, "%s", name);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
	if (p == MAP_FAILED)
		err(1, "%s cannot be mapped as persistent memory", name);
	close(fd);
	return p;
}

static void *allocate_as(unsigned long size, unsigned long node, int flags)
{
	unsigned long mask = 1UL << node;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	if (mbind(p, size, MPOL_PREFERRED, &mask, 8 * sizeof(mask), MPOL_MF_STRICT))
		err(1, "mbind to node %lu", node);
	return p;
}

static void *allocate(unsigned long size, unsigned long node)
{
	return allocate_as(size, node, 0);
}

/* move_pages(2) for all pages. Without @nodes it moves nothing and returns the node of each page. */
static int *move(void *p, unsigned long size, const int *nodes)
{
	unsigned long nr = size / PAGE;
	void **pages = calloc(nr, sizeof(*pages));
	int *status = calloc(nr, sizeof(*status));
	long failed;

	if (!pages || !status)
		err(1, "calloc");
	for (unsigned long i = 0; i < nr; i++)
		pages[i] = (char *)p + i * PAGE;
	failed = move_pages(0, nr, pages, nodes, status, MPOL_MF_MOVE);
	if (failed < 0)
		err(1, "move_pages returns %ld", failed);
	free(pages);
	return status;
}

static unsigned long pages_on(void *p, unsigned long size, int node)
{
	int *status = move(p, size, NULL);
	unsigned long count = 0;

	for (unsigned long i = 0; i < size / PAGE; i++)
		count += status[i] == node;
	free(status);
	return count;
}

static void must_be_on(void *p, unsigned long size, int node)
{
	unsigned long count = pages_on(p, size, node);

	if (count != size / PAGE)
		errx(1, "%lu of %lu pages are on node %d", count, size / PAGE, node);
}

/* Moves what can be moved: a page that is being written stays. */
static void try_to_move(void *p, unsigned long size, int node)
{
	int *nodes = calloc(size / PAGE, sizeof(*nodes));

	if (!nodes)
		err(1, "calloc");
	for (unsigned long i = 0; i < size / PAGE; i++)
		nodes[i] = node;
	free(move(p, size, nodes));
	free(nodes);
}

static void move_to(void *p, unsigned long size, int node)
{
	try_to_move(p, size, node);
	must_be_on(p, size, node);
}

static void migrate(unsigned long size, int node, int other)
{
	void *p = allocate(size, node);

	fill(p, size, PAGE, 1);
	must_be_on(p, size, node);
	move_to(p, size, other);
	check(p, size, PAGE, 1);
	fill(p, size, PAGE, 2);
	move_to(p, size, node);
	check(p, size, PAGE, 2);
}

static void wait_for_end_of_input(void)
{
	fflush(stdout);
	while (getchar() != EOF)
		;
}

static void stay(unsigned long size, int node)
{
	void *p = allocate(size, node);

	fill(p, size, PAGE, 3);
	must_be_on(p, size, node);
	puts("ready");
	wait_for_end_of_input();
	if (pages_on(p, size, node))
		errx(1, "there are still pages on node %d", node);
	check(p, size, PAGE, 3);
}

/* Bits 0 to 54 of an entry of /proc/self/pagemap are the number of the page frame. */
static unsigned long physical_address(const void *p)
{
	unsigned long entry, at = (unsigned long)p / PAGE * sizeof(entry);
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
		err(1, "/proc/self/pagemap");
	close(fd);
	return (entry & ((1UL << 55) - 1)) * PAGE;
}

static void visit(int node, int other)
{
	void *p = allocate(PAGE, node);

	fill(p, PAGE, PAGE, 4);
	must_be_on(p, PAGE, node);
	printf("%#lx\n", physical_address(p));
	wait_for_end_of_input();
	move_to(p, PAGE, other);
	check(p, PAGE, PAGE, 4);
}

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags, 0600);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

static void *buffer_of(unsigned long size)
{
	void *p = malloc(size);

	if (!p)
		err(1, "malloc");
	return p;
}

static void write_file(const char *name, unsigned long size, unsigned long seed)
{
	int fd = open_file(name, O_WRONLY | O_CREAT | O_TRUNC);
	void *p = buffer_of(size);

	fill(p, size, PAGE, seed);
	if (write(fd, p, size) != (ssize_t)size || close(fd))
		err(1, "%s", name);
	free(p);
}

static void read_file(const char *name, unsigned long size, unsigned long seed)
{
	int fd = open_file(name, O_RDONLY);
	void *p = buffer_of(size);

	if (read(fd, p, size) != (ssize_t)size)
		err(1, "%s", name);
	check(p, size, PAGE, seed);
	close(fd);
	free(p);
}

static bool input_has_ended(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, 0) == 1;
}

static void shuttle(const char *name, unsigned long size, unsigned long seed, int node, int other)
{
	int fd = open_file(name, O_RDWR);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned long moves = 0, moved = 0;

	if (p == MAP_FAILED)
		err(1, "%s", name);
	while (!input_has_ended()) {
		int to = moves++ % 2 ? other : node;

		check(p, size, PAGE, seed);
		try_to_move(p, size, to);
		moved += pages_on(p, size, to);
		check(p, size, PAGE, seed);
	}
	printf("%lu moves, %lu pages\n", moves, moved);
}

/* Reclaim ends with EAGAIN if it finds less than it was asked for, as it does here: there is no swap. */
static void reclaim(const char *name, unsigned long size)
{
	int fd = open_file(name, O_WRONLY);

	if (dprintf(fd, "%lu", size) < 0 && errno != EAGAIN)
		err(1, "%s", name);
	close(fd);
}

static void demote(unsigned long size, int node, const char *file)
{
	unsigned long rounds = 0, demoted = 0;

	while (!input_has_ended()) {
		void *p = allocate(size, node);

		madvise(p, size / 2, MADV_HUGEPAGE);
		fill(p, size, PAGE, ++rounds);
		reclaim(file, size);
		demoted += size / PAGE - pages_on(p, size, node);
		check(p, size, PAGE, rounds);
		munmap(p, size);
	}
	printf("%lu rounds, %lu pages\n", rounds, demoted);
}

/* The bench module fills the source with different words, so at most one of them is zero. */
static void must_be_a_copy(const unsigned long *dst, const unsigned long *src, unsigned long size)
{
	unsigned long zeroes = 0;

	for (unsigned long i = 0; i < size / sizeof(*src); i++) {
		if (dst[i] != src[i])
			errx(1, "byte %lu: copied %#018lx, found %#018lx", i * sizeof(*src), src[i], dst[i]);
		zeroes += !src[i];
	}
	if (zeroes > 1)
		errx(1, "%lu words were not written", zeroes);
}

static void hugetlb(char **argv)
{
	unsigned long order = number(argv[0]), size = (PAGE << order) * number(argv[3]);
	int flags = MAP_HUGETLB | (12 + order) << MAP_HUGE_SHIFT;
	void *src = allocate_as(size, number(argv[1]), flags);
	void *dst = allocate_as(size, number(argv[2]), flags);
	FILE *file = fopen(argv[4], "w");

	if (!file)
		err(1, "%s", argv[4]);
	fprintf(file, "%s src_addr=%p dst_addr=%p", argv[5], src, dst);
	if (fclose(file))
		err(1, "%s src_addr=%p dst_addr=%p", argv[5], src, dst);
	must_be_a_copy(dst, src, size);
}

static void sparse(unsigned long size, unsigned long step, unsigned long node)
{
	char *p = allocate(size, node);

	for (unsigned long at = 0; at < size; at += PAGE)
		p[at] = 1;
	for (unsigned long at = 0; at < size; at += 2 * step)
		madvise(p + at, step, MADV_DONTNEED);
	if (mlockall(MCL_CURRENT | MCL_ONFAULT))
		err(1, "mlockall");
	puts("ready");
	wait_for_end_of_input();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 6 && !strcmp(what, "fill")) {
		fill(map_file(argv[2], number(argv[3])), number(argv[3]), number(argv[4]), number(argv[5]));
	} else if (argc == 6 && !strcmp(what, "check")) {
		check(map_file(argv[2], number(argv[3])), number(argv[3]), number(argv[4]), number(argv[5]));
	} else if (argc == 4 && !strcmp(what, "spoil")) {
		unsigned long byte = number(argv[3]);

		((char *)map_file(argv[2], (byte | (HUGE - 1)) + 1))[byte] ^= 1;
	} else if (argc == 5 && !strcmp(what, "migrate")) {
		migrate(number(argv[2]), number(argv[3]), number(argv[4]));
	} else if (argc == 4 && !strcmp(what, "stay")) {
		stay(number(argv[2]), number(argv[3]));
	} else if (argc == 5 && !strcmp(what, "write")) {
		write_file(argv[2], number(argv[3]), number(argv[4]));
	} else if (argc == 5 && !strcmp(what, "read")) {
		read_file(argv[2], number(argv[3]), number(argv[4]));
	} else if (argc == 7 && !strcmp(what, "shuttle")) {
		shuttle(argv[2], number(argv[3]), number(argv[4]), number(argv[5]), number(argv[6]));
	} else if (argc == 5 && !strcmp(what, "demote")) {
		demote(number(argv[2]), number(argv[3]), argv[4]);
	} else if (argc == 4 && !strcmp(what, "visit")) {
		visit(number(argv[2]), number(argv[3]));
	} else if (argc == 8 && !strcmp(what, "hugetlb")) {
		hugetlb(argv + 2);
	} else if (argc == 5 && !strcmp(what, "sparse")) {
		sparse(number(argv[2]), number(argv[3]), number(argv[4]));
	} else {
		errx(1, "usage: see the head of lab/guest/memory.c");
	}
	return 0;
}
