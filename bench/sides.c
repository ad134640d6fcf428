// SPDX-License-Identifier: GPL-2.0
/*
 * The sides of --ab. The module folio_copy_live has both copies behind one entry, and a flag that chooses. A sample
 * counts only if the module's counters say that all its copies were made by the side that was to be measured: a
 * vendor's livepatch may replace ours at any time.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front-end.h"
#include "host.h"
#include "live.h"
#include "rows.h"
#include "sides.h"
#include "user-memory.h"

#define IDLE_NS	       (10 * 1000000000LL) /* to wait for it */
#define POLL_US	       10000
#define MAX_BACKGROUND 2048

#define SIDES "page by page", "page by page again", "series"

static const char *const ways[NR_SIDE_WAYS] = { SIDES, "memcpy() in user space" };
static const char *const nontemporal_ways[NR_SIDE_WAYS] = { SIDES, "series, past the caches" };
static const enum live_side side_of[NR_SIDE_WAYS] = { LIVE_OFF, LIVE_OFF, LIVE_ON, LIVE_NONTEMPORAL };
const char *const stages[NR_STAGES] = { "not loaded, before", "", "not loaded, after" };

static struct live_calls before;

/* kswapd and kcompactd migrate on their own, so that they have to sleep at a switch. */
static int background[MAX_BACKGROUND];
static int nr_background;

static void find_background(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[320], *comm;

	while (proc && (entry = readdir(proc)) && nr_background < MAX_BACKGROUND) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		comm = *entry->d_name >= '1' && *entry->d_name <= '9' ? slurp(path) : NULL;
		if (comm && (!strncmp(comm, "kswapd", 6) || !strncmp(comm, "kcompactd", 9)))
			background[nr_background++] = atoi(entry->d_name);
	}
	if (proc)
		closedir(proc);
}

/* Returns the process ID of one that does not sleep, or 0. One that has ended does nothing any more. */
static int busy_background(void)
{
	char path[64], *state;

	for (int i = 0; i < nr_background; i++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", background[i]);
		state = slurp(path);
		state = state ? strrchr(state, ')') : NULL;
		if (state && strncmp(state, ") S", 3))
			return background[i];
	}
	return 0;
}

static bool wait_for_background(void)
{
	int64_t end = now_ns() + IDLE_NS;
	int busy;

	while ((busy = busy_background()) && now_ns() < end && !interrupted)
		usleep(POLL_US);
	return !busy || because("process %d, kswapd or kcompactd, has been busy for %d s: free some memory", busy,
				(int)(IDLE_NS / 1000000000));
}

/* @function is what the command measures. If both sides of it are the same, there is nothing to compare. */
void need_sides(const char *function)
{
	char *reason;

	if (!live_is_loaded())
		die("--ab: folio_copy_live is not loaded: folio-copy-bench live load");
	if (access("/sys/module/folio_copy_live/parameters/folio_mc_copy", W_OK))
		die("--ab: for root only, because it switches the copies of the kernel: run this with sudo");
	reason = live_by_page(function);
	if (reason)
		die("--ab: %s() copies page by page, on or off: %s", function, reason);
	find_background();
}

/* Rows of one page stand apart: there is nothing to do in one go. */
void plan_sides(struct planned_row *row, enum fourth fourth)
{
	row->nr_ways = fourth ? NR_SIDE_WAYS : NR_SIDES;
	row->ways = fourth == NONTEMPORAL ? nontemporal_ways : ways;
	row->base = ways[0];
	row->control = ways[1];
	row->chosen = ways[2];
	if (row->size == 4096)
		row->aside = "one page: both sides copy it alike";
}

static bool set_parameter(const char *name, const char *value)
{
	char *path = format("/sys/module/folio_copy_live/parameters/%s", name);
	bool done = change_setting(path, value);

	free(path);
	return done;
}

static bool set_tiers(const char *tiers)
{
	return tiers && set_parameter("tiers", tiers);
}

static bool switch_to(enum live_side side)
{
	for (int f = 0; f < NR_LIVE; f++)
		if (!set_parameter(live_functions[f], side == LIVE_OFF ? "N" : "Y"))
			return false;
	if (side == LIVE_NONTEMPORAL && !set_tiers(live_tiers()))
		return false;
	return set_parameter("nontemporal", side == LIVE_NONTEMPORAL ? "Y" : "N");
}

/* Switches to a side, before a sample. */
bool begin_side(int side)
{
	if (!wait_for_background())
		return false;
	if (!switch_to(side_of[side]))
		return false;
	return live_read_calls(&before) || because("folio_copy_live does not show its counters: was it unloaded?");
}

/* @copies: the folios that the sample has moved, each of them a call */
bool end_side(int side, uint64_t copies)
{
	const enum live_side wanted = side_of[side];
	struct live_calls now;
	uint64_t ours = 0, others = 0;

	if (!live_read_calls(&now))
		return because("folio_copy_live does not show its counters: was it unloaded?");
	for (int f = 0; f < NR_LIVE; f++) {
		for (enum live_side s = LIVE_OFF; s < NR_LIVE_SIDES; s++) {
			uint64_t calls = now.calls[f][s] - before.calls[f][s];

			if (s == wanted)
				ours += calls;
			/* Small folios, and those that go elsewhere, are not copied past the caches. */
			else if (!(s == LIVE_ON && wanted == LIVE_NONTEMPORAL))
				others += calls;
		}
	}
	if (ours < copies || others)
		return because(
			"folio_copy_live has counted %llu copies of '%s' and %llu of the other side, of at least "
			"%llu: has another livepatch replaced it, or somebody switched it?",
			(unsigned long long)ours, (side == FOURTH ? nontemporal_ways : ways)[side],
			(unsigned long long)others, (unsigned long long)copies);
	return true;
}

static bool away; /* the module is unloaded until return_module() */

/* Its functions are off then, as they were. A signal must not end the loading that it has caused. */
static bool return_module(void)
{
	sig_atomic_t was = interrupted;
	char *reason;

	interrupted = 0;
	reason = away ? live_load(live_file()) : NULL;
	interrupted |= was;
	away = false;
	return !reason || because("the module could not be loaded again: %s", reason);
}

static void return_at_exit(void)
{
	if (!return_module())
		complain("%s", why);
}

/* Unloads the module for a while. What it has to be like then is written down first, in the order of the steps. */
static bool leave_module(void)
{
	char *reason;

	/* What a module that is loaded again has forgotten */
	if (!switch_to(LIVE_OFF) || !set_tiers("none") || !write_down(LIVE_UNLOADED, live_file()))
		return false;
	if (!away)
		atexit(return_at_exit);
	away = true;
	reason = live_unload();
	if (reason)
		away = false;
	return !reason || because("%s", reason);
}

static void measure_without_module(enum stage stage, void (*measure)(enum stage), void (*miss)(enum stage))
{
	if (interrupted)
		return;
	if (!leave_module()) {
		miss(stage);
		return;
	}
	measure(stage);
	if (return_module())
		return;
	complain("%s", why);
	nr_failed++;
}

/* What the kernel says of what was measured, and of what it did meanwhile by itself */
static const char *const counters[] = { "pgmigrate_success",   "pgmigrate_fail",      "numa_pages_migrated",
					"pgpromote_success",   "pgdemote_kswapd",     "pgdemote_direct",
					"pgdemote_khugepaged", "pgdemote_proactive",  "thp_migration_success",
					"thp_migration_fail",  "thp_migration_split", "compact_success" };

#define NR_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static void read_vmstat(uint64_t *values)
{
	FILE *f = fopen("/proc/vmstat", "r");
	unsigned long long value;
	char name[64];

	memset(values, 0, NR_COUNTERS * sizeof(*values));
	while (f && fscanf(f, "%63s %llu", name, &value) == 2)
		for (size_t i = 0; i < NR_COUNTERS; i++)
			if (!strcmp(name, counters[i]))
				values[i] = value;
	if (f)
		fclose(f);
}

/* The samples get what has changed since @then. */
static void add_vmstat(const char *what, const uint64_t *then)
{
	uint64_t now[NR_COUNTERS];
	char text[NR_COUNTERS * 48] = "";
	int n = 0;

	read_vmstat(now);
	for (size_t i = 0; i < NR_COUNTERS; i++)
		if (now[i] != then[i])
			n += sprintf(text + n, "%s%s +%llu", n ? ", " : "", counters[i],
				     (unsigned long long)(now[i] - then[i]));
	add_environment("vmstat", "during %s: %s", what, n ? text : "unchanged");
	printf("vmstat: %s\n", n ? text : "unchanged");
}

static int64_t started; /* when the first stage was said */

/* Prints what is done. The time left follows from what has been done so far. */
void say_stage(enum stage stage, const char *what, uint64_t done, uint64_t total)
{
	double left;

	if (!started)
		started = now_ns();
	left = done ? (double)(now_ns() - started) * (total - done) / done / 1e9 : 0;
	fprintf(stderr, "%s%s%s", stages[stage], *stages[stage] ? ": " : "", what);
	if (left >= 90)
		fprintf(stderr, ", %.0f min left", left / 60);
	else if (done)
		fprintf(stderr, ", %.0f s left", left);
	fputc('\n', stderr);
}

/* @what: the name of the scenario. @miss: the stage cannot be measured, for the reason in why. */
void measure_stages(const char *what, void (*measure)(enum stage stage), void (*miss)(enum stage stage))
{
	uint64_t vmstat[NR_COUNTERS];

	read_vmstat(vmstat);
	measure_without_module(BEFORE, measure, miss);
	if (live_is_loaded())
		measure(MAIN);
	measure_without_module(AFTER, measure, miss);
	add_vmstat(what, vmstat);
}
