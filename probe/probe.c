// SPDX-License-Identifier: GPL-2.0
/*
 * What would copy_pages() gain on this CPU? Times the kernel's copy routines in user space.
 *
 * A pass visits every row (size, hot or cold, destination read afterwards or not) in random order,
 * and in each row runs every routine once, again in random order. All rows are thus measured over
 * the whole run: a disturbance hits all of them a little and none of them alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define HUGE_PAGE	(2UL << 20)
#define GUARD		0x5a
#define BUDGET_SECONDS	45.0

/* Of each of the two pools. Zeroing the upper limit takes a second; the lower one overflows L2. */
#define MAX_POOL	(1UL << 30)
#define MIN_POOL	(32UL << 20)
#define UNKNOWN_CACHE	(32UL << 20)

/* Hot copies move about in here, so that no row hangs on where its one piece happens to lie. */
#define HOT_BYTES	(16UL << 20)

static const size_t sizes[NR_SIZES] = { 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20 };

struct buffers {
	char *hot_to, *hot_from;		/* HOT_BYTES each */
	char *pool_to, *pool_from;
	size_t cursor;				/* the next cold part of the pools */
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list arguments;

	fputs("probe: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

/* splitmix64: the whole run's order follows from one number. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void shuffle(uint32_t *values, unsigned int n, uint64_t *random)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int j = next_random(random) % (i + 1);

		values[i] = values[j];
		values[j] = i;
	}
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Prefaulted memory, in huge pages if they are to be had, as the kernel's direct map is. */
static char *allocate(struct run *run, size_t bytes)
{
	char *at = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("cannot allocate %zu MiB: %s; free some memory", bytes >> 20, strerror(errno));
	at += -(uintptr_t)at % HUGE_PAGE;
	madvise(at, bytes, MADV_HUGEPAGE);
	memset(at, GUARD, bytes);
	run->total_bytes += bytes;
	return at;
}

/*
 * A part of the pools is cold when it is visited again, as everything else in them has been
 * walked in between: the source alone is more than twice the last level cache.
 */
static void choose_pool(struct run *run)
{
	struct host *host = &run->host;
	size_t cache = host->last_level_cache;
	size_t limit = host->available / 4;

	if (!cache) {
		warn(host, "size of the last level cache unknown: %lu MiB assumed",
		     UNKNOWN_CACHE >> 20);
		cache = UNKNOWN_CACHE;
	}
	if (limit > MAX_POOL)
		limit = MAX_POOL;
	if (limit < MIN_POOL)
		die("%zu MiB of memory available, %lu needed: free some memory",
		    host->available >> 20, 4 * MIN_POOL >> 20);
	run->pool_bytes = 2 * cache + SAMPLE_BYTES;
	if (run->pool_bytes < MIN_POOL)
		run->pool_bytes = MIN_POOL;
	if (run->pool_bytes > limit) {
		run->pool_bytes = limit;
		warn(host, "too little memory for this cache: cold copies walk only %zu + %zu MiB",
		     limit >> 20, limit >> 20);
	}
	run->pool_bytes -= run->pool_bytes % SAMPLE_BYTES;
}

static void allocate_buffers(struct run *run, struct buffers *buffers)
{
	choose_pool(run);
	buffers->pool_to = allocate(run, run->pool_bytes);
	buffers->pool_from = allocate(run, run->pool_bytes);
	buffers->hot_to = allocate(run, HOT_BYTES);
	buffers->hot_from = allocate(run, HOT_BYTES);
	run->huge_bytes = huge_page_bytes();
	if (run->huge_bytes < run->total_bytes)
		warn(&run->host, "only %zu of %zu MiB in huge pages, so TLB misses count too: see "
		     "/sys/kernel/mm/transparent_hugepage/enabled",
		     run->huge_bytes >> 20, run->total_bytes >> 20);
}

/* A different value in every word, so that a page in the wrong place is wrong. */
static void fill_source(char *from, size_t size, uint64_t seed)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t state = seed + at, value = next_random(&state);

		memcpy(from + at, &value, sizeof(value));
	}
}

static void verify(const struct routine *routine, size_t size, struct buffers *buffers)
{
	char *to = buffers->hot_to + HOT_BYTES / 2, *from = buffers->hot_from;

	/* Before the copy no byte is what it must become; the guards are what they must stay. */
	memset(to - PAGE_SIZE, GUARD, size + 2 * PAGE_SIZE);
	for (size_t at = 0; at < size; at++)
		to[at] = ~from[at];
	routine->copy(to, from, size);

	for (size_t at = 0; at < size; at++)
		if (to[at] != from[at])
			die("%s: copy of %zu KiB is wrong from offset %zu on", routine->name,
			    size >> 10, at);
	for (size_t at = 1; at <= PAGE_SIZE; at++) {
		if (to[-at] != GUARD)
			die("%s: copy of %zu KiB also wrote at offset -%zu", routine->name,
			    size >> 10, at);
		if (to[size + at - 1] != GUARD)
			die("%s: copy of %zu KiB also wrote at offset %zu", routine->name,
			    size >> 10, size + at - 1);
	}
}

static void verify_all(struct run *run, struct buffers *buffers)
{
	fill_source(buffers->hot_from, SAMPLE_BYTES, run->seed);
	for (int routine = 0; routine < NR_ROUTINES; routine++)
		for (int size = 0; size < NR_SIZES; size++)
			verify(&routines[routine], sizes[size], buffers);
}

/*
 * A cold sample takes the pieces of its part of the pools in random order, as the folios that are
 * migrated do not lie in a row either. A hot one copies the same piece again and again: offset 0.
 */
static void plan_rows(struct run *run, uint64_t *random)
{
	for (int i = 0; i < NR_ROWS; i++) {
		struct row *row = &run->rows[i];

		row->size = sizes[i % NR_SIZES];
		row->read = i / NR_SIZES % 2;
		row->cold = i / NR_SIZES / 2;
		row->copies = SAMPLE_BYTES / row->size;
		if (!row->cold)
			continue;
		shuffle(row->to, row->copies, random);
		shuffle(row->from, row->copies, random);
		for (unsigned int copy = 0; copy < row->copies; copy++) {
			row->to[copy] *= row->size;
			row->from[copy] *= row->size;
		}
	}
}

/* One load of each cache line: the reader waits for the line, not for its own arithmetic. */
static void read_lines(const char *at, size_t size)
{
	uint64_t sum = 0;

	for (size_t line = 0; line < size; line += 64)
		sum += *(const uint64_t *)(at + line);
	asm volatile("" : : "r" (sum));
}

static double time_copies(const struct row *row, const struct routine *routine, char *to,
			  const char *from)
{
	int64_t start = now_ns();

	for (unsigned int copy = 0; copy < row->copies; copy++) {
		routine->copy(to + row->to[copy], from + row->from[copy], row->size);
		if (row->read)
			read_lines(to + row->to[copy], row->size);
	}
	return now_ns() - start;
}

static double take_cold_sample(const struct run *run, const struct row *row,
			       const struct routine *routine, struct buffers *buffers)
{
	size_t part = buffers->cursor;

	buffers->cursor = (part + SAMPLE_BYTES) % run->pool_bytes;
	return time_copies(row, routine, buffers->pool_to + part, buffers->pool_from + part);
}

static double take_hot_sample(const struct row *row, const struct routine *routine, char *to,
			      const char *from)
{
	time_copies(row, routine, to, from);
	return time_copies(row, routine, to, from);
}

static void measure_row(struct run *run, int index, struct buffers *buffers, uint64_t *random)
{
	const struct row *row = &run->rows[index];
	size_t places = HOT_BYTES / row->size;
	char *to = buffers->hot_to + next_random(random) % places * row->size;
	char *from = buffers->hot_from + next_random(random) % places * row->size;
	uint32_t order[NR_ROUTINES];

	shuffle(order, NR_ROUTINES, random);
	for (int i = 0; i < NR_ROUTINES; i++) {
		const struct routine *routine = &routines[order[i]];
		double *ns = &run->ns[index][order[i]][run->passes];

		run->order[index][run->passes][i] = order[i];
		if (row->cold)
			*ns = take_cold_sample(run, row, routine, buffers);
		else
			*ns = take_hot_sample(row, routine, to, from);
	}
}

static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

/* At least one pass after the first, however slow the machine is. */
static void measure(struct run *run, struct buffers *buffers, uint64_t *random)
{
	int64_t start = now_ns();
	uint32_t rows[NR_ROWS];

	run->preemptions = -preemptions();
	while (run->passes < 2 || (run->passes < MAX_PASSES && run->seconds < BUDGET_SECONDS)) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rpass %u of %u ", run->passes + 1, MAX_PASSES);
		shuffle(rows, NR_ROWS, random);
		for (int i = 0; i < NR_ROWS; i++)
			measure_row(run, rows[i], buffers, random);
		run->passes++;
		run->seconds = (now_ns() - start) / 1e9;
	}
	run->preemptions += preemptions();
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void usage(void)
{
	puts("Usage: probe [--seed N] [--json FILE]\n"
	     "Times the kernel's routines that copy contiguous pages, on this CPU, in user space.\n"
	     "\n"
	     "  --seed N      take the samples in the order of an earlier run\n"
	     "  --json FILE   write the environment and all samples as JSON lines\n"
	     "  --help        this text\n"
	     "\n"
	     "Routines:");
	for (int i = 0; i < NR_ROUTINES; i++)
		printf("  %-13s %s\n", routines[i].name, routines[i].what);
	printf("\n"
	       "Each is checked at each size, then timed: every row at most %d times and at most\n"
	       "%.0f s in all, the first time apart. A sample copies %lu MiB in pieces of the\n"
	       "row's size. Hot: the same piece again and again. Cold: pieces that left all\n"
	       "caches, each another one. +read: and then read, with one load per cache line.\n",
	       MAX_PASSES, BUDGET_SECONDS, SAMPLE_BYTES >> 20);
	exit(0);
}

static uint64_t parse_seed(const char *text)
{
	char *end;
	uint64_t seed;

	errno = 0;
	seed = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		die("--seed %s: not a number from 0 to %llu", text, (unsigned long long)UINT64_MAX);
	return seed;
}

static FILE *parse_options(int argc, char **argv, struct run *run)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	FILE *json = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (option) {
		case 's':
			run->seed = parse_seed(optarg);
			break;
		case 'j':
			json = fopen(optarg, "w");
			if (!json)
				die("cannot write %s: %s", optarg, strerror(errno));
			break;
		case 'h':
			usage();
			break;
		case ':':
			die("%s needs a value: see probe --help", argv[optind - 1]);
		default:
			die("unknown option %s: see probe --help", argv[optind - 1]);
		}
	}
	if (optind < argc)
		die("unexpected argument %s: see probe --help", argv[optind]);
	return json;
}

int main(int argc, char **argv)
{
	static struct run run;
	static struct buffers buffers;
	uint64_t random;
	FILE *json;

	run.seed = time(NULL);
	json = parse_options(argc, argv, &run);
	random = run.seed;

	look_at_host(&run.host);
	allocate_buffers(&run, &buffers);
	verify_all(&run, &buffers);
	plan_rows(&run, &random);
	print_environment(&run);
	fflush(stdout);
	measure(&run, &buffers, &random);
	print_table(&run);
	if (json && !write_json(&run, json))
		die("cannot write all samples: %s", strerror(errno));
	return 0;
}
