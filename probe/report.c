// SPDX-License-Identifier: GPL-2.0
/* The tables for people and the samples for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fills.h"
#include "probe.h"
#include "stats.h"
#include "stores.h"

#define CONFIDENCE	0.95

/*
 * What the linker's and the loader's choice of addresses makes of the same instructions, per call:
 * it differs from run to run but not within one, so no interval shows it. Hence no verdict below.
 */
#define PLACEMENT_NS	2.0

#define WORST_SHOWN	4

/* What block replication is to gain. */
#define TARGET		1.4

static int rows_measured(const struct section *section)
{
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++)
		n += !section->rows[row].missing;
	return n;
}

/*
 * A verdict is one of many: every row compares all ways with the base, and one of them with some
 * others. Each gets its share of the 5% (Bonferroni), so that with 95% probability no verdict in
 * the whole table is wrong.
 */
static int nr_verdicts(const struct section *section)
{
	int ways = section->extra_verdicts - 1;

	for (int way = 0; way < section->nr_ways; way++)
		ways += !section->ways[way].missing;
	return ways * rows_measured(section);
}

static double verdict_alpha(const struct section *section)
{
	return (1 - CONFIDENCE) / nr_verdicts(section);
}

static struct interval compare(const struct section *section, int row, int base, int other,
			       double alpha)
{
	return ratio_interval(&section->ns[row][base][1], &section->ns[row][other][1],
			      section->passes - 1, alpha);
}

static double median_ns(const struct section *section, int row, int way)
{
	double ns[MAX_PASSES];

	memcpy(ns, &section->ns[row][way][1], (section->passes - 1) * sizeof(*ns));
	return median(ns, section->passes - 1);
}

/* '?' where the control shows a difference: what else the row shows means nothing then. */
static char mark(const struct section *section, int row, int base, int other)
{
	double alpha = verdict_alpha(section);
	struct interval ratio = compare(section, row, base, other, alpha);
	double saved = 1 - 1 / ratio.middle;

	if (ratio_mark(compare(section, row, BASE, CONTROL, alpha)) != ' ')
		return '?';
	if (fabs(saved) * median_ns(section, row, base) / section->rows[row].calls < PLACEMENT_NS)
		return ' ';
	return ratio_mark(ratio);
}

static double ratio(const struct section *section, int row, int base, int other)
{
	return compare(section, row, base, other, 1 - CONFIDENCE).middle;
}

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
	printf("flags:%s%s%s%s; routines from Linux %s; on CPU %d; seed %llu\n",
	       host->rep_good ? " rep_good" : "", host->erms ? " erms" : "",
	       host->fsrm ? " fsrm" : "", host->movdir64b ? " movdir64b" : "", KERNEL_VERSION,
	       host->cpu, (unsigned long long)run->seed);
	printf("last level cache %zu KiB; cold copies walk %zu MiB of source and of destination, "
	       "cold fills %zu MiB\n",
	       host->last_level_cache >> 10, run->pool_bytes >> 20, run->range_bytes >> 20);
	for (unsigned int i = 0; i < host->nr_warnings; i++)
		printf("warning: %s\n", host->warnings[i]);
}

struct finding {
	int row;
	double ratio;
};

static int compare_findings(const void *a, const void *b)
{
	double x = ((const struct finding *)a)->ratio, y = ((const struct finding *)b)->ratio;

	return (x > y) - (x < y);
}

static void print_worst(const struct section *section, struct finding *findings, int n)
{
	qsort(findings, n, sizeof(*findings), compare_findings);
	for (int i = 0; i < n && i < WORST_SHOWN; i++)
		printf("%s %s %.2f", i ? "," : "", section->rows[findings[i].row].name,
		       findings[i].ratio);
	if (n > WORST_SHOWN)
		printf(", %d more", n - WORST_SHOWN);
	putchar('\n');
}

/* The rows in which a way is surely slower than another one. */
static void print_losses(const struct section *section, int base, int way)
{
	struct finding losses[MAX_ROWS];
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++) {
		if (section->rows[row].missing || mark(section, row, base, way) != '-')
			continue;
		losses[n].row = row;
		losses[n++].ratio = ratio(section, row, base, way);
	}
	printf("  %-16s", section->ways[way].name);
	if (n)
		print_worst(section, losses, n);
	else
		puts(" in no row");
}

static void print_all_losses(const struct section *section, int chosen)
{
	printf("\n%s: slower than %s:\n", section->name, section->ways[BASE].name);
	print_losses(section, BASE, chosen);
	for (int way = FIRST_OTHER; way < section->nr_ways; way++)
		if (way != chosen && !section->ways[way].missing)
			print_losses(section, BASE, way);
}

/* Each of these fills a column of 14. */
static void print_base(const struct section *section, int row)
{
	double ns[MAX_PASSES];
	unsigned int n = section->passes - 1;

	memcpy(ns, &section->ns[row][BASE][1], n * sizeof(*ns));
	printf(" %5.1f  %4.0f%% ", section->rows[row].bytes / median_ns(section, row, BASE),
	       100 * relative_spread(ns, n));
}

static void print_ratio(const struct section *section, int row, int way)
{
	struct interval times = compare(section, row, BASE, way, 1 - CONFIDENCE);
	double half = fmax(times.high - times.middle, times.middle - times.low);
	double percent = 100 * half / times.middle;

	printf(" %5.2f ±", times.middle);
	printf(percent < 99.95 ? "%4.1f" : ">%.0f", fmin(percent, 100));
	printf("%%%c", mark(section, row, BASE, way));
}

static void print_legend(const struct section *section)
{
	printf("%s: GB/s and spread; the others: times as fast as it, 95%% confidence interval\n",
	       section->ways[BASE].name);
}

/* A line per row. */
static void print_by_row(const struct section *section)
{
	putchar('\n');
	print_legend(section);
	printf("%-16s", "");
	for (int way = BASE; way < section->nr_ways; way++)
		printf(" %12s ", section->ways[way].name);
	putchar('\n');
	for (int row = 0; row < section->nr_rows; row++) {
		printf("%-16s", section->rows[row].name);
		print_base(section, row);
		for (int way = CONTROL; way < section->nr_ways; way++)
			print_ratio(section, row, way);
		putchar('\n');
	}
}

static void print_line(const struct section *section, int first, int n, int way)
{
	printf("%-16s", section->ways[way].name);
	if (section->ways[way].missing)
		printf("  %s", section->ways[way].missing);
	for (int row = first; row < first + n && !section->ways[way].missing; row++) {
		if (section->rows[row].missing)
			printf("     -        ");
		else if (way == BASE)
			print_base(section, row);
		else
			print_ratio(section, row, way);
	}
	putchar('\n');
}

static void print_group(const struct section *section, int first, int n)
{
	const struct row *rows = &section->rows[first];

	printf("\n%-16s", rows->group);
	for (int row = 0; row < n; row++)
		printf(" %12s ", rows[row].name + strlen(rows->group));
	putchar('\n');
	for (int way = 0; way < section->nr_ways; way++)
		print_line(section, first, n, way);
	for (int row = 0; row < n; row++)
		if (rows[row].missing && (!row || rows[row].missing != rows[row - 1].missing))
			printf("%s: %s\n", rows[row].name, rows[row].missing);
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
	printf("medians of n = %u passes in %.0f s, a first one apart; interquartile spread; "
	       "%ld preemptions\n+ faster, - slower by %.0f ns per %s or more, 95%% sure of all "
	       "%d comparisons at once\n", section->passes - 1, section->seconds,
	       section->preemptions, PLACEMENT_NS, section->call, nr_verdicts(section));
	if (!enough_values(section->passes - 1, verdict_alpha(section)))
		puts("these are too few passes for any + or -: give it more time with --seconds");
}

static void print_control(const struct section *section)
{
	int failed = 0, n = rows_measured(section);

	for (int row = 0; row < section->nr_rows; row++)
		if (!section->rows[row].missing)
			failed += mark(section, row, BASE, CONTROL) == '?';
	if (failed)
		printf("control: %s differs from itself in %d of %d rows, marked ?: repeat on a "
		       "quiet machine\n", section->ways[BASE].name, failed, n);
	else
		printf("control: %s shows no difference from itself in %d of %d rows\n",
		       section->ways[BASE].name, n, n);
}

/* Is what the CPU's flags select also what was fastest, as far as that can be told? */
static void print_selection(const struct run *run, int selected)
{
	const struct section *section = &run->copies;
	struct finding beaten[MAX_ROWS * 2];
	int by[MAX_ROWS * 2];
	int n = 0, rows_beaten = 0;

	for (int row = 0; row < section->nr_rows; row++) {
		int before = n;

		for (int other = UNROLLED; other <= REP_MOVSB; other++) {
			if (mark(section, row, selected, other) != '+')
				continue;
			by[n] = other;
			beaten[n++] = (struct finding){ row, ratio(section, row, selected, other) };
		}
		rows_beaten += n > before;
	}
	printf("copy_pages() here is %s (%s): within noise the best of its three in %d of %d "
	       "rows\n", routines[selected].name, selecting_flag(&run->host),
	       section->nr_rows - rows_beaten, section->nr_rows);
	for (int i = 0; i < n; i++)
		printf("  %s: %s is %.2f times as fast\n", section->rows[beaten[i].row].name,
		       routines[by[i]].name, beaten[i].ratio);
}

void print_copies(const struct run *run)
{
	int selected = selected_routine(&run->host);

	print_all_losses(&run->copies, selected);
	print_by_row(&run->copies);
	print_method(&run->copies);
	print_control(&run->copies);
	print_selection(run, selected);
}

static double lower_bound(const struct section *section, int row, int base, int way)
{
	return compare(section, row, base, way, verdict_alpha(section)).low;
}

static void print_bounds(const struct section *section, int first, int base, int way)
{
	printf("  %-9sover %-10s", section->rows[first].group, section->ways[base].name);
	for (int row = first; row < first + group_size(section, first); row++) {
		if (section->rows[row].missing)
			printf("          -  ");
		else
			printf("%11.2f  ", lower_bound(section, row, base, way));
	}
	putchar('\n');
}

/* Where is the lower end of the interval, corrected for all rows, and is it where it is to be? */
static void print_target(const struct run *run)
{
	const struct section *section = &run->fills;
	int way = run->replicated, reached = 0;

	printf("\n%s: at least so many times as fast, 95%% sure of all rows at once\n",
	       section->ways[way].name);
	for (int row = 0; row < section->nr_rows; row += group_size(section, row)) {
		print_bounds(section, row, BASE, way);
		print_bounds(section, row, run->movnti, way);
	}
	for (int row = 0; row < section->nr_rows; row++)
		if (!section->rows[row].missing)
			reached += lower_bound(section, row, BASE, way) >= TARGET;
	printf("  %.1f times the %s in %d of %d rows; slower than %s:\n", TARGET,
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

/* Times as long for the same bytes in one row as in another, of the same pass. */
static double times_as_long(const struct section *section, int row, int other, int way)
{
	double bytes = (double)section->rows[other].bytes / section->rows[row].bytes;

	return bytes * ratio_interval(&section->ns[row][way][1], &section->ns[other][way][1],
				      section->passes - 1, 1 - CONFIDENCE).middle;
}

/* The same of one way as a multiple of that of the base. */
static struct interval excess(const struct section *section, int row, int other, int way)
{
	double more[MAX_PASSES], less[MAX_PASSES];
	unsigned int n = section->passes - 1;

	for (unsigned int i = 0; i < n; i++) {
		more[i] = section->ns[row][way][i + 1] * section->ns[other][BASE][i + 1];
		less[i] = section->ns[other][way][i + 1] * section->ns[row][BASE][i + 1];
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
		printf("  %-22s not measured\n", effect->what);
		return ' ';
	}
	times = excess(section, row, other, run->movnti);
	sign = ratio_mark(times);
	printf("  %-22s %9.2f %9.2f %9.2f %9.2f (%.2f to %.2f)%s\n", effect->what,
	       times_as_long(section, row, other, BASE),
	       times_as_long(section, row, other, run->movnti),
	       times_as_long(section, row, other, run->replicated), times.middle, times.low,
	       times.high, sign == '+' ? " it loses" : sign == '-' ? " it gains" : "");
	return sign;
}

/* Why do non-temporal stores lose? By what costs them more than it costs the slow path. */
static void print_effects(const struct run *run)
{
	const struct way *ways = run->fills.ways;
	int causes = 0;

	printf("\ntimes as long with: %s, %s, %s; the second over the first, 95%% sure of all %d "
	       "at once\n", ways[BASE].name, ways[run->movnti].name, ways[run->replicated].name,
	       NR_EFFECTS);
	for (int i = 0; i < NR_EFFECTS; i++)
		causes += print_effect(run, &effects[i]) == '+';
	if (!causes)
		printf("  nothing here costs %s more than it costs the %s\n",
		       ways[run->movnti].name, ways[BASE].name);
}

void print_fills(const struct run *run)
{
	const struct section *section = &run->fills;

	print_all_losses(section, run->replicated);
	printf("\n%s: %d stores, %d bytes in all, per descriptor of %zu bytes\n",
	       section->ways[BASE].name, SLOW_PATH_STORES, SLOW_PATH_BYTES,
	       sizeof(struct descriptor));
	print_by_way(section);
	print_method(section);
	print_control(section);
	print_target(run);
	print_effects(run);
}

static void write_json_environment(const struct run *run, FILE *file)
{
	const struct host *host = &run->host;

	fprintf(file, "{\"environment\":{\"cpu\":\"%s\",\"vendor\":\"%s\",\"family\":\"%s\","
		"\"model\":\"%s\",\"stepping\":\"%s\",\"microcode\":\"%s\",\"kernel\":\"%s\","
		"\"routines_from\":\"%s\"", host->model_name, host->vendor, host->family,
		host->model, host->stepping, host->microcode, host->kernel, KERNEL_VERSION);
	fprintf(file, ",\"rep_good\":%d,\"erms\":%d,\"fsrm\":%d,\"movdir64b\":%d,\"hypervisor\":%d",
		host->rep_good, host->erms, host->fsrm, host->movdir64b, host->hypervisor);
	fprintf(file, ",\"last_level_cache\":%zu,\"pool_bytes\":%zu,\"huge_bytes\":%zu,"
		"\"total_bytes\":%zu,\"range_bytes\":%zu,\"pinned_to\":%d,\"load\":%.2f,"
		"\"seed\":%llu", host->last_level_cache, run->pool_bytes, run->huge_bytes,
		run->total_bytes, run->range_bytes, host->cpu, host->load,
		(unsigned long long)run->seed);
	fprintf(file, ",\"selected\":\"%s\",\"slow_path_stores\":%d,\"slow_path_bytes\":%d",
		routines[selected_routine(host)].name, SLOW_PATH_STORES, SLOW_PATH_BYTES);
	fputs(",\"warnings\":[", file);
	for (unsigned int i = 0; i < host->nr_warnings; i++)
		fprintf(file, "%s\"%s\"", i ? "," : "", host->warnings[i]);
	fputs("]}}\n", file);
}

static void write_json_string(const char *text, FILE *file)
{
	if (text)
		fprintf(file, "\"%s\"", text);
	else
		fputs("null", file);
}

static void write_json_section(const struct section *section, int candidate, FILE *file)
{
	fprintf(file, "{\"section\":\"%s\",\"verdicts\":%d,\"placement_ns\":%.1f,"
		"\"candidate\":\"%s\",\"ways\":[", section->name, nr_verdicts(section),
		PLACEMENT_NS, section->ways[candidate].name);
	for (int i = 0; i < section->nr_ways; i++) {
		fprintf(file, "%s{\"name\":\"%s\",\"missing\":", i ? "," : "",
			section->ways[i].name);
		write_json_string(section->ways[i].missing, file);
		fputc('}', file);
	}
	fputs("],\"rows\":[", file);
	for (int i = 0; i < section->nr_rows; i++) {
		const struct row *row = &section->rows[i];

		fprintf(file, "%s{\"name\":\"%s\",\"bytes\":%zu,\"calls\":%u,\"missing\":",
			i ? "," : "", row->name, row->bytes, row->calls);
		write_json_string(row->missing, file);
		fputc('}', file);
	}
	fputs("]}\n", file);
}

/* One round: "ns" in the order of "ways" above, "order" the order in which they ran. */
static void write_json_round(const struct section *section, unsigned int pass, int row, FILE *file)
{
	fprintf(file, "{\"section\":\"%s\",\"pass\":%u,\"first\":%s,\"row\":\"%s\",\"ns\":[",
		section->name, pass, pass ? "false" : "true", section->rows[row].name);
	for (int i = 0; i < section->nr_ways; i++) {
		fputs(i ? "," : "", file);
		if (section->ways[i].missing)
			fputs("null", file);
		else
			fprintf(file, "%.0f", section->ns[row][i][pass]);
	}
	fputs("],\"order\":[", file);
	for (int i = 0; i < section->nr_ways; i++)
		fprintf(file, "%s%d", i ? "," : "", section->order[row][pass][i]);
	fputs("]}\n", file);
}

/* The samples are written when all are taken: writing would disturb them. */
bool write_json(const struct run *run, FILE *file)
{
	const struct section *sections[] = { &run->copies, &run->fills };
	bool failed;

	write_json_environment(run, file);
	write_json_section(&run->copies, selected_routine(&run->host), file);
	write_json_section(&run->fills, run->replicated, file);
	for (int i = 0; i < 2; i++)
		for (unsigned int pass = 0; pass < sections[i]->passes; pass++)
			for (int row = 0; row < sections[i]->nr_rows; row++)
				if (!sections[i]->rows[row].missing)
					write_json_round(sections[i], pass, row, file);
	failed = ferror(file);
	return !fclose(file) && !failed;
}
