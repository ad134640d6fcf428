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
#include "sides.h"
#include "user-memory.h"

#define IDLE_NS	       (10 * 1000000000LL) /* to wait for it */
#define POLL_US	       10000
#define MAX_BACKGROUND 2048

static const char *const ways[NR_SIDES] = { "page by page", "page by page again", "series" };
static const bool is_on[NR_SIDES] = { false, false, true };

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

/* Both sides would be the same: there is nothing to compare. */
void need_sides(void)
{
	char *reason;

	if (!live_is_loaded())
		die("--ab: folio_copy_live is not loaded: folio-copy-bench live load");
	if (access("/sys/module/folio_copy_live/parameters/folio_mc_copy", W_OK))
		die("--ab: for root only, because it switches the copies of the kernel: run this with sudo");
	reason = live_by_page("folio_mc_copy");
	if (reason)
		die("--ab: folio_mc_copy() copies page by page, on or off: %s", reason);
	find_background();
}

/* Rows of one page stand apart: there is nothing to do in one go. */
void plan_sides(struct planned_row *row)
{
	row->nr_ways = NR_SIDES;
	row->ways = ways;
	row->base = ways[0];
	row->control = ways[1];
	row->chosen = ways[2];
	if (row->size == 4096)
		row->aside = "one page: both sides copy it alike";
}

static bool switch_to(bool on)
{
	for (int f = 0; f < NR_LIVE; f++) {
		char *path = format("/sys/module/folio_copy_live/parameters/%s", live_functions[f]);
		bool done = change_setting(path, on ? "Y" : "N");

		free(path);
		if (!done)
			return false;
	}
	return true;
}

/* Switches to a side, before a sample. */
bool begin_side(int side)
{
	if (!wait_for_background())
		return false;
	if (!switch_to(is_on[side]))
		return false;
	return live_read_calls(&before) || because("folio_copy_live does not show its counters: was it unloaded?");
}

/* @copies: the folios that the sample has moved, each of them a call */
bool end_side(int side, uint64_t copies)
{
	struct live_calls now;
	uint64_t ours = 0, others = 0;

	if (!live_read_calls(&now))
		return because("folio_copy_live does not show its counters: was it unloaded?");
	for (int f = 0; f < NR_LIVE; f++) {
		ours += now.calls[f][is_on[side]] - before.calls[f][is_on[side]];
		others += now.calls[f][!is_on[side]] - before.calls[f][!is_on[side]];
	}
	if (ours < copies || others)
		return because(
			"folio_copy_live has counted %llu copies of '%s' and %llu of the other side, of at least "
			"%llu: has another livepatch replaced it, or somebody switched it?",
			(unsigned long long)ours, ways[side], (unsigned long long)others, (unsigned long long)copies);
	return true;
}

static bool away; /* the module is unloaded until return_module() */

static void return_at_exit(void)
{
	if (!return_module())
		complain("%s", why);
}

/* Unloads the module for a while. What it has to be like then is written down first, in the order of the steps. */
bool leave_module(void)
{
	char *reason;

	if (!switch_to(false) || !write_down(LIVE_UNLOADED, live_file()))
		return false;
	if (!away)
		atexit(return_at_exit);
	away = true;
	reason = live_unload();
	if (reason)
		away = false;
	return !reason || because("%s", reason);
}

/* Its functions are off then, as they were. */
bool return_module(void)
{
	char *reason = away ? live_load(live_file()) : NULL;

	away = false;
	return !reason || because("the module could not be loaded again: %s", reason);
}
