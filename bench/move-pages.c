// SPDX-License-Identifier: GPL-2.0
/*
 * The command "move-pages", which needs no module. For every folio size and every ordered pair of
 * nodes, it times move_pages(2) from end to end, as user space sees it, or the moves between memory
 * tiers (tiers.c).
 *
 * Each sample uses fresh memory. Moving the same memory there and back would be faster, but wrong:
 * migration unmaps a PTE-mapped folio PTE by PTE, which marks it as partially mapped, and the next
 * migration of v7.3 splits a folio with this mark. All mTHPs are PTE-mapped. Also, the memory would
 * be less cold on the way back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "live.h"
#include "move-pages.h"
#include "random.h"
#include "rows.h"
#include "sides.h"

#define MAX_TRIES 3
/* NONTEMPORAL_MIN of the series: smaller folios are not copied past the caches. */
#define NONTEMPORAL_MIN (64UL << 10)
#define MAX_BYTES	(64ULL << 30)

/* Folios of one size, moved in one direction. */
struct row {
	struct kind *kind;
	enum stage stage;
	int src, dst, nr, nr_ways;
	size_t bytes;
	uint64_t (*ns)[NR_SIDE_WAYS]; /* by round and way */
	char missing[WHY_SIZE];	      /* why there are no samples, or "" */
	bool failed;		      /* samples were tried */
};

static struct {
	const char *sizes;
	struct list src, dst;
	uint64_t bytes, seed;
	int samples;
	bool ab;
	const struct scenario *scenario;
} opt;

static struct row *rows;
static int nr_rows;
static uint64_t random_state;
static uint64_t nr_taken;    /* samples of all rows */
static char *lack_of_memory; /* of the first row that lacks some, or NULL */

/* move_pages(2) */

/* Passes one address per folio: move_pages(2) would report a folio as busy at its second address. */
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
	/* calloc() may leave the array untouched, and a first touch inside the system call would be timed. */
	memset(status, 0x7f, nr * sizeof(*status));
	start = now_ns();
	unmoved = syscall(SYS_move_pages, 0, nr, pages, nodes, status, MPOL_MF_MOVE);
	*ns = now_ns() - start;
	free(pages);
	free(nodes);
	free(status);
	if (unmoved > 0)
		return because("%ld of %zu folios did not move to node %d", unmoved, nr, dst);
	return !unmoved || because("move_pages(2) to node %d: %s", dst, policy_error(errno, dst));
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

enum { O_SIZE = 1, O_SRC, O_DST, O_BYTES, O_SAMPLES, O_SEED, O_SCENARIO, O_AB };

static const struct option options[] = { { "size", required_argument, NULL, O_SIZE },
					 { "src", required_argument, NULL, O_SRC },
					 { "dst", required_argument, NULL, O_DST },
					 { "bytes", required_argument, NULL, O_BYTES },
					 { "samples", required_argument, NULL, O_SAMPLES },
					 { "seed", required_argument, NULL, O_SEED },
					 { "scenario", required_argument, NULL, O_SCENARIO },
					 { "ab", no_argument, NULL, O_AB },
					 CPU_OPTION,
					 JSON_OPTION,
					 COMMON_OPTIONS };

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
		opt.samples = parse_samples(optarg);
		return;
	case O_SEED:
		opt.seed = parse_number("seed", optarg);
		return;
	case O_SCENARIO:
		return set_scenario(optarg);
	case O_AB:
		opt.ab = true;
		return;
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
	while ((o = next_option(argc, argv, options)) != -1)
		parse_option(o);
	no_more_arguments(argc, argv);
}

/* Rows to measure */

/* The nodes that the cpuset of this process leaves to it. */
static struct list allowed;

static void read_allowed(void)
{
	const char *status = slurp("/proc/self/status"), *at = status ? strstr(status, "\nMems_allowed_list:") : NULL;
	char word[1024] = "";

	if (at)
		sscanf(at, "\nMems_allowed_list: %1023s", word);
	if (!*word || !parse_list(word, &allowed))
		nodes_with_memory(&allowed);
}

static bool is_allowed(int node)
{
	return has(&allowed, node) ||
	       because("node %d is not in Mems_allowed_list of /proc/self/status: the cpuset or the container leaves "
		       "it out",
		       node);
}

static void check_nodes(const char *name, struct list *l, const struct list *have)
{
	char text[512];

	if (!l->nr)
		*l = *have;
	for (int i = 0; i < l->nr; i++) {
		if (has(have, l->v[i]))
			continue;
		snprintf(text, sizeof(text), "%s", slurp("/sys/devices/system/node/has_memory") ?: "0");
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

/* Both nodes need this many pages: migration allocates the new page before it frees the old one. */
static bool enough_hugetlb(const struct kind *kind, int node)
{
	uint64_t need = opt.bytes / kind->size, have = free_hugetlb(kind, node);

	return have >= need || because("node %d has %" PRIu64 " free pages of it and needs %" PRIu64
				       ": raise "
				       "node%d/hugepages/hugepages-%zukB/nr_hugepages in /sys/devices/system/node",
				       node, have, need, node, kind->size >> 10);
}

static bool kind_is_there(struct kind *kind)
{
	if (opt.bytes < kind->size)
		return because("--bytes %s is less than a folio", size_text(opt.bytes));
	if (kind->hugetlb && !opt.scenario->hugetlb)
		return because("%s does not move hugetlb", opt.scenario->name);
	if (!opt.sizes && opt.scenario->splits && is_mapped_by_ptes(kind))
		return because("%s splits these folios on the way (--size %s tries it)", opt.scenario->name,
			       kind->name);
	return use_kind(kind);
}

/* Asks for more than the region: its page tables take a 512th of it, and the kernel keeps a reserve. */
static bool enough_memory(int node)
{
	uint64_t need = opt.bytes + opt.bytes / 16 + (16 << 20), have = free_memory(node);

	return have >= need || because("node %d has %" PRIu64 " MiB free, --bytes %s needs %" PRIu64
				       " MiB there: "
				       "lower it, free some (echo 3 > /proc/sys/vm/drop_caches), or leave the node "
				       "out (--src, --dst)",
				       node, have >> 20, size_text(opt.bytes), need >> 20);
}

/* A copy in user space is compared with move_pages(2) only: reclaim and NUMA balancing do more than to copy. */
static enum fourth fourth_way(const struct kind *kind)
{
	if (opt.scenario == &moving)
		return USER_COPY;
	return opt.scenario->demotes && kind->size >= NONTEMPORAL_MIN ? NONTEMPORAL : NO_FOURTH;
}

static int nr_ways(const struct row *row)
{
	if (!opt.ab || row->stage != MAIN)
		return 1;
	return fourth_way(row->kind) ? NR_SIDE_WAYS : NR_SIDES;
}

static void add_row(struct kind *kind, int src, int dst, bool there)
{
	struct row row = {
		.kind = kind,
		.src = src,
		.dst = dst,
		.bytes = opt.bytes - opt.bytes % kind->size,
	};
	enum stage first = opt.ab ? BEFORE : MAIN, last = opt.ab ? AFTER : MAIN;

	there = there && is_allowed(src) && is_allowed(dst);
	if (there && kind->hugetlb)
		there = enough_hugetlb(kind, src) && enough_hugetlb(kind, dst);
	if (there && !(enough_memory(src) && enough_memory(dst))) {
		there = false;
		if (!lack_of_memory)
			lack_of_memory = strdup(why);
	}
	if (!there)
		strcpy(row.missing, why);
	for (row.stage = first; row.stage <= last; row.stage++) {
		row.nr_ways = nr_ways(&row);
		row.ns = calloc(opt.samples + 1, sizeof(*row.ns));
		if (!row.ns)
			die("out of memory");
		rows = grown(rows, nr_rows, sizeof(*rows));
		rows[nr_rows++] = row;
	}
}

static void add_rows(struct kind *kind)
{
	bool there = kind_is_there(kind);
	int s, d;

	for (s = 0; s < opt.src.nr; s++)
		for (d = 0; d < opt.dst.nr; d++)
			if (opt.scenario->direction(opt.src.v[s], opt.dst.v[d]))
				add_row(kind, opt.src.v[s], opt.dst.v[d], there);
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

static bool can_be_measured(void)
{
	for (int i = 0; i < nr_rows; i++)
		if (!*rows[i].missing)
			return true;
	return false;
}

static void make_rows(void)
{
	struct list have;
	int i;

	nodes_with_memory(&have);
	read_allowed();
	check_nodes("src", &opt.src, &have);
	check_nodes("dst", &opt.dst, &have);
	if (have.nr < 2)
		skip(has_numa() ? "only one node has memory: boot with numa=fake=2 to try this"
				: "this kernel does not move pages: it needs CONFIG_NUMA=y and CONFIG_MIGRATION=y");
	if (!any_direction())
		die("--src, --dst and --cpu leave no direction of %s", opt.scenario->name);
	choose_kinds();
	for (i = 0; i < nr_kinds; i++)
		if (kinds[i].wanted)
			add_rows(&kinds[i]);
	if (lack_of_memory && !can_be_measured())
		die("%s", lack_of_memory);
}

/* A large cache still holds memory from the fill, so the copy would read from the cache. */
static void warn_of_cache(void)
{
	size_t cache = host_last_level_cache(common.cpu);

	if (opt.bytes < 4 * cache)
		add_warning("the last level cache of %s holds much of --bytes %s: raise --bytes", size_text(cache),
			    size_text(opt.bytes));
}

/* Samples */

static bool move_region(const struct region *r, const struct row *row, uint64_t *ns)
{
	size_t arrived, nr = r->len / 4096;

	if (!opt.scenario->move(r, row->src, row->dst, ns))
		return false;
	if (!count_pages(r, opt.scenario->arrived, row->dst, &arrived))
		return false;
	if (arrived != nr)
		return because("%zu of %zu pages are not on node %d after the move", nr - arrived, nr, row->dst);
	return is_whole(r, "after the move");
}

/* Checks the contents even if pages did not move. */
static bool take_sample(struct row *row, uint64_t *ns, bool *corrupt)
{
	struct region r;
	bool moved;

	if (!fill_region(&r, row->kind, row->bytes, row->src, next_random(&random_state)))
		return false;
	moved = move_region(&r, row, ns);
	*corrupt = !contents_right(&r);
	free_region(&r);
	return moved && !*corrupt;
}

/* What moving the same bytes costs a program that has both places already */
static bool copy_in_user_space(struct row *row, uint64_t *ns, bool *corrupt)
{
	struct region from, to;
	uint64_t start;

	if (!fill_region(&from, row->kind, row->bytes, row->src, next_random(&random_state)))
		return false;
	if (!fill_region(&to, row->kind, row->bytes, row->dst, next_random(&random_state))) {
		free_region(&from);
		return false;
	}
	start = now_ns();
	memcpy(to.mem, from.mem, from.len);
	*ns = now_ns() - start;
	to.seed = from.seed;
	*corrupt = !contents_right(&to);
	free_region(&from);
	free_region(&to);
	return !*corrupt;
}

static bool take_side(struct row *row, int side, uint64_t *ns, bool *corrupt)
{
	if (row->nr_ways == 1)
		return take_sample(row, ns, corrupt);
	if (side == FOURTH && fourth_way(row->kind) == USER_COPY)
		return copy_in_user_space(row, ns, corrupt);
	return begin_side(side) && take_sample(row, ns, corrupt) && end_side(side, row->bytes / row->kind->size);
}

/*
 * Other activity may hold a page for a moment, so that the page does not move or its folio is
 * split. Such a sample does not count, and is tried again. The row fails after MAX_TRIES of them.
 */
static bool measure_side(struct row *row, int side)
{
	bool corrupt = false;

	for (int try = 0; try < MAX_TRIES && !interrupted && !corrupt; try++)
		if (take_side(row, side, &row->ns[row->nr][side], &corrupt))
			return true;
	if (!interrupted || corrupt) {
		strcpy(row->missing, why);
		row->failed = true;
	}
	return false;
}

static void measure(struct row *row)
{
	uint32_t order[NR_SIDE_WAYS] = {};

	if (row->nr_ways > 1)
		shuffle(order, row->nr_ways, &random_state);
	for (int i = 0; i < row->nr_ways; i++)
		if (!measure_side(row, order[i]))
			return;
	row->nr++;
	nr_taken += row->nr_ways;
}

static uint64_t samples_of_all(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < nr_rows; i++)
		if (!*rows[i].missing)
			sum += (uint64_t)rows[i].nr_ways * (opt.samples + 1);
	return sum;
}

static void measure_stage(enum stage stage)
{
	uint32_t *order = calloc(nr_rows, sizeof(*order));
	char what[64];

	if (!order)
		die("out of memory");
	for (int round = 0; round <= opt.samples && !interrupted; round++) {
		snprintf(what, sizeof(what), "round %d of %d: %d rows", round, opt.samples,
			 opt.ab ? nr_rows / NR_STAGES : nr_rows);
		say_stage(stage, what, nr_taken, samples_of_all());
		shuffle(order, nr_rows, &random_state);
		for (int i = 0; i < nr_rows && !interrupted; i++)
			if (rows[order[i]].stage == stage && !*rows[order[i]].missing)
				measure(&rows[order[i]]);
	}
	free(order);
}

static void miss_stage(enum stage stage)
{
	for (int i = 0; i < nr_rows; i++)
		if (rows[i].stage == stage && !*rows[i].missing)
			strcpy(rows[i].missing, why);
}

static void measure_all(void)
{
	if (opt.ab)
		measure_stages(opt.scenario->name, measure_stage, miss_stage);
	else
		measure_stage(MAIN);
}

/* Results */

/* hugetlb counts as another function, because its folios may have the size of a THP. */
static int plan_row(const struct row *row)
{
	const char *function = opt.scenario->function;
	struct planned_row planned;

	planned = kernel_row("move-pages", row->kind->hugetlb ? format("%s of hugetlb", function) : function);
	planned.src = row->src;
	planned.dst = row->dst;
	planned.state = "cold";
	planned.size = row->kind->size;
	planned.bytes = row->bytes;
	if (row->failed)
		planned.missing = format("failed: %s", row->missing);
	else if (*row->missing)
		planned.missing = row->missing;
	planned.kind = stages[row->stage];
	if (opt.ab)
		planned.benchmark = "live";
	if (row->nr_ways > 1)
		plan_sides(&planned, fourth_way(row->kind));
	return plan_rows(&planned, 1, opt.samples + 1);
}

/* All stages of a row are usually missing for one reason. */
static void print_missing(const struct row *row, int nr)
{
	int to_main = (int)MAIN - (int)row->stage; /* the stages of a row follow each other */
	char *name;

	if (to_main && !strcmp(row->missing, row[to_main].missing))
		return;
	name = row_name(nr);
	if (row->failed)
		printf("%s: failed: %s\n", name, row->missing);
	else
		printf("left out: %s: %s\n", name, row->missing);
	free(name);
}

static void finish(const struct row *row, int nr)
{
	static struct rounds rounds;

	rounds.nr = row->nr;
	for (int i = 0; i < row->nr; i++)
		for (int way = 0; way < row->nr_ways; way++)
			rounds.ns[i][way] = row->ns[i][way];
	finish_row(nr, &rounds);
}

/*
 * Writes rows after all samples are taken, so that a failed row has a reason and no samples. A
 * missing size counts as a failure if --size names it.
 */
static void write_rows(void)
{
	int i;

	for (i = 0; i < nr_rows; i++)
		plan_row(&rows[i]);
	for (i = 0; i < nr_rows; i++) {
		nr_failed += rows[i].failed || (opt.sizes && *rows[i].missing);
		if (*rows[i].missing)
			print_missing(&rows[i], i);
		else if (rows[i].nr)
			finish(&rows[i], i);
	}
}

int cmd_move_pages(int argc, char **argv)
{
	const char *reason;

	parse_options(argc, argv);
	if (opt.ab)
		need_sides("folio_mc_copy");
	pin_cpu();
	restore_at_exit();
	reason = opt.scenario->prepare();
	if (reason)
		skip(reason);
	make_rows();
	warn_of_cache();
	random_state = opt.seed;
	show_environment(common.cpu, opt.seed);
	printf("%s on cpu %d\n", opt.scenario->function, common.cpu);
	open_samples();
	measure_all();
	write_rows();
	return finish_command();
}
