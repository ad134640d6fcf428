// SPDX-License-Identifier: GPL-2.0
/*
 * The command "cow", which needs no module: how long a copy-on-write fault in a hugetlb page takes, by
 * the part of the page that is written to. The parent keeps the originals, and one child after the
 * other writes.
 *
 * v7.3 copies forwards only if the fault is in the last page. So that fault tells what every fault
 * would take if all were copied forwards, on any kernel. Larger pages than those of the page allocator
 * it copies forwards, wherever the fault is.
 *
 * With --ab both orders are there, as sides of the module folio_copy_live.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "hugetlb.h"
#include "random.h"
#include "rows.h"
#include "sides.h"
#include "user-memory.h"

#define PAGE	  4096UL
#define NR_PLACES 5
#define MAX_TRIES 3
#define LAST	  (NR_PLACES - 1)
#define TWICE	  2 /* here, and here again as a control */
#define MAX_PAGES (1 << 20)
#define LARGEST	  (4UL << 20) /* of the page allocator of x86: order 10 */
#define HERE	  "here"
#define AGAIN	  "same again"
#define AS_LAST	  "order of the last page"

static const struct place {
	const char *name;
	unsigned int hundredths;
} places[NR_PLACES] = {
	{ "at 0%", 0 }, { "at 25%", 25 }, { "at 50%", 50 }, { "at 75%", 75 }, { "at 100%", 100 },
};

static struct {
	uint64_t size, seed;
	int node, pages, samples;
	bool lend, ab;
} opt;

static int order; /* of the pages */
static uint64_t *mem;
static uint64_t random_state;

/* The faults of all rounds, in the order in which they are taken. */
static struct fault {
	int round, place, again;
} * faults;
static int nr_faults;

/* Without --ab, there is one stage. */
static struct {
	struct rounds times[NR_PLACES]; /* by round and way: here and here again, or with --ab each side */
	const char *missing;		/* why there are none */
	bool failed;
} results[NR_STAGES];

/* What a child finds out. */
static struct shared {
	bool right;
	char why[WHY_SIZE];
	double ns[];
} * shared;

/* Options */

enum { O_SIZE = 1, O_PAGES, O_LEND, O_NODE, O_SAMPLES, O_SEED, O_AB };

static const struct option options[] = { { "size", required_argument, NULL, O_SIZE },
					 { "pages", required_argument, NULL, O_PAGES },
					 { "lend", no_argument, NULL, O_LEND },
					 { "node", required_argument, NULL, O_NODE },
					 { "samples", required_argument, NULL, O_SAMPLES },
					 { "seed", required_argument, NULL, O_SEED },
					 { "ab", no_argument, NULL, O_AB },
					 CPU_OPTION,
					 JSON_OPTION,
					 COMMON_OPTIONS };

static void set_pages(const char *s)
{
	uint64_t nr = parse_number("pages", s);

	if (!nr || nr > MAX_PAGES)
		die("--pages %s: a number from 1 to %d is allowed", s, MAX_PAGES);
	opt.pages = nr;
}

static void parse_option(int o)
{
	switch (o) {
	case O_SIZE:
		opt.size = parse_size("size", optarg);
		return;
	case O_PAGES:
		return set_pages(optarg);
	case O_LEND:
		opt.lend = true;
		return;
	case O_NODE:
		opt.node = parse_id("node", optarg);
		return;
	case O_SAMPLES:
		opt.samples = parse_samples(optarg);
		return;
	case O_SEED:
		opt.seed = parse_number("seed", optarg);
		return;
	case O_AB:
		opt.ab = true;
		return;
	}
	parse_common_option(o);
}

static void parse_options(int argc, char **argv)
{
	int o;

	opt.size = 2 << 20;
	opt.pages = 64;
	opt.node = -1;
	opt.samples = 200;
	opt.seed = random_seed();
	while ((o = next_option(argc, argv, options)) != -1)
		parse_option(o);
	no_more_arguments(argc, argv);
	if (opt.size <= PAGE || opt.size & (opt.size - 1))
		die("--size %s: the sizes of hugetlb pages are in /sys/kernel/mm/hugepages", size_text(opt.size));
	order = __builtin_ctzl(opt.size / PAGE);
}

/* The pool */

/* The pool is never changed unasked. A quarter of the free memory stays free, so that nothing else starves. */
static void lend_pages(void)
{
	long left = pages_of_pool("free_hugepages", order, opt.node), more = 2L * opt.pages - left;
	char *pool = pool_path(order, opt.node), *path = format("%s/nr_hugepages", pool);
	uint64_t need = more * opt.size, have = free_memory(opt.node) / 4 * 3;

	if (left >= 0 && more > 0 && need > have)
		die("--lend: %ld pages of %s take %" PRIu64 " MiB, and node %d has %" PRIu64
		    " MiB to lend: lower --pages, or free some memory",
		    more, size_text(opt.size), need >> 20, opt.node, have >> 20);
	if (left >= 0 && more > 0 &&
	    !change_setting(path, format("%ld", pages_of_pool("nr_hugepages", order, opt.node) + more)))
		die("--lend: %s: run this as root", why);
	free(path);
	free(pool);
}

static void check_pool(void)
{
	char *lack;

	if (opt.lend)
		lend_pages();
	lack = lack_of_hugetlb(order, opt.pages, opt.node, opt.node);
	if (lack && opt.lend)
		die("--lend: the kernel gives no more: %s", lack);
	if (lack)
		die("%s%s", lack,
		    pages_of_pool("nr_hugepages", order, opt.node) < 0 ? "" : ", or let --lend do it until the end");
}

static void choose_node(void)
{
	unsigned int node = 0;

	if (opt.node < 0 && !getcpu(NULL, &node))
		opt.node = node;
}

/* A large cache still holds pages from the fill, so that the copy would read from the cache. */
static void warn_of_cache(void)
{
	size_t cache = host_last_level_cache(common.cpu);

	if (opt.pages * opt.size < 2 * cache)
		add_warning("the last level cache of %s holds much of --pages %d: raise it", size_text(cache),
			    opt.pages);
}

/* Contents */

static uint64_t word_of(size_t nr)
{
	uint64_t state = opt.seed + nr;

	return next_random(&state);
}

static void fill(void)
{
	for (size_t i = 0; i < opt.pages * opt.size / sizeof(*mem); i++)
		mem[i] = word_of(i);
}

/* The word of a page that is written to, in the middle of its 4 KiB. */
static size_t written(size_t page, int place)
{
	size_t nr = opt.size / PAGE, at = nr * places[place].hundredths / 100;

	return (page * opt.size + (at < nr ? at : nr - 1) * PAGE + PAGE / 2) / sizeof(uint64_t);
}

/* @faults: NULL, or those that have written, one to each page */
static bool contents_right_after(const struct fault *written_by, int nr)
{
	size_t words = opt.size / sizeof(*mem);

	for (int page = 0; page < nr; page++) {
		size_t by = written_by ? written(page, written_by[page].place) : SIZE_MAX;

		for (size_t i = page * words; i < (page + 1) * words; i++)
			if (mem[i] != (i == by ? ~word_of(i) : word_of(i)))
				return because("WRONG CONTENTS in page %d, byte %zu, of the %s", page,
					       (i - page * words) * sizeof(*mem), written_by ? "child" : "parent");
	}
	return true;
}

/* Faults */

static void plan_faults(void)
{
	int times = opt.ab ? 1 : TWICE, nr = NR_PLACES * times;
	uint32_t numbers[NR_PLACES * TWICE];

	faults = calloc((opt.samples + 1) * nr, sizeof(*faults));
	if (!faults)
		die("out of memory");
	for (int round = 0; round <= opt.samples; round++) {
		shuffle(numbers, nr, &random_state);
		for (int i = 0; i < nr; i++)
			faults[nr_faults++] = (struct fault){ round, numbers[i] / times, numbers[i] % times };
	}
}

static void take_faults(const struct fault *taken, int nr)
{
	for (int page = 0; page < nr; page++) {
		volatile uint64_t *at = mem + written(page, taken[page].place);
		uint64_t value = ~word_of(at - mem), start = now_ns();

		*at = value;
		shared->ns[page] = now_ns() - start;
	}
	shared->right = contents_right_after(taken, nr);
	strcpy(shared->why, why);
}

/* A child takes one fault in each page. If others take pages of the pool meanwhile, it gets SIGBUS. */
static bool run_child(const struct fault *taken, int nr)
{
	pid_t pid, parent = getpid();
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return because("fork(2): %s", strerror(errno));
	if (!pid) {
		forget_lock();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* If it was killed before the prctl(2), the pages must not outlive it. */
		if (getppid() != parent)
			_exit(1);
		prctl(PR_SET_DUMPABLE, 0); /* SIGBUS would dump the pages */
		take_faults(taken, nr);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return because("waitpid(2): %s", strerror(errno));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
		return because("others have taken pages of the pool: stop them, or enlarge it");
	if (status)
		return because("the child ended with status %#x", status);
	strcpy(why, shared->why);
	return shared->right;
}

/* Gigantic pages are copied forwards. The sides of --ab are compared instead. */
static bool has_order(void)
{
	return opt.size <= LARGEST && !opt.ab;
}

static int at_once(int done)
{
	return nr_faults - done < opt.pages ? nr_faults - done : opt.pages;
}

/* The faults of a child are all taken with one side, whose calls the module counts. */
static bool take_side(int side, const struct fault *taken, int nr)
{
	for (int try = 0; try < MAX_TRIES && !interrupted; try++) {
		if (!begin_side(side) || !run_child(taken, nr))
			return false;
		if (end_side(side, nr))
			return true;
	}
	return interrupted;
}

/* The kernel without the module has no sides. */
static bool has_sides(enum stage stage)
{
	return opt.ab && stage == MAIN;
}

static bool take_way(enum stage stage, int way, const struct fault *taken, int nr)
{
	if (!(has_sides(stage) ? take_side(way, taken, nr) : run_child(taken, nr)))
		return false;
	for (int i = 0; i < nr; i++)
		results[stage].times[taken[i].place].ns[taken[i].round][way + taken[i].again] = shared->ns[i];
	return true;
}

/* Each side takes the same faults, one side after the other in random order. */
static bool take_block(enum stage stage, const struct fault *taken, int nr)
{
	uint32_t order[NR_SIDES] = {};
	int nr_ways = has_sides(stage) ? NR_SIDES : 1;

	if (nr_ways > 1)
		shuffle(order, nr_ways, &random_state);
	for (int i = 0; i < nr_ways && !interrupted; i++)
		if (!take_way(stage, order[i], taken, nr))
			return false;
	return true;
}

/* Progress is said in so many steps per stage. */
#define STEPS 10

static void say_faults(enum stage stage, int done)
{
	static const int before[NR_STAGES] = { 0, 1, 1 + NR_SIDES }; /* sides of each fault */
	uint64_t total = (uint64_t)nr_faults * (before[AFTER] + 1);
	char what[64];

	snprintf(what, sizeof(what), "%d of %d faults", done, nr_faults);
	say_stage(stage, what, (uint64_t)nr_faults * before[stage] + done * (has_sides(stage) ? NR_SIDES : 1), total);
}

static bool take_all(enum stage stage)
{
	int nr, step = 0;

	for (int done = 0; done < nr_faults && !interrupted; done += nr) {
		if (opt.ab && (int64_t)done * STEPS / nr_faults >= step) {
			say_faults(stage, done);
			step++;
		}
		nr = at_once(done);
		if (!take_block(stage, faults + done, nr))
			return false;
	}
	return contents_right_after(NULL, opt.pages);
}

static void miss_stage(enum stage stage)
{
	results[stage].missing = format("%s", why);
}

static void fail_stage(enum stage stage)
{
	miss_stage(stage);
	results[stage].failed = true;
}

static void measure(enum stage stage)
{
	results[stage].missing = NULL;
	if (!take_all(stage))
		fail_stage(stage);
}

/* Memory that was never touched costs more, so the first faults are shown, and not judged. */
static bool warm_up(void)
{
	int nr = at_once(0);

	if (!run_child(faults, nr))
		return false;
	if (!common.functional)
		printf("first faults, which are kept apart: median %.1f us\n", median(shared->ns, nr) / 1e3);
	return true;
}

/* Results */

static struct planned_row row_of(const char *function, int place)
{
	struct planned_row row = kernel_row("cow", function);

	row.kind = places[place].name;
	row.src = row.dst = opt.node;
	row.state = "cold";
	row.size = opt.size;
	row.calls = 1;
	return row;
}

static void plan_fault(enum stage stage, int place)
{
	struct planned_row row = row_of("fault", place);

	row.missing = results[stage].missing;
	if (opt.ab) {
		row.benchmark = "live";
		row.bytes = opt.size;
	}
	if (has_sides(stage))
		plan_sides(&row, NO_FOURTH);
	else if (opt.ab)
		row.kind = format("%s, %s", row.kind, stages[stage]);
	plan_rows(&row, 1, opt.samples + 1);
}

/* What v7.3 would gain if it copied as it does for a fault in the last page */
static void plan_order(int place)
{
	static const char *const ways[] = { HERE, AGAIN, AS_LAST };
	struct planned_row row = row_of("order", place);

	row.missing = results[MAIN].missing;
	row.bytes = opt.size;
	row.nr_ways = ARRAY_SIZE(ways);
	row.ways = ways;
	row.base = HERE;
	row.control = AGAIN;
	row.chosen = AS_LAST;
	plan_rows(&row, 1, opt.samples + 1);
}

/* Rows have numbers in this order: the faults of each stage, then their order. */
static void plan(void)
{
	for (enum stage stage = 0; stage < NR_STAGES; stage++)
		for (int place = 0; place < NR_PLACES && (opt.ab || stage == MAIN); place++)
			plan_fault(stage, place);
	for (int place = 0; place < LAST && has_order(); place++)
		plan_order(place);
}

static void print_latency(int place)
{
	double ns[MAX_ROUNDS], middle;

	for (int i = 1; i <= opt.samples; i++)
		ns[i - 1] = results[MAIN].times[place].ns[i][0];
	middle = median(ns, opt.samples); /* sorts */
	printf("fault %s of %s: median %.1f us, 99%% %.1f us, %.0f faults per second\n", places[place].name,
	       size_text(opt.size), middle / 1e3, ns[opt.samples * 99 / 100] / 1e3, 1e9 / middle);
}

static void finish_faults(enum stage stage, int first)
{
	struct rounds *times = results[stage].times;

	for (int place = 0; place < NR_PLACES; place++) {
		times[place].nr = opt.samples + 1;
		for (int i = 0; i <= opt.samples && has_order(); i++)
			times[place].ns[i][TWICE] = times[LAST].ns[i][0];
		finish_row(first + place, &times[place]);
		if (!common.functional && !opt.ab)
			print_latency(place);
	}
}

static void leave_out(int first, const char *reason)
{
	char *name = row_name(first);

	printf("left out: %s, and the like: %s\n", name, reason);
	free(name);
}

static void finish_stage(enum stage stage, int first)
{
	if (results[stage].failed)
		fail_rows(first, results[stage].missing);
	else if (results[stage].missing)
		leave_out(first, results[stage].missing);
	else
		finish_faults(stage, first);
}

static void finish(void)
{
	int first = 0;

	for (enum stage stage = 0; stage < NR_STAGES; stage++) {
		if (!opt.ab && stage != MAIN)
			continue;
		finish_stage(stage, first);
		first += NR_PLACES;
	}
	for (int place = 0; place < LAST && has_order() && !results[MAIN].missing; place++)
		finish_row(first + place, &results[MAIN].times[place]);
}

static void measure_all(void)
{
	results[BEFORE].missing = results[MAIN].missing = results[AFTER].missing = "not reached";
	if (!warm_up())
		fail_stage(MAIN);
	else if (opt.ab)
		measure_stages("copy-on-write", measure, miss_stage);
	else
		measure(MAIN);
}

int cmd_cow(int argc, char **argv)
{
	char *lack;

	parse_options(argc, argv);
	if (opt.ab)
		need_sides("copy_user_large_folio");
	pin_cpu();
	choose_node();
	if (opt.lend || opt.ab)
		restore_at_exit();
	else
		catch_signals();
	check_pool();
	mem = map_huge_pages(order, opt.pages, opt.node, &lack);
	if (!mem)
		die("%s", lack);
	shared = mmap(NULL, sizeof(*shared) + opt.pages * sizeof(double), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("out of memory");
	warn_of_cache();
	show_environment(common.cpu, opt.seed);
	printf("copy-on-write of hugetlb pages on cpu %d\n", common.cpu);
	open_samples();
	random_state = ~opt.seed; /* not the numbers of the contents */
	plan_faults();
	fill();
	measure_all();
	if (!interrupted) {
		plan();
		finish();
	}
	munmap(mem, opt.pages * opt.size);
	return finish_command();
}
