// SPDX-License-Identifier: GPL-2.0
/* The rows of each preset, and which of them this machine cannot measure. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "hugetlb.h"
#include "presets.h"

#define KIB (1UL << 10)
#define MIB (1UL << 20)
#define GIB (1UL << 30)

#define LEAST_EVICT   (128 * KIB)
#define MEMMAP	      (64 * GIB)
#define MEMMAP_SHARE  64 /* a memory map takes 1/64 of its range */
#define MEMMAP_ROUNDS 10

/* Bytes per run of the RFC, and the number of runs that scripts/regress needs for a decision. */
#define RFC_COLD (2 * MIB)
#define RFC_HOT	 GIB
#define RFC_RUNS 20

struct plan plan = { .scale = 1 };

static struct list orders; /* of the page allocator */

/* Rows to measure. The default is one thread, hot, without a bystander. */
struct wanted {
	const char *variants, *orders, *threads;
	enum { EVERYWHERE, BETWEEN, NODE0 } where;
	bool cold, read;
	int bystander; /* 0: none, else the number of a CPU, plus one */
	int samples;
	unsigned long bytes;
	const char *missing; /* why the rows cannot be measured, or NULL */
};

/* Reports a part of the preset that is left out and has no row to say why. */
static void leave_out(const char *what, const char *why)
{
	char *before = plan.left_out;

	complain("left out: %s: %s", what, why);
	plan.left_out = format("%s%s%s: %s", before ?: "", before ? "; " : "", what, why);
	free(before);
}

static unsigned long scaled(unsigned long n, unsigned long least)
{
	return n / plan.scale > least ? n / plan.scale : least;
}

static struct method *make_method(const struct wanted *w)
{
	struct method *m = calloc(1, sizeof(*m));

	if (!m)
		die("out of memory");
	add_variants(m, format("%s", w->variants));
	m->samples = scaled(w->samples, 1);
	m->bytes = scaled(w->bytes, 1);
	m->evict = plan.evict;
	return m;
}

static void want_between(const struct wanted *w, int src, int dst)
{
	struct grid g = {
		.src = { .nr = 1, .v = { src } },
		.dst = { .nr = 1, .v = { dst } },
		.hot = !w->cold,
		.cold = w->cold,
		.read = w->read,
		.bystander = w->bystander ? w->bystander - 1 : NO_CPU,
		.missing = w->missing,
	};

	parse_list(w->orders, &g.orders);
	parse_list(w->threads ?: "1", &g.threads);
	add_grid(make_method(w), &g, plan.seed);
}

static void want(struct wanted w)
{
	if (w.where == NODE0) {
		if (has(&plan.nodes, 0))
			want_between(&w, 0, 0);
		else
			leave_out("rows of node 0", "node 0 is not one of the nodes to measure");
		return;
	}
	for (int s = 0; s < plan.nodes.nr; s++)
		for (int d = 0; d < plan.nodes.nr; d++)
			if (w.where == EVERYWHERE || s != d)
				want_between(&w, plan.nodes.v[s], plan.nodes.v[d]);
}

static void want_hot_and_cold(struct wanted w)
{
	w.bytes = 64 * MIB;
	want(w);
	w.bytes = 2 * MIB;
	w.cold = true;
	want(w);
}

static void plan_quick(void)
{
	want_hot_and_cold((struct wanted){
		.variants = "folio_copy,folio_mc_copy",
		.orders = "2,4,9",
		.samples = 25,
	});
}

/*
 * The RFC evicts the source before each copy. A cold sample here is therefore one copy, and several
 * samples make one run of the RFC.
 */
static void plan_rfc(void)
{
	unsigned long cache = host_last_level_cache(common.cpu);
	struct wanted cold = {
		.variants = "folio_copy,folio_mc_copy",
		.where = BETWEEN,
		.cold = true,
	};

	plan.evict = scaled(EVICT, LEAST_EVICT);
	if (2 * cache > EVICT)
		add_warning(
			"the RFC evicts with %lu MiB, and the last level cache has %lu MiB: "
			"cold copies find part of their source in it",
			EVICT / MIB, cache / MIB);
	if (plan.nodes.nr < 2)
		leave_out("cold copies", "they go from node to node, and there is only one node");
	for (int order = 6; order <= 9; order++) {
		cold.orders = format("%d", order);
		cold.bytes = folio_size(order);
		cold.samples = RFC_RUNS * (RFC_COLD / cold.bytes ?: 1);
		want(cold);
	}
	want((struct wanted){
		.variants = "folio_copy",
		.orders = "2,4,6-9",
		.where = NODE0,
		.samples = RFC_RUNS,
		.bytes = RFC_HOT,
	});
}

static void plan_regress(void)
{
	want_hot_and_cold((struct wanted){
		.variants = "folio_copy,folio_mc_copy",
		.orders = "0,2,4,6,9",
		.samples = 100,
	});
}

/* Lists the powers of two from 2 on, and the number of CPUs. Returns NULL if there is one CPU. */
static char *thread_counts(void)
{
	struct list cpus;
	char *list = NULL;
	int n;

	read_limit("cpus=", &cpus);
	for (n = 2; n < cpus.nr; n *= 2)
		list = list ? format("%s,%d", list, n) : format("%d", n);
	if (cpus.nr > 1)
		list = list ? format("%s,%d", list, cpus.nr) : format("%d", cpus.nr);
	return list;
}

static void want_hugetlb_between(int order, int src, int dst)
{
	struct wanted w = {
		.variants = "folio_copy,folio_mc_copy",
		.samples = 10,
		.bytes = GIB,
		.orders = format("%d", order),
		.missing = lack_of_hugetlb(order, 1, src, dst),
	};

	if (w.missing)
		complain("left out: %s from node %d to %d: %s", size_text(folio_size(order)), src, dst, w.missing);
	want_between(&w, src, dst);
	w.cold = true;
	want_between(&w, src, dst);
}

static int order_of(const char *pool)
{
	unsigned long kib;

	return sscanf(pool, "hugepages-%lukB", &kib) == 1 ? __builtin_ctzl(kib * KIB / folio_size(0)) : -1;
}

/* Adds rows for all sizes of hugetlb above those of the page allocator. */
static void want_hugetlb(void)
{
	DIR *d = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	int found = 0;

	while (d && (entry = readdir(d))) {
		int order = order_of(entry->d_name);

		if (order <= orders.v[orders.nr - 1])
			continue;
		found++;
		for (int s = 0; s < plan.nodes.nr; s++)
			for (int t = 0; t < plan.nodes.nr; t++)
				want_hugetlb_between(order, plan.nodes.v[s], plan.nodes.v[t]);
	}
	if (d)
		closedir(d);
	if (!found)
		leave_out("folios of hugetlb", "no size here is larger than the page allocator's");
}

/*
 * Returns the size of the largest range, a power of two, whose memory map fits. Returns 0 if even
 * the smallest range is too large: a compound page, or 2 MiB if that is more.
 */
static unsigned long memmap_size(int order, unsigned long usable)
{
	unsigned long unit = order > 9 ? folio_size(order) : folio_size(9);
	unsigned long size = scaled(MEMMAP, unit);

	size = 1UL << (63 - __builtin_clzl(size));
	while (size >= unit && size / MEMMAP_SHARE > usable)
		size /= 2;
	return size >= unit ? size : 0;
}

/* The module's help names the types of device memory that the kernel has. Returns NULL, or what the kernel lacks. */
static const char *lack_of_private_memory(void)
{
	char *help = slurp(BENCH "/help");

	if (!help || !strstr(help, " memmap= "))
		return "this kernel lacks CONFIG_ZONE_DEVICE=y";
	return strstr(help, " memmap=      private") ? NULL : "this kernel lacks CONFIG_DEVICE_PRIVATE=y";
}

static void want_memmap(int order)
{
	struct memmap m = {
		.type = "private",
		.order = format("%d", order),
		.rounds = MEMMAP_ROUNDS,
	};
	const char *missing = NULL;
	unsigned long usable;

	m.node = memory_node(common.cpu, &usable);
	m.size = memmap_size(order, usable);
	if (!m.size)
		missing = "its node has too little free memory";
	missing = lack_of_private_memory() ?: missing;
	if (missing)
		complain("left out: a memory map of order %d: %s", order, missing);
	m.size = m.size ?: scaled(MEMMAP, folio_size(order));
	plan_memmap(&m, missing);
	plan.memmaps[plan.nr_memmaps++] = m;
}

static void want_memmaps(void)
{
	static const int map_orders[MAX_MEMMAPS] = { 0, 9, 18 };

	for (int i = 0; i < MAX_MEMMAPS; i++)
		want_memmap(map_orders[i]);
}

static void lack_way(const char *function, const char *name, const char *why)
{
	complain("left out: %s: %s", name, why);
	miss_way(function, format("%s", name), format("%s", why));
}

static void plan_full(void)
{
	char *threads = thread_counts(), *all = format("0-%d", orders.v[orders.nr - 1]);
	int neighbour = host_neighbour(common.cpu);
	struct wanted w = { .orders = all, .samples = 25 };

	w.variants = list_variants("folio_copy", lack_way);
	want_hot_and_cold(w);
	w.orders = "0,4,9";
	w.read = true;
	want_hot_and_cold(w);
	w.variants = list_variants("folio_mc_copy", lack_way);
	want_hot_and_cold(w);
	w.read = false;
	w.orders = all;
	want_hot_and_cold(w);

	w.variants = "folio_copy,folio_mc_copy";
	w.orders = "4,9";
	w.threads = threads;
	if (threads)
		want_hot_and_cold(w);
	else
		leave_out("several threads", "there is one CPU");
	w.threads = NULL;
	w.bystander = neighbour + 1;
	if (neighbour >= 0)
		want_hot_and_cold(w);
	else
		leave_out("a bystander", "no other core shares the last level cache of this one");
	want_hugetlb();
	want_memmaps();
}

/* Takes the nodes of --nodes, or all that have memory. */
static void choose_nodes(void)
{
	struct list there;

	read_limit("nodes=", &there);
	for (int i = 0; i < plan.nodes.nr; i++)
		if (!has(&there, plan.nodes.v[i]))
			die("--nodes: there is no node %d with memory", plan.nodes.v[i]);
	if (!plan.nodes.nr)
		plan.nodes = there;
}

static const struct preset presets[] = {
	{ .name = "quick", .plan = plan_quick },
	{ .name = "rfc", .plan = plan_rfc },
	{ .name = "regress", .plan = plan_regress },
	{ .name = "full", .plan = plan_full },
};

const struct preset *find_preset(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(presets); i++)
		if (!strcmp(name, presets[i].name))
			return &presets[i];
	die("preset '%s': quick, rfc, regress, full or live is allowed", name);
}

void make_plan(const struct preset *p)
{
	choose_nodes();
	read_limit("order=", &orders);
	if (!plan.evict)
		plan.evict = 2 * host_last_level_cache(common.cpu) + 2 * MIB;
	plan.evict = scaled(plan.evict < EVICT ? EVICT : plan.evict, LEAST_EVICT);
	p->plan();
	if (!nr_configs)
		die("preset %s: nothing that can be measured is left", p->name);
}
