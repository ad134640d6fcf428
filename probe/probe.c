// SPDX-License-Identifier: GPL-2.0
/*
 * What would the series gain on this CPU? Times, in user space, the kernel's routines that copy
 * contiguous pages (copies.c) and ways of filling a memmap (memmap.c).
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "probe.h"
#include "routines.h"

#define SECONDS		78

/* At least so much of it is for measuring, however long it takes to prepare memory. */
#define MEASURING	0.5

/* What the copies get of that; the rest is for the fills. */
#define COPIES		0.30
#define MC		0.18
#define BETWEEN		0.15

static void usage(void)
{
	printf("Usage: probe [--seed N] [--seconds N] [--details FILE] [--json FILE]\n"
	       "Times the kernel's routines that copy contiguous pages, and ways of filling a memmap,\n"
	       "on this CPU, in user space. Prints a screen; says nothing of speed where the CPU is\n"
	       "emulated.\n"
	       "\n"
	       "  --seed N         copy the same pieces, and the ways of a round in the same order,\n"
	       "                   as in an earlier run\n"
	       "  --seconds N      run for that long (default %d)\n"
	       "  --details FILE   write the tables of all rows and ways, with their intervals\n"
	       "  --json FILE      write the environment and all samples as JSON lines\n"
	       "  --help           this text\n"
	       "\n"
	       "Routines that copy:\n", SECONDS);
	for (int i = 0; i < NR_ROUTINES; i++)
		printf("  %-16s %s\n", routines[i].name, routines[i].what);
	printf("\n"
	       "Routines that copy and survive memory errors:\n");
	for (int i = 0; i < NR_MC_ROUTINES; i++)
		printf("  %-16s %s\n", mc_routines[i].name, mc_routines[i].what);
	printf("\n"
	       "Ways of filling:\n"
	       "  slow path        what v7.3 stores per struct page, one after the other\n"
	       "  template         one prepared descriptor of 64 bytes, copied again and again;\n"
	       "                   movnti, movdir64b: with stores that bypass the caches\n"
	       "  4K to 2M         a prepared block of so many bytes, copied again and again as\n"
	       "                   copy_pages() copies; at 32K with each of its three variants\n"
	       "\n"
	       "Each is checked, then timed: every row at most %d times, the first time apart.\n"
	       "Copies: a sample copies 2 MiB or more in pieces of the row's size. Hot: the same piece\n"
	       "again and again. Cold: pieces that left all caches, each another one. +read: and then\n"
	       "read, with one load per cache line. 0->1: from one node's memory to another one's.\n"
	       "Fills: of private memory (anon) or of a file in memory (memfd), mapped in pages of 2M\n"
	       "or 4K. Cold: a range more than twice the last level cache is zeroed, then filled.\n"
	       "Hot: 2 MiB are. Touch: memory fresh from the kernel, which zeroes it in the page\n"
	       "faults that count here. +read: and then all of it is read.\n", MAX_ROUNDS);
	exit(0);
}

static uint64_t parse_number(const char *option, const char *text)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		die("--%s %s: not a number from 0 to %llu", option, text,
		    (unsigned long long)UINT64_MAX);
	return number;
}

static FILE *open_output(const char *name)
{
	FILE *file = fopen(name, "w");

	if (!file)
		die("cannot write %s: %s", name, strerror(errno));
	return file;
}

struct outputs {
	FILE *json, *details;
};

static void parse_options(int argc, char **argv, struct run *run, struct outputs *outputs)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "details", required_argument, NULL, 'd' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (option) {
		case 's':
			run->seed = parse_number("seed", optarg);
			break;
		case 't':
			run->seconds = parse_number("seconds", optarg);
			break;
		case 'd':
			outputs->details = open_output(optarg);
			break;
		case 'j':
			outputs->json = open_output(optarg);
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
}

static void measure_all(struct run *run, double seconds)
{
	double between = run->between.nr_rows ? BETWEEN : 0;

	begin_watch(&run->host);
	measure(&run->copies, run->seed, seconds * COPIES);
	measure(&run->mc, run->seed, seconds * MC);
	measure(&run->between, run->seed, seconds * between);
	measure(&run->fills, run->seed, seconds * (1 - COPIES - MC - between));
	end_watch(&run->host);
}

int main(int argc, char **argv)
{
	struct outputs outputs = { };
	static struct run run;
	int64_t start;

	run.seed = time(NULL);
	run.seconds = SECONDS;
	parse_options(argc, argv, &run, &outputs);
	start = now_ns();

	look_at_host(&run.host);
	if (run.host.emulated)
		run.seconds = 0;
	prepare_copies(&run);
	prepare_fills(&run);
	print_environment(&run);
	measure_all(&run, fmax(run.seconds - (now_ns() - start) / 1e9, run.seconds * MEASURING));
	if (run.host.emulated)
		print_functional(&run);
	else
		print_screen(&run);
	if (outputs.details && !write_details(&run, outputs.details))
		die("cannot write all details: %s", strerror(errno));
	if (outputs.json && !write_json(&run, outputs.json))
		die("cannot write all samples: %s", strerror(errno));
	return 0;
}
