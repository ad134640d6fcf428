// SPDX-License-Identifier: GPL-2.0
/* The table for people and the samples for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "stats.h"

#define CONFIDENCE	0.95

/*
 * A verdict is one of many: every row compares all routines with the base, and the selected one
 * with the other two that copy_pages() knows. Each gets its share of the 5% (Bonferroni), so that
 * with 95% probability no verdict in the whole output is wrong.
 */
#define NR_VERDICTS	(NR_ROWS * (NR_ROUTINES - 1 + 2))
#define VERDICT_ALPHA	((1 - CONFIDENCE) / NR_VERDICTS)

/*
 * What the linker's and the loader's choice of addresses makes of the same instructions, per call:
 * it differs from run to run but not within one, so no interval shows it. Hence no verdict below.
 */
#define PLACEMENT_NS	2.0

#define WORST_SHOWN	4

static struct interval compare(const struct run *run, int row, int base, int other, double alpha)
{
	return ratio_interval(&run->ns[row][base][1], &run->ns[row][other][1], run->passes - 1,
			      alpha);
}

static double median_ns(const struct run *run, int row, int routine)
{
	double ns[MAX_PASSES];

	memcpy(ns, &run->ns[row][routine][1], (run->passes - 1) * sizeof(*ns));
	return median(ns, run->passes - 1);
}

/* '?' where the control shows a difference: what else the row shows means nothing then. */
static char mark(const struct run *run, int row, int base, int other)
{
	struct interval ratio = compare(run, row, base, other, VERDICT_ALPHA);
	double saved = 1 - 1 / ratio.middle;

	if (ratio_mark(compare(run, row, PAGE_BY_PAGE, CONTROL, VERDICT_ALPHA)) != ' ')
		return '?';
	if (fabs(saved) * median_ns(run, row, base) / run->rows[row].copies < PLACEMENT_NS)
		return ' ';
	return ratio_mark(ratio);
}

static double ratio(const struct run *run, int row, int base, int other)
{
	return compare(run, row, base, other, 1 - CONFIDENCE).middle;
}

static const char *row_name(const struct row *row)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s %zu%c%s", row->cold ? "cold" : "hot",
		 row->size >> (row->size < 1 << 20 ? 10 : 20), row->size < 1 << 20 ? 'K' : 'M',
		 row->read ? " +read" : "");
	return name;
}

/* What the ALTERNATIVE_2 in copy_pages() becomes with this CPU's flags. */
static int selected_routine(const struct host *host)
{
	if (host->erms)
		return REP_MOVSB;
	return host->rep_good ? REP_MOVSQ : UNROLLED;
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
	printf("last level cache %zu KiB; cold copies walk %zu MiB of source and of destination\n",
	       host->last_level_cache >> 10, run->pool_bytes >> 20);
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

static void print_worst(const struct run *run, struct finding *findings, int n)
{
	qsort(findings, n, sizeof(*findings), compare_findings);
	for (int i = 0; i < n && i < WORST_SHOWN; i++)
		printf("%s %s %.2f", i ? "," : "", row_name(&run->rows[findings[i].row]),
		       findings[i].ratio);
	if (n > WORST_SHOWN)
		printf(", %d more", n - WORST_SHOWN);
	putchar('\n');
}

static void print_losses(const struct run *run, int routine)
{
	struct finding losses[NR_ROWS];
	int n = 0;

	for (int row = 0; row < NR_ROWS; row++) {
		if (mark(run, row, PAGE_BY_PAGE, routine) != '-')
			continue;
		losses[n].row = row;
		losses[n++].ratio = ratio(run, row, PAGE_BY_PAGE, routine);
	}
	printf("  %-12s", routines[routine].name);
	if (n)
		print_worst(run, losses, n);
	else
		puts(" in no row");
}

static void print_all_losses(const struct run *run, int selected)
{
	puts("\nslower than page by page:");
	print_losses(run, selected);
	for (int routine = UNROLLED; routine < NR_ROUTINES; routine++)
		if (routine != selected)
			print_losses(run, routine);
}

static void print_row(const struct run *run, int row)
{
	double ns[MAX_PASSES];
	unsigned int n = run->passes - 1;

	memcpy(ns, &run->ns[row][PAGE_BY_PAGE][1], n * sizeof(*ns));
	printf("%-16s %5.1f  %3.0f%%", row_name(&run->rows[row]),
	       SAMPLE_BYTES / median_ns(run, row, PAGE_BY_PAGE), 100 * relative_spread(ns, n));
	for (int routine = CONTROL; routine < NR_ROUTINES; routine++) {
		struct interval times = compare(run, row, PAGE_BY_PAGE, routine, 1 - CONFIDENCE);
		double half = fmax(times.high - times.middle, times.middle - times.low);

		printf(" %5.2f ±%4.1f%%%c", times.middle, 100 * half / times.middle,
		       mark(run, row, PAGE_BY_PAGE, routine));
	}
	putchar('\n');
}

static void print_ratios(const struct run *run)
{
	printf("\n%-16s %s", "", routines[PAGE_BY_PAGE].name);
	for (int routine = CONTROL; routine < NR_ROUTINES; routine++)
		printf("  %11s%s", routines[routine].name, routine < MEMCPY_ORIG ? " " : "");
	printf("\n%18sGB/s  spread  times as fast as page by page, 95%% confidence interval\n", "");
	for (int row = 0; row < NR_ROWS; row++)
		print_row(run, row);
}

static void print_control(const struct run *run)
{
	int failed = 0;

	for (int row = 0; row < NR_ROWS; row++)
		failed += mark(run, row, PAGE_BY_PAGE, CONTROL) == '?';
	if (failed)
		printf("control: page by page differs from itself in %d of %d rows, marked ?: "
		       "repeat on a quiet machine\n", failed, NR_ROWS);
	else
		printf("control: page by page shows no difference from itself in %d of %d rows\n",
		       NR_ROWS, NR_ROWS);
}

/* Is what the CPU's flags select also what was fastest, as far as that can be told? */
static void print_selection(const struct run *run, int selected)
{
	struct finding beaten[NR_ROWS * 2];
	int by[NR_ROWS * 2];
	int n = 0, rows_beaten = 0;

	for (int row = 0; row < NR_ROWS; row++) {
		int before = n;

		for (int other = UNROLLED; other <= REP_MOVSB; other++) {
			if (mark(run, row, selected, other) != '+')
				continue;
			by[n] = other;
			beaten[n++] = (struct finding){ row, ratio(run, row, selected, other) };
		}
		rows_beaten += n > before;
	}
	printf("copy_pages() here is %s (%s): within noise the best of its three in %d of %d "
	       "rows\n", routines[selected].name, selecting_flag(&run->host),
	       NR_ROWS - rows_beaten, NR_ROWS);
	for (int i = 0; i < n; i++)
		printf("  %s: %s is %.2f times as fast\n", row_name(&run->rows[beaten[i].row]),
		       routines[by[i]].name, beaten[i].ratio);
}

void print_table(const struct run *run)
{
	int selected = selected_routine(&run->host);

	print_all_losses(run, selected);
	print_ratios(run);
	printf("medians of n = %u passes in %.0f s, a first one apart; interquartile spread; "
	       "%ld preemptions\n+ faster, - slower by %.0f ns per copy or more, 95%% sure of all "
	       "%d comparisons at once\n", run->passes - 1, run->seconds,
	       run->preemptions, PLACEMENT_NS, NR_VERDICTS);
	print_control(run);
	print_selection(run, selected);
}

static void write_json_environment(const struct run *run, FILE *file)
{
	const struct host *host = &run->host;

	fprintf(file, "{\"environment\":{\"cpu\":\"%s\",\"family\":\"%s\",\"model\":\"%s\","
		"\"stepping\":\"%s\",\"microcode\":\"%s\",\"kernel\":\"%s\","
		"\"routines_from\":\"%s\"", host->model_name, host->family, host->model,
		host->stepping, host->microcode, host->kernel, KERNEL_VERSION);
	fprintf(file, ",\"rep_good\":%d,\"erms\":%d,\"fsrm\":%d,\"movdir64b\":%d,\"hypervisor\":%d",
		host->rep_good, host->erms, host->fsrm, host->movdir64b, host->hypervisor);
	fprintf(file, ",\"last_level_cache\":%zu,\"pool_bytes\":%zu,\"huge_bytes\":%zu,"
		"\"total_bytes\":%zu,\"pinned_to\":%d,\"load\":%.2f,\"sample_bytes\":%lu,"
		"\"seed\":%llu", host->last_level_cache, run->pool_bytes, run->huge_bytes,
		run->total_bytes, host->cpu, host->load, SAMPLE_BYTES,
		(unsigned long long)run->seed);
	fprintf(file, ",\"selected\":\"%s\",\"routines\":[", routines[selected_routine(host)].name);
	for (int i = 0; i < NR_ROUTINES; i++)
		fprintf(file, "%s\"%s\"", i ? "," : "", routines[i].name);
	fputs("],\"warnings\":[", file);
	for (unsigned int i = 0; i < host->nr_warnings; i++)
		fprintf(file, "%s\"%s\"", i ? "," : "", host->warnings[i]);
	fputs("]}}\n", file);
}

/* One round: "ns" in the order of "routines" above, "order" the order in which they ran. */
static void write_json_round(const struct run *run, unsigned int pass, int index, FILE *file)
{
	const struct row *row = &run->rows[index];

	fprintf(file, "{\"pass\":%u,\"first\":%s,\"size\":%zu,\"cold\":%s,\"read\":%s,\"ns\":[",
		pass, pass ? "false" : "true", row->size, row->cold ? "true" : "false",
		row->read ? "true" : "false");
	for (int i = 0; i < NR_ROUTINES; i++)
		fprintf(file, "%s%.0f", i ? "," : "", run->ns[index][i][pass]);
	fputs("],\"order\":[", file);
	for (int i = 0; i < NR_ROUTINES; i++)
		fprintf(file, "%s%d", i ? "," : "", run->order[index][pass][i]);
	fputs("]}\n", file);
}

/* The samples are written when all are taken: writing would disturb them. */
bool write_json(const struct run *run, FILE *file)
{
	bool failed;

	write_json_environment(run, file);
	for (unsigned int pass = 0; pass < run->passes; pass++)
		for (int row = 0; row < NR_ROWS; row++)
			write_json_round(run, pass, row, file);
	failed = ferror(file);
	return !fclose(file) && !failed;
}
