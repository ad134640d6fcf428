// SPDX-License-Identifier: GPL-2.0
/* Rows of copies: sends one request after the other to the module, and reads back the samples. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copies.h"
#include "host.h"
#include "hugetlb.h"

/* Default bytes per sample and thread. */
#define HOT_BYTES  (64UL << 20)
#define COLD_BYTES (2UL << 20)

struct config *configs;
int nr_configs;

static struct list orders; /* of the page allocator */

unsigned long folio_size(int order)
{
	return (unsigned long)sysconf(_SC_PAGESIZE) << order;
}

static bool is_hugetlb(int order)
{
	char *path;
	bool there;

	if (!orders.nr)
		read_limit("order=", &orders);
	if (order <= orders.v[orders.nr - 1])
		return false;
	path = format("/sys/kernel/mm/hugepages/hugepages-%lukB", folio_size(order) >> 10);
	there = !access(path, F_OK);
	free(path);
	return there;
}

/* With hugetlb, a cold sample of a thread is one folio. */
static bool is_single(const struct config *c)
{
	return c->cold && is_hugetlb(c->order);
}

static uint64_t asked_bytes(const struct config *c)
{
	return c->method->bytes ?: c->cold ? COLD_BYTES : HOT_BYTES;
}

/* The copies that a thread makes per sample. The module computes the same number. */
static uint64_t nr_copies(const struct config *c)
{
	return is_single(c) ? 1 : asked_bytes(c) / folio_size(c->order) ?: 1;
}

static uint64_t sample_bytes(const struct config *c)
{
	return c->threads * nr_copies(c) * folio_size(c->order);
}

/* The plan */

static struct planned_row plan_row(const struct config *c, const struct function *f)
{
	return (struct planned_row){
		.benchmark = "bench",
		.function = f->name,
		.kind = "",
		.src = c->src,
		.dst = c->dst,
		.state = c->cold ? "cold" : "hot",
		.size = folio_size(c->order),
		.read = c->read,
		.threads = c->threads,
		.bystander = c->bystander,
		.bytes = sample_bytes(c),
		.calls = nr_copies(c),
		.nr_ways = f->nr_ways,
		.ways = f->way,
		.base = f->way[0],
		.control = f->way[1],
		.chosen = f->has_kernel ? KERNEL : NULL,
	};
}

/* Plans a row per function. Returns the number of the first row. */
static int plan_config(const struct config *c, const char *missing)
{
	struct planned_row planned[MAX_FUNCTIONS];
	const struct method *m = c->method;

	for (int i = 0; i < m->nr_functions; i++) {
		planned[i] = plan_row(c, &m->function[i]);
		planned[i].missing = missing;
	}
	return plan_rows(planned, m->nr_functions, missing ? 0 : m->samples + 1);
}

static void add_config(struct config c, uint64_t seed, const char *missing)
{
	c.row = plan_config(&c, missing);
	if (missing)
		return;
	c.seed = seed + nr_configs;
	configs = grown(configs, nr_configs, sizeof(*configs));
	configs[nr_configs++] = c;
}

static void add_caches(const struct grid *g, struct config c, uint64_t seed)
{
	for (int cold = !g->hot; cold <= g->cold; cold++) {
		c.cold = cold;
		add_config(c, seed, g->missing);
	}
}

/* Adds a request per combination. The requests get consecutive seeds, from @seed on. */
void add_grid(const struct method *m, const struct grid *g, uint64_t seed)
{
	struct config c = { .method = m, .read = g->read, .bystander = g->bystander };
	int o, s, d, t;

	for (o = 0; o < g->orders.nr; o++)
		for (s = 0; s < g->src.nr; s++)
			for (d = 0; d < g->dst.nr; d++)
				for (t = 0; t < g->threads.nr; t++) {
					c.order = g->orders.v[o];
					c.src = g->src.v[s];
					c.dst = g->dst.v[d];
					c.threads = g->threads.v[t];
					add_caches(g, c, seed);
				}
}

/* Requests */

static void format_bystander(FILE *f, const struct config *c)
{
	fprintf(f, " bystander=%d bystander_bytes=%zu", c->bystander, host_last_level_cache(c->bystander) / 2);
}

static char *format_request(const struct config *c, const struct hugetlb *huge)
{
	const struct method *m = c->method;
	char *request = NULL;
	size_t size;
	FILE *f = open_memstream(&request, &size);

	if (!f)
		die("out of memory");
	fprintf(f, "order=%d src=%d dst=%d cpu=%d cache=%s seed=%" PRIu64 " samples=%d", c->order, c->src, c->dst,
		common.cpu, c->cold ? "cold" : "hot", c->seed, m->samples);
	if (c->threads > 1)
		fprintf(f, " threads=%d", c->threads);
	if (c->read)
		fprintf(f, " read=1");
	if (c->bystander != NO_CPU)
		format_bystander(f, c);
	if (huge->src)
		fprintf(f, " src_addr=%p dst_addr=%p", huge->src, huge->dst);
	if (!is_single(c))
		fprintf(f, " bytes=%" PRIu64, asked_bytes(c));
	if (c->cold)
		fprintf(f, " evict=%" PRIu64, m->evict);
	for (int i = 0; i < m->nr_slots; i++)
		fprintf(f, "%s%s", i ? "," : " variant=", m->slot[i]);
	fclose(f);
	return request;
}

/* Results */

struct sample {
	int slot, round;
	unsigned long long ns, bytes, first_ns, bystander_ns, alone_ns;
};

/* Returns the number after the key, or 0 if the line lacks the key. */
static unsigned long long read_number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static bool parse_sample(const char *line, struct sample *s)
{
	s->first_ns = read_number(line, " first_ns=");
	s->bystander_ns = read_number(line, " bystander_ns=");
	s->alone_ns = read_number(line, " alone_ns=");
	return sscanf(line, "sample slot=%d variant=%*s round=%d first=%*d ns=%llu bytes=%llu", &s->slot, &s->round,
		      &s->ns, &s->bytes) == 4;
}

static int find_function(const struct method *m, int slot)
{
	int i = m->nr_functions - 1;

	while (slot < m->function[i].first)
		i--;
	return i;
}

static bool keep_sample(const struct config *c, const struct sample *s, struct rounds *all)
{
	const struct method *m = c->method;
	struct rounds *r;
	int way;

	if (s->slot < 0 || s->slot >= m->nr_slots || s->round < 0 || s->round > m->samples ||
	    s->bytes != sample_bytes(c))
		return false;
	r = &all[find_function(m, s->slot)];
	way = s->slot - m->function[find_function(m, s->slot)].first;
	r->nr = m->samples + 1;
	r->ns[s->round][way] = s->ns;
	r->first_ns[s->round][way] = s->first_ns;
	r->bystander_ns[s->round][way] = s->bystander_ns;
	r->alone_ns[s->round][way] = s->alone_ns;
	return true;
}

/* What the results belong to, and where they go. */
struct reading {
	const struct config *config;
	struct rounds *all;
};

static bool is_ours(void *context, const char *header)
{
	return is_of_seed(header, ((struct reading *)context)->config->seed);
}

static bool take_sample(void *context, const char *line)
{
	struct reading *r = context;
	struct sample s;

	return parse_sample(line, &s) && keep_sample(r->config, &s, r->all);
}

static bool took_time(const struct method *m, const struct rounds *all)
{
	for (int i = 0; i < m->nr_functions; i++)
		for (int round = 0; round < all[i].nr; round++)
			for (int way = 0; way < m->function[i].nr_ways; way++)
				if (!all[i].ns[round][way])
					return false;
	return true;
}

static void take_results(const struct config *c)
{
	static struct rounds all[MAX_FUNCTIONS];
	struct reading reading = { c, all };

	memset(all, 0, sizeof(all));
	if (!read_samples(&reading, c->method->nr_slots * (c->method->samples + 1), is_ours, take_sample))
		die("the results are not those of this run: another program may have used the module, "
		    "or " MISMATCH);
	if (!took_time(c->method, all)) {
		fail_rows(c->row, "a sample took no time, raise --bytes");
		return;
	}
	for (int i = 0; i < c->method->nr_functions; i++)
		finish_row(c->row + i, &all[i]);
}

/* Progress */

/* Estimates the time of a request relative to others. Copies are faster than cache walks and verification. */
static double cost(const struct config *c)
{
	const struct method *m = c->method;
	double folio = folio_size(c->order), bytes = nr_copies(c) * folio;
	double evict = c->cold ? m->evict : 0;

	return m->nr_slots * ((m->samples + 1) * (bytes + 2 * evict) + 20 * (c->cold ? bytes : folio));
}

static void print_progress(int nr, double passed, double done)
{
	const struct config *c = &configs[nr];
	char time[32] = "";
	double left = 0;

	for (int i = nr; i < nr_configs; i++)
		left += are_complete(configs[i].row) ? 0 : cost(&configs[i]);
	if (done > 0) {
		int s = passed * left / done + 0.5;

		snprintf(time, sizeof(time), ", %d:%02d left", s / 60, s % 60);
	}
	fprintf(stderr, "[%*d/%d] order %d, node %d to %d, %s%s\n", nr_configs > 99 ? 3 : 2, nr + 1, nr_configs,
		c->order, c->src, c->dst, c->cold ? "cold" : "hot", time);
}

/* Running requests */

static int request_config(const struct config *c)
{
	struct hugetlb huge = { .order = c->order, .nr = c->threads };
	char *why = NULL, *request;
	int err;

	if (is_hugetlb(c->order))
		why = map_hugetlb(&huge, c->src, c->dst);
	if (why) {
		fail_rows(c->row, why);
		free(why);
		return 0;
	}
	request = format_request(c, &huge);
	err = request_run(request, strlen(request));
	free(request);
	unmap_hugetlb(&huge);
	return err;
}

/* @go_on: a refused request is a failed row, instead of the end of the program. */
static void run_config(const struct config *c, bool go_on)
{
	int err, failed = nr_failed;

	err = request_config(c);
	if (err == EINTR)
		return;
	if (err == EINVAL && !go_on)
		die("%s", failure_text(err));
	if (err)
		fail_rows(c->row, failure_text(err));
	if (nr_failed == failed)
		take_results(c);
}

void run_configs(bool go_on)
{
	double done = 0;
	uint64_t start = now_ns();

	for (int i = 0; i < nr_configs && !interrupted; i++) {
		if (are_complete(configs[i].row))
			continue;
		print_progress(i, (now_ns() - start) / 1e9, done);
		run_config(&configs[i], go_on);
		done += cost(&configs[i]);
	}
}
