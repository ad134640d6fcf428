// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "output.h"
#include "samples.h"

#define EXIT_INTERRUPTED 130

static const char *finished_name;
static char unfinished_name[PATH_MAX]; /* empty if there is no such file */

static void remove_unfinished(void)
{
	if (*unfinished_name)
		unlink(unfinished_name);
}

static void interrupt(int signal __attribute__((unused)))
{
	remove_unfinished();
	_exit(EXIT_INTERRUPTED);
}

/* finish_output() renames a file to this name, which must not replace a device. */
static void refuse_special_file(const char *name)
{
	struct stat status;

	if (!lstat(name, &status) && !S_ISREG(status.st_mode))
		die("%s is not a regular file: name another one", name);
}

FILE *open_output(const char *name)
{
	FILE *file;

	refuse_special_file(name);
	finished_name = name;
	snprintf(unfinished_name, sizeof(unfinished_name), "%s.new", name);
	file = fopen(unfinished_name, "w");
	if (!file) {
		*unfinished_name = '\0';
		die("cannot write %s: %s", name, strerror(errno));
	}
	atexit(remove_unfinished);
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	return file;
}

void finish_output(FILE *file)
{
	bool failed = ferror(file);

	if (fclose(file) || failed || rename(unfinished_name, finished_name))
		die("cannot write all samples to %s: %s", finished_name, strerror(errno));
	*unfinished_name = '\0';
}

void add_probe_environment(int cpu, uint64_t seed)
{
	add_common_environment("probe", cpu, seed);
	add_environment("routines_from", "%s", KERNEL_VERSION);
	add_environment("series", "%s", SERIES_DIGEST);
}

static const char *name_of_way(const struct section *section, int way)
{
	return way == NO_WAY ? NULL : section->ways[way].name;
}

static void write_plan_of_row(FILE *file, const struct section *section, const struct row *row, int id)
{
	const char *ways[MAX_WAYS];
	struct planned_row planned = {
		.benchmark = "probe",
		.function = section->name,
		.kind = row->kind,
		.src = row->src,
		.dst = row->dst,
		.state = row->state,
		.size = row->size,
		.read = row->read,
		.threads = 1,
		.bystander = row->beside ? row->beside->cpu : NO_CPU,
		.bytes = row->bytes,
		.calls = row->calls,
		.nr_ways = row->nr_ways,
		.ways = ways,
		.base = section->ways[BASE].name,
		.control = section->ways[CONTROL].name,
		.chosen = name_of_way(section, section->chosen),
		.aside = row->aside,
		.missing = row->missing,
	};

	for (int i = 0; i < row->nr_ways; i++)
		ways[i] = section->ways[row->ways[i]].name;
	write_row(file, id, &planned);
}

void write_plan(FILE *file, const struct section *section, int first_id)
{
	for (int row = 0; row < section->nr_rows; row++)
		write_plan_of_row(file, section, &section->rows[row], first_id + row);
}

void write_missing_ways(FILE *file, const struct section *section)
{
	for (int i = 0; i < section->nr_ways && section->nr_rows; i++) {
		const struct way *way = &section->ways[i];

		if (way->wanted && way->missing)
			write_missing_way(file, "probe", section->name, way->name, way->missing);
	}
}

void write_rounds(FILE *file, const struct section *section, int first_id, bool functional)
{
	for (int id = 0; id < section->nr_rows; id++) {
		const struct row *row = &section->rows[id];

		for (unsigned int i = 0; i < row->rounds; i++) {
			size_t first = (size_t)i * row->nr_ways;
			struct round round = {
				.row = first_id + id,
				.round = i,
				.nr_ways = row->nr_ways,
				.ns = functional ? NULL : row->ns + first,
				.order = row->order + first,
			};

			if (row->beside && !functional) {
				round.bystander_ns = row->walk_ns + first;
				round.alone_ns = row->alone_ns + first;
			}
			write_round(file, &round);
		}
	}
}

static double median_ns(const struct row *row, int way)
{
	unsigned int n = row->rounds - 1;
	double *ns = malloc(n * sizeof(*ns)), middle;

	if (!ns)
		die("no memory for the medians: free some memory");
	for (unsigned int i = 0; i < n; i++)
		ns[i] = row->ns[(size_t)(i + 1) * row->nr_ways + way];
	middle = median(ns, n);
	free(ns);
	return middle;
}

static void print_row(const struct section *section, const struct row *row)
{
	printf("%-20s", row_name(row));
	if (row->missing)
		printf("  %s", row->missing);
	for (int i = 0; i < section->nr_ways && !row->missing; i++) {
		int way = 0;

		if (!section->ways[i].wanted || section->ways[i].missing)
			continue;
		while (way < row->nr_ways && row->ways[way] != i)
			way++;
		if (way < row->nr_ways)
			printf(" %15.2f", row->bytes / median_ns(row, way));
		else
			printf(" %15s", "-");
	}
	putchar('\n');
}

void print_medians(const struct section *section)
{
	if (!section->nr_rows)
		return;
	printf("\n%-20s", section->name);
	for (int i = 0; i < section->nr_ways; i++)
		if (section->ways[i].wanted && !section->ways[i].missing)
			printf(" %15s", section->ways[i].name);
	puts("  GB/s");
	for (int i = 0; i < section->nr_rows; i++)
		print_row(section, &section->rows[i]);
	for (int i = 0; i < section->nr_ways; i++)
		if (section->ways[i].wanted && section->ways[i].missing)
			printf("%s: %s\n", section->ways[i].name, section->ways[i].missing);
}
