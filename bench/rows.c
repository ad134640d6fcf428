// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of a command. The plan comes first, so that the samples name the missing rows even if
 * the measurement ends early. A complete row is written, and its medians are printed.
 * scripts/report reads the samples and judges them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "rows.h"

#define REPORT "../../scripts/report" /* from the directory of the front end */

struct row {
	struct planned_row planned;
	int first, together; /* rows measured at once, with this one: number of the first, and how many */
	int rounds, have;
};

struct missing_way {
	const char *function, *way, *why;
};

int nr_failed;

static struct row *rows;
static int nr_rows;

static struct missing_way *missing_ways;
static int nr_missing_ways;

static FILE *file; /* of the samples, or NULL */
static char *file_name;
static bool begun;    /* the file has environment and plan */
static bool measured; /* the file has samples */
static uint64_t started;

/* The plan */

/* Returns a row with one way, without nodes, and without the fields of copies. */
struct planned_row kernel_row(const char *benchmark, const char *function)
{
	static const char *const ways[] = { KERNEL };

	return (struct planned_row){
		.benchmark = benchmark,
		.function = function,
		.kind = "",
		.state = "",
		.src = NO_NODE,
		.dst = NO_NODE,
		.threads = 1,
		.bystander = NO_CPU,
		.nr_ways = 1,
		.ways = ways,
		.chosen = KERNEL,
	};
}

/* Adds rows that are measured at once. Returns the number of the first one. */
int plan_rows(const struct planned_row *planned, int nr, int rounds)
{
	int first = nr_rows;

	for (int i = 0; i < nr; i++) {
		rows = grown(rows, nr_rows, sizeof(*rows));
		rows[nr_rows++] = (struct row){
			.planned = planned[i],
			.first = first,
			.together = nr,
			.rounds = rounds,
		};
	}
	return first;
}

/* Call this before the samples begin. */
void miss_row(int row, const char *why)
{
	rows[row].planned.missing = why;
}

void miss_way(const char *function, const char *way, const char *why)
{
	missing_ways = grown(missing_ways, nr_missing_ways, sizeof(*missing_ways));
	missing_ways[nr_missing_ways++] = (struct missing_way){ function, way, why };
}

static void write_plan(FILE *f)
{
	for (int i = 0; i < nr_rows; i++)
		write_row(f, i, &rows[i].planned);
	for (int i = 0; i < nr_missing_ways; i++)
		write_missing_way(f, "bench", missing_ways[i].function, missing_ways[i].way, missing_ways[i].why);
}

static FILE *open_text(char **text)
{
	static size_t size;
	FILE *f = open_memstream(text, &size);

	if (!f)
		die("out of memory");
	return f;
}

/* Returns the plan as written to the samples. The caller frees the text. */
char *plan_text(void)
{
	char *text;
	FILE *f = open_text(&text);

	write_plan(f);
	fclose(f);
	return text;
}

/* Returns the name of a row for people. The caller frees it. */
char *row_name(int row)
{
	const struct planned_row *r = &rows[row].planned;
	char *name;
	FILE *f = open_text(&name);

	fprintf(f, "%s%s%s", r->function, *r->kind ? " " : "", r->kind);
	if (r->size)
		fprintf(f, " %s", size_text(r->size));
	if (r->src != NO_NODE)
		fprintf(f, " %d->%d", r->src, r->dst);
	fprintf(f, "%s%s%s", *r->state ? " " : "", r->state, r->read ? "+read" : "");
	if (r->threads > 1)
		fprintf(f, " x%d", r->threads);
	if (r->bystander != NO_CPU)
		fprintf(f, " beside CPU %d", r->bystander);
	fclose(f);
	return name;
}

/* Rows that were measured before */

/* Returns false if this round cannot be the next one of that row. */
bool count_round(int row, int round)
{
	if (row < 0 || row >= nr_rows || round != rows[row].have || round >= rows[row].rounds)
		return false;
	rows[row].have++;
	return true;
}

/* Are this row, and all that are measured at once with it, complete? A missing row has no rounds to wait for. */
bool are_complete(int row)
{
	for (int i = rows[row].first; i < rows[row].first + rows[row].together; i++)
		if (rows[i].have < rows[i].rounds)
			return false;
	return true;
}

bool all_complete(void)
{
	for (int i = 0; i < nr_rows; i++)
		if (!are_complete(i))
			return false;
	return true;
}

void forget_incomplete(void)
{
	for (int i = 0; i < nr_rows; i++)
		if (!are_complete(i))
			rows[i].have = 0;
}

/* The environment */

/* Adds the build ID of the module, if the kernel shows it: the last 20 bytes of the note. */
static void add_module(void)
{
	unsigned char note[128];
	char id[41] = "";
	FILE *f = fopen("/sys/module/folio_copy_bench/notes/.note.gnu.build-id", "r");
	size_t n = f ? fread(note, 1, sizeof(note), f) : 0;

	if (f)
		fclose(f);
	if (n < 20)
		return;
	for (int i = 0; i < 20; i++)
		sprintf(id + 2 * i, "%02x", note[n - 20 + i]);
	add_environment("module", "%s", id);
}

/* The command line of User-Mode Linux has only paths of the host, so it is left out. */
static void add_cmdline(void)
{
	char *cmdline = slurp("/proc/cmdline");

	if (cmdline && !host_is_uml())
		add_environment("cmdline", "%s", cmdline);
}

/*
 * Facts that the command has added come first. Seed and boot tell runs apart, even if a command
 * uses no random numbers.
 */
void show_environment(int cpu, uint64_t seed)
{
	add_common_environment("folio-copy-bench", cpu, seed);
	add_environment_flag("functional", common.functional);
	add_cmdline();
	add_module();
	print_environment();
	if (!common.functional)
		print_warnings();
	fflush(stdout);
}

/* scripts/report */

static bool is_in_path(const char *program)
{
	char *dirs = format("%s", getenv("PATH") ?: ""), *left = dirs, *dir;
	bool found = false;

	while (!found && (dir = strsep(&left, ":"))) {
		char *path = format("%s/%s", dir, program);

		found = !access(path, X_OK);
		free(path);
	}
	free(dirs);
	return found;
}

/* Returns the path of scripts/report; NULL if it is not in the tree of the front end, or cannot run here. */
static char *find_report(void)
{
	char self[PATH_MAX] = "", *end, *path;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || !is_in_path("python3"))
		return NULL;
	end = strrchr(self, '/');
	path = format("%.*s/" REPORT, (int)(end - self), self);
	if (!access(path, X_OK))
		return path;
	free(path);
	return NULL;
}

/* @page: the page to write, or NULL for the text */
static bool run_report(const char *report, const char *page, const char *results)
{
	const char *words[] = { "python3", "-B", report, page ? "--html" : results, page, results, NULL };
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		execvp("python3", (char **)words);
		_exit(EXIT_REFUSED);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		;
	return !status;
}

/* @results: the file of the samples, or its directory */
void judge_samples(const char *results)
{
	char *report = common.functional ? NULL : find_report(), *path;

	if (!measured || (report && run_report(report, NULL, results)))
		return;
	path = realpath(results, NULL);
	printf("judge the samples with: make report RESULTS=%s\n", path ?: results);
	free(path);
}

/* Says what the results of several commands say, as text and as a page. */
void show_page(const char *dir)
{
	char *report = common.functional ? NULL : find_report(), *page = format("%s/report.html", dir);

	if (report && run_report(report, NULL, dir) && run_report(report, page, dir))
		printf("the page: %s\n", page);
	else
		printf("judge the samples with: make report RESULTS=%s\n", dir);
	free(page);
}

/* The samples */

/* @option: the option that names the file, with a blank, or "" */
static void open_file(const char *option, const char *path)
{
	file_name = format("%s", path);
	file = fopen(path, "a");
	if (!file)
		die("%s%s: %s", option, path, strerror(errno));
	started = now_ns();
}

static void remove_file(void)
{
	unlink(file_name);
}

static void open_temporary(void)
{
	char *path = format("%s/folio-copy-bench.XXXXXX.jsonl", getenv("TMPDIR") ?: "/tmp");
	int fd = mkstemps(path, strlen(".jsonl"));

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
	open_file("", path);
	atexit(remove_file);
	free(path);
}

/* The samples go to the file of --json, or to a temporary file for scripts/report, or nowhere. */
void open_samples(void)
{
	if (common.json)
		open_file("--json ", common.json);
	else if (!common.functional && find_report())
		open_temporary();
}

/* @has_plan: the file has environment, plan and perhaps rows of an earlier session */
void continue_samples(const char *path, bool has_plan)
{
	open_file("", path);
	begun = measured = has_plan;
}

static void flush_samples(void)
{
	if (fflush(file) || ferror(file))
		die("%s: the samples cannot be written: %s", file_name, strerror(errno));
}

static void begin_samples(void)
{
	if (!begun) {
		write_environment(file);
		write_plan(file);
	}
	begun = true;
}

static const double *if_taken(const double *ns, int nr_ways)
{
	for (int i = 0; i < nr_ways; i++)
		if (!ns[i])
			return NULL;
	return ns;
}

static void write_rounds(int row, const struct rounds *r)
{
	int nr_ways = rows[row].planned.nr_ways;

	begin_samples();
	for (int i = 0; i < r->nr; i++) {
		struct round round = { .row = row, .round = i, .nr_ways = nr_ways };

		if (!common.functional) {
			round.ns = r->ns[i];
			round.first_ns = if_taken(r->first_ns[i], nr_ways);
			round.bystander_ns = if_taken(r->bystander_ns[i], nr_ways);
			round.alone_ns = if_taken(r->alone_ns[i], nr_ways);
		}
		write_round(file, &round);
	}
	measured |= r->nr;
	flush_samples();
}

/* Returns GB/s, or ms if the row copies nothing. */
static double median_of(const struct planned_row *planned, const struct rounds *r, int way)
{
	double ns[MAX_ROUNDS];

	for (int i = 1; i < r->nr; i++)
		ns[i - 1] = r->ns[i][way];
	return planned->bytes ? planned->bytes / median(ns, r->nr - 1) : median(ns, r->nr - 1) / 1e6;
}

static void print_medians(const struct planned_row *planned, const struct rounds *r)
{
	for (int i = 0; i < planned->nr_ways; i++)
		printf("%s %s %.2f", i ? "," : "", planned->ways[i], median_of(planned, r, i));
	printf(" %s\n", planned->bytes ? "GB/s" : "ms");
}

static void print_row(int row, const struct rounds *r)
{
	char *name = row_name(row);

	printf("%s:", name);
	if (common.functional && rows[row].planned.bytes)
		printf(" functional: contents verified\n");
	else if (common.functional)
		printf(" functional: %d rounds\n", r->nr);
	else if (r->nr < 2)
		printf(" only the first round, which is kept apart\n");
	else
		print_medians(&rows[row].planned, r);
	fflush(stdout);
	free(name);
}

/* Writes and prints a row that gets no more rounds. */
void finish_row(int row, const struct rounds *r)
{
	rows[row].have = r->nr;
	if (file)
		write_rounds(row, r);
	print_row(row, r);
}

/* Fails this row, and all that are measured at once with it. */
void fail_rows(int first, const char *why)
{
	nr_failed++;
	for (int i = first; i < first + rows[first].together; i++) {
		char *name = row_name(i);

		complain("%s: %s", name, why);
		add_warning("%s failed: %s", name, why);
		free(name);
	}
}

/* @complete: nothing is left to measure. A file without the end line was cut off. */
void end_samples(bool complete)
{
	if (!file)
		return;
	if (complete) {
		begin_samples();
		write_end(file, (now_ns() - started) / 1e9, NULL);
	}
	flush_samples();
}

int exit_code(void)
{
	if (interrupted)
		return EXIT_INTERRUPTED;
	return nr_failed ? EXIT_FAILED : 0;
}

/* The last step of a command. Returns the exit code. */
int finish_command(void)
{
	end_samples(!interrupted);
	if (interrupted)
		printf("interrupted: only complete rows are kept\n");
	if (file)
		judge_samples(file_name);
	return exit_code();
}
