// SPDX-License-Identifier: GPL-2.0
/*
 * Times, in user space, the kernel's routines that copy contiguous pages (copies.c), the orders in
 * which it copies a hugetlb page (cow.c) and ways of filling a memmap (memmap.c), and writes the
 * samples to a file. report/ judges them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "memory.h"
#include "output.h"
#include "probe.h"
#include "routines.h"
#include "samples.h"
#include "stores.h"

#define SECONDS	    78
#define ALL_SECONDS 255 /* with --all */

/* The least share of the time for measuring, however long it takes to prepare memory. */
#define MEASURING 0.5

/* The copies get these shares of the measuring time, and the fills get the rest. */
#define COPIES	0.30
#define MC	0.18
#define BETWEEN 0.15
#define COW	0.07

#define NR_SECTIONS 5

struct options {
	const char *json;
	uint64_t seed;
	double seconds; /* negative: not given */
	bool all, medians;
	const char *ways;
};

static void usage(void)
{
	printf("Usage: probe --json FILE [--seed N] [--seconds N] [--all] [--ways LIST] [--medians]\n"
	       "Times the kernel's routines that copy contiguous pages, and ways of filling a memmap,\n"
	       "on this CPU, in user space. Writes samples, which scripts/report judges.\n"
	       "\n"
	       "  --json FILE      write the environment and all samples as JSON lines\n"
	       "  --seed N         the seed of an earlier run: copy the same pieces, and measure the\n"
	       "                   ways of a round in the same order\n"
	       "  --seconds N      run for N seconds (default %d, with --all %d)\n"
	       "  --all            measure all ways below; the default is v7.3's way, the same again\n"
	       "                   as a control, and the way that the series chooses on this CPU\n"
	       "  --ways LIST      also measure the ways with these names, separated by semicolons\n"
	       "  --medians        print the medians; makes --json optional\n"
	       "  --help           this text\n"
	       "\n"
	       "Routines that copy:\n",
	       SECONDS, ALL_SECONDS);
	for (int i = 0; i < NR_ROUTINES; i++)
		printf("  %-16s %s\n", routines[i].name, routines[i].what);
	printf("\n"
	       "Routines that copy and survive memory errors:\n");
	for (int i = 0; i < NR_MC_ROUTINES; i++)
		printf("  %-16s %s\n", mc_routines[i].name, mc_routines[i].what);
	printf("\n"
	       "Ways of filling:\n"
	       "  slow path        what v7.3 stores per struct page, one after the other\n"
	       "  registers        memmap_fill(): one prepared struct page, whose words stay in\n"
	       "                   registers; the series' way\n"
	       "  64-byte template the same, loaded from memory for each copy\n"
	       "  movnti           the same, with stores that bypass the caches; movnti, registers:\n"
	       "                   without loads; movnti, calls: with a call for each struct page\n"
	       "  movdir64b        the same, 64 bytes at a time\n"
	       "  own 4K to 32K    the first pages of the memory map, copied again and again by each\n"
	       "                   variant of copy_pages(), or by copy_to_nontemporal()\n"
	       "  rep stosq        a reference, which stores one word everywhere\n"
	       "\n"
	       "Each way is checked, then timed. The first round of every row is kept apart.\n"
	       "Copies: a sample copies 2 MiB or more in pieces of the row's size. Hot: the same piece\n"
	       "again and again. Cold: another piece each time, which has left all caches. +read: each\n"
	       "copy is then read, with one load per cache line. 0->1: from the memory of node 0 to the\n"
	       "memory of node 1. Beside CPU 1: this CPU shares the last level cache, walks through half as\n"
	       "much memory meanwhile, and its walks are timed. These rows compare v7.3's way, the series'\n"
	       "and past the caches, and are there if the last one is measured.\n"
	       "Copy-on-write: a hugetlb page, with a fault in this part of it. By turns, backwards: v7.3;\n"
	       "forward runs: the series; one run: the same without a neighbourhood. +read: the pages around\n"
	       "the fault are then read. With --all also 1 GiB, which v7.3 copies forwards.\n"
	       "Fills: of private memory (anon) or of a file in memory (memfd), mapped in pages of 2M\n"
	       "or 4K. Cold: a range of more than twice the last level cache is zeroed, then filled.\n"
	       "Hot: the same with 2 MiB. Map: the same with a memory map of the size given. Touch: fresh\n"
	       "memory, which the kernel zeroes in page faults; their time counts. +read: the filled\n"
	       "memory is then read.\n");
	exit(0);
}

static uint64_t parse_number(const char *option, const char *text)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		die("--%s %s: not a number from 0 to %llu", option, text, (unsigned long long)UINT64_MAX);
	return number;
}

static void check_options(const struct options *options)
{
	if (!options->json && !options->medians)
		die("the samples go nowhere: give it --json FILE or --medians");
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", required_argument, NULL, 'j' },    { "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' }, { "all", no_argument, NULL, 'a' },
		{ "ways", required_argument, NULL, 'w' },    { "medians", no_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },	     {}
	};
	struct options options = { .seed = time(NULL), .seconds = -1 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.json = optarg;
			break;
		case 's':
			options.seed = parse_number("seed", optarg);
			break;
		case 't':
			options.seconds = parse_number("seconds", optarg);
			break;
		case 'a':
			options.all = true;
			break;
		case 'w':
			options.ways = optarg;
			break;
		case 'm':
			options.medians = true;
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
	check_options(&options);
	return options;
}

static int pin(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		add_warning("cannot pin to CPU %d: samples of different CPUs are mixed", cpu);
	return cpu;
}

static void look_at_host(struct run *run)
{
	run->cpu = pin();
	run->functional = host_is_emulated();
	run->cache = host_last_level_cache(run->cpu);
	run->available = available_memory();
	add_probe_environment(run->cpu, run->seed);
}

static void add_memory_environment(const struct run *run)
{
	add_environment_number("pool_bytes", run->pool_bytes);
	add_environment_number("huge_bytes", run->huge_bytes);
	add_environment_number("total_bytes", run->total_bytes);
	add_environment_number("range_bytes", run->range_bytes);
	add_environment_number("slow_path_stores", SLOW_PATH_STORES);
	add_environment_number("slow_path_bytes", SLOW_PATH_BYTES);
}

static bool has_way(struct section *const *sections, const char *name)
{
	for (int i = 0; i < NR_SECTIONS; i++)
		for (int way = 0; way < sections[i]->nr_ways; way++)
			if (!strcmp(sections[i]->ways[way].name, name))
				return true;
	return false;
}

static void check_list(struct section *const *sections, const char *list)
{
	char *names = strdup(list ?: ""), *rest = names, *name;

	while ((name = strsep(&rest, ";")))
		if (*name && !has_way(sections, name))
			die("--ways %s: there is no such way: see probe --help", name);
	free(names);
}

static double measure_all(struct run *run, double seconds)
{
	double between = run->between.nr_rows ? BETWEEN : 0;
	int64_t start = now_ns();

	host_watch_begin();
	measure(&run->copies, run->seed, seconds * COPIES);
	measure(&run->mc, run->seed, seconds * MC);
	end_bystander();
	measure(&run->between, run->seed, seconds * between);
	measure(&run->cow, run->seed, seconds * COW);
	measure(&run->fills, run->seed, seconds * (1 - COPIES - MC - between - COW));
	host_watch_end();
	return (now_ns() - start) / 1e9;
}

/* Writes the samples after all are taken, because writing would disturb them. */
static void write_samples(FILE *file, struct section *const *sections, bool functional)
{
	int id = 0;

	for (int i = 0; i < NR_SECTIONS; id += sections[i++]->nr_rows)
		write_plan(file, sections[i], id);
	for (int i = 0; i < NR_SECTIONS; i++)
		write_missing_ways(file, sections[i]);
	id = 0;
	for (int i = 0; i < NR_SECTIONS; id += sections[i++]->nr_rows)
		write_rounds(file, sections[i], id, functional);
}

static void print_result(struct section *const *sections, bool functional, bool medians)
{
	if (functional)
		puts("functional: this CPU is emulated and has no speed");
	for (int i = 0; i < NR_SECTIONS && medians && !functional; i++)
		print_medians(sections[i]);
	print_warnings();
}

static double default_seconds(const struct options *options)
{
	if (options->seconds >= 0)
		return options->seconds;
	return options->all ? ALL_SECONDS : SECONDS;
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	FILE *file = options.json ? open_output(options.json) : NULL;
	static struct run run;
	struct section *const sections[NR_SECTIONS] = { &run.copies, &run.mc, &run.between, &run.cow, &run.fills };
	int64_t start = now_ns();
	double seconds;

	run.seed = options.seed;
	run.all = options.all;
	run.ways = options.ways;
	look_at_host(&run);
	seconds = run.functional ? 0 : default_seconds(&options);
	prepare_copies(&run);
	prepare_cow(&run);
	prepare_fills(&run);
	check_list(sections, options.ways);
	for (int i = 0; i < NR_SECTIONS; i++) {
		select_ways(sections[i], options.all, options.ways);
		sections[i]->max_rounds = rounds_in(seconds);
	}
	add_memory_environment(&run);
	print_environment();
	fflush(stdout);
	if (file)
		write_environment(file);
	seconds = measure_all(&run, fmax(seconds - (now_ns() - start) / 1e9, seconds * MEASURING));
	if (file) {
		write_samples(file, sections, run.functional);
		write_end(file, seconds, host_disturbance());
		finish_output(file);
	}
	print_result(sections, run.functional, options.medians);
	return 0;
}
