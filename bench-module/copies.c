// SPDX-License-Identifier: GPL-2.0
/* Rows of copies: one request to the module after the other, and the samples that come back. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "copies.h"
#include "hugetlb.h"

struct config *configs;
int nr_configs, nr_failed;

static struct list orders;	/* that the page allocator has */

unsigned long folio_size(int order)
{
	return (unsigned long)sysconf(_SC_PAGESIZE) << order;
}

/* The condition in which the copies are made, for a column of its own. To be freed. */
char *describe(const struct config *c)
{
	char threads[16] = "", bystander[32] = "";

	if (c->threads > 1)
		snprintf(threads, sizeof(threads), " x%d", c->threads);
	if (c->bystander >= 0)
		snprintf(bystander, sizeof(bystander), " beside CPU %d", c->bystander);
	return format("%s%s%s%s", c->cold ? "cold" : "hot", c->read ? "+read" : "", threads,
		      bystander);
}

/* What is asked */

static void add_config(const struct method *m, struct config c, uint64_t seed)
{
	c.method = m;
	c.seed = seed + nr_configs;
	configs = grown(configs, nr_configs, sizeof(*configs));
	configs[nr_configs++] = c;
}

static void add_caches(const struct method *m, const struct grid *g, struct config c, uint64_t seed)
{
	int cold;

	for (cold = !g->hot; cold <= g->cold; cold++) {
		c.cold = cold;
		add_config(m, c, seed);
	}
}

/* A seed for each, from this one on. */
void add_grid(const struct method *m, const struct grid *g, uint64_t seed)
{
	struct config c = { .read = g->read, .bystander = g->bystander };
	int o, s, d, t;

	for (o = 0; o < g->orders.nr; o++)
		for (s = 0; s < g->src.nr; s++)
			for (d = 0; d < g->dst.nr; d++)
				for (t = 0; t < g->threads.nr; t++) {
					c.order = g->orders.v[o];
					c.src = g->src.v[s];
					c.dst = g->dst.v[d];
					c.threads = g->threads.v[t];
					if (!g->between || c.src != c.dst)
						add_caches(m, g, c, seed);
				}
}

static char *format_request(const struct config *c, const struct hugetlb *huge)
{
	const struct method *m = c->method;
	char *request = NULL;
	size_t size;
	FILE *f = open_memstream(&request, &size);

	if (!f)
		die("out of memory");
	fprintf(f, "order=%d src=%d dst=%d cpu=%d cache=%s seed=%" PRIu64, c->order, c->src, c->dst,
		common.cpu, c->cold ? "cold" : "hot", c->seed);
	if (c->threads > 1)
		fprintf(f, " threads=%d", c->threads);
	if (c->read)
		fprintf(f, " read=1");
	if (c->bystander >= 0)
		fprintf(f, " bystander=%d", c->bystander);
	if (c->bystander >= 0 && last_level_cache(c->bystander))
		fprintf(f, " bystander_bytes=%lu", last_level_cache(c->bystander) / 2);
	if (huge->src)
		fprintf(f, " src_addr=%p dst_addr=%p", huge->src, huge->dst);
	if (m->samples)
		fprintf(f, " samples=%s", m->samples);
	/* A cold sample of hugetlb is a folio. */
	if (m->bytes && !(c->cold && huge->src))
		fprintf(f, " bytes=%s", m->bytes);
	if (m->evict && c->cold)
		fprintf(f, " evict=%s", m->evict);
	for (int i = 0; i < m->nr_slots; i++)
		fprintf(f, "%s%s", i ? "," : " variant=", m->slot[i]);
	fclose(f);
	return request;
}

/* What all JSON lines of a configuration begin with, and those of no other. To be freed. */
char *json_head(const struct config *c)
{
	char bystander[16] = "null";

	if (c->bystander >= 0)
		snprintf(bystander, sizeof(bystander), "%d", c->bystander);
	return format("{\"kernel\":\"%s\",\"order\":%d,\"src\":%d,\"dst\":%d,\"cpu\":%d,"
		      "\"cache\":\"%s\",\"read\":%s,\"threads\":%d,\"bystander\":%s,"
		      "\"seed\":%" PRIu64 ",", uts.release, c->order, c->src, c->dst, common.cpu,
		      c->cold ? "cold" : "hot", c->read ? "true" : "false", c->threads, bystander,
		      c->seed);
}

static void json_sample(const char *head, const struct sample *s)
{
	fprintf(common.json, "%s\"variant\":\"%s\",\"slot\":%d,\"round\":%d,\"first\":%s,"
		"\"bytes\":%llu,", head, s->variant, s->slot, s->round, s->first ? "true" : "false",
		s->bytes);
	if (common.functional) {
		fprintf(common.json, "\"emulated\":\"functional, no speed\"}\n");
		return;
	}
	fprintf(common.json, "\"ns\":%llu", s->ns);
	if (s->first_ns)
		fprintf(common.json, ",\"first_ns\":%llu", s->first_ns);
	if (s->bystander_ns)
		fprintf(common.json, ",\"bystander_ns\":%llu,\"alone_ns\":%llu", s->bystander_ns,
			s->alone_ns);
	fprintf(common.json, "}\n");
}

/* What is answered */

void keep_sample(struct samples *all, const struct sample *s)
{
	int n = all->nr[s->slot];

	if (s->first)
		return;
	all->nr[s->slot]++;
	all->speed[s->slot][n] = (double)s->bytes / s->ns;
	all->first_us[s->slot][n] = s->first_ns / 1e3;
	all->bystander_us[s->slot][n] = s->bystander_ns / 1e3;
	all->alone_us[s->slot][n] = s->alone_ns / 1e3;
}

/* What is behind the key; 0 if it is not there. */
unsigned long long read_number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static bool parse_sample(const char *line, struct sample *s)
{
	s->first_ns = read_number(line, " first_ns=");
	s->bystander_ns = read_number(line, " bystander_ns=");
	s->alone_ns = read_number(line, " alone_ns=");
	return sscanf(line, "sample slot=%d variant=%31s round=%d first=%d ns=%llu bytes=%llu",
		      &s->slot, s->variant, &s->round, &s->first, &s->ns, &s->bytes) == 6 &&
	       s->slot >= 0 && s->slot < MAX_SLOTS && s->round >= 0 && s->round < MAX_ROUNDS;
}

/* The seed tells our results from those of another program that came in between. */
static bool read_results(const struct config *c, struct sample **found, int *nr)
{
	FILE *f = fopen(BENCH "/results", "r");
	char line[512], seed[40];
	bool ours = false, ok = true;

	if (!f)
		die("the module is gone: it was unloaded");
	snprintf(seed, sizeof(seed), " seed=%" PRIu64 " ", c->seed);
	while (ok && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "kernel=", 7)) {
			ours = strstr(line, seed) && strstr(line, " verified=ok");
		} else if (*line != '#') {
			*found = grown(*found, *nr, sizeof(**found));
			ok = ours && parse_sample(line, &(*found)[(*nr)++]);
		}
	}
	fclose(f);
	return ok && ours;
}

static void write_samples(const struct config *c, const struct sample *found, int nr)
{
	char *head = json_head(c);

	for (int i = 0; i < nr; i++)
		json_sample(head, &found[i]);
	free(head);
	if (fflush(common.json) || ferror(common.json))
		die("the samples cannot be written: %s", strerror(errno));
}

static bool took_time(const struct sample *found, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!found[i].ns)
			return false;
	return true;
}

static void take_results(const struct config *c, void (*on_samples)(void))
{
	static struct samples all;
	struct sample *found = NULL;
	int nr = 0;

	if (!read_results(c, &found, &nr))
		die("the results are not those of this run: did another program use the module?");
	if (!took_time(found, nr)) {
		nr_failed++;
		complain("a sample took no time, raise --bytes");
		free(found);
		return;
	}
	memset(&all, 0, sizeof(all));
	for (int i = 0; i < nr; i++)
		keep_sample(&all, &found[i]);
	if (on_samples)
		on_samples();
	if (common.json)
		write_samples(c, found, nr);
	add_rows(c, &all);
	free(found);
}

/* Progress */

static double size_of(const char *s, double otherwise)
{
	const char *unit = "KMG", *u;
	char *end;
	double n;

	if (!s)
		return otherwise;
	n = strtod(s, &end);
	u = *end ? strchr(unit, *end) : NULL;
	return u ? n * (1UL << 10 * (u - unit + 1)) : n;
}

/* About how long it takes compared with others: copies are faster than walks and verification. */
static double cost(const struct config *c)
{
	const struct method *m = c->method;
	double samples = m->samples ? atof(m->samples) : 20, folio = folio_size(c->order);
	double bytes = size_of(m->bytes, c->cold ? 2 << 20 : 64 << 20);
	double evict = c->cold ? size_of(m->evict, 128 << 20) : 0;

	bytes = bytes < folio ? folio : bytes;
	return m->nr_slots * ((samples + 1) * (bytes + 2 * evict) + 20 * (c->cold ? bytes : folio));
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void print_progress(int nr, double passed, double done)
{
	const struct config *c = &configs[nr];
	char *what = describe(c), time[32] = "";
	double left = 0;

	for (int i = nr; i < nr_configs; i++)
		left += configs[i].done ? 0 : cost(&configs[i]);
	if (done > 0) {
		int s = passed * left / done + 0.5;

		snprintf(time, sizeof(time), ", %d:%02d left", s / 60, s % 60);
	}
	fprintf(stderr, "[%*d/%d] order %d, node %d to %d, %s%s\n", nr_configs > 99 ? 3 : 2, nr + 1,
		nr_configs, c->order, c->src, c->dst, what, time);
	free(what);
}

/* Running them */

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

static int request_config(const struct config *c)
{
	struct hugetlb huge = { .order = c->order, .nr = c->threads };
	char *why = NULL, *request;
	int err;

	if (is_hugetlb(c->order))
		why = map_hugetlb(&huge, c->src, c->dst);
	if (why) {
		complain("%s", why);
		nr_failed++;
		free(why);
		return 0;
	}
	request = format_request(c, &huge);
	err = request_run(request, strlen(request));
	free(request);
	unmap_hugetlb(&huge);
	return err;
}

/* False if nothing else needs to be tried. */
static bool run_config(const struct config *c, bool go_on, void (*on_samples)(void))
{
	int err, failed = nr_failed;

	err = request_config(c);
	if (err == EINTR)
		return false;
	if (err) {
		nr_failed++;
		return report_failure(err) || go_on;
	}
	if (nr_failed == failed)
		take_results(c, on_samples);
	return true;
}

/* @go_on: when a request is refused, too; @on_samples: before samples are written, or NULL */
void run_configs(bool go_on, void (*on_samples)(void))
{
	double start = seconds(), done = 0;

	for (int i = 0; i < nr_configs && !interrupted; i++) {
		if (configs[i].done)
			continue;
		print_progress(i, seconds() - start, done);
		if (!run_config(&configs[i], go_on, on_samples))
			return;
		done += cost(&configs[i]);
	}
}
