// SPDX-License-Identifier: GPL-2.0
/* Facts about this machine, from /proc, /sys and CPUID. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "host.h"
#include "samples.h"

#define CACHE_IN_SYS  "/sys/devices/system/cpu/cpu%d/cache/index%d/size"
#define ASSUMED_CACHE (32UL << 20)
#define NOISY_CPUS    0.2
#define MUCH_TAKEN    0.02 /* share of the time */

/* The text of /proc/cpuinfo, or of the file that replaces it. */
static char *cpuinfo;

/* The limit that leaves the least memory, in words. */
static char memory_limit[560];

/* The state of the machine at one moment. */
struct activity {
	double wall, own; /* seconds */
	double mine;	  /* own seconds of this thread */
	double busy;	  /* ticks of all CPUs */
	double stolen;	  /* ticks of the watched CPU */
};

static struct activity watched;
static int watched_cpu;
static char disturbance[80];

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return NULL;
	length = getdelim(&text, &size, '\0', file);
	fclose(file);
	if (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	if (length > 0)
		return text;
	free(text);
	return NULL;
}

char *host_file(const char *format, ...)
{
	char path[512] = HOST_ROOT;
	size_t root = strlen(path);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path + root, sizeof(path) - root, format, arguments);
	va_end(arguments);
	return read_file(path);
}

/* Returns the number after a key at the beginning of a line; 0 if there is no such line. */
static unsigned long long number_behind(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (!strncmp(text, key, length))
			return strtoull(text + length, NULL, 10);
	return 0;
}

/* The CPU */

void host_use_cpuinfo(const char *path)
{
	free(cpuinfo);
	cpuinfo = read_file(path);
}

/* Returns the value of a key, or NULL if it is missing or empty. */
static char *find_in_cpuinfo(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
		const char *value = text + length;
		size_t size;

		if (strncmp(text, key, length))
			continue;
		value += strspn(value, " \t");
		if (*value++ != ':')
			continue;
		value += strspn(value, " \t");
		size = strcspn(value, "\n");
		return size ? strndup(value, size) : NULL;
	}
	return NULL;
}

const char *host_cpu(const char *key)
{
	if (!cpuinfo)
		cpuinfo = host_file("/proc/cpuinfo");
	return find_in_cpuinfo(cpuinfo, key) ?: UNKNOWN;
}

bool host_has_flag(const char *flag)
{
	const char *flags = host_cpu("flags");
	size_t length = strlen(flag);

	for (const char *at = flags; (at = strstr(at, flag)); at += length)
		if ((at == flags || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

const char *host_copy_flags(void)
{
	static const char *const known[] = { "rep_good", "erms", "fsrm", "movdir64b" };
	static char flags[64];

	flags[0] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!host_has_flag(known[i]))
			continue;
		strcat(flags, *flags ? " " : "");
		strcat(flags, known[i]);
	}
	return *flags ? flags : "none";
}

/* sysfs lists the caches from the nearest to the last. */
static size_t cache_of_sysfs(int cpu)
{
	size_t kilobytes = 0;
	char *text;

	for (int index = 0; (text = host_file(CACHE_IN_SYS, cpu, index)); index++) {
		kilobytes = strtoul(text, NULL, 10);
		free(text);
	}
	return kilobytes << 10;
}

#ifdef __x86_64__

/* AMD's leaf has the format of Intel's. The last cache has the highest level. */
static size_t cache_of_leaf(unsigned int leaf)
{
	unsigned int eax, ebx, ecx, edx;
	size_t bytes = 0;

	for (int index = 0; __get_cpuid_count(leaf, index, &eax, &ebx, &ecx, &edx) && eax & 31; index++)
		bytes = ((ebx >> 22) + 1) * ((ebx >> 12 & 1023) + 1) * ((ebx & 4095) + 1) * (ecx + 1UL);
	return bytes;
}

static size_t cache_of_cpuid(void)
{
	return cache_of_leaf(4) ?: cache_of_leaf(0x8000001d);
}

/* With any CPU model, QEMU's TCG writes its name into the leaf of hypervisors. */
static bool has_name_of_tcg(void)
{
	unsigned int eax, name[4] = {};

	__cpuid(0x40000000, eax, name[0], name[1], name[2]);
	return !strcmp((char *)name, "TCGTCGTCGTCG");
}

#else

static size_t cache_of_cpuid(void)
{
	return 0;
}

static bool has_name_of_tcg(void)
{
	return false;
}

#endif

size_t host_last_level_cache(int cpu)
{
	size_t bytes = cache_of_sysfs(cpu) ?: cache_of_cpuid();

	if (!bytes)
		add_warning("size of the last level cache unknown: %lu MiB assumed", ASSUMED_CACHE >> 20);
	return bytes ?: ASSUMED_CACHE;
}

/* Returns the least number of a list such as 0-3,8 that is @least or more; -1 if there is none. */
static int next_in_list(const char *list, int least)
{
	while (list && *list) {
		char *end;
		int first = strtol(list, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;

		if (last >= least)
			return first > least ? first : least;
		list = *end ? end + 1 : end;
	}
	return -1;
}

/* Siblings share all caches of their core, and its execution units. */
int host_neighbour(int cpu)
{
	char *siblings = host_file("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	char *sharing = NULL;
	int other;

	for (int index = 9; index >= 0 && !sharing; index--)
		sharing = host_file("/sys/devices/system/cpu/cpu%d/cache/index%d/shared_cpu_list", cpu, index);
	other = next_in_list(sharing, 0);
	while (other >= 0 && (other == cpu || next_in_list(siblings, other) == other))
		other = next_in_list(sharing, other + 1);
	free(sharing);
	free(siblings);
	return other;
}

bool host_is_emulated(void)
{
	return has_name_of_tcg() || strstr(host_cpu("model name"), "TCG");
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* The step is the greatest common divisor of the times between readings. */
unsigned long host_clock_step(void)
{
	uint64_t step = 0, last = now_ns();

	for (int i = 0; i < 100; i++) {
		uint64_t now = now_ns(), a = step, b = now - last;

		while (b) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		step = a;
		last = now;
	}
	return step ?: 1;
}

bool host_is_uml(void)
{
	char *text = host_file("/proc/cpuinfo");
	char *vendor = find_in_cpuinfo(text, "vendor_id");
	bool uml = vendor && !strcmp(vendor, "User Mode Linux");

	free(vendor);
	free(text);
	return uml;
}

/* Memory */

/* Two versions of memory cgroups, each with its own files. */
static const struct cgroup_version {
	const char *controller; /* in /proc/self/cgroup */
	const char *mounts[3];
	const char *limits[3];
	const char *usage, *reclaimable;
} cgroup_versions[] = {
	{ "",
	  { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" },
	  { "memory.max", "memory.high" },
	  "memory.current",
	  "inactive_file " },
	{ "memory",
	  { "/sys/fs/cgroup/memory" },
	  { "memory.limit_in_bytes" },
	  "memory.usage_in_bytes",
	  "total_inactive_file " },
};

static void lower(size_t *available, size_t left, const char *cgroup)
{
	if (left >= *available)
		return;
	*available = left;
	snprintf(memory_limit, sizeof(memory_limit), "the memory limit of cgroup %s", *cgroup ? cgroup : "/");
}

static size_t read_number(const char *directory, const char *cgroup, const char *file)
{
	char *text = host_file("%s%s/%s", directory, cgroup, file);
	size_t number = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return number;
}

/* The inactive file cache of a cgroup does not count: it gives way when its processes allocate. */
static size_t used_for_good(const struct cgroup_version *version, const char *mount, const char *cgroup)
{
	char *stat = host_file("%s%s/memory.stat", mount, cgroup);
	size_t used = read_number(mount, cgroup, version->usage);
	size_t reclaimable = number_behind(stat, version->reclaimable);

	free(stat);
	return used > reclaimable ? used - reclaimable : 0;
}

static void apply_limits(const struct cgroup_version *version, const char *mount, const char *cgroup, size_t *available)
{
	for (int i = 0; version->limits[i]; i++) {
		char *limit = host_file("%s%s/%s", mount, cgroup, version->limits[i]);
		size_t used = used_for_good(version, mount, cgroup);
		size_t bytes = limit ? strtoull(limit, NULL, 10) : 0;

		if (limit && strcmp(limit, "max"))
			lower(available, bytes > used ? bytes - used : 0, cgroup);
		free(limit);
	}
}

/*
 * In a container, the path may be that on the host, while the mount has only the content of the container's own cgroup.
 * So the limits of each directory from the path up to the mount are applied: the container's own are at the mount.
 */
static void apply_path(const struct cgroup_version *version, const char *path, size_t *available)
{
	char cgroup[512], *end = cgroup + snprintf(cgroup, sizeof(cgroup), "%.511s", path);

	for (; end; end = strrchr(cgroup, '/')) {
		*end = '\0';
		for (int i = 0; version->mounts[i]; i++)
			apply_limits(version, version->mounts[i], cgroup, available);
	}
}

static bool lists(const char *controllers, const char *end, const char *controller)
{
	size_t length = strlen(controller);

	while (controllers <= end) {
		size_t size = strcspn(controllers, ",:");

		if (size == length && !strncmp(controllers, controller, size))
			return true;
		controllers += size + 1;
	}
	return false;
}

/* Takes a line of /proc/self/cgroup: ID:CONTROLLERS:PATH. */
static void apply_cgroup(const char *line, size_t *available)
{
	const char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return;
	for (size_t i = 0; i < sizeof(cgroup_versions) / sizeof(cgroup_versions[0]); i++)
		if (lists(controllers + 1, path, cgroup_versions[i].controller))
			apply_path(&cgroup_versions[i], path + 1, available);
}

size_t host_available_memory(void)
{
	char *meminfo = host_file("/proc/meminfo"), *cgroups = host_file("/proc/self/cgroup");
	size_t available = number_behind(meminfo, "MemAvailable:") << 10;
	char *rest = cgroups, *line;

	snprintf(memory_limit, sizeof(memory_limit), "MemAvailable");
	while ((line = strsep(&rest, "\n")))
		apply_cgroup(line, &available);
	free(cgroups);
	free(meminfo);
	return available;
}

const char *host_memory_limit(void)
{
	return memory_limit;
}

/* Reads the real /proc, even if a test has set HOST_ROOT. */
size_t host_huge_page_bytes(void)
{
	char *rollup = read_file("/proc/self/smaps_rollup");
	size_t kilobytes = number_behind(rollup, "AnonHugePages:") + number_behind(rollup, "ShmemPmdMapped:");

	free(rollup);
	return kilobytes << 10;
}

/* The kernel, and other processes */

const char *host_kernel(void)
{
	static struct utsname names;

	uname(&names);
	return names.release;
}

double host_load(void)
{
	char *text = host_file("/proc/loadavg");
	double load = text ? strtod(text, NULL) : -1;

	free(text);
	return load;
}

void host_judge_load(void)
{
	double load = host_load();

	if (load > NOISY_LOAD)
		add_warning("load average is %.2f: others use the caches and memory that are measured", load);
}

/* A line of /proc/stat: user nice system idle iowait irq softirq steal. */
static void add_ticks(const char *line, struct activity *now)
{
	double user, nice, system, irq, softirq, steal;
	char name[16], watched_name[16];

	if (sscanf(line, "%15s %lf %lf %lf %*f %*f %lf %lf %lf", name, &user, &nice, &system, &irq, &softirq, &steal) !=
	    7)
		return;
	snprintf(watched_name, sizeof(watched_name), "cpu%d", watched_cpu);
	if (!strcmp(name, "cpu"))
		now->busy = user + nice + system + irq + softirq;
	if (!strcmp(name, watched_name))
		now->stolen = steal;
}

static double seconds(struct timeval time)
{
	return time.tv_sec + time.tv_usec / 1e6;
}

static struct activity look(void)
{
	struct activity now = { .wall = now_ns() / 1e9,
				.own = read_clock(CLOCK_PROCESS_CPUTIME_ID) / 1e9,
				.mine = cpu_ns() / 1e9 };
	char *stat = host_file("/proc/stat"), *rest = stat, *line;
	struct rusage children;

	getrusage(RUSAGE_CHILDREN, &children);
	now.own += seconds(children.ru_utime) + seconds(children.ru_stime);
	while ((line = strsep(&rest, "\n")))
		add_ticks(line, &now);
	free(stat);
	return now;
}

void host_watch_begin(void)
{
	watched_cpu = sched_getcpu();
	watched = look();
}

static void judge_others(const struct activity *end)
{
	double wall = end->wall - watched.wall, ticks = sysconf(_SC_CLK_TCK) * wall;
	double stolen = (end->stolen - watched.stolen) / ticks;
	double others = (end->busy - watched.busy) / ticks - (end->own - watched.own) / wall;

	if (stolen > MUCH_TAKEN)
		add_warning("the hypervisor gave %.0f%% of the time to other guests", 100 * stolen);
	if (others > NOISY_CPUS) {
		snprintf(disturbance, sizeof(disturbance), "other processes kept %.1f CPUs busy", others);
		add_warning("noisy neighbours: %s meanwhile", disturbance);
	}
}

const char *host_disturbance(void)
{
	return *disturbance ? disturbance : NULL;
}

void host_watch_end_asleep(void)
{
	struct activity end = look();

	judge_others(&end);
}

void host_watch_end(void)
{
	struct activity end = look();
	double taken = 1 - (end.mine - watched.mine) / (end.wall - watched.wall);

	if (taken > MUCH_TAKEN)
		add_warning("others had this CPU for %.0f%% of the time: samples were interrupted", 100 * taken);
	judge_others(&end);
}
