// SPDX-License-Identifier: GPL-2.0
/*
 * Front end of folio_copy_bench.ko, and here without it: folios from node to node, end to end, as
 * user space sees it. "move-pages" times move_pages(2), or what moves memory between tiers
 * (tiers-bench.c), for every folio size and every ordered pair of nodes.
 *
 * Each sample has fresh memory. Moving the same memory there and back would be faster, and wrong:
 * migration unmaps a folio that is mapped by PTEs one by one, on the way marks it as mapped in
 * part, and the next migration splits a folio that is marked so, as v7.3 does. Each mTHP is mapped
 * by PTEs. Nor would the direction back find its memory as cold as the direction there did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "move-pages.h"

#define MAX_TRIES	3
#define MAX_BYTES	(64ULL << 30)

/* One line of the table: folios of a size, in one direction. */
struct row {
	struct kind *kind;
	int src, dst, nr;
	size_t bytes;
	uint64_t ns[MAX_ROUNDS];
	char failure[WHY_SIZE];
};

static struct {
	const char *sizes;
	struct list src, dst;
	uint64_t bytes, seed;
	int samples;
	const struct scenario *scenario;
} opt;

static struct row *rows;
static int nr_rows;

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* splitmix64 */
static uint64_t next_random(void)
{
	static uint64_t state;
	uint64_t x;

	state += 0x9e3779b97f4a7c15ULL;
	x = opt.seed + state;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* move_pages(2) */

/* With one address per folio: of a second one of the same folio it would say that it is busy. */
static bool move_folios(const struct region *r, int src, int dst, uint64_t *ns)
{
	size_t nr = r->len / r->kind->size;
	void **pages = calloc(nr, sizeof(*pages));
	int *nodes = calloc(nr, sizeof(*nodes)), *status = calloc(nr, sizeof(*status));
	uint64_t start;
	long unmoved;

	(void)src;
	if (!pages || !nodes || !status)
		die("out of memory");
	for (size_t i = 0; i < nr; i++) {
		pages[i] = r->mem + i * r->kind->size;
		nodes[i] = dst;
	}
	/* calloc() may have left these to be had at the first touch, which is not to be timed. */
	memset(status, 0x7f, nr * sizeof(*status));
	start = now_ns();
	unmoved = syscall(SYS_move_pages, 0, nr, pages, nodes, status, MPOL_MF_MOVE);
	*ns = now_ns() - start;
	free(pages);
	free(nodes);
	free(status);
	if (unmoved > 0)
		return because("%ld of %zu folios did not move to node %d", unmoved, nr, dst);
	return !unmoved || because("move_pages(2) to node %d: %s", dst, strerror(errno));
}

static const char *nothing_to_prepare(void)
{
	return NULL;
}

static bool every_direction(int src, int dst)
{
	return src != dst;
}

static const struct scenario moving = {
	.name = "move_pages",
	.function = "move_pages",
	.prepare = nothing_to_prepare,
	.direction = every_direction,
	.move = move_folios,
	.arrived = is_node,
	.hugetlb = true,
};

/* Options */

enum { O_SIZE = 1, O_SRC, O_DST, O_BYTES, O_SAMPLES, O_SEED, O_SCENARIO };

static const struct option options[] = {
	{ "size",	required_argument, NULL, O_SIZE },
	{ "src",	required_argument, NULL, O_SRC },
	{ "dst",	required_argument, NULL, O_DST },
	{ "bytes",	required_argument, NULL, O_BYTES },
	{ "samples",	required_argument, NULL, O_SAMPLES },
	{ "seed",	required_argument, NULL, O_SEED },
	{ "scenario",	required_argument, NULL, O_SCENARIO },
	CPU_OPTION,
	JSON_OPTION,
	COMMON_OPTIONS
};

static void set_samples(const char *s)
{
	uint64_t n = parse_number("samples", s);

	if (!n || n >= MAX_ROUNDS)
		die("--samples %s: a number from 1 to %d is allowed", s, MAX_ROUNDS - 1);
	opt.samples = n;
}

static void set_bytes(const char *s)
{
	opt.bytes = parse_size("bytes", s);
	if (opt.bytes > MAX_BYTES)
		die("--bytes %s: up to %s is allowed", s, size_text(MAX_BYTES));
}

static void set_scenario(const char *s)
{
	static const struct scenario *const scenarios[] = { &moving, &demotion, &promotion };

	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (!strcmp(s, scenarios[i]->name)) {
			opt.scenario = scenarios[i];
			return;
		}
	}
	die("--scenario %s: move_pages, demotion or promotion is allowed", s);
}

static void parse_option(int o)
{
	switch (o) {
	case O_SIZE:
		opt.sizes = optarg;
		return;
	case O_SRC:
		return list_option("src", &opt.src);
	case O_DST:
		return list_option("dst", &opt.dst);
	case O_BYTES:
		return set_bytes(optarg);
	case O_SAMPLES:
		return set_samples(optarg);
	case O_SEED:
		opt.seed = parse_number("seed", optarg);
		return;
	case O_SCENARIO:
		return set_scenario(optarg);
	}
	parse_common_option(o);
}

static void parse_options(int argc, char **argv)
{
	int o;

	opt.bytes = 1ULL << 30;
	opt.samples = 20;
	opt.scenario = &moving;
	opt.seed = random_seed();
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(o);
	if (optind != argc)
		die("'%s' is not an option, see folio-copy-bench help", argv[optind]);
}

/* What there is to be measured */

static void nodes_with_memory(struct list *l)
{
	char *s = slurp("/sys/devices/system/node/has_memory");

	if (!s || !parse_list(s, l))
		parse_list("0", l);
}

static bool in_list(const struct list *l, int v)
{
	for (int i = 0; i < l->nr; i++)
		if (l->v[i] == v)
			return true;
	return false;
}

static void check_nodes(const char *name, struct list *l, const struct list *have)
{
	char text[512];

	if (!l->nr)
		*l = *have;
	for (int i = 0; i < l->nr; i++) {
		if (in_list(have, l->v[i]))
			continue;
		snprintf(text, sizeof(text), "%s",
			 slurp("/sys/devices/system/node/has_memory") ?: "0");
		die("--%s %d: the nodes with memory are %s", name, l->v[i], text);
	}
}

static void choose_kinds(void)
{
	char *name, *list = opt.sizes ? strdup(opt.sizes) : NULL;
	char all[MAX_KINDS * sizeof(kinds[0].name) + 1] = "";
	int i, n = 0;

	find_kinds();
	for (i = 0; i < nr_kinds; i++) {
		n += sprintf(all + n, " %.23s", kinds[i].name);
		kinds[i].wanted = !opt.sizes;
	}
	while (list && (name = strsep(&list, ","))) {
		for (i = 0; i < nr_kinds && strcmp(name, kinds[i].name); i++)
			;
		if (i == nr_kinds)
			die("--size %s: this kernel has%s", name, all);
		kinds[i].wanted = true;
	}
}

static void say_missing(struct kind *kind, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say_missing(struct kind *kind, const char *fmt, ...)
{
	va_list args;

	if (*kind->missing)
		return;
	va_start(args, fmt);
	vsnprintf(kind->missing, sizeof(kind->missing), fmt, args);
	va_end(args);
}

/* Both nodes need as much: the memory is there before it is freed here. */
static bool enough_hugetlb(struct kind *kind, int node)
{
	uint64_t need = opt.bytes / kind->size, have = free_hugetlb(kind, node);

	if (have >= need)
		return true;
	say_missing(kind, "node %d has %" PRIu64 " free pages of it and needs %" PRIu64 ": raise "
		    "node%d/hugepages/hugepages-%zukB/nr_hugepages in /sys/devices/system/node",
		    node, have, need, node, kind->size >> 10);
	return false;
}

static bool kind_is_there(struct kind *kind)
{
	if (opt.bytes < kind->size)
		say_missing(kind, "--bytes %s is less than a folio", size_text(opt.bytes));
	else if (kind->hugetlb && !opt.scenario->hugetlb)
		say_missing(kind, "%s does not move hugetlb", opt.scenario->name);
	else if (!opt.sizes && opt.scenario->splits && is_mapped_by_ptes(kind))
		say_missing(kind, "%s splits these on the way (--size %s tries)",
			    opt.scenario->name, kind->name);
	else if (!use_kind(kind))
		say_missing(kind, "%s", why);
	return !*kind->missing;
}

/* The tables of a filled region take a 512th of it, and the kernel keeps some for itself. */
static void check_memory(int node)
{
	uint64_t need = opt.bytes + opt.bytes / 16 + (16 << 20), have = free_memory(node);

	if (have < need)
		die("node %d has %" PRIu64 " MiB free, --bytes %s needs %" PRIu64 " MiB there: "
		    "lower it, free some (echo 3 > /proc/sys/vm/drop_caches), or leave the node "
		    "out (--src, --dst)",
		    node, have >> 20, size_text(opt.bytes), need >> 20);
}

static void add_row(struct kind *kind, int src, int dst)
{
	if (kind->hugetlb && (!enough_hugetlb(kind, src) || !enough_hugetlb(kind, dst)))
		return;
	check_memory(src);
	check_memory(dst);
	rows = realloc(rows, (nr_rows + 1) * sizeof(*rows));
	if (!rows)
		die("out of memory");
	rows[nr_rows++] = (struct row) {
		.kind = kind, .src = src, .dst = dst,
		.bytes = opt.bytes - opt.bytes % kind->size,
	};
}

static void add_rows(struct kind *kind)
{
	int s, d;

	for (s = 0; s < opt.src.nr; s++)
		for (d = 0; d < opt.dst.nr; d++)
			if (opt.scenario->direction(opt.src.v[s], opt.dst.v[d]))
				add_row(kind, opt.src.v[s], opt.dst.v[d]);
}

static void skip(const char *reason)
{
	printf("skipped: %s\n", reason);
	exit(EXIT_SKIPPED);
}

static bool any_direction(void)
{
	int s, d;

	for (s = 0; s < opt.src.nr; s++)
		for (d = 0; d < opt.dst.nr; d++)
			if (opt.scenario->direction(opt.src.v[s], opt.dst.v[d]))
				return true;
	return false;
}

static void make_rows(void)
{
	struct list have;
	int i;

	nodes_with_memory(&have);
	check_nodes("src", &opt.src, &have);
	check_nodes("dst", &opt.dst, &have);
	if (have.nr < 2)
		skip("there is one node with memory only: boot with numa=fake=2 to try it");
	if (!any_direction())
		die("--src, --dst and --cpu leave no direction of %s", opt.scenario->name);
	choose_kinds();
	for (i = 0; i < nr_kinds; i++)
		if (kinds[i].wanted && kind_is_there(&kinds[i]))
			add_rows(&kinds[i]);
}

static void pin(void)
{
	cpu_set_t set;

	if (common.cpu < 0)
		common.cpu = sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(common.cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("--cpu %d: %s: is it in /sys/devices/system/cpu/online, and in "
		    "Cpus_allowed_list of /proc/self/status?", common.cpu, strerror(errno));
}

/* The copy would read from it what filling the memory has left there. */
static void warn_of_cache(void)
{
	unsigned long kb;
	char path[128], *s;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cache/index3/size", common.cpu);
	s = slurp(path);
	if (s && sscanf(s, "%luK", &kb) == 1 && opt.bytes < 4 * ((uint64_t)kb << 10))
		add_warning(format("a last level cache of %s holds much of --bytes %s: raise that",
				   size_text((uint64_t)kb << 10), size_text(opt.bytes)));
}

/* Samples */

static bool move_region(const struct region *r, const struct row *row, uint64_t *ns)
{
	size_t arrived, nr = r->len / 4096;

	if (!opt.scenario->move(r, row->src, row->dst, ns))
		return false;
	arrived = count_pages(r, opt.scenario->arrived, row->dst);
	if (arrived != nr)
		return because("%zu of %zu pages are not on node %d after the move",
			       nr - arrived, nr, row->dst);
	return is_whole(r, "after the move");
}

/* Contents count in any case, also of what did not move. */
static bool take_sample(struct row *row, uint64_t *ns, bool *corrupt)
{
	struct region r;
	bool moved;

	if (!fill_region(&r, row->kind, row->bytes, row->src, next_random()))
		return false;
	moved = move_region(&r, row, ns);
	*corrupt = !contents_right(&r);
	free_region(&r);
	return moved && !*corrupt;
}

/*
 * What happens to others at the same time may hold a page for a moment, and have it stay or have
 * its folio split. Such a sample is none; a row that has no other ones fails.
 */
static void measure(struct row *row)
{
	bool corrupt = false;
	uint64_t ns = 0;
	int try;

	for (try = 0; try < MAX_TRIES && !interrupted && !corrupt; try++) {
		if (take_sample(row, &ns, &corrupt)) {
			row->ns[row->nr++] = ns;
			return;
		}
	}
	if (!interrupted || corrupt)
		snprintf(row->failure, sizeof(row->failure), "%s", why);
}

static void shuffle(int *order)
{
	int i;

	for (i = 0; i < nr_rows; i++) {
		int j = next_random() % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

static void measure_all(void)
{
	int *order = calloc(nr_rows, sizeof(*order));
	int round, i;

	if (!order)
		die("out of memory");
	for (round = 0; round <= opt.samples && !interrupted; round++) {
		fprintf(stderr, "round %d of %d: %d rows\n", round, opt.samples, nr_rows);
		shuffle(order);
		for (i = 0; i < nr_rows && !interrupted; i++)
			if (!*rows[order[i]].failure)
				measure(&rows[order[i]]);
	}
	free(order);
}

/* Results */

static double deviation(const double *v, const struct stats *s)
{
	double sum = 0;
	int i;

	for (i = 0; i < s->nr; i++)
		sum += (v[i] - s->mean) * (v[i] - s->mean);
	return s->nr > 1 ? sqrt(sum / (s->nr - 1)) : 0;
}

static void print_speed(const struct row *row)
{
	double gbps[MAX_ROUNDS];
	struct stats s;
	int i;

	for (i = 1; i < row->nr; i++)
		gbps[i - 1] = (double)row->bytes / row->ns[i];
	s = summarize(gbps, row->nr - 1);
	printf("%8.2f  %4d%%  %8.2f +- %-5.2f  %5d  %8.2f\n", s.median, spread(&s), s.mean,
	       deviation(gbps, &s), s.nr, (double)row->bytes / row->ns[0]);
}

static void print_row(const struct row *row)
{
	printf("%10s  %3d->%-3d  ", row->kind->name, row->src, row->dst);
	if (*row->failure)
		printf("failed: %s\n", row->failure);
	else if (row->nr < 2)
		printf("no sample but the first\n");
	else if (common.functional)
		printf("%7d  verified ok, folios whole\n", row->nr);
	else
		print_speed(row);
}

static void print_table(void)
{
	int i;

	if (common.functional)
		printf("\n%s (emulated: functional, no speed)\n"
		       "    folios   nodes    samples  contents\n", opt.scenario->function);
	else
		printf("\n%s, GB/s: median and interquartile range, mean and standard deviation "
		       "of n samples of %s\n"
		       "    folios   nodes      median  range      mean    sd         n     "
		       "first\n",
		       opt.scenario->function, size_text(opt.bytes));
	for (i = 0; i < nr_rows; i++)
		print_row(&rows[i]);
	for (i = 0; i < nr_kinds; i++)
		if (kinds[i].wanted && *kinds[i].missing)
			printf("left out: %s: %s\n", kinds[i].name, kinds[i].missing);
}

/* As report/runs.py has it; hugetlb is a function of its own, as it may have the size of a THP. */
static void json_row(const struct row *row)
{
	int i;

	fprintf(common.json, "{\"benchmark\":\"move-pages\",\"function\":\"%s%s\",\"size\":%zu,"
		"\"src\":%d,\"dst\":%d,\"state\":\"cold\",\"read\":false,\"bytes\":%zu,\"cpu\":%d,"
		"\"seed\":%" PRIu64 ",\"base\":null,\"candidate\":\"running kernel\","
		"\"variants\":[\"running kernel\"],", opt.scenario->function,
		row->kind->hugetlb ? " of hugetlb" : "", row->kind->size, row->src, row->dst,
		row->bytes, common.cpu, opt.seed);
	if (common.functional)
		fprintf(common.json, "\"emulated\":\"functional, no speed\",");
	fprintf(common.json, "\"ns\":[");
	for (i = 0; i < row->nr; i++) {
		if (common.functional)
			fprintf(common.json, "%s[null]", i ? "," : "");
		else
			fprintf(common.json, "%s[%" PRIu64 "]", i ? "," : "", row->ns[i]);
	}
	fprintf(common.json, "],\"order\":[");
	for (i = 0; i < row->nr; i++)
		fprintf(common.json, "%s[0]", i ? "," : "");
	fprintf(common.json, "]}\n");
}

static void json_missing(const char *what, const char *reason)
{
	fprintf(common.json, "{\"benchmark\":\"move-pages\",\"missing\":\"%s %s: ",
		opt.scenario->function, what);
	for (; *reason; reason++)
		fputc(*reason == '"' || *reason == '\\' ? '\'' : *reason, common.json);
	fprintf(common.json, "\"}\n");
}

static void write_json(void)
{
	char what[64];
	int i;

	for (i = 0; i < nr_rows; i++) {
		snprintf(what, sizeof(what), "%s %d->%d", rows[i].kind->name, rows[i].src,
			 rows[i].dst);
		if (*rows[i].failure)
			json_missing(what, rows[i].failure);
		else if (rows[i].nr > 1)
			json_row(&rows[i]);
	}
	for (i = 0; i < nr_kinds; i++)
		if (kinds[i].wanted && *kinds[i].missing)
			json_missing(kinds[i].name, kinds[i].missing);
	if (fflush(common.json))
		die("--json: writing: %s", strerror(errno));
}

/* A size that was asked for by name and is not there is a failure. */
static int verdict(void)
{
	int i, failed = 0;

	if (interrupted) {
		printf("\ninterrupted: these are the samples that were complete\n");
		return 130;
	}
	for (i = 0; i < nr_rows; i++)
		failed += !!*rows[i].failure;
	for (i = 0; i < nr_kinds; i++)
		failed += opt.sizes && kinds[i].wanted && *kinds[i].missing;
	if (failed)
		fprintf(stderr, "folio-copy-bench: %d failed or left out, the reasons are in the "
			"table\n", failed);
	return !!failed;
}

int cmd_move_pages(int argc, char **argv)
{
	const char *reason;
	char seed[32];

	parse_options(argc, argv);
	pin();
	restore_at_exit();
	reason = opt.scenario->prepare();
	if (reason)
		skip(reason);
	make_rows();
	snprintf(seed, sizeof(seed), "%" PRIu64, opt.seed);
	warn_of_cache();
	print_environment(seed);
	if (!common.functional)
		print_warnings();
	printf("%s on cpu %d\n", opt.scenario->function, common.cpu);
	fflush(stdout);
	measure_all();
	print_table();
	if (common.json)
		write_json();
	return verdict();
}
