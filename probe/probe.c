// SPDX-License-Identifier: GPL-2.0
/*
 * What would the series gain on this CPU? Times, in user space, the kernel's routines that copy
 * contiguous pages (copies.c) and ways of filling a memmap (memmap.c).
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "probe.h"
#include "routines.h"

#define SECONDS	64

int selected_routine(const struct host *host)
{
	if (host->erms)
		return REP_MOVSB;
	return host->rep_good ? REP_MOVSQ : UNROLLED;
}

static void usage(void)
{
	printf("Usage: probe [--seed N] [--seconds N] [--json FILE]\n"
	       "Times the kernel's routines that copy contiguous pages, and ways of filling a memmap,\n"
	       "on this CPU, in user space.\n"
	       "\n"
	       "  --seed N      take the samples in the order of an earlier run\n"
	       "  --seconds N   measure for that long at most, copies a quarter of it (default %d)\n"
	       "  --json FILE   write the environment and all samples as JSON lines\n"
	       "  --help        this text\n"
	       "\n"
	       "Routines that copy:\n", SECONDS);
	for (int i = 0; i < NR_ROUTINES; i++)
		printf("  %-13s %s\n", routines[i].name, routines[i].what);
	printf("\n"
	       "Ways of filling:\n"
	       "  slow path     what v7.3 stores per struct page, one after the other\n"
	       "  template      one prepared descriptor of 64 bytes, copied again and again;\n"
	       "                movnti, movdir64b: with stores that bypass the caches\n"
	       "  4K to 2M      a prepared block of so many bytes, copied again and again as\n"
	       "                copy_pages() copies; at 32K with each of its three variants\n"
	       "\n"
	       "Each is checked, then timed: every row at most %d times, the first time apart.\n"
	       "Copies: a sample copies 2 MiB in pieces of the row's size. Hot: the same piece again\n"
	       "and again. Cold: pieces that left all caches, each another one. +read: and then read,\n"
	       "with one load per cache line.\n"
	       "Fills: of private memory (anon) or of a file in memory (memfd), mapped in pages of 2M\n"
	       "or 4K. Cold: a range more than twice the last level cache is zeroed, then filled.\n"
	       "Hot: 2 MiB are. Touch: memory fresh from the kernel, which zeroes it in the page\n"
	       "faults that count here. +read: and then all of it is read.\n", MAX_PASSES);
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

static FILE *parse_options(int argc, char **argv, struct run *run)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
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
			run->seed = parse_number("seed", optarg);
			break;
		case 't':
			run->seconds = parse_number("seconds", optarg);
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
	FILE *json;

	run.seed = time(NULL);
	run.seconds = SECONDS;
	json = parse_options(argc, argv, &run);

	look_at_host(&run.host);
	prepare_copies(&run);
	prepare_fills(&run);
	print_environment(&run);
	fflush(stdout);
	measure(&run.copies, run.seed, run.seconds / 4);
	print_copies(&run);
	fflush(stdout);
	measure(&run.fills, run.seed, run.seconds - run.seconds / 4);
	print_fills(&run);
	if (json && !write_json(&run, json))
		die("cannot write all samples: %s", strerror(errno));
	return 0;
}
