// SPDX-License-Identifier: GPL-2.0
/*
 * The results directory of a preset: samples.jsonl, and the kernel's messages. All samples of a
 * request are written at once, when the request is complete. So a preset that ends early leaves
 * complete rows, and perhaps the beginning of a few more. These are dropped when the preset is
 * continued.
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

static char *read_text(FILE *f)
{
	char *text = NULL;
	size_t size = 0;

	if (getdelim(&text, &size, '\0', f) > 0 && strchr(text, '\n'))
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

static bool take_line(const char *line, int *row)
{
	int round;

	return sscanf(line, "{\"row\":%d,\"round\":%d,", row, &round) == 2 && strchr(line, '\n') &&
	       count_round(*row, round);
}

static bool is_end(const char *line)
{
	return !strncmp(line, "{\"end\":", strlen("{\"end\":"));
}

/* Counts the rounds in the file. Returns the end of the last complete row. */
static const char *load_rounds(const char *line)
{
	const char *end = line;
	int row;

	while (take_line(line, &row)) {
		line = strchr(line, '\n') + 1;
		if (are_complete(row))
			end = line;
	}
	forget_incomplete();
	return end;
}

/* Drops the rest of the file. An old end line needs no message, since a new one follows. */
static void cut_off(const struct results *r, const char *end)
{
	if (*end && !is_end(end))
		complain("%s: the last row is not complete and is measured again", r->samples);
	if (truncate(r->samples, end - r->text))
		die("%s: %s", r->samples, strerror(errno));
}

/*
 * Counts the complete rows of the file, and drops everything after them. Call this when all rows
 * are planned. Returns true if the file has a plan, so that only rows have to be appended.
 */
bool continue_results(struct results *r)
{
	const char *rounds, *end;

	if (!r->text)
		return false;
	check_same_run(r);
	rounds = skip_plan(r);
	end = rounds ? load_rounds(rounds) : r->text;
	r->ended = is_end(end) && all_complete();
	if (!r->ended)
		cut_off(r, end);
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
