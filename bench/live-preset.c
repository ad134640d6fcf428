// SPDX-License-Identifier: GPL-2.0
/*
 * The preset "live": what this machine would gain, by both sides of the module folio_copy_live. Its parts are commands
 * with --ab, each in a process of its own, whose samples go to a file of the results directory. A part that is complete
 * there is not measured again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front-end.h"
#include "live.h"
#include "presets.h"
#include "rows.h"

#define MAX_WORDS 24

/* What a part copies per sample is given by an option. Emulated machines copy a fraction of it. */
static const struct part {
	const char *name, *command[4];
	int samples;
	const char *amount;
	uint64_t usual, least;
} parts[] = {
	{ "move_pages", { "move-pages" }, 20, "--bytes", 1UL << 30, 4UL << 20 },
	{ "demotion", { "move-pages", "--scenario", "demotion" }, 20, "--bytes", 1UL << 30, 4UL << 20 },
	{ "promotion", { "move-pages", "--scenario", "promotion" }, 20, "--bytes", 1UL << 30, 4UL << 20 },
	{ "copy-on-write", { "cow", "--lend" }, 200, "--pages", 64, 4 },
};

static char *left_out[ARRAY_SIZE(parts)]; /* why there are no samples of it */

static bool is_complete(const char *samples)
{
	FILE *f = fopen(samples, "r");
	bool complete = false;
	char *line = NULL;
	size_t size = 0;

	while (f && !complete && getline(&line, &size, f) > 0)
		complete = !strncmp(line, "{\"end\":", strlen("{\"end\":"));
	if (f)
		fclose(f);
	free(line);
	return complete;
}

/* Returns the CPU of a part that was measured before, or -1. The first line of its samples has it. */
static int cpu_of(const char *samples)
{
	FILE *f = fopen(samples, "r");
	char *line = NULL, *at = NULL;
	size_t size = 0;
	int cpu = -1;

	if (f && getline(&line, &size, f) > 0)
		at = strstr(line, "\"pinned_to\":");
	if (at)
		cpu = atoi(at + strlen("\"pinned_to\":"));
	if (f)
		fclose(f);
	free(line);
	return cpu;
}

/* All parts are measured on one CPU, or their results would not go together. */
static void choose_cpu(const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts) && common.cpu < 0; i++) {
		char *samples = format("%s/%s.jsonl", dir, parts[i].name);

		common.cpu = cpu_of(samples);
		free(samples);
	}
	if (common.cpu < 0)
		common.cpu = sched_getcpu();
}

static char *nodes_text(void)
{
	char *text = format("%d", plan.nodes.v[0]), *more;

	for (int i = 1; i < plan.nodes.nr; i++) {
		more = format("%s,%d", text, plan.nodes.v[i]);
		free(text);
		text = more;
	}
	return text;
}

static int fraction(uint64_t usual, uint64_t least)
{
	return usual / plan.scale < least ? least : usual / plan.scale;
}

/* The child ends as if by ^C if this process dies, so that everything is put back. */
static void become(const struct part *part, const char *samples)
{
	char *words[MAX_WORDS] = { program_invocation_name };
	int n = 1;

	for (int i = 0; part->command[i]; i++)
		words[n++] = (char *)part->command[i];
	words[n++] = "--ab";
	words[n++] = "--json";
	words[n++] = (char *)samples;
	words[n++] = "--samples";
	words[n++] = format("%d", fraction(part->samples, 2));
	words[n++] = (char *)part->amount;
	words[n++] = format("%d", fraction(part->usual, part->least));
	if (common.functional)
		words[n++] = "--functional";
	words[n++] = "--cpu";
	words[n++] = format("%d", common.cpu);
	if (plan.nodes.nr && !strcmp(part->command[0], "move-pages")) {
		words[n++] = "--src";
		words[n++] = nodes_text();
		words[n++] = "--dst";
		words[n++] = nodes_text();
	}
	prctl(PR_SET_PDEATHSIG, SIGINT);
	execv("/proc/self/exe", words);
	die("preset live: %s: %s", part->name, strerror(errno));
}

/* Shows what the child prints, and keeps the line that says why it has measured nothing. */
static void follow(FILE *output, pid_t child, char **reason)
{
	char *line = NULL;
	size_t size = 0;
	bool passed_on = false;

	for (;;) {
		if (interrupted && !passed_on) {
			kill(child, SIGINT);
			passed_on = true;
		}
		if (getline(&line, &size, output) > 0) {
			fputs(line, stdout);
			fflush(stdout);
			if (!strncmp(line, "skipped: ", strlen("skipped: ")))
				*reason = format("%.*s", (int)strcspn(line, "\n") - 9, line + 9);
		} else if (feof(output) || errno != EINTR) {
			break;
		} else {
			clearerr(output);
		}
	}
	free(line);
}

/* A part that was refused or skipped leaves no empty file, which the report would refuse. */
static void remove_empty(const char *samples)
{
	struct stat st;

	if (!stat(samples, &st) && !st.st_size)
		unlink(samples);
}

/* Returns the exit code. */
static int run_part(const struct part *part, const char *samples, char **reason)
{
	int fds[2], status;
	FILE *output;
	pid_t child;

	fflush(NULL);
	if (pipe(fds) || (child = fork()) < 0)
		die("preset live: %s: %s", part->name, strerror(errno));
	if (!child) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		become(part, samples);
	}
	close(fds[1]);
	output = fdopen(fds[0], "r");
	if (!output)
		die("out of memory");
	follow(output, child, reason);
	fclose(output);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid(2): %s", strerror(errno));
	if (WIFSIGNALED(status))
		*reason = format("failed: ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static void measure_part(size_t nr, const char *dir)
{
	const struct part *part = &parts[nr];
	char *samples = format("%s/%s.jsonl", dir, part->name);
	int code;

	printf("[%zu/%zu] %s", nr + 1, ARRAY_SIZE(parts), part->name);
	if (is_complete(samples)) {
		printf(": is in %s already\n", dir);
	} else {
		putchar('\n');
		code = run_part(part, samples, &left_out[nr]);
		if (code && code != EXIT_SKIPPED && code != EXIT_INTERRUPTED) {
			nr_failed++;
			if (!left_out[nr])
				left_out[nr] = format("failed, see above");
		}
		remove_empty(samples);
	}
	free(samples);
}

int preset_live(const char *dir)
{
	if (plan.evict)
		die("preset live: --evict is for the presets of the module folio_copy_bench");
	if (!live_is_loaded())
		die("preset live: folio_copy_live is not loaded: folio-copy-bench live load");
	if (mkdir(dir, 0777) && errno != EEXIST)
		die("--results %s: %s", dir, strerror(errno));
	choose_cpu(dir);
	catch_signals();
	printf("preset live, on cpu %d, results in %s\n", common.cpu, dir);
	for (size_t i = 0; i < ARRAY_SIZE(parts) && !interrupted; i++)
		measure_part(i, dir);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (left_out[i])
			printf("not measured: %s: %s\n", parts[i].name, left_out[i]);
	if (interrupted)
		printf("interrupted: the same command with --results %s goes on with the next part\n", dir);
	show_page(dir);
	return exit_code();
}
