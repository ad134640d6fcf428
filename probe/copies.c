// SPDX-License-Identifier: GPL-2.0
/*
 * Times the kernel's copy routines in user space, on the node of the CPU and between this node and
 * others: the routines of v7.3, and those of copy_pages() and copy_mc_pages().
 */
#include <stdio.h>
#include <string.h>

#include "bystander.h"
#include "copies.h"
#include "host.h"
#include "memory.h"
#include "nodes.h"
#include "probe.h"
#include "random.h"
#include "routines.h"
#include "samples.h"

/* The least that a sample copies, for pieces of any size: 20 us hot, about 200 us cold. */
#define SAMPLE_BYTES (2UL << 20)

/* Hot copies take random places in this pool, so that no row depends on the place of its one piece. */
#define HOT_BYTES (32UL << 20)

/* The smallest pool in which a piece of the largest size becomes cold while the others are copied. */
#define LARGEST	   (32UL << 20)
#define LEAST_POOL (2 * LARGEST + HUGE_PAGE)

/*
 * Shares of the time. Large pieces need more, or their rounds are too few to decide anything. Those of
 * GIGANTIC take so long that only few ways are measured, and beside a bystander others say nothing.
 */
#define LARGEST_SHARES	2
#define GIGANTIC_SHARES 12

static const size_t sizes[] = { 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20, 8 << 20, LARGEST };

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Sizes of the copies from node to node, and beside a bystander. */
static const size_t node_sizes[] = { 64 << 10, 2 << 20 };

#define NR_NODE_SIZES (sizeof(node_sizes) / sizeof(node_sizes[0]))

struct pool {
	char *to, *from;
	bool misplaced; /* not on the requested node */
};

/* Copies beside a bystander last for several of its walks, or the lines that they evict would not be missed in time. */
#define BESIDE_BYTES LARGEST

/* The pieces of a sample, and their offsets in the pools. */
struct plan {
	size_t size, bytes;
	bool cold, read;
	char *pool_to, *pool_from;
	unsigned int copies;
	uint32_t to[SAMPLE_BYTES / PAGE_SIZE];
	uint32_t from[SAMPLE_BYTES / PAGE_SIZE];
};

struct copies {
	const struct routine *ways;
	struct plan plans[MAX_ROWS];
};

static struct copies pages = { .ways = routines };
static struct copies mc_pages = { .ways = mc_routines };
static struct copies node_pages = { .ways = routines };

static struct pool hot, local, gigantic, far[MAX_FAR_NODES];
static size_t pool_bytes;      /* size of the local pool and of each far one */
static size_t cursor;	       /* the next cold part of the pools */
static struct piece hot_piece; /* of this visit */

static struct pool allocate_pool(struct run *run, size_t bytes, int node)
{
	int place = run->nodes.refused ? ANY_NODE : node;
	struct pool pool = { allocate_on(bytes, place), allocate_on(bytes, place), false };

	if (place != ANY_NODE)
		pool.misplaced = !is_on_node(pool.to, bytes, place) || !is_on_node(pool.from, bytes, place);
	run->total_bytes += 2 * bytes;
	return pool;
}

/* The pools get at most half of the memory. */
static void allocate_pools(struct run *run)
{
	struct nodes *nodes = &run->nodes;
	int nr_far;

	find_nodes(nodes, run->cpu, 4 * LEAST_POOL);
	nr_far = nodes->refused ? 0 : nodes->nr_far;
	pool_bytes = beyond_cache(run->cache, LEAST_POOL, run->available / 4 / (nr_far > 1 ? nr_far + 1 : 2), "copies");
	run->pool_bytes = pool_bytes;
	local = allocate_pool(run, pool_bytes, nodes->local);
	hot = allocate_pool(run, HOT_BYTES, nodes->local);
	for (int i = 0; i < nr_far; i++)
		far[i] = allocate_pool(run, pool_bytes, nodes->far[i]);
	if (nodes->nr_others > nodes->nr_far)
		add_warning("%d nodes have memory: only the nearest %d are measured", nodes->nr_others + 1,
			    nodes->nr_far + 1);
}

/* The fills need a quarter of the memory, and the rest stays free. So all pools together get a third. */
static void allocate_gigantic(struct run *run)
{
	if (!run->functional && run->total_bytes + 2 * GIGANTIC <= run->available / 3)
		gigantic = allocate_pool(run, GIGANTIC, run->nodes.local);
}

static void judge_memory(struct run *run)
{
	run->huge_bytes = host_huge_page_bytes();
	if (run->huge_bytes < run->total_bytes)
		add_warning(
			"only %zu of %zu MiB in huge pages, so TLB misses count too: see "
			"/sys/kernel/mm/transparent_hugepage/enabled",
			run->huge_bytes >> 20, run->total_bytes >> 20);
	if (local.misplaced || hot.misplaced || gigantic.misplaced)
		add_warning("the memory is not all on node %d, where the CPU is: free some there", run->nodes.local);
}

/* Every word gets a different value, so that a page in the wrong place is noticed. */
static void fill_source(char *from, size_t size, uint64_t seed)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t state = seed + at, value = next_random(&state);

		memcpy(from + at, &value, sizeof(value));
	}
}

struct piece guarded_piece(void)
{
	return (struct piece){ local.to + HUGE_PAGE, local.from };
}

static void verify(const struct routine *routine, size_t size)
{
	struct piece piece = guarded_piece();

	if (size > pool_bytes - 2 * HUGE_PAGE)
		return;
	surround(piece.to, piece.from, size);
	routine->copy(piece.to, piece.from, size);
	judge(routine->name, "copy", piece.to, piece.from, size);
}

static void verify_section(const struct section *section)
{
	const struct copies *copies = section->context;

	for (int way = 0; way < section->nr_ways; way++)
		for (size_t size = 0; size < NR_SIZES && !section->ways[way].missing; size++)
			verify(&copies->ways[way], sizes[size]);
}

/*
 * A cold sample copies the pieces of its part of the pools in random order, because folios that are
 * migrated are not in a row either. A hot sample copies the same piece again and again, at offset
 * 0.
 */
static void plan_pieces(struct plan *plan, uint64_t *random)
{
	plan->copies = plan->bytes / plan->size;
	if (!plan->cold)
		return;
	shuffle(plan->to, plan->copies, random);
	shuffle(plan->from, plan->copies, random);
	for (unsigned int copy = 0; copy < plan->copies; copy++) {
		plan->to[copy] *= plan->size;
		plan->from[copy] *= plan->size;
	}
}

static struct row *add_row(struct section *section, struct copies *copies, struct plan plan, uint64_t *random)
{
	struct row *row = &section->rows[section->nr_rows];
	struct plan *kept = &copies->plans[section->nr_rows++];

	if (!plan.bytes)
		plan.bytes = plan.size > SAMPLE_BYTES ? plan.size : SAMPLE_BYTES;
	plan_pieces(&plan, random);
	*kept = plan;
	*row = (struct row){ .kind = "",
			     .src = NO_NODE,
			     .dst = NO_NODE,
			     .size = plan.size,
			     .state = plan.cold ? "cold" : "hot",
			     .read = plan.read,
			     .bytes = plan.bytes,
			     .calls = plan.copies };
	row->shares = plan.bytes < LARGEST ? 1 : plan.bytes == LARGEST ? LARGEST_SHARES : GIGANTIC_SHARES;
	row->left_out = plan.size == GIGANTIC ? ALL_WAYS : 0;
	return row;
}

static void add_local_row(struct section *section, struct copies *copies, struct plan plan, const struct run *run,
			  uint64_t *random)
{
	struct row *row;

	plan.pool_to = !plan.cold ? hot.to : plan.size == GIGANTIC ? gigantic.to : local.to;
	plan.pool_from = !plan.cold ? hot.from : plan.size == GIGANTIC ? gigantic.from : local.from;
	row = add_row(section, copies, plan, random);
	if (!plan.cold && 2 * plan.size > run->cache)
		row->missing = "source and destination do not fit into the last level cache";
	if (plan.size == LARGEST && pool_bytes < LEAST_POOL)
		row->missing = "too little memory";
	if (plan.size == GIGANTIC && !gigantic.to)
		row->missing = run->functional ? "takes too long on an emulated CPU"
					       : "takes 7 GiB of available memory or more";
}

static void add_local_rows(struct section *section, struct copies *copies, const struct run *run)
{
	uint64_t random = ~run->seed; /* not the numbers that measure() draws */
	struct plan plan = { .cold = true, .size = GIGANTIC };

	for (int state = 0; state < 4; state++)
		for (size_t i = 0; i < NR_SIZES; i++)
			add_local_row(section, copies,
				      (struct plan){ .size = sizes[i], .read = state % 2, .cold = state / 2 }, run,
				      &random);
	add_local_row(section, copies, plan, run, &random);
}

/* Returns NULL, or why there is no bystander. It walks through half of the last level cache. */
static const char *prepare_bystander(struct run *run)
{
	size_t bytes = run->cache / 2 - run->cache / 2 % HUGE_PAGE ?: HUGE_PAGE;

	run->bystander.cpu = host_neighbour(run->cpu);
	if (run->bystander.cpu == NO_CPU)
		return "no other core shares the last level cache of this one";
	if (run->functional)
		return "takes too long on an emulated CPU";
	if (pool_bytes < LEAST_POOL || bytes > run->available / 16)
		return "too little memory";
	run->total_bytes += bytes;
	return start_bystander(&run->bystander, allocate_on(bytes, run->nodes.refused ? ANY_NODE : run->nodes.local),
			       bytes);
}

static void add_rows_beside(struct section *section, struct run *run)
{
	const char *missing = prepare_bystander(run);
	uint64_t random = ~run->seed;

	for (size_t i = 0; i < NR_NODE_SIZES; i++) {
		struct plan plan = { .size = node_sizes[i],
				     .bytes = BESIDE_BYTES,
				     .cold = true,
				     .pool_to = local.to,
				     .pool_from = local.from };
		struct row *row = add_row(section, &mc_pages, plan, &random);

		row->beside = &run->bystander;
		row->left_out = ALL_WAYS & ~(1U << MC_PAST_CACHES);
		row->missing = missing;
		/* Without the number of a CPU, the name would be that of another row. */
		if (run->bystander.cpu == NO_CPU)
			row->kind = "beside a neighbour";
	}
}

static void add_direction(struct section *section, const struct pool *from, int src, const struct pool *to, int dst,
			  const char *refused, uint64_t *random)
{
	for (size_t i = 0; i < NR_NODE_SIZES * 2; i++) {
		struct plan plan = { .size = node_sizes[i / 2],
				     .cold = true,
				     .read = i % 2,
				     .pool_to = to->to,
				     .pool_from = from->from };
		struct row *row = add_row(section, &node_pages, plan, random);

		row->src = src;
		row->dst = dst;
		row->missing = refused;
		if (from->misplaced || to->misplaced)
			row->missing = "the node gave no memory";
	}
}

static void add_node_rows(struct section *section, const struct run *run)
{
	const struct nodes *nodes = &run->nodes;
	uint64_t random = ~run->seed;

	for (int i = 0; i < nodes->nr_far; i++) {
		add_direction(section, &local, nodes->local, &far[i], nodes->far[i], nodes->refused, &random);
		add_direction(section, &far[i], nodes->far[i], &local, nodes->local, nodes->refused, &random);
	}
}

/* A long sample is rarely left alone, so it uses the CPU clock. It is too long to show that clock's system call. */
static int64_t clock_ns(const struct plan *plan)
{
	return plan->bytes > SAMPLE_BYTES ? cpu_ns() : now_ns();
}

static double time_copies(const struct plan *plan, const struct routine *routine, char *to, const char *from)
{
	int64_t start = clock_ns(plan);

	for (unsigned int copy = 0; copy < plan->copies; copy++) {
		routine->copy(to + plan->to[copy], from + plan->from[copy], plan->size);
		if (plan->read)
			read_lines(to + plan->to[copy], plan->size);
	}
	return clock_ns(plan) - start;
}

struct piece random_hot_piece(size_t bytes, uint64_t *random)
{
	size_t places = HOT_BYTES / bytes;
	char *to = hot.to + next_random(random) % places * bytes;

	return (struct piece){ to, hot.from + next_random(random) % places * bytes };
}

static void visit(const struct section *section, int row, uint64_t *random)
{
	const struct copies *copies = section->context;

	if (!copies->plans[row].cold)
		hot_piece = random_hot_piece(copies->plans[row].size, random);
}

/* Returns the offset of the next @bytes of the pools. */
static size_t next_part(size_t bytes)
{
	size_t part = cursor + bytes > pool_bytes ? 0 : cursor;

	cursor = part + bytes;
	return part;
}

struct piece next_cold_piece(size_t bytes)
{
	size_t part = next_part(bytes);

	return (struct piece){ local.to + part, local.from + part };
}

struct piece gigantic_piece(void)
{
	return (struct piece){ gigantic.to, gigantic.from };
}

static double sample(const struct section *section, int row, int way)
{
	const struct copies *copies = section->context;
	const struct plan *plan = &copies->plans[row];
	const struct routine *routine = &copies->ways[way];
	char *to = plan->pool_to, *from = plan->pool_from;

	if (plan->cold) {
		size_t part = plan->size == GIGANTIC ? 0 : next_part(plan->bytes);

		return time_copies(plan, routine, to + part, from + part);
	}
	time_copies(plan, routine, hot_piece.to, hot_piece.from);
	return time_copies(plan, routine, hot_piece.to, hot_piece.from);
}

static double sample_beside(const struct section *section, int row, int way)
{
	struct bystander *beside = section->rows[row].beside;
	double ns;

	if (!beside)
		return sample(section, row, way);
	do {
		wake_bystander(beside);
		ns = sample(section, row, way);
	} while (!time_bystander(beside));
	return ns;
}

static void begin(struct section *section, const char *name, const struct copies *copies, int nr_ways, int chosen)
{
	*section = (struct section){
		.name = name, .visit = visit, .sample = sample, .context = copies, .nr_ways = nr_ways, .chosen = chosen
	};
	for (int i = 0; i < nr_ways; i++)
		snprintf(section->ways[i].name, sizeof(section->ways[i].name), "%s", copies->ways[i].name);
}

static void prepare_pages(struct section *section, const char *name, const struct copies *copies)
{
	begin(section, name, copies, NR_ROUTINES, selected_routine());
	if (!host_has_flag("movdir64b"))
		section->ways[MOVDIR64B].missing = "this CPU has no MOVDIR64B";
}

static void prepare_mc_pages(struct section *section)
{
	select_mc_base();
	begin(section, "copies_mc", &mc_pages, NR_MC_ROUTINES, selected_mc_routine());
	section->sample = sample_beside;
}

void prepare_copies(struct run *run)
{
	allocate_pools(run);
	prepare_pages(&run->copies, "copies", &pages);
	prepare_mc_pages(&run->mc);
	prepare_pages(&run->between, "nodes", &node_pages);
	fill_source(local.from, LARGEST < pool_bytes ? LARGEST : pool_bytes, run->seed);
	verify_section(&run->copies);
	verify_section(&run->mc);
	allocate_gigantic(run);
	add_local_rows(&run->copies, &pages, run);
	add_local_rows(&run->mc, &mc_pages, run);
	if (run->all || is_listed(run->ways, mc_routines[MC_PAST_CACHES].name))
		add_rows_beside(&run->mc, run);
	judge_memory(run);
	add_node_rows(&run->between, run);
}
