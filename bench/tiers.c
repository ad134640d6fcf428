// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios of "move-pages" in which the kernel moves memory between tiers by itself.
 *
 * Demotion: this process joins a cgroup of its own, and all memory of the cgroup is reclaimed. With
 * demotion enabled, reclaim moves the memory to the next tier. The time is that of the writes to
 * memory.reclaim, until all memory has moved: reclaim's search, and the copy. The cgroup has no
 * swap: reclaim would go on and swap out what it has demoted.
 *
 * Migration marks PTE-mapped THPs as partially mapped, and the same reclaim then splits them (v7.3,
 * deferred_split_scan()). So these sizes are measured only if --size names them, and such a row
 * fails.
 *
 * Promotion: NUMA balancing in its mode for tiers makes memory of a lower tier inaccessible from
 * time to time. The fault at the next access moves the page to the node of the CPU. By design, this
 * takes seconds. The time is that of the accesses with such a fault.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "move-pages.h"

#define TIERS	    "/sys/devices/virtual/memory_tiering"
#define DEMOTION    "/sys/kernel/mm/numa/demotion_enabled"
#define BALANCING   "/proc/sys/kernel/numa_balancing"
#define TIERING	    "2"
#define SCAN_PERIOD "/sys/kernel/debug/sched/numa_balancing/scan_period_%s_ms"
#define PAGE	    4096UL

#define MAX_IDLE 20 /* writes to memory.reclaim that move nothing */
/* The longest wait without a promotion: more than twice the longest pause between two scans. */
#define MAX_IDLE_NS (130 * 1000000000ULL)
#define LOOK_NS	    (50 * 1000000ULL) /* between checks where the pages are */

/* An access without a fault is faster than this, and an access with a promotion is slower. */
#define FAULT_NS 1000

static int tier_of[MAX_NODES]; /* a higher number is slower; 0: no tier */
static int nr_tiers;

static void read_tier(int tier)
{
	struct list nodes;
	char path[128], *s;

	snprintf(path, sizeof(path), TIERS "/memory_tier%d/nodelist", tier);
	s = slurp(path);
	if (!s || !parse_list(s, &nodes))
		return;
	nr_tiers++;
	for (int i = 0; i < nodes.nr; i++)
		tier_of[nodes.v[i]] = tier;
}

static void read_tiers(void)
{
	DIR *dir = opendir(TIERS);
	struct dirent *entry;
	int tier;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "memory_tier%d", &tier) == 1)
			read_tier(tier);
	if (dir)
		closedir(dir);
}

static int is_tier(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "memory_tier", strlen("memory_tier"));
}

static bool in_list(int node, const struct list *l)
{
	for (int i = 0; i < l->nr; i++)
		if (l->v[i] == node)
			return true;
	return false;
}

static bool has_cpus(const char *nodes, const struct list *with_cpus)
{
	struct list of_tier;

	if (!parse_list(nodes, &of_tier))
		return false;
	for (int i = 0; i < of_tier.nr; i++)
		if (in_list(of_tier.v[i], with_cpus))
			return true;
	return false;
}

/*
 * Returns the nodes of each tier, the fastest tier first, e.g. "0-1 2"; or NULL if there are fewer than two. The slowest
 * tier with CPUs and all faster ones are one tier here, as they are the top tier to the kernel (node_is_toptier()).
 */
char *memory_tiers(void)
{
	const char *cpus = slurp("/sys/devices/system/node/has_cpu");
	struct list with_cpus = { 0 };
	struct dirent **tiers;
	int nr = scandir(TIERS, &tiers, is_tier, versionsort);
	char *text = NULL, *nodes[MAX_NODES], *path;
	int top = 0;

	if (cpus && !parse_list(cpus, &with_cpus))
		with_cpus.nr = 0;
	for (int i = 0; i < nr && i < MAX_NODES; i++) {
		path = format(TIERS "/%s/nodelist", tiers[i]->d_name);
		/* slurp() has one buffer for all. */
		nodes[i] = format("%s", slurp(path) ?: "");
		free(path);
		if (has_cpus(nodes[i], &with_cpus))
			top = i;
	}
	for (int i = 0; i < nr && i < MAX_NODES && top < nr - 1; i++)
		text = format("%s%s%s", text ?: "", !text ? "" : i <= top ? "," : " ", nodes[i]);
	return text;
}

static const char *no_tiers(void)
{
	if (geteuid())
		return "memory is moved between tiers for root only: run this with sudo";
	read_tiers();
	if (nr_tiers < 2)
		return "all memory is in one tier: a second tier needs memory that the firmware (HMAT) "
		       "or a driver (dax/kmem) reports as slower, see " TIERS " (Linux 6.1)";
	return NULL;
}

static bool is_below(int node, int other)
{
	return tier_of[node] && tier_of[other] && tier_of[node] > tier_of[other];
}

static int distance(int from, int to)
{
	char path[128], *s;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/distance", from);
	s = slurp(path);
	for (int i = 0; s && i < to; i++) {
		s = strchr(s, ' ');
		s += !!s;
	}
	return s ? atoi(s) : INT_MAX;
}

/* Returns the tier to which memory of @node is demoted, the next slower one; 0 if there is none. */
static int next_tier(int node)
{
	int next = 0;

	for (int i = 0; i < MAX_NODES; i++)
		if (is_below(i, node) && (!next || tier_of[i] < next))
			next = tier_of[i];
	return next;
}

/* The cgroup */

static char cgroup[PATH_MAX], home[PATH_MAX], cgroup_root[256];
static bool enabled_memory;

static bool write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	ssize_t n = -1;
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		err = errno;
		close(fd);
		errno = err;
	}
	return n >= 0;
}

static bool has_word(const char *dir, const char *name, const char *word)
{
	char path[PATH_MAX + 64], *s;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (s = slurp(path); s && *s; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");

		if (len == strlen(word) && !strncmp(s, word, len))
			return true;
		s += len;
	}
	return false;
}

/* Goes back to the cgroup where the process came from, or to the root if that one is gone. */
static void leave_cgroup(void)
{
	if (*cgroup) {
		if (!write_file(home, "cgroup.procs", "0"))
			write_file(cgroup_root, "cgroup.procs", "0");
		if (rmdir(cgroup))
			fprintf(stderr, "folio-copy-bench: not put back: rmdir %s: %s\n", cgroup, strerror(errno));
	}
	if (enabled_memory && !write_file(cgroup_root, "cgroup.subtree_control", "-memory"))
		fprintf(stderr,
			"folio-copy-bench: not put back: echo -memory > "
			"%s/cgroup.subtree_control: %s\n",
			cgroup_root, strerror(errno));
}

static bool find_cgroup_root(void)
{
	char *mounts = slurp("/proc/self/mounts"), *line, type[64];

	for (line = mounts ? strtok(mounts, "\n") : NULL; line; line = strtok(NULL, "\n"))
		if (sscanf(line, "%*s %255s %63s", cgroup_root, type) == 2 && !strcmp(type, "cgroup2"))
			return true;
	return false;
}

static void find_home(void)
{
	char *s = slurp("/proc/self/cgroup");

	s = s ? strstr(s, "0::/") : NULL;
	if (s)
		s[strcspn(s, "\n")] = '\0';
	snprintf(home, sizeof(home), "%s%s", cgroup_root, s ? s + 3 : "");
}

static const char *no_cgroup(void)
{
	static char reason[WHY_SIZE + PATH_MAX];
	bool made;

	if (!find_cgroup_root())
		return "cgroups of version 2 are not mounted: mount -t cgroup2 none /sys/fs/cgroup";
	if (!has_word(cgroup_root, "cgroup.controllers", "memory"))
		return "cgroups of version 2 cannot limit memory: this needs CONFIG_MEMCG=y, and "
		       "no memory controller of version 1 (boot with cgroup_no_v1=memory)";
	find_home();
	atexit(leave_cgroup);
	if (!has_word(cgroup_root, "cgroup.subtree_control", "memory")) {
		char *control = format("%s/cgroup.subtree_control", cgroup_root);

		enabled_memory = write_down(control, "-memory") &&
				 write_file(cgroup_root, "cgroup.subtree_control", "+memory");
		free(control);
		if (!enabled_memory) {
			snprintf(reason, sizeof(reason),
				 "echo +memory > %s/cgroup.subtree_control:"
				 " %s: run this outside of a container",
				 cgroup_root, strerror(errno));
			return reason;
		}
	}
	snprintf(cgroup, sizeof(cgroup), "%s/folio-copy-bench.%d", cgroup_root, getpid());
	made = write_down(cgroup, NULL) && !mkdir(cgroup, 0755);
	if (!made || !write_file(cgroup, "cgroup.procs", "0")) {
		snprintf(reason, sizeof(reason),
			 "%s cannot be made: %s: run this outside of a "
			 "container",
			 cgroup, strerror(errno));
		if (!made)
			*cgroup = '\0';
		return reason;
	}
	return NULL;
}

/* Demotion */

static const char *prepare_demotion(void)
{
	const char *reason = no_tiers();

	if (reason)
		return reason;
	if (access(DEMOTION, F_OK))
		return "this kernel does not demote: it needs Linux 5.15 and " DEMOTION;
	reason = no_cgroup();
	if (reason)
		return reason;
	if (!write_file(cgroup, "memory.reclaim", "0"))
		return "this kernel has no memory.reclaim: it needs Linux 5.19";
	write_file(cgroup, "memory.swap.max", "0");
	if (!change_setting(DEMOTION, "true"))
		return why;
	/* NUMA balancing must not move demoted memory back. */
	if (!access(BALANCING, F_OK) && !change_setting(BALANCING, "0"))
		return why;
	return NULL;
}

/*
 * The kernel demotes to the nearest node of the next tier; if several are equally near, to any of
 * them. The first of them stands for all.
 */
static bool is_demotion(int src, int dst)
{
	int tier = next_tier(src), nearest = -1;

	for (int i = 0; tier && i < MAX_NODES; i++)
		if (tier_of[i] == tier && (nearest < 0 || distance(src, i) < distance(src, nearest)))
			nearest = i;
	return dst == nearest;
}

static bool is_in_tier(int node, int dst)
{
	return node >= 0 && tier_of[node] == tier_of[dst];
}

static bool demote(const struct region *r, int src, int dst, uint64_t *ns)
{
	size_t left = r->len / PAGE, before;
	char request[32];
	uint64_t start;
	int idle = 0;

	(void)dst;
	*ns = 0;
	while (left && idle < MAX_IDLE && !interrupted) {
		before = left;
		snprintf(request, sizeof(request), "%zu", left * PAGE);
		start = now_ns();
		write_file(cgroup, "memory.reclaim", request);
		*ns += now_ns() - start;
		if (!count_pages(r, is_node, src, &left))
			return false;
		idle = left < before ? 0 : idle + 1;
	}
	return !left || because("%zu of %zu pages are still on node %d", left, r->len / PAGE, src);
}

/* Promotion */

/*
 * While NUMA balancing is off and memory is filled, the kernel finds nothing to balance, and makes
 * pauses of up to a minute between its scans. The pauses only cost waiting time, so nothing fails
 * if debugfs is closed.
 */
static void scan_often(void)
{
	static const char *const ends[] = { "min", "max" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof(path), SCAN_PERIOD, ends[i]);
		change_setting(path, "100");
	}
}

static const char *prepare_promotion(void)
{
	const char *reason = no_tiers();

	if (reason)
		return reason;
	if (access(BALANCING, F_OK))
		return "this kernel does not balance memory: it needs CONFIG_NUMA_BALANCING=y";
	if (!change_setting(BALANCING, TIERING))
		return "NUMA balancing has no mode for tiers: it needs Linux 5.18";
	scan_often();
	return change_setting(BALANCING, "0") ? NULL : why;
}

static int node_of_cpu(void)
{
	char path[128];

	for (int node = 0; node < MAX_NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/node%d", common.cpu, node);
		if (!access(path, F_OK))
			return node;
	}
	return 0;
}

static bool is_promotion(int src, int dst)
{
	return dst == node_of_cpu() && is_below(src, dst);
}

/* Reads all pages, and returns the time of the reads that had to wait for a fault. */
static uint64_t touch(const struct region *r)
{
	uint64_t sum = 0, start = now_ns(), end;

	for (size_t i = 0; i < r->len; i += PAGE) {
		(void)*(volatile char *)(r->mem + i);
		end = now_ns();
		if (end - start >= FAULT_NS)
			sum += end - start;
		start = end;
	}
	return sum;
}

static bool wait_for_promotion(const struct region *r, int dst, uint64_t *ns)
{
	size_t nr = r->len / PAGE, arrived = 0, before;
	uint64_t progress = now_ns(), looked, waited;

	*ns = 0;
	while (arrived < nr && now_ns() - progress < MAX_IDLE_NS && !interrupted) {
		waited = 0;
		for (looked = now_ns(); now_ns() - looked < LOOK_NS;)
			waited += touch(r);
		before = arrived;
		if (!count_pages(r, is_node, dst, &arrived))
			return false;
		if (arrived == before)
			continue; /* the slow accesses were interrupts */
		*ns += waited;
		progress = now_ns();
	}
	return arrived == nr || because("%zu of %zu pages were promoted to node %d", arrived, nr, dst);
}

/* NUMA balancing is on only during this wait: nothing may move while memory is filled. */
static bool promote(const struct region *r, int src, int dst, uint64_t *ns)
{
	bool promoted;

	(void)src;
	if (!change_setting(BALANCING, TIERING))
		return false;
	promoted = wait_for_promotion(r, dst, ns);
	return change_setting(BALANCING, "0") && promoted;
}

const struct scenario demotion = {
	.name = "demotion",
	.function = "demotion",
	.prepare = prepare_demotion,
	.direction = is_demotion,
	.move = demote,
	.arrived = is_in_tier,
	.splits = true,
	.demotes = true,
};

const struct scenario promotion = {
	.name = "promotion",
	.function = "promotion",
	.prepare = prepare_promotion,
	.direction = is_promotion,
	.move = promote,
	.arrived = is_node,
};
