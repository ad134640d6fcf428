// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of an ordinary process, in folios of a known size, on a known node, with known contents.
 * Settings of the machine that are changed for this are restored, however the program ends: if it is
 * killed, by the next run of any command.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kernel-page-flags.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "front-end.h"
#include "live.h"
#include "user-memory.h"

#define SETTINGS     "/sys/kernel/mm"
#define THP	     "/sys/kernel/mm/transparent_hugepage"
#define HUGETLB	     "/sys/kernel/mm/hugepages"
#define MIN_FREE     "/proc/sys/vm/min_free_kbytes"
#define NODE	     "/sys/devices/system/node/node%d"
#define PAGE	     4096UL
#define WORDS	     (PAGE / sizeof(uint64_t))
#define MAX_SETTINGS 64
#define MAX_VALUE    128

#define PM_PRESENT (1ULL << 63)
#define PM_PFN	   ((1ULL << 55) - 1)
#define FLAG(name) (1ULL << KPF_##name)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct kind kinds[MAX_KINDS];
int nr_kinds;
char why[WHY_SIZE];

bool because(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return false;
}

/* Settings */

/*
 * What has been changed, a line each: a file, a tab and its value before; or a directory that was made; or
 * LIVE_UNLOADED, a tab and the file of the module.
 * It is written before the change, and gone when all is put back. /run is gone with the machine's state.
 */
#define LEFT_BEHIND "/run/folio-copy-bench.changed"
#define MAX_LINES   (2 * MAX_SETTINGS)

static struct setting {
	char path[128], before[MAX_VALUE], now[MAX_VALUE];
} settings[MAX_SETTINGS];
static int nr_settings;

static bool write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return because("%s: %s", path, strerror(errno));
	n = write(fd, value, strlen(value));
	if (n < 0)
		because("%s: writing %s: %s", path, value, strerror(errno));
	close(fd);
	return n >= 0;
}

/* Reads the chosen word of a text such as "always [madvise] never", or all of any other text. */
static bool read_setting(const char *path, char *value)
{
	char *s = slurp(path), *choice = s ? strchr(s, '[') : NULL;

	if (!s)
		return because("%s: %s", path, strerror(errno));
	if (choice)
		sscanf(choice, "[%127[^]]", value);
	else
		snprintf(value, MAX_VALUE, "%s", s);
	return true;
}

/* Writes down what has to be done at the end: to write @value, or to remove the directory if @value is NULL. */
bool write_down(const char *path, const char *value)
{
	FILE *f = fopen(LEFT_BEHIND, "a");
	bool written;

	if (!f)
		return because("%s, where changes are written down before they are made: %s", LEFT_BEHIND,
			       strerror(errno));
	fprintf(f, "%s%s%s\n", path, value ? "\t" : "", value ?: "");
	written = !fflush(f) && !fsync(fileno(f));
	fclose(f);
	return written || because("%s: %s", LEFT_BEHIND, strerror(errno));
}

static struct setting *find_setting(const char *path)
{
	struct setting *s = settings;

	while (s < settings + nr_settings && strcmp(s->path, path))
		s++;
	if (s < settings + nr_settings)
		return s;
	if (nr_settings == MAX_SETTINGS)
		die("more than %d settings to change: raise MAX_SETTINGS in this program", MAX_SETTINGS);
	if (!read_setting(path, s->before) || !write_down(path, s->before))
		return NULL;
	snprintf(s->path, sizeof(s->path), "%s", path);
	strcpy(s->now, s->before);
	nr_settings++;
	return s;
}

bool change_setting(const char *path, const char *value)
{
	struct setting *s = find_setting(path);

	if (!s)
		return false;
	if (!strcmp(s->now, value))
		return true;
	if (!write_setting(path, value))
		return false;
	snprintf(s->now, sizeof(s->now), "%s", value);
	return true;
}

/*
 * Restores the settings in reverse order. Compares with the file, not with what we wrote: a setting
 * may have changed as a consequence of another one.
 */
static void restore_settings(void)
{
	char now[MAX_VALUE];

	for (; nr_settings; nr_settings--) {
		struct setting *s = &settings[nr_settings - 1];

		if (!(read_setting(s->path, now) && !strcmp(now, s->before)) && !write_setting(s->path, s->before))
			fprintf(stderr, "folio-copy-bench: not put back: echo %s > %s (%s)\n", s->before, s->path, why);
	}
	unlink(LEFT_BEHIND);
}

/*
 * Two runs at once would be wrong: the second one would save and restore values that the first one
 * has set. The lock ends with the process.
 */
static int lock = -1;

static bool lock_settings(void)
{
	if (lock < 0)
		lock = open(SETTINGS, O_RDONLY);
	return lock < 0 || !flock(lock, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
}

/* For a child: the lock must not outlive its parent. */
void forget_lock(void)
{
	close(lock);
}

static void load_again(const char *file)
{
	char *reason;

	if (live_is_loaded())
		return;
	reason = live_load(file);
	complain("a run that was killed has unloaded %s; %s%s", file, reason ? "NOT loaded again: " : "loaded again",
		 reason ?: "");
	free(reason);
}

static void put_back_line(char *line)
{
	char *value = strchr(line, '\t');
	bool done;

	if (value)
		*value++ = '\0';
	if (value && !strcmp(line, LIVE_UNLOADED)) {
		load_again(value);
		return;
	}
	done = value ? write_setting(line, value) : !rmdir(line) || because("%s", strerror(errno));
	if (value)
		complain("a run that was killed has left a change behind; %s: echo %s > %s%s%s%s",
			 done ? "put back" : "NOT put back", value, line, done ? "" : " (", done ? "" : why,
			 done ? "" : ")");
	else
		complain("a run that was killed has left a directory behind; %s: rmdir %s", done ? "removed" : why,
			 line);
}

/* Puts back what a killed run has left behind, in reverse order. */
void put_back(void)
{
	char *lines[MAX_LINES], *text, *line;
	FILE *f = fopen(LEFT_BEHIND, "r");
	int nr = 0;

	if (!f)
		return;
	fclose(f);
	if (!lock_settings())
		return;
	text = strdup(slurp(LEFT_BEHIND) ?: "");
	while ((line = strsep(&text, "\n")) && nr < MAX_LINES)
		lines[nr++] = line;
	while (nr--)
		if (*lines[nr])
			put_back_line(lines[nr]);
	unlink(LEFT_BEHIND);
}

/* SIGPIPE is ignored: a closed pipe must not end the program before the settings are restored. */
void restore_at_exit(void)
{
	if (!lock_settings())
		die("busy: wait for the other run that is going on, it may have changed settings "
		    "in " SETTINGS);
	catch_signals();
	signal(SIGPIPE, SIG_IGN);
	atexit(restore_settings);
}

/* Numbers */

uint64_t free_memory(int node)
{
	unsigned long long kb;
	char path[128], *s;

	snprintf(path, sizeof(path), NODE "/meminfo", node);
	s = slurp(path);
	s = s ? strstr(s, "MemFree:") : NULL;
	return s && sscanf(s, "MemFree: %llu", &kb) == 1 ? kb << 10 : 0;
}

static uint64_t read_number(const char *path)
{
	char *s = slurp(path);

	return s ? strtoull(s, NULL, 10) : 0;
}

uint64_t free_hugetlb(const struct kind *kind, int node)
{
	char path[192];

	snprintf(path, sizeof(path), NODE "/hugepages/hugepages-%zukB/free_hugepages", node, kind->size >> 10);
	return read_number(path);
}

/* Kinds of memory */

static bool is_listed(size_t size, bool hugetlb)
{
	for (int i = 0; i < nr_kinds; i++)
		if (kinds[i].size == size && kinds[i].hugetlb == hugetlb)
			return true;
	return false;
}

static struct kind *add_kind(size_t size, bool hugetlb, const char *setting)
{
	struct kind *kind = &kinds[nr_kinds];

	if (nr_kinds == MAX_KINDS || is_listed(size, hugetlb))
		return NULL;
	kind->size = size;
	kind->hugetlb = hugetlb;
	snprintf(kind->name, sizeof(kind->name), "%s%s", hugetlb ? "hugetlb-" : "", size_text(size));
	snprintf(kind->setting, sizeof(kind->setting), "%s", setting);
	nr_kinds++;
	return kind;
}

/* Sizes that only shmem has lack the file "enabled". */
static void add_directory(const char *path, bool hugetlb)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char setting[128] = "";
	size_t kb;

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "hugepages-%zukB", &kb) != 1)
			continue;
		if (!hugetlb)
			snprintf(setting, sizeof(setting), "%s/hugepages-%zukB/enabled", path, kb);
		if (hugetlb || !access(setting, F_OK))
			add_kind(kb << 10, hugetlb, setting);
	}
	if (dir)
		closedir(dir);
}

static int compare_kinds(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	if (x->hugetlb != y->hugetlb)
		return x->hugetlb - y->hugetlb;
	return (x->size > y->size) - (x->size < y->size);
}

/* Kernels before 6.8 have one size of THPs, and one setting. */
void find_kinds(void)
{
	size_t pmd = read_number(THP "/hpage_pmd_size");

	add_kind(PAGE, false, "");
	add_directory(THP, false);
	if (pmd)
		add_kind(pmd, false, THP "/enabled");
	add_directory(HUGETLB, true);
	qsort(kinds, nr_kinds, sizeof(*kinds), compare_kinds);
}

/* True for THPs of all sizes except that of a PMD, the largest. */
bool is_mapped_by_ptes(const struct kind *kind)
{
	return *kind->setting && kind->size < read_number(THP "/hpage_pmd_size");
}

/* Does memory, with or without MADV_HUGEPAGE, get THPs of this size if there are no larger ones? */
static bool is_enabled(const struct kind *kind, bool advised)
{
	char value[MAX_VALUE] = "";

	read_setting(kind->setting, value);
	if (!strcmp(value, "inherit"))
		read_setting(THP "/enabled", value);
	return !strcmp(value, "always") || (advised && !strcmp(value, "madvise"));
}

static const struct kind *largest_enabled(bool advised)
{
	for (int i = nr_kinds - 1; i >= 0; i--)
		if (*kinds[i].setting && is_enabled(&kinds[i], advised))
			return &kinds[i];
	return NULL;
}

/* A fault allocates a folio of the largest enabled size. */
static bool choose_advice(struct kind *kind)
{
	kind->advise = largest_enabled(true) == kind;
	return kind->advise || largest_enabled(false) == kind;
}

/*
 * Disables all other sizes, and enables this one for MADV_HUGEPAGE only. min_free_kbytes is saved
 * first: the kernel raises it when THPs are enabled, and may not go back to a value that somebody
 * has chosen.
 */
static bool enable_only(const struct kind *kind)
{
	find_setting(MIN_FREE);
	for (int i = 0; i < nr_kinds; i++)
		if (*kinds[i].setting && &kinds[i] != kind && is_enabled(&kinds[i], true) &&
		    !change_setting(kinds[i].setting, "never"))
			return false;
	return change_setting(kind->setting, "madvise");
}

static bool say_what_is_enabled(const struct kind *kind)
{
	const struct kind *largest = largest_enabled(true);
	char cause[WHY_SIZE];

	snprintf(cause, sizeof(cause), "%s", why);
	if (largest && largest->size > kind->size)
		return because("%.8s is enabled and comes before it (%.90s): run this as root", largest->name, cause);
	return because("it is not enabled (%.120s): run this as root", cause);
}

/* Makes a fault allocate folios of this size. */
bool use_kind(struct kind *kind)
{
	if (!*kind->setting || choose_advice(kind))
		return true;
	if (!enable_only(kind))
		return say_what_is_enabled(kind);
	return choose_advice(kind) || because("writing %s does not enable it", kind->setting);
}

/* Contents */

/* Every word of a region has another value. */
static uint64_t pattern(uint64_t place, uint64_t seed)
{
	uint64_t x = (place ^ seed) * 0x9e3779b97f4a7c15ULL;

	return x ^ x >> 32;
}

static void write_pattern(const struct region *r)
{
	uint64_t *p = (uint64_t *)r->mem;

	for (size_t i = 0; i < r->len / sizeof(*p); i++)
		p[i] = pattern(i, r->seed);
}

bool contents_right(const struct region *r)
{
	const uint64_t *p = (const uint64_t *)r->mem;

	for (size_t i = 0; i < r->len / sizeof(*p); i++)
		if (p[i] != pattern(i, r->seed))
			return because("WRONG CONTENTS in page %zu, byte %zu: %#018" PRIx64 ", expected %#018" PRIx64,
				       i / WORDS, i % WORDS * sizeof(*p), p[i], pattern(i, r->seed));
	return true;
}

/* Places */

/*
 * Counts the pages for which @on(node, arg) is true. For a page that is on no node, @node is negative.
 * Returns false if move_pages(2) fails.
 */
bool count_pages(const struct region *r, bool (*on)(int node, int arg), int arg, size_t *count)
{
	static void *pages[1024];
	static int status[1024];
	size_t nr = r->len / PAGE;

	*count = 0;
	for (size_t done = 0, n; done < nr; done += n) {
		n = nr - done < 1024 ? nr - done : 1024;
		for (size_t i = 0; i < n; i++)
			pages[i] = r->mem + (done + i) * PAGE;
		if (syscall(SYS_move_pages, 0, n, pages, NULL, status, 0))
			return because("move_pages(2) does not tell where pages are: %s", policy_error(errno, -1));
		for (size_t i = 0; i < n; i++)
			*count += on(status[i], arg);
	}
	return true;
}

bool is_node(int node, int arg)
{
	return node == arg;
}

/*
 * Sets the policy of the task, and only during the fill: NUMA balancing does not move memory that
 * has a policy of its own. Not MPOL_BIND: when the node is full, that would call the OOM killer.
 */
static bool prefer_node(int node)
{
	unsigned long mask[MAX_NODES / (8 * sizeof(long)) + 1] = {};
	int mode = node < 0 ? MPOL_DEFAULT : MPOL_PREFERRED;

	if (node >= 0)
		mask[node / (8 * sizeof(long))] = 1UL << node % (8 * sizeof(long));
	if (syscall(SYS_set_mempolicy, mode, node < 0 ? NULL : mask, node < 0 ? 0 : MAX_NODES))
		return because("set_mempolicy(2) for node %d: %s", node, policy_error(errno, node));
	return true;
}

/* Whole folios */

static uint64_t stat_of(const struct kind *kind, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), THP "/hugepages-%zukB/stats/%s", kind->size >> 10, name);
	return read_number(path);
}

static bool has_stats(const struct kind *kind)
{
	char path[192];

	snprintf(path, sizeof(path), THP "/hugepages-%zukB/stats/split", kind->size >> 10);
	return !access(path, R_OK);
}

/* Are these pages, which are adjacent in memory, exactly one folio, from head to end? */
static bool is_folio(int flags_fd, uint64_t pfn, size_t nr)
{
	static uint64_t flags[(4UL << 20) / PAGE + 1];
	ssize_t n;

	/* The flag behind the folio is missing if the folio is at the end of memory. */
	n = pread(flags_fd, flags, (nr + 1) * sizeof(*flags), pfn * sizeof(*flags));
	if (n < (ssize_t)(nr * sizeof(*flags)))
		return false;
	if (n < (ssize_t)((nr + 1) * sizeof(*flags)))
		flags[nr] = 0;
	if (nr == 1)
		return !(flags[0] & (FLAG(COMPOUND_HEAD) | FLAG(COMPOUND_TAIL)));
	for (size_t i = 1; i < nr; i++)
		if (!(flags[i] & FLAG(COMPOUND_TAIL)))
			return false;
	return flags[0] & FLAG(COMPOUND_HEAD) && !(flags[nr] & FLAG(COMPOUND_TAIL));
}

static bool is_folio_at(int map_fd, int flags_fd, const char *p, size_t nr)
{
	static uint64_t map[(4UL << 20) / PAGE];

	if (pread(map_fd, map, nr * sizeof(*map), (uintptr_t)p / PAGE * sizeof(*map)) != (ssize_t)(nr * sizeof(*map)))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (!(map[i] & PM_PRESENT) || (map[i] & PM_PFN) != (map[0] & PM_PFN) + i)
			return false;
	return is_folio(flags_fd, map[0] & PM_PFN, nr);
}

static bool all_folios(const struct region *r, int map_fd, int flags_fd, const char *when)
{
	size_t nr = r->len / r->kind->size, whole = 0;

	for (size_t i = 0; i < nr; i++)
		whole += is_folio_at(map_fd, flags_fd, r->mem + i * r->kind->size, r->kind->size / PAGE);
	return whole == nr || because("%zu of %zu folios are not of %s %s", nr - whole, nr, r->kind->name, when);
}

/* For users who may not read page frame numbers. These counters include all processes. */
static bool counters_agree(const struct region *r, const char *when)
{
	size_t nr = r->len / r->kind->size, allocated;

	if (r->kind->size == PAGE)
		return true;
	if (!has_stats(r->kind))
		return because("nothing tells the size of folios: run this as root");
	allocated = stat_of(r->kind, "anon_fault_alloc") - r->allocated;
	if (allocated < nr)
		return because("%zu of %zu folios are not of %s %s", nr - allocated, nr, r->kind->name, when);
	if (stat_of(r->kind, "split") != r->splits)
		return because("folios of %s were split %s", r->kind->name, when);
	return true;
}

/* Folios of hugetlb always have the requested size. */
bool is_whole(const struct region *r, const char *when)
{
	int map_fd, flags_fd;
	bool whole;

	if (r->kind->hugetlb)
		return true;
	flags_fd = open("/proc/kpageflags", O_RDONLY);
	if (flags_fd < 0)
		return counters_agree(r, when);
	map_fd = open("/proc/self/pagemap", O_RDONLY);
	whole = all_folios(r, map_fd, flags_fd, when);
	close(map_fd);
	close(flags_fd);
	return whole;
}

/* Regions */

static bool map_region(struct region *r)
{
	size_t size = r->kind->size, extra;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *p;

	if (r->kind->hugetlb)
		flags |= MAP_HUGETLB | __builtin_ctzl(size) << 26;
	p = mmap(NULL, r->len + size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return because("mmap(2) of %s: %s", size_text(r->len), strerror(errno));
	extra = -(uintptr_t)p & (size - 1);
	r->mem = p + extra;
	if (extra)
		munmap(p, extra);
	if (size > extra)
		munmap(r->mem + r->len, size - extra);
	return true;
}

static void advise(const struct region *r)
{
	if (!r->kind->hugetlb && r->kind->size == PAGE)
		madvise(r->mem, r->len, MADV_NOHUGEPAGE);
	else if (r->kind->advise)
		madvise(r->mem, r->len, MADV_HUGEPAGE);
}

/* A write would raise SIGBUS if hugetlb has no page left; madvise() returns an error. */
static bool populate(const struct region *r)
{
	if (!r->kind->hugetlb || !madvise(r->mem, r->len, MADV_POPULATE_WRITE))
		return true;
	return because("no pages of hugetlb: %s", strerror(errno));
}

static bool fill_on(struct region *r, int node)
{
	size_t on, nr = r->len / PAGE;
	bool filled;

	r->allocated = stat_of(r->kind, "anon_fault_alloc");
	r->splits = stat_of(r->kind, "split");
	if (!prefer_node(node))
		return false;
	filled = populate(r);
	if (filled)
		write_pattern(r);
	prefer_node(-1);
	if (!filled || !count_pages(r, is_node, node, &on))
		return false;
	if (on != nr)
		return because("%zu of %zu pages could not be allocated on node %d: it is too full", nr - on, nr, node);
	return is_whole(r, "before the move");
}

bool fill_region(struct region *r, struct kind *kind, size_t len, int node, uint64_t seed)
{
	*r = (struct region){ .kind = kind, .len = len, .seed = seed };
	if (!use_kind(kind) || !map_region(r))
		return false;
	advise(r);
	if (fill_on(r, node))
		return true;
	free_region(r);
	return false;
}

void free_region(struct region *r)
{
	munmap(r->mem, r->len);
}
