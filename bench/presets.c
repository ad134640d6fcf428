// SPDX-License-Identifier: GPL-2.0
/*
 * The command "preset": measures many rows into a results directory. Rows that this machine cannot
 * measure are left out, with a message.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "presets.h"
#include "results.h"

/* Memory maps */

static void measure_memmap_of(struct memmap *m)
{
	int err;

	if (are_complete(m->row))
		return;
	fprintf(stderr, "[memmap] %s, order %s\n", m->type, m->order);
	err = measure_memmap(m);
	if (err && err != EINTR)
		fail_rows(m->row, failure_text(err));
}

static void measure_memmaps(void)
{
	for (int i = 0; i < plan.nr_memmaps && !interrupted; i++)
		measure_memmap_of(&plan.memmaps[i]);
}

/* The command */

enum { O_RESULTS = 1, O_SCALE, O_EVICT, O_NODES };

static const struct option options[] = { { "results", required_argument, NULL, O_RESULTS },
					 { "scale", required_argument, NULL, O_SCALE },
					 { "evict", required_argument, NULL, O_EVICT },
					 { "nodes", required_argument, NULL, O_NODES },
					 CPU_OPTION,
					 COMMON_OPTIONS };

/* Returns the directory of --results, or NULL. */
static char *parse_options(int argc, char **argv)
{
	char *dir = NULL;
	int o;

	while ((o = next_option(argc, argv, options)) != -1) {
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
	struct utsname uts;
	char date[16];

	uname(&uts);
	strftime(date, sizeof(date), "%F", localtime(&now));
	return format("results-%s-%s-%s", uts.nodename, date, preset);
}

/* A continued run keeps its seed and its CPU. */
static void choose(const struct results *r)
{
	char *was = earlier(r, "seed"), *cpu = earlier(r, "pinned_to");

	plan.seed = was ? strtoull(was, NULL, 10) : random_seed();
	if (common.cpu < 0)
		common.cpu = cpu ? atoi(cpu) : sched_getcpu();
}

static void look_and_plan(const struct preset *p, const struct results *r)
{
	make_plan(p);
	add_environment("preset", "%s", p->name);
	add_environment_number("evict", plan.evict);
	if (plan.scale > 1)
		add_environment_number("scale", plan.scale);
	if (plan.left_out)
		add_environment("left_out", "%s", plan.left_out);
	show_environment(common.cpu, plan.seed);
	printf("preset %s, copying on cpu %d, results in %s\n", p->name, common.cpu, r->dir);
	fflush(stdout);
}

static void print_done(const struct results *r)
{
	int done = 0;

	for (int i = 0; i < nr_configs; i++)
		done += are_complete(configs[i].row);
	fprintf(stderr, "[%*d/%d] are in %s already\n", nr_configs > 99 ? 3 : 2, done, nr_configs, r->dir);
}

static int finish(const struct results *r)
{
	end_samples(!interrupted && !nr_failed && !r->ended);
	keep_messages(r);
	judge_samples(r->dir);
	if (interrupted)
		printf("interrupted: the same command with --results %s goes on from here\n", r->dir);
	else if (nr_failed)
		complain("%d measurements failed: the same command with --results %s tries them again", nr_failed,
			 r->dir);
	return exit_code();
}

int cmd_preset(int argc, char **argv)
{
	char *dir = parse_options(argc, argv);
	const struct preset *p;
	struct results r = {};
	bool has_plan;

	if (!strcmp(argv[optind], "live"))
		return preset_live(dir ?: default_dir("live"));
	p = find_preset(argv[optind]);
	open_results(&r, dir ?: default_dir(p->name));
	check_module();
	choose(&r);
	look_and_plan(p, &r);
	has_plan = continue_results(&r);
	if (has_plan)
		print_done(&r);
	continue_samples(r.samples, has_plan);
	catch_signals();
	run_configs(true);
	measure_memmaps();
	return finish(&r);
}
