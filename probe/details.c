// SPDX-License-Identifier: GPL-2.0
/* All that was measured, in tables as wide as it takes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fills.h"
#include "probe.h"
#include "stores.h"
#include "verdict.h"

#define WORST_SHOWN	4

static FILE *out;

static void print_worst(const struct section *section, const struct finding *findings, int n)
{
	for (int i = 0; i < n && i < WORST_SHOWN; i++)
		fprintf(out, "%s %s %.2f", i ? "," : "", section->rows[findings[i].row].name,
		       findings[i].ratio);
	if (n > WORST_SHOWN)
		fprintf(out, ", %d more", n - WORST_SHOWN);
	fputc('\n', out);
}

static void print_losses(const struct section *section, int base, int way)
{
	struct finding losses[MAX_FINDINGS];
	int n = find_losses(section, base, way, losses);

	fprintf(out, "  %-16s", section->ways[way].name);
	if (n)
		print_worst(section, losses, n);
	else
		fputs(" in no row\n", out);
}

static void print_all_losses(const struct section *section)
{
	fprintf(out, "\n%s: slower than %s:\n", section->name, section->ways[BASE].name);
	print_losses(section, BASE, section->candidate);
	for (int way = FIRST_OTHER; way < section->nr_ways; way++)
		if (way != section->candidate && !section->ways[way].missing)
			print_losses(section, BASE, way);
}

/* Each of these fills a column of 16. */
static void print_base(const struct section *section, int row)
{
	double ns[MAX_ROUNDS];
	unsigned int n = rounds_of(section, row);

	memcpy(ns, &section->ns[row][BASE][1], n * sizeof(*ns));
	fprintf(out, "   %5.1f  %4.0f%% ", section->rows[row].bytes / median_ns(section, row, BASE),
	       100 * relative_spread(ns, n));
}

static void print_ratio(const struct section *section, int row, int way)
{
	struct interval times = compare(section, row, BASE, way, 1 - CONFIDENCE);
	double half = fmax(times.high - times.middle, times.middle - times.low);
	double percent = 100 * half / times.middle;

	fprintf(out, "   %5.2f ±", times.middle);
	fprintf(out, percent < 99.95 ? "%4.1f" : ">%.0f", fmin(percent, 100));
	fprintf(out, "%%%c", mark(section, row, BASE, way));
}

static void print_legend(const struct section *section)
{
	fprintf(out, "%s: GB/s and spread; the others: times as fast as it, 95%% confidence interval\n",
	       section->ways[BASE].name);
}

static void print_cell(const struct section *section, int row, int way)
{
	if (!is_measured(section, row, way))
		fprintf(out, "       -        ");
	else if (way == BASE)
		print_base(section, row);
	else
		print_ratio(section, row, way);
}

/* A line per row, as there are so many; last, of how many rounds it is. */
static void print_by_row(const struct section *section)
{
	fputc('\n', out);
	print_legend(section);
	fprintf(out, "%-16s", "");
	for (int way = BASE; way < section->nr_ways; way++)
		if (!section->ways[way].missing)
			fprintf(out, "%15s ", section->ways[way].name);
	fputs("    n\n", out);
	for (int row = 0; row < section->nr_rows; row++) {
		if (section->rows[row].missing)
			continue;
		fprintf(out, "%-16s", section->rows[row].name);
		for (int way = BASE; way < section->nr_ways; way++)
			if (!section->ways[way].missing)
				print_cell(section, row, way);
		fprintf(out, "%5u\n", rounds_of(section, row));
	}
	for (int way = BASE; way < section->nr_ways; way++)
		if (section->ways[way].missing)
			fprintf(out, "%s: %s\n", section->ways[way].name, section->ways[way].missing);
	for (int row = 0; row < section->nr_rows; row++)
		if (section->rows[row].missing)
			fprintf(out, "%s: %s\n", section->rows[row].name, section->rows[row].missing);
}

static void print_line(const struct section *section, int first, int n, int way)
{
	fprintf(out, "%-16s", section->ways[way].name);
	if (section->ways[way].missing)
		fprintf(out, "  %s", section->ways[way].missing);
	for (int row = first; row < first + n && !section->ways[way].missing; row++)
		print_cell(section, row, way);
	fputc('\n', out);
}

/* The rounds of each row of the group, below its columns. */
static void print_rounds(const struct section *section, int first, int n)
{
	fprintf(out, "%-16s", "n");
	for (int row = first; row < first + n; row++) {
		if (section->rows[row].missing)
			fprintf(out, "       -        ");
		else
			fprintf(out, "%9u       ", rounds_of(section, row));
	}
	fputc('\n', out);
}

static void print_group(const struct section *section, int first, int n)
{
	const struct row *rows = &section->rows[first];

	fprintf(out, "\n%-16s", rows->group);
	for (int row = 0; row < n; row++)
		fprintf(out, "%15s ", rows[row].name + strlen(rows->group));
	fputc('\n', out);
	for (int way = 0; way < section->nr_ways; way++)
		print_line(section, first, n, way);
	print_rounds(section, first, n);
	for (int row = 0; row < n; row++)
		if (rows[row].missing && (!row || rows[row].missing != rows[row - 1].missing))
			fprintf(out, "%s: %s\n", rows[row].name, rows[row].missing);
}

/* The number of rows from this one on that share its group. */
static int group_size(const struct section *section, int first)
{
	int row = first;

	while (row < section->nr_rows &&
	       !strcmp(section->rows[row].group, section->rows[first].group))
		row++;
	return row - first;
}

/* A line per way, the rows of a group side by side. */
static void print_by_way(const struct section *section)
{
	print_legend(section);
	for (int first = 0; first < section->nr_rows; first += group_size(section, first))
		print_group(section, first, group_size(section, first));
}

static void print_method(const struct section *section)
{
	fprintf(out, "medians of n rounds in %.0f s, a first one apart; interquartile spread; %ld "
	       "preemptions\n+ faster, - slower by %.0f ns per %s or more, 95%% sure of all %d "
	       "comparisons at once\n", section->seconds, section->preemptions, PLACEMENT_NS,
	       section->call, nr_verdicts(section));
	if (rows_with_few_rounds(section))
		fputs("some of these are too few rounds for a + or -: give it more time with --seconds\n", out);
}

static void print_control(const struct section *section)
{
	int failed = control_failures(section), n = rows_measured(section);

	if (failed)
		fprintf(out, "control: %s differs from itself in %d of %d rows, marked ?: repeat on a "
		       "quiet machine\n", section->ways[BASE].name, failed, n);
	else
		fprintf(out, "control: %s shows no difference from itself in %d of %d rows\n",
		       section->ways[BASE].name, n, n);
}

static void print_copies(const struct section *section)
{
	struct finding better[MAX_FINDINGS];
	int n = find_better(section, better);

	print_all_losses(section);
	print_by_row(section);
	print_method(section);
	print_control(section);
	for (int i = 0; i < n; i++)
		fprintf(out, "  %s: %s is %.2f times as fast as %s\n",
		       section->rows[better[i].row].name, section->ways[better[i].way].name,
		       better[i].ratio, section->ways[section->candidate].name);
}

static void print_bounds(const struct section *section, int first, int base, int way)
{
	fprintf(out, "  %-9sover %-10s", section->rows[first].group, section->ways[base].name);
	for (int row = first; row < first + group_size(section, first); row++) {
		if (section->rows[row].missing)
			fprintf(out, "          -  ");
		else
			fprintf(out, "%11.2f  ", lower_bound(section, row, base, way));
	}
	fputc('\n', out);
}

/* Where is the lower end of the interval, corrected for all rows, and is it where it is to be? */
static void print_target(const struct run *run)
{
	const struct section *section = &run->fills;
	int way = section->candidate, reached = 0;

	fprintf(out, "\n%s: at least so many times as fast, 95%% sure of all rows at once\n",
	       section->ways[way].name);
	for (int row = 0; row < section->nr_rows; row += group_size(section, row)) {
		print_bounds(section, row, BASE, way);
		print_bounds(section, row, run->movnti, way);
	}
	for (int row = 0; row < section->nr_rows; row++)
		if (!section->rows[row].missing)
			reached += lower_bound(section, row, BASE, way) >= TARGET;
	fprintf(out, "  %.1f times the %s in %d of %d rows; slower than %s:\n", TARGET,
	       section->ways[BASE].name, reached, rows_measured(section),
	       section->ways[run->movnti].name);
	print_losses(section, run->movnti, way);
}

static int row_named(const struct section *section, const char *name)
{
	int row = 0;

	while (strcmp(section->rows[row].name, name))
		row++;
	return row;
}

/* What may make non-temporal stores lose: one condition instead of another. */
static const struct effect {
	const char *what, *row, *other;
} effects[] = {
	{ "4K for 2M pages, cold", "anon 4K cold", "anon 2M cold" },
	{ "4K for 2M pages, hot", "anon 4K hot", "anon 2M hot" },
	{ "memfd for anon, cold", "memfd 4K cold", "anon 4K cold" },
	{ "memfd for anon, hot", "memfd 4K hot", "anon 4K hot" },
	{ "hot for cold", "anon 2M hot", "anon 2M cold" },
	{ "reading, cold", "anon 2M cold +read", "anon 2M cold" },
	{ "reading, hot", "anon 2M hot +read", "anon 2M hot" },
};

#define NR_EFFECTS	((int)(sizeof(effects) / sizeof(effects[0])))

static unsigned int common_rounds(const struct section *section, int row, int other)
{
	unsigned int n = rounds_of(section, row), others = rounds_of(section, other);

	return n < others ? n : others;
}

/* The samples of a row, as many as those of another one, from the whole run as they are. */
static void take_samples(const struct section *section, int row, int way, double *ns,
			 unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		ns[i] = section->ns[row][way][1 + i * rounds_of(section, row) / n];
}

/* Times as long for the same bytes in one row as in another, at the same time in the run. */
static double times_as_long(const struct section *section, int row, int other, int way)
{
	double bytes = (double)section->rows[other].bytes / section->rows[row].bytes;
	double more[MAX_ROUNDS], less[MAX_ROUNDS];
	unsigned int n = common_rounds(section, row, other);

	take_samples(section, row, way, more, n);
	take_samples(section, other, way, less, n);
	return bytes * ratio_interval(more, less, n, 1 - CONFIDENCE).middle;
}

/* The same of one way as a multiple of that of the base. */
static struct interval excess(const struct section *section, int row, int other, int way)
{
	double more[MAX_ROUNDS], less[MAX_ROUNDS], base[MAX_ROUNDS], other_base[MAX_ROUNDS];
	unsigned int n = common_rounds(section, row, other);

	take_samples(section, row, way, more, n);
	take_samples(section, other, way, less, n);
	take_samples(section, row, BASE, base, n);
	take_samples(section, other, BASE, other_base, n);
	for (unsigned int i = 0; i < n; i++) {
		more[i] *= other_base[i];
		less[i] *= base[i];
	}
	return ratio_interval(more, less, n, (1 - CONFIDENCE) / NR_EFFECTS);
}

static char print_effect(const struct run *run, const struct effect *effect)
{
	const struct section *section = &run->fills;
	int row = row_named(section, effect->row), other = row_named(section, effect->other);
	struct interval times;
	char sign;

	if (section->rows[row].missing || section->rows[other].missing) {
		fprintf(out, "  %-22s not measured\n", effect->what);
		return ' ';
	}
	times = excess(section, row, other, run->movnti);
	sign = ratio_mark(times);
	fprintf(out, "  %-22s %9.2f %9.2f %9.2f %9.2f (%.2f to %.2f)%s\n", effect->what,
	       times_as_long(section, row, other, BASE),
	       times_as_long(section, row, other, run->movnti),
	       times_as_long(section, row, other, section->candidate), times.middle, times.low,
	       times.high, sign == '+' ? " it loses" : sign == '-' ? " it gains" : "");
	return sign;
}

/* Why do non-temporal stores lose? By what costs them more than it costs the slow path. */
static void print_effects(const struct run *run)
{
	const struct way *ways = run->fills.ways;
	int causes = 0;

	fprintf(out, "\ntimes as long with: %s, %s, %s; the second over the first, 95%% sure of all %d "
	       "at once\n", ways[BASE].name, ways[run->movnti].name, ways[run->fills.candidate].name,
	       NR_EFFECTS);
	for (int i = 0; i < NR_EFFECTS; i++)
		causes += print_effect(run, &effects[i]) == '+';
	if (!causes)
		fprintf(out, "  nothing here costs %s more than it costs the %s\n",
		       ways[run->movnti].name, ways[BASE].name);
}

static void print_fills(const struct run *run)
{
	const struct section *section = &run->fills;

	print_all_losses(section);
	fprintf(out, "\n%s: %d stores, %d bytes in all, per descriptor of %zu bytes\n",
	       section->ways[BASE].name, SLOW_PATH_STORES, SLOW_PATH_BYTES,
	       sizeof(struct descriptor));
	print_by_way(section);
	print_method(section);
	print_control(section);
	print_target(run);
	print_effects(run);
}

static void print_all(const struct run *run)
{
	print_copies(&run->copies);
	print_copies(&run->mc);
	if (run->between.nr_rows)
		print_copies(&run->between);
	print_fills(run);
}

bool write_details(const struct run *run, FILE *file)
{
	bool failed;

	out = file;
	if (run->host.emulated)
		fputs("functional: this CPU is emulated and has no speed\n", out);
	else
		print_all(run);
	failed = ferror(file);
	return !fclose(file) && !failed;
}
