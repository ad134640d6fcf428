// SPDX-License-Identifier: GPL-2.0
/* Tables of copies: one per variant, of which each row compares it with v7.3's loop. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "copies.h"

/* How sure to be of all rows at once. */
#define CONFIDENCE	0.95

/* Speeds of runs, each of several samples. */
struct runs {
	double mean, deviation;
	int nr;
};

struct side {
	struct stats speed;		/* GB/s */
	double first_us, bystander_us, alone_us;	/* medians, or 0 */
	struct runs runs;
};

/* One line of a table. */
struct row {
	struct config c;
	struct side side[2];
	struct interval ratio;
	char mark;
};

struct table {
	const char *name;
	bool control;
	struct row *rows;
	int nr;
};

static struct table *tables;
static int nr_tables;

static struct table *find_table(const struct pair *p, bool control)
{
	struct table *t;

	for (int i = 0; i < nr_tables; i++)
		if (!strcmp(tables[i].name, p->name))
			return &tables[i];
	tables = grown(tables, nr_tables, sizeof(*tables));
	t = &tables[nr_tables++];
	*t = (struct table) { .name = p->name, .control = control };
	return t;
}

static int nr_comparisons(void)
{
	int nr = 0;

	for (int i = 0; i < nr_configs; i++)
		nr += configs[i].method->nr_pairs;
	return nr;
}

static double alpha(void)
{
	return (1 - CONFIDENCE) / nr_comparisons();
}

static struct runs summarize_runs(const double *speed, int nr, int per_run)
{
	struct runs r = { .nr = per_run ? nr / per_run : 0 };
	double runs[MAX_ROUNDS], squares = 0;

	for (int i = 0; i < r.nr; i++) {
		double time = 0;

		for (int j = 0; j < per_run; j++)
			time += 1 / speed[i * per_run + j];
		runs[i] = per_run / time;
		r.mean += runs[i] / r.nr;
	}
	for (int i = 0; i < r.nr; i++)
		squares += (runs[i] - r.mean) * (runs[i] - r.mean);
	r.deviation = r.nr > 1 ? sqrt(squares / (r.nr - 1)) : 0;
	return r;
}

/* Sorts the samples, after what needs them as they were taken. */
static struct side summarize_side(const struct config *c, struct samples *all, int slot)
{
	int nr = all->nr[slot];
	struct side s;

	s.runs = summarize_runs(all->speed[slot], nr, c->method->samples_per_run);
	s.speed = summarize(all->speed[slot], nr);
	s.first_us = median(all->first_us[slot], nr);
	s.bystander_us = median(all->bystander_us[slot], nr);
	s.alone_us = median(all->alone_us[slot], nr);
	return s;
}

static double ns_per_copy(const struct row *r)
{
	return folio_size(r->c.order) * r->c.threads / r->side[0].speed.median;
}

void add_rows(const struct config *c, struct samples *all)
{
	const struct method *m = c->method;
	struct interval ratio[MAX_SLOTS];
	struct side side[MAX_SLOTS];

	/* By the round, before they are sorted. */
	for (int i = 0; i < m->nr_pairs; i++)
		ratio[i] = ratio_interval(all->speed[m->pair[i].other],
					  all->speed[m->pair[i].base], all->nr[0], alpha());
	for (int i = 0; i < m->nr_slots; i++)
		side[i] = summarize_side(c, all, i);
	for (int i = 0; i < m->nr_pairs; i++) {
		const struct pair *p = &m->pair[i];
		struct table *t = find_table(p, m->control);
		struct row *r;

		t->rows = grown(t->rows, t->nr, sizeof(*t->rows));
		r = &t->rows[t->nr++];
		*r = (struct row) { .c = *c, .ratio = ratio[i] };
		r->side[0] = side[p->base];
		r->side[1] = side[p->other];
		r->mark = placed_mark(r->ratio, ns_per_copy(r));
	}
}

static void print_ratio(const struct row *r)
{
	printf("  %5.2fx", r->ratio.middle);
	if (enough_values(r->side[0].speed.nr, alpha()))
		printf(" %5.2f..%.2f %c", r->ratio.low, r->ratio.high, r->mark);
	else
		printf(" too few samples");
}

/* Of its speed while nobody copies. */
static double share_left(const struct side *s)
{
	return 100 * s->alone_us / s->bystander_us;
}

/* What only some rows have. */
static void print_effects(const struct row *r)
{
	if (r->side[0].first_us)
		printf("  first folio %.1f -> %.1f us", r->side[0].first_us, r->side[1].first_us);
	if (r->side[0].bystander_us && r->side[1].bystander_us)
		printf("  neighbour at %.0f%% -> %.0f%%", share_left(&r->side[0]),
		       share_left(&r->side[1]));
}

static void print_condition(const struct row *r, int width)
{
	char *what = describe(&r->c);

	printf("%6s  %3d->%-3d  %-*s", size_name(folio_size(r->c.order)), r->c.src, r->c.dst, width,
	       what);
	free(what);
}

static void print_row(const struct row *r, int width)
{
	print_condition(r, width);
	if (common.functional) {
		printf("  %7d  verified ok\n", r->side[0].speed.nr + r->side[1].speed.nr);
		return;
	}
	for (int i = 0; i < 2; i++)
		printf("  %9.2f  %4d%%", r->side[i].speed.median, spread(&r->side[i].speed));
	printf("  %5d", r->side[0].speed.nr);
	print_ratio(r);
	print_effects(r);
	printf("\n");
}

/* What the numbers of User-Mode Linux are, and are not. */
static void print_machine(void)
{
	if (is_uml())
		printf("User-Mode Linux: one node, no THP, no ZONE_DEVICE, 4 KiB mappings, "
		       "no copy_mc: folio_mc_copy() is folio_copy()\n");
}

/* What is to be seen first: regressions, or a control that fails. */
static bool is_alarming(const struct table *t, const struct row *r)
{
	return t->control ? r->mark != ' ' : r->mark == '-';
}

static void print_alarms(const struct table *t)
{
	int nr = 0;

	printf("%s, %.0f%% sure of all rows at once:",
	       t->control ? "control: not like itself" : "slower than v7.3's loop",
	       100 * CONFIDENCE);
	for (int i = 0; i < t->nr; i++) {
		const struct row *r = &t->rows[i];
		char *what;

		if (!is_alarming(t, r))
			continue;
		what = describe(&r->c);
		printf("%s %s %d->%d %s %.2fx", nr++ ? "," : "", size_name(folio_size(r->c.order)),
		       r->c.src, r->c.dst, what, r->ratio.middle);
		free(what);
	}
	if (nr)
		printf("\n");
	else
		printf(" none of %d rows\n", t->nr);
}

static int condition_width(const struct table *t)
{
	int width = strlen("cache");

	for (int i = 0; i < t->nr; i++) {
		char *what = describe(&t->rows[i].c);

		if ((int)strlen(what) > width)
			width = strlen(what);
		free(what);
	}
	return width;
}

static const char *name_side(const struct table *t)
{
	if (t->control)
		return "v7.3 loop";
	return strstr(t->name, "folio") ? "kernel" : t->name;
}

static void print_table(const struct table *t)
{
	int width = condition_width(t);

	if (common.functional)
		printf("\n%s (emulated: functional, no speed)\n", t->name);
	else
		printf("\n%s, GB/s: median and interquartile range of n samples\n", t->name);
	print_machine();
	if (!common.functional)
		print_alarms(t);
	printf(" folio   nodes    %-*s", width, "cache");
	if (common.functional)
		printf("  samples  contents\n");
	else
		printf("  v7.3 loop  range  %9s  range      n   ratio and its interval\n",
		       name_side(t));
	for (int i = 0; i < t->nr; i++)
		print_row(&t->rows[i], width);
	if (!common.functional)
		printf("+ faster, - slower by %.0f ns per copy or more, %.0f%% sure of all %d "
		       "comparisons at once\n", PLACEMENT_NS, 100 * CONFIDENCE, nr_comparisons());
}

/* As the RFC shows it. */
static void print_means(const struct table *t)
{
	int width = condition_width(t);

	printf("\n%s, GB/s: mean +- standard deviation, v7.3's loop -> %s\n", t->name,
	       name_side(t));
	print_machine();
	printf(" folio   nodes    %-*s  runs\n", width, "cache");
	for (int i = 0; i < t->nr; i++) {
		const struct row *r = &t->rows[i];
		const struct runs *base = &r->side[0].runs, *other = &r->side[1].runs;

		if (!base->nr)
			continue;
		print_condition(r, width);
		printf("  %4d  %.2f+-%.2f -> %.2f+-%.2f (%.2fx)\n", base->nr, base->mean,
		       base->deviation, other->mean, other->deviation, other->mean / base->mean);
	}
}

static bool has_means(const struct table *t)
{
	for (int i = 0; i < t->nr; i++)
		if (t->rows[i].side[0].runs.nr)
			return !common.functional;
	return false;
}

void print_tables(void)
{
	for (int i = 0; i < nr_tables; i++)
		print_table(&tables[i]);
	for (int i = 0; i < nr_tables; i++)
		if (has_means(&tables[i]))
			print_means(&tables[i]);
}
