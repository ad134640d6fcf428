// SPDX-License-Identifier: GPL-2.0
/* The command "run": measures every combination of folio order, nodes, cache state and the other options. */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>

#include "copies.h"

static struct method method = { .samples = 20, .evict = EVICT };
static struct grid grid = { .hot = true, .cold = true, .bystander = NO_CPU };
static char *variants;
static uint64_t seed;

enum {
	O_VARIANT = 1,
	O_ORDER,
	O_SRC,
	O_DST,
	O_CACHE,
	O_SAMPLES,
	O_BYTES,
	O_EVICT,
	O_SEED,
	O_READ,
	O_THREADS,
	O_BYSTANDER
};

static const struct option options[] = { { "variant", required_argument, NULL, O_VARIANT },
					 { "order", required_argument, NULL, O_ORDER },
					 { "src", required_argument, NULL, O_SRC },
					 { "dst", required_argument, NULL, O_DST },
					 { "cache", required_argument, NULL, O_CACHE },
					 { "samples", required_argument, NULL, O_SAMPLES },
					 { "bytes", required_argument, NULL, O_BYTES },
					 { "evict", required_argument, NULL, O_EVICT },
					 { "seed", required_argument, NULL, O_SEED },
					 { "read", no_argument, NULL, O_READ },
					 { "threads", required_argument, NULL, O_THREADS },
					 { "bystander", required_argument, NULL, O_BYSTANDER },
					 CPU_OPTION,
					 JSON_OPTION,
					 COMMON_OPTIONS };

static void parse_cache(const char *s)
{
	grid.hot = !!strstr(s, "hot");
	grid.cold = !!strstr(s, "cold");
	if (strcmp(s, "hot") && strcmp(s, "cold") && strcmp(s, "hot,cold") && strcmp(s, "cold,hot"))
		die("--cache %s: hot, cold or hot,cold is allowed", s);
}

static void parse_threads(const char *s)
{
	list_option("threads", &grid.threads);
	if (has(&grid.threads, 0))
		die("--threads %s: numbers from 1 on are allowed", s);
}

static void parse_option(int o)
{
	switch (o) {
	case O_VARIANT:
		variants = optarg;
		return;
	case O_ORDER:
		return list_option("order", &grid.orders);
	case O_SRC:
		return list_option("src", &grid.src);
	case O_DST:
		return list_option("dst", &grid.dst);
	case O_CACHE:
		return parse_cache(optarg);
	case O_SAMPLES:
		method.samples = parse_samples(optarg);
		return;
	case O_BYTES:
		method.bytes = parse_size("bytes", optarg);
		return;
	case O_EVICT:
		method.evict = parse_size("evict", optarg);
		return;
	case O_SEED:
		seed = parse_number("seed", optarg);
		return;
	case O_READ:
		grid.read = true;
		return;
	case O_THREADS:
		return parse_threads(optarg);
	case O_BYSTANDER:
		grid.bystander = parse_id("bystander", optarg);
		return;
	}
	parse_common_option(o);
}

static void parse_options(int argc, char **argv)
{
	int o;

	seed = random_seed();
	while ((o = next_option(argc, argv, options)) != -1)
		parse_option(o);
	no_more_arguments(argc, argv);
}

static void complete_options(void)
{
	add_variants(&method, variants);
	if (!grid.orders.nr)
		parse_list("0-9", &grid.orders);
	if (!grid.src.nr)
		read_limit("nodes=", &grid.src);
	if (!grid.dst.nr)
		read_limit("nodes=", &grid.dst);
	if (!grid.threads.nr)
		parse_list("1", &grid.threads);
	if (common.cpu < 0)
		common.cpu = sched_getcpu();
}

int cmd_run(int argc, char **argv)
{
	parse_options(argc, argv);
	check_module();
	complete_options();
	catch_signals();
	add_environment_number("evict", method.evict);
	show_environment(common.cpu, seed);
	printf("copying on cpu %d\n", common.cpu);
	add_grid(&method, &grid, seed);
	open_samples();
	run_configs(false);
	return finish_command();
}
