// SPDX-License-Identifier: GPL-2.0
/* One screen: what is slower, what is gained, and whether the kernel's choice is the right one. */
#include <stdio.h>
#include <string.h>

#include "fills.h"
#include "probe.h"
#include "routines.h"
#include "verdict.h"

#define WORST_SHOWN	4
#define BETTER_SHOWN	3

static const char *selecting_flag(const struct host *host)
{
	if (host->erms)
		return "erms";
	return host->rep_good ? "rep_good" : "neither erms nor rep_good";
}

void print_environment(const struct run *run)
{
	const struct host *host = &run->host;

	printf("%s, family %s model %s stepping %s, microcode %s, Linux %s\n", host->model_name,
	       host->family, host->model, host->stepping, host->microcode, host->kernel);
	printf("flags:%s%s%s%s; routines from Linux %s; CPU %d; seed %llu\n",
	       host->rep_good ? " rep_good" : "", host->erms ? " erms" : "",
	       host->fsrm ? " fsrm" : "", host->movdir64b ? " movdir64b" : "", KERNEL_VERSION,
	       host->cpu, (unsigned long long)run->seed);
	printf("last level cache %zu KiB; cold copies walk %zu MiB of source and of destination, "
	       "cold fills %zu MiB\n",
	       host->last_level_cache >> 10, run->pool_bytes >> 20, run->range_bytes >> 20);
	fflush(stdout);
}

/* Those of them that are for this reason not to judge by, or are. */
static int print_worst(const struct section *section, const struct finding *losses, int n,
		       const char *aside)
{
	int found = 0;

	for (int i = 0; i < n; i++) {
		if (section->rows[losses[i].row].aside != aside)
			continue;
		if (found++ < WORST_SHOWN)
			printf("%s %s %.2f", found > 1 ? "," : "",
			       section->rows[losses[i].row].name, losses[i].ratio);
	}
	if (found > WORST_SHOWN)
		printf(", %d more", found - WORST_SHOWN);
	return found;
}

static void print_losses(const struct section *section)
{
	struct finding losses[MAX_FINDINGS];
	int n = find_losses(section, BASE, section->candidate, losses), shown, judged = 0;
	const char *aside = NULL;

	for (int row = 0; row < section->nr_rows; row++) {
		judged += !section->rows[row].missing && !section->rows[row].aside;
		aside = section->rows[row].aside ?: aside;
	}
	printf("  %s, %s:", section->what, section->ways[section->candidate].name);
	shown = print_worst(section, losses, n, NULL);
	if (!shown)
		printf(" in none of %d rows", judged);
	putchar('\n');
	if (shown == n)
		return;
	printf("    not judged, as %s:", aside);
	print_worst(section, losses, n, aside);
	putchar('\n');
}

static int row_named(const struct section *section, const char *name)
{
	for (int row = 0; row < section->nr_rows; row++)
		if (!strcmp(section->rows[row].name, name))
			return row;
	return -1;
}

/* A column of the table: where its cells are found, by what is said of the row. */
struct column {
	const char *head[2];			/* above the first column of a kind */
	const struct section *section;
	int way;
	const char *state, *read;
};

#define MAX_COLUMNS	17

/* Six characters. */
static void print_cell(const struct column *column, const char *group, const char *size)
{
	const struct section *section = column->section;
	char name[48];
	int row;

	snprintf(name, sizeof(name), "%s%s %s%s", group, column->state, size, column->read);
	row = row_named(section, name);
	if (row < 0 || !is_measured(section, row, column->way))
		printf("    - ");
	else if (column->way == BASE)
		printf(" %5.1f", section->rows[row].bytes / median_ns(section, row, BASE));
	else
		printf(" %4.2f%c", ratio(section, row, BASE, column->way),
		       mark(section, row, BASE, column->way));
}

static void print_head(const struct column *columns, int n, int width, int line)
{
	printf("%*s", width, "");
	for (int i = 0, cells; i < n; i += cells) {
		for (cells = 1; i + cells < n && !columns[i + cells].head[0]; cells++)
			;
		printf(" %-*s", cells * 6 - 1, columns[i].head[line]);
	}
	putchar('\n');
}

static void print_heads(const struct column *columns, int n, int width)
{
	print_head(columns, n, width, 0);
	print_head(columns, n, width, 1);
	printf("%*s", width, "");
	for (int i = 0; i < n; i++)
		printf(" %5s", columns[i].read[0] ? "+read" : columns[i].state);
	putchar('\n');
}

static void add(struct column *columns, int *n, const struct section *section, int way,
		const char *head, const char *second, const char *state, const char *read)
{
	if (!section->ways[way].missing)
		columns[(*n)++] = (struct column){ { head, second }, section, way, state, read };
}

/* "+read" is cold in all of them. */
static void print_copies(const struct run *run)
{
	static const char *const sizes[] = { "4K", "16K", "64K", "256K", "1M", "2M", "8M", "32M", "1G" };
	const struct section *copies = &run->copies, *mc = &run->mc;
	struct column columns[MAX_COLUMNS];
	int n = 0, series = copies->candidate, mc_series = mc->candidate;

	add(columns, &n, copies, BASE, "v7.3", "GB/s", "hot", "");
	add(columns, &n, copies, BASE, NULL, NULL, "cold", "");
	add(columns, &n, copies, series, "copy_pages()", copies->ways[series].name, "hot", "");
	add(columns, &n, copies, series, NULL, NULL, "cold", "");
	add(columns, &n, copies, series, NULL, NULL, "cold", " +read");
	add(columns, &n, mc, mc_series, "copy_mc_pages()", mc->ways[mc_series].name, "hot", "");
	add(columns, &n, mc, mc_series, NULL, NULL, "cold", "");
	add(columns, &n, mc, mc_series, NULL, NULL, "cold", " +read");
	add(columns, &n, copies, MEMCPY_FSRM, "memcpy,", "FSRM", "hot", "");
	add(columns, &n, copies, MEMCPY_FSRM, NULL, NULL, "cold", "");
	add(columns, &n, copies, MEMCPY_ORIG, "memcpy,", "no FSRM", "hot", "");
	add(columns, &n, copies, MEMCPY_ORIG, NULL, NULL, "cold", "");
	add(columns, &n, copies, MOVNTI, "movnti", "", "cold", "");
	add(columns, &n, copies, MOVNTI, NULL, NULL, "cold", " +read");
	add(columns, &n, copies, MOVDIR64B, "movdir64b", "", "cold", "");
	add(columns, &n, copies, MOVDIR64B, NULL, NULL, "cold", " +read");

	print_heads(columns, n, 4);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		printf("%-4s", sizes[i]);
		for (int column = 0; column < n; column++)
			print_cell(&columns[column], "", sizes[i]);
		putchar('\n');
	}
}

/* The larger size of each direction. */
static void print_nodes(const struct run *run)
{
	const struct section *between = &run->between;
	struct column columns[MAX_COLUMNS];
	int n = 0, series = between->candidate;

	add(columns, &n, between, BASE, "v7.3", "GB/s", "cold", "");
	add(columns, &n, between, series, "copy_pages()", between->ways[series].name, "cold", "");
	add(columns, &n, between, series, NULL, NULL, "cold", " +read");
	add(columns, &n, between, MEMCPY_FSRM, "memcpy,", "FSRM", "cold", "");
	add(columns, &n, between, MEMCPY_FSRM, NULL, NULL, "cold", " +read");
	add(columns, &n, between, MEMCPY_ORIG, "memcpy,", "no FSRM", "cold", "");
	add(columns, &n, between, MEMCPY_ORIG, NULL, NULL, "cold", " +read");
	add(columns, &n, between, MOVNTI, "movnti", "", "cold", "");
	add(columns, &n, between, MOVNTI, NULL, NULL, "cold", " +read");
	add(columns, &n, between, MOVDIR64B, "movdir64b", "", "cold", "");
	add(columns, &n, between, MOVDIR64B, NULL, NULL, "cold", " +read");

	print_heads(columns, n, 12);
	for (int row = 0; row < between->nr_rows; row++) {
		const char *group = between->rows[row].group;

		if (row && !strcmp(group, between->rows[row - 1].group))
			continue;
		printf("%9s2M ", group);
		for (int column = 0; column < n; column++)
			print_cell(&columns[column], group, "2M");
		putchar('\n');
	}
}

/* Is what the CPU's flags select also what was fastest, as far as that can be told? */
static void print_selection(const struct run *run, const struct section *section)
{
	struct finding better[MAX_FINDINGS];
	int n = find_better(section, better), rows = 0;

	for (int i = 0; i < n; i++)
		rows += !i || better[i].row != better[i - 1].row;
	printf("%s is %s here (%s): within noise the best of its %d in %d of %d rows\n",
	       section->what, section->ways[section->candidate].name, selecting_flag(&run->host),
	       section->last_choice - section->first_choice + 1, rows_measured(section) - rows,
	       rows_measured(section));
	for (int i = 0; i < n && i < BETTER_SHOWN; i++)
		printf("  %s: %s is %.2f times as fast\n", section->rows[better[i].row].name,
		       section->ways[better[i].way].name, better[i].ratio);
}

static void print_memmap_cell(const struct section *section, int way, const char *what, bool bound)
{
	char name[40];
	double low;
	int row;

	snprintf(name, sizeof(name), "anon 2M %s", what);
	row = row_named(section, name);
	low = section->rows[row].missing ? 0 : lower_bound(section, row, BASE, way);
	/* A bound of 0 is what too few rounds leave. */
	if (section->rows[row].missing || (bound && !low))
		printf("  %s -", what);
	else if (bound)
		printf("  %s %.2f", what, low);
	else
		printf("  %s %.2f%c", what, ratio(section, row, BASE, way),
		       mark(section, row, BASE, way));
}

static void print_memmap_line(const struct section *section, int way, const char *text, bool bound)
{
	printf("  %s, in pages of 2M:", text);
	print_memmap_cell(section, way, "cold", bound);
	print_memmap_cell(section, way, "cold +read", bound);
	print_memmap_cell(section, way, "hot", bound);
	print_memmap_cell(section, way, "hot +read", bound);
	putchar('\n');
}

static void print_memmap(const struct run *run)
{
	const struct section *section = &run->fills;
	int way = section->candidate, reached = 0;

	for (int row = 0; row < section->nr_rows; row++)
		if (!section->rows[row].missing)
			reached += lower_bound(section, row, BASE, way) >= TARGET;
	printf("memmap by blocks, %s: %.1f times as fast as v7.3's stores for sure in %d of %d rows\n",
	       section->ways[way].name, TARGET, reached, rows_measured(section));
	print_memmap_line(section, way, "at least", true);
	print_memmap_line(section, run->movnti, "movnti", false);
}

static int all_rows(const struct run *run)
{
	return rows_measured(&run->copies) + rows_measured(&run->mc) +
	       rows_measured(&run->between) + rows_measured(&run->fills);
}

static void print_control(const struct run *run)
{
	const struct section *sections[] = { &run->copies, &run->mc, &run->between, &run->fills };
	int failed = 0, undecided = 0, rows = all_rows(run);

	for (int i = 0; i < 4; i++) {
		failed += control_failures(sections[i]);
		undecided += rows_with_few_rounds(sections[i]);
	}
	printf("control: v7.3 differs from itself in %d of %d rows%s\n", failed, rows,
	       failed ? ", marked ?: repeat on a quiet machine" : "");
	if (undecided)
		printf("undecided: %d of %d rows had too few rounds for any + or -: give it more time "
		       "with --seconds\n", undecided, rows);
}

static void print_warnings(const struct host *host)
{
	for (unsigned int i = 0; i < host->nr_warnings; i++)
		printf("warning: %s\n", host->warnings[i]);
}

void print_screen(const struct run *run)
{
	print_warnings(&run->host);
	puts("\nslower than v7.3:");
	print_losses(&run->copies);
	print_losses(&run->mc);
	if (run->between.nr_rows)
		print_losses(&run->between);
	print_losses(&run->fills);
	print_control(run);
	puts("\ntimes as fast as v7.3's page by page; + faster, - slower for sure; +read: cold, then "
	     "read");
	print_copies(run);
	if (run->between.nr_rows)
		print_nodes(run);
	if (run->copies.ways[MOVDIR64B].missing)
		printf("movdir64b: %s\n", run->copies.ways[MOVDIR64B].missing);
	print_selection(run, &run->copies);
	print_selection(run, &run->mc);
	print_memmap(run);
}

void print_functional(const struct run *run)
{
	print_warnings(&run->host);
	printf("functional: this CPU is emulated and has no speed: every routine copied what it had to,\n"
	       "and %d rows were taken; run this on hardware for figures\n", all_rows(run));
}
