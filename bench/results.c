// SPDX-License-Identifier: GPL-2.0
/*
 * The results directory of a preset: samples.jsonl, and the kernel's messages. All samples of a
 * request are written at once, when the request is complete. So a preset that ends early leaves
 * complete rows, and perhaps the beginning of a few more. These are dropped when the preset is
 * continued. A line that is damaged in another way costs its row; the file is kept under another name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results.h"

/* See syslog(2). */
#define SYSLOG_READ_ALL	   3
#define SYSLOG_SIZE_BUFFER 10

/* Facts that must be the same when a run is continued. */
static const struct {
	const char *key, *what;
} same[] = {
	{ "preset", "preset" }, { "scale", "scale" },	 { "evict", "--evict" }, { "functional", "--functional" },
	{ "kernel", "kernel" }, { "version", "kernel" }, { "boot", "boot" },	 { "module", "module" },
	{ "pinned_to", "CPU" },
};

/*
 * Returns the value of a key in the environment of the earlier samples, without quotes; NULL if
 * there is none. The caller frees the text.
 */
char *earlier(const struct results *r, const char *key)
{
	char *word = format("\"%s\":", key), *at;

	at = r->text ? strstr(r->text, word) : NULL;
	at = at && at < strchr(r->text, '\n') ? at + strlen(word) : NULL;
	if (at && *at == '"')
		at = format("%.*s", (int)strcspn(at + 1, "\""), at + 1);
	else if (at)
		at = format("%.*s", (int)strcspn(at, ",}"), at);
	free(word);
	return at;
}

/* Zero bytes, which a power failure may leave, become damage that a text can have. */
static char *read_text(FILE *f)
{
	char *text = NULL;
	size_t size = 0;
	FILE *copy = open_memstream(&text, &size);
	int c;

	if (!copy)
		die("out of memory");
	while ((c = getc(f)) != EOF)
		putc(c ?: '?', copy);
	fclose(copy);
	if (strchr(text, '\n'))
		return text;
	free(text);
	return NULL;
}

static char *results_dir, *samples;

/* Removes an empty file of samples, and the directory if nothing else is in it. */
static void remove_if_empty(void)
{
	struct stat st;

	if (!stat(samples, &st) && !st.st_size)
		unlink(samples);
	rmdir(results_dir);
}

/* Makes the directory, or reads the samples of an existing one, to continue them. */
void open_results(struct results *r, char *dir)
{
	FILE *f;

	r->dir = dir;
	r->samples = format("%s/samples.jsonl", dir);
	results_dir = r->dir;
	samples = r->samples;
	atexit(remove_if_empty);
	if (mkdir(dir, 0777) && errno != EEXIST)
		die("--results %s: %s", dir, strerror(errno));
	f = fopen(r->samples, "a+");
	if (!f)
		die("--results %s: %s: name a directory that can be written to", dir, strerror(errno));
	r->text = read_text(f);
	if (!r->text && ftruncate(fileno(f), 0))
		die("--results %s: %s", dir, strerror(errno));
	fclose(f);
}

static void check_same_run(const struct results *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		const char *here = find_environment(same[i].key) ?: "none";
		char *there = earlier(r, same[i].key);

		if (strcmp(here, there ?: "none"))
			die("--results %s: its samples are of another %s (%s, now it is %s): "
			    "name another directory",
			    r->dir, same[i].what, there ?: "none", here);
		free(there);
	}
}

/* Returns where the samples begin, or NULL if not even the plan is complete. */
static const char *skip_plan(const struct results *r)
{
	char *plan = plan_text(), *there = strchr(r->text, '\n') + 1;
	size_t len = strlen(plan), have = strlen(there);

	if (strncmp(there, plan, have < len ? have : len))
		die("--results %s: its samples have other rows than here and now: restore the "
		    "nodes and huge pages of that run, or name another directory",
		    r->dir);
	free(plan);
	return have < len ? NULL : there + len;
}

static const char *next_line(const char *line)
{
	return strchrnul(line, '\n') + !!strchr(line, '\n');
}

/* Returns the row of a whole line, or -1 if the line is damaged. */
static int parse_round(const char *line, int *round)
{
	int row;

	if (sscanf(line, "{\"row\":%d,\"round\":%d,", &row, round) != 2 || !strchr(line, '\n') ||
	    next_line(line)[-2] != '}')
		return -1;
	return row;
}

static bool is_end(const char *line)
{
	return !strncmp(line, "{\"end\":", strlen("{\"end\":"));
}

static int line_number(const char *text, const char *line)
{
	int number = 1;

	for (; text < line; text = next_line(text))
		number++;
	return number;
}

/* Counts the rounds in the file. Returns the first damaged line that has others behind it, or NULL. */
static const char *load_rounds(const char *line)
{
	const char *damaged = NULL;
	int row, round = 0;

	for (; *line && !is_end(line); line = next_line(line)) {
		row = parse_round(line, &round);
		if (!count_round(row, round) && *next_line(line) && !damaged)
			damaged = line;
	}
	forget_incomplete();
	return damaged;
}

/* Copies the lines of complete rows. The rounds of a row follow each other. */
static void copy_rounds(FILE *f, const char *line)
{
	int row, round, last = -1, expected = 0;

	for (; *line && !is_end(line); line = next_line(line)) {
		row = parse_round(line, &round);
		if (row < 0 || !are_complete(row))
			continue;
		expected = row == last ? expected : 0;
		last = row;
		if (round == expected) {
			fwrite(line, 1, next_line(line) - line, f);
			expected++;
		}
	}
}

static const char *last_line(const char *text)
{
	while (*next_line(text))
		text = next_line(text);
	return text;
}

/* Is the line the last one of a complete row, or of the plan? */
static bool ends_with_row(const char *line)
{
	int round, row = parse_round(line, &round);

	return row >= 0 ? are_complete(row) : strchr(line, '\n') && !strstr(line, "\"round\":");
}

static char *free_name(const char *name)
{
	char *free_one = format("%s", name);

	for (int i = 2; !access(free_one, F_OK); i++) {
		free(free_one);
		free_one = format("%s-%d", name, i);
	}
	return free_one;
}

/* Keeps the old file if it has a line that only @damaged explains. */
static void keep_old(const struct results *r, const char *damaged)
{
	char *all = format("%s.damaged", r->samples), *name = free_name(all);

	complain("%s: line %d is damaged: its row is measured again, and the file is kept as %s", r->samples,
		 line_number(r->text, damaged), name);
	if (link(r->samples, name))
		die("%s: %s", name, strerror(errno));
	free(all);
	free(name);
}

/* Replaces the file by one that ends with a complete row. The rows begin at @rounds; NULL: there are none. */
static void keep_complete_rows(const struct results *r, const char *rounds)
{
	char *name = format("%s.new", r->samples);
	FILE *f = fopen(name, "w");

	if (!f)
		die("%s: %s", name, strerror(errno));
	if (rounds) {
		fwrite(r->text, 1, rounds - r->text, f);
		copy_rounds(f, rounds);
	}
	if (fflush(f) || ferror(f) || fclose(f) || rename(name, r->samples))
		die("%s: %s", name, strerror(errno));
	free(name);
}

/*
 * Counts the complete rows of the file, and drops everything else. Call this when all rows are
 * planned. Returns true if the file has a plan, so that only rows have to be appended.
 */
bool continue_results(struct results *r)
{
	const char *rounds, *damaged, *last;

	if (!r->text)
		return false;
	check_same_run(r);
	rounds = skip_plan(r);
	damaged = rounds ? load_rounds(rounds) : NULL;
	last = last_line(r->text);
	r->ended = rounds && is_end(last) && all_complete();
	if (damaged)
		keep_old(r, damaged);
	else if (!is_end(last) && !(rounds && ends_with_row(last)))
		complain("%s: the last row is not complete and is measured again", r->samples);
	if (!r->ended)
		keep_complete_rows(r, rounds);
	return rounds;
}

/* Saves the kernel's messages, as far as the log still has them and we may read it. */
void keep_messages(const struct results *r)
{
	int size = klogctl(SYSLOG_SIZE_BUFFER, NULL, 0), len;
	char *text = size > 0 ? malloc(size) : NULL, *path;
	FILE *f;

	len = text ? klogctl(SYSLOG_READ_ALL, text, size) : -1;
	if (len >= 0) {
		path = format("%s/dmesg", r->dir);
		f = fopen(path, "w");
		if (f) {
			fwrite(text, 1, len, f);
			fclose(f);
		}
		free(path);
	}
	free(text);
}
