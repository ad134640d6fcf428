// SPDX-License-Identifier: GPL-2.0
/*
 * "preset" measures many rows into a results directory. What of them this machine cannot do is left
 * out, and said.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "presets.h"
#include "results.h"

#define MEMMAP_ROUNDS	10

/* Memory maps: a file each, which has its name when it is complete. */

static void run_memmap_command(int order, const char *json)
{
	char *size = format("%lu", memmap_size(order));
	char *command[] = {
		"folio-copy-bench", "memmap", "--order", format("%d", order), "--size", size,
		"--rounds", format("%d", MEMMAP_ROUNDS), "--cpu", format("%d", common.cpu),
		"--json", format("%s", json), common.functional ? "--functional" : NULL, NULL
	};

	execv("/proc/self/exe", command);
	die("/proc/self/exe: cannot be executed");
}

static void measure_memmap(const struct results *r, int order)
{
	char *done = format("%s/memmap-%d.jsonl", r->dir, order), *new = format("%s.new", done);
	int status = 0;
	pid_t pid;

	if (!access(done, F_OK))
		return;
	fprintf(stderr, "[memmap] private, order %d\n", order);
	unlink(new);
	fflush(stdout);
	pid = fork();
	if (!pid)
		run_memmap_command(order, new);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		;
	if (pid > 0 && !status && !rename(new, done))
		return;
	unlink(new);
	nr_failed += !interrupted;
}

static void measure_memmaps(const struct results *r)
{
	for (int i = 0; i < plan.memmaps.nr && !interrupted; i++)
		measure_memmap(r, plan.memmaps.v[i]);
}

/* The command */

enum { O_RESULTS = 1, O_SCALE, O_EVICT, O_NODES };

static const struct option options[] = {
	{ "results",	required_argument, NULL, O_RESULTS },
	{ "scale",	required_argument, NULL, O_SCALE },
	{ "evict",	required_argument, NULL, O_EVICT },
	{ "nodes",	required_argument, NULL, O_NODES },
	CPU_OPTION,
	COMMON_OPTIONS
};

/* Returns the directory. */
static char *parse_options(int argc, char **argv)
{
	char *dir = NULL;
	int o;

	plan.scale = 1;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == O_RESULTS)
			dir = optarg;
		else if (o == O_SCALE)
			plan.scale = parse_number("scale", optarg);
		else if (o == O_EVICT)
			plan.evict = parse_number("evict", optarg);
		else if (o == O_NODES)
			list_option("nodes", &plan.nodes);
		else
			parse_common_option(o);
	}
	if (optind != argc - 1)
		die("preset needs one name, such as quick: see folio-copy-bench help");
	if (plan.scale < 1 || (plan.scale > 1 && !common.functional))
		die("--scale: a number from 1 on, and with --functional only");
	return dir;
}

static char *default_dir(const char *preset)
{
	time_t now = time(NULL);
	char date[16];

	uname(&uts);
	strftime(date, sizeof(date), "%F", localtime(&now));
	return format("results-%s-%s-%s", uts.nodename, date, preset);
}

/* A run that is continued has the seed and the CPU that it has. */
static void choose(const struct results *r)
{
	char *was = earlier(r, "seed"), *cpu = earlier(r, "pinned_to");

	plan.seed = was ? strtoull(was, NULL, 10) : random_seed();
	if (common.cpu < 0)
		common.cpu = cpu ? atoi(cpu) : sched_getcpu();
}

static void look_and_plan(const struct preset *p, const struct results *r)
{
	char *seed_text = format("%" PRIu64, plan.seed);

	make_plan(p);
	add_environment("preset", p->name);
	add_environment("evict", format("%lu", plan.evict));
	if (plan.scale > 1)
		add_environment("scale", format("%d", plan.scale));
	if (common.functional)
		add_environment("functional", "yes");
	if (plan.left_out)
		add_environment("left_out", plan.left_out);
	print_environment(seed_text);
	if (!common.functional)
		print_warnings();
	printf("preset %s, copying on cpu %d, results in %s\n", p->name, common.cpu, r->dir);
	fflush(stdout);
}

static void print_next_step(const struct results *r)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		strcpy(self, "folio-copy-bench");
	printf("\nscripts/regress decides, and has measured again what is too noisy:\n"
	       "scripts/regress --resample '%s run $ROW --samples 100 --json \"$JSON\"' %s\n", self,
	       r->dir);
}

static int finish(const struct preset *p, const struct results *r)
{
	end_samples(r);
	keep_messages(r);
	print_tables();
	if (interrupted) {
		printf("\ninterrupted: the same with --results %s goes on from here\n", r->dir);
		return 130;
	}
	if (nr_failed)
		complain("%d of the rows failed: the same with --results %s tries them again",
			 nr_failed, r->dir);
	if (!strcmp(p->name, "regress") && !common.functional)
		print_next_step(r);
	return !!nr_failed;
}

int cmd_preset(int argc, char **argv)
{
	char *dir = parse_options(argc, argv);
	const struct preset *p = find_preset(argv[optind]);
	struct results r = {};

	open_results(&r, dir ?: default_dir(p->name));
	check_module();
	choose(&r);
	look_and_plan(p, &r);
	check_same_run(&r);
	load_results(&r);
	catch_signals();
	run_configs(true, begin_samples);
	measure_memmaps(&r);
	return finish(p, &r);
}
