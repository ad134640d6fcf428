// SPDX-License-Identifier: GPL-2.0
/*
 * The results directory of a preset: samples.jsonl, which begins with the environment, and what
 * report/runs.py says of such directories. All samples of a row are written at once when it is
 * complete, so whatever ends a preset leaves complete rows, and perhaps the beginning of one more,
 * which is dropped when the preset is continued.
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
#define SYSLOG_READ_ALL		3
#define SYSLOG_SIZE_BUFFER	10

/* What must be as it was when a run is continued. */
static const struct {
	const char *key, *what;
} same[] = {
	{ "preset", "preset" },
	{ "scale", "scale" },
	{ "evict", "--evict" },
	{ "functional", "--functional" },
	{ "environment", "kernel" },
	{ "version", "kernel" },
	{ "boot", "boot" },
	{ "module", "module" },
	{ "pinned_to", "CPU" },
};

/* Of a key with a string, in the line of the environment; NULL if there is none. */
char *earlier(const struct results *r, const char *key)
{
	char *word = format("\"%s\":\"", key), *at;

	at = r->environment ? strstr(r->environment, word) : NULL;
	if (at)
		at = format("%.*s", (int)strcspn(at + strlen(word), "\""), at + strlen(word));
	free(word);
	return at;
}

static const char *made;

static void remove_if_empty(void)
{
	rmdir(made);
}

/* Makes the directory, unless it is there to be continued. */
void open_results(struct results *r, char *dir)
{
	FILE *f;
	size_t size = 0;

	r->dir = dir;
	made = dir;
	atexit(remove_if_empty);
	r->samples = format("%s/samples.jsonl", dir);
	if (mkdir(dir, 0777) && errno != EEXIST)
		die("--results %s: %s", dir, strerror(errno));
	f = fopen(r->samples, "a+");
	if (!f)
		die("--results %s: %s: name a directory that can be written to", dir,
		    strerror(errno));
	rewind(f);
	if (getline(&r->environment, &size, f) <= 0 || !strchr(r->environment, '\n')) {
		free(r->environment);
		r->environment = NULL;
	}
	fclose(f);
	if (!r->environment)
		unlink(r->samples);
}

static const char *now(const char *key)
{
	return strcmp(key, "environment") ? find_environment(key) : uts.release;
}

/* To be called when the environment is known. */
void check_same_run(const struct results *r)
{
	for (size_t i = 0; r->environment && i < ARRAY_SIZE(same); i++) {
		const char *here = now(same[i].key) ?: "none", *there = earlier(r, same[i].key);

		if (strcmp(here, there ?: "none"))
			die("--results %s: these are of another %s (%s, now it is %s): "
			    "name another directory", r->dir, same[i].what, there ?: "none", here);
	}
}

/* Rows that are there already */

static bool parse_sample(const char *tail, struct sample *s)
{
	char first[8];

	if (sscanf(tail, "\"variant\":\"%31[^\"]\",\"slot\":%d,\"round\":%d,"
		   "\"first\":%7[a-z],\"bytes\":%llu", s->variant, &s->slot, &s->round, first,
		   &s->bytes) != 5 ||
	    s->slot < 0 || s->slot >= MAX_SLOTS || !strchr(tail, '\n'))
		return false;
	s->first = !strcmp(first, "true");
	s->ns = read_number(tail, "\"ns\":") ?: 1;
	s->first_ns = read_number(tail, "\"first_ns\":");
	s->bystander_ns = read_number(tail, "\"bystander_ns\":");
	s->alone_ns = read_number(tail, "\"alone_ns\":");
	return true;
}

/* The row that this line is of; the lines come in the order of the rows. */
static int find_config(const char *line, char **heads, int from)
{
	while (from < nr_configs && strncmp(line, heads[from], strlen(heads[from])))
		from++;
	return from;
}

static int lines_of(const struct config *c)
{
	return (atoi(c->method->samples) + 1) * c->method->nr_slots;
}

/*
 * Returns where the last complete row ends. A row that failed is missing in between, and one that
 * could be measured at last is behind the others.
 */
static long load_rows(const char *path, FILE *f, char **heads)
{
	static struct samples all;
	long end = ftell(f);
	int nr = 0, lines = 0;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) > 0) {
		struct sample s = {};
		int found = lines ? nr : find_config(line, heads, 0);

		if (found == nr_configs && strchr(line, '\n'))
			die("%s has a row that is none of this preset's here and now: "
			    "restore the nodes and huge pages of that time, or name another "
			    "directory", path);
		if (found == nr_configs || strncmp(line, heads[found], strlen(heads[found])) ||
		    !parse_sample(line + strlen(heads[found]), &s))
			break;
		if (!lines)
			memset(&all, 0, sizeof(all));
		nr = found;
		keep_sample(&all, &s);
		if (++lines < lines_of(&configs[nr]))
			continue;
		add_rows(&configs[nr], &all);
		configs[nr].done = true;
		end = ftell(f);
		lines = 0;
	}
	free(line);
	return end;
}

static char **all_heads(void)
{
	char **heads = calloc(nr_configs, sizeof(*heads));

	if (!heads)
		die("out of memory");
	for (int i = 0; i < nr_configs; i++)
		heads[i] = json_head(&configs[i]);
	return heads;
}

/* Mark what is there as done, and have what is to come appended. All has to be planned. */
void load_results(struct results *r)
{
	char **heads = all_heads();
	int done = 0;
	long end, size;

	if (r->environment) {
		FILE *f = fopen(r->samples, "r");

		if (!f)
			die("%s: %s", r->samples, strerror(errno));
		fseek(f, strlen(r->environment), SEEK_SET);
		end = load_rows(r->samples, f, heads);
		fseek(f, 0, SEEK_END);
		size = ftell(f);
		fclose(f);
		if (size > end)
			complain("%s: the row at its end is not complete, and is measured again",
				 r->samples);
		if (size > end && truncate(r->samples, end))
			die("%s: %s", r->samples, strerror(errno));
		for (int i = 0; i < nr_configs; i++)
			done += configs[i].done;
		fprintf(stderr, "[%*d/%d] are in %s already\n", nr_configs > 99 ? 3 : 2, done,
			nr_configs, r->dir);
	}
	open_json(r->samples);
	fseek(common.json, 0, SEEK_END);
	for (int i = 0; i < nr_configs; i++)
		free(heads[i]);
	free(heads);
}

/* An environment alone is no run: it is written when its first samples are there. */
void begin_samples(void)
{
	if (!ftell(common.json))
		write_environment(common.json);
}

/* A file without any would be no results. */
void end_samples(const struct results *r)
{
	if (!ftell(common.json))
		unlink(r->samples);
}

/* What the kernel said, as far as it is still there and we may know. */
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
