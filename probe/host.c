// SPDX-License-Identifier: GPL-2.0
/* Where the measurement runs, and what about it harms the measurement. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"
#include "section.h"

/* "make check" plants a /proc and a /sys elsewhere. */
#ifndef HOST_ROOT
#define HOST_ROOT	""
#endif

#define PROC		HOST_ROOT "/proc/"
#define CPU_IN_SYS	HOST_ROOT "/sys/devices/system/cpu/"

#define NOISY_LOAD	0.5
#define NOISY_CPUS	0.2
#define MUCH_TAKEN	0.02			/* of the time, by whoever */
#define UNKNOWN_CACHE	(32UL << 20)

void warn(struct host *host, const char *format, ...)
{
	va_list arguments;

	if (host->nr_warnings == MAX_WARNINGS)
		return;
	va_start(arguments, format);
	vsnprintf(host->warnings[host->nr_warnings++], sizeof(host->warnings[0]), format,
		  arguments);
	va_end(arguments);
}

/* The first line of a file, without its end; empty if there is none. */
static void read_line(char *line, size_t size, const char *path)
{
	FILE *file = fopen(path, "r");

	line[0] = '\0';
	if (!file)
		return;
	if (fgets(line, size, file))
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

/* The number of kilobytes behind a key of /proc/meminfo and its kind, in bytes; 0 if not there. */
static size_t read_kilobytes(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	size_t kilobytes = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kilobytes = strtoul(line + strlen(key), NULL, 10);
	fclose(file);
	return kilobytes * 1024;
}

size_t huge_page_bytes(void)
{
	return read_kilobytes("/proc/self/smaps_rollup", "AnonHugePages:") +
	       read_kilobytes("/proc/self/smaps_rollup", "ShmemPmdMapped:");
}

static bool has_flag(const char *flags, const char *flag)
{
	size_t length = strlen(flag);

	for (const char *at = flags; (at = strstr(at, flag)); at += length)
		if (at[-1] == ' ' && strchr(" \n", at[length]))
			return true;
	return false;
}

static void read_flags(struct host *host, const char *flags)
{
	host->rep_good = has_flag(flags, "rep_good");
	host->erms = has_flag(flags, "erms");
	host->fsrm = has_flag(flags, "fsrm");
	host->movdir64b = has_flag(flags, "movdir64b");
	host->hypervisor = has_flag(flags, "hypervisor");
}

/* Takes "key<tabs>: value"; what would need quoting in JSON is replaced. */
static void copy_value(char *value, size_t size, const char *line)
{
	snprintf(value, size, "%s", strchr(line, ':') + 2);
	value[strcspn(value, "\n")] = '\0';
	for (; *value; value++)
		if (*value < ' ' || *value == '"' || *value == '\\')
			*value = '_';
}

static void read_cpuinfo(struct host *host)
{
	FILE *file = fopen(PROC "cpuinfo", "r");
	const struct {
		const char *key;
		char *value;
		size_t size;
	} fields[] = {
		{ "model name\t", host->model_name, sizeof(host->model_name) },
		{ "vendor_id\t", host->vendor, sizeof(host->vendor) },
		{ "cpu family\t", host->family, sizeof(host->family) },
		{ "model\t", host->model, sizeof(host->model) },
		{ "stepping\t", host->stepping, sizeof(host->stepping) },
		{ "microcode\t", host->microcode, sizeof(host->microcode) },
	};
	char *line = NULL;
	size_t size = 0;
	int cpu = -1;

	while (file && getline(&line, &size, file) > 0) {
		if (!strncmp(line, "processor\t", strlen("processor\t")))
			cpu = atoi(strchr(line, ':') + 1);
		if (cpu != host->cpu)
			continue;
		if (!strncmp(line, "flags\t", strlen("flags\t")))
			read_flags(host, line);
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (!strncmp(line, fields[i].key, strlen(fields[i].key)))
				copy_value(fields[i].value, fields[i].size, line);
	}
	free(line);
	if (file)
		fclose(file);
}

/* sysfs lists the caches from the nearest to the last; sysconf() may know where sysfs is closed. */
static size_t last_level_cache(int cpu)
{
	size_t bytes = 0;
	char path[256], line[32];

	for (int index = 0; ; index++) {
		snprintf(path, sizeof(path), CPU_IN_SYS "cpu%d/cache/index%d/size",
			 cpu, index);
		read_line(line, sizeof(line), path);
		if (!line[0])
			break;
		bytes = strtoul(line, NULL, 10) * 1024;
	}
	if (!bytes && sysconf(_SC_LEVEL3_CACHE_SIZE) > 0)
		bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
	return bytes;
}

static void pin(struct host *host)
{
	cpu_set_t set;

	host->cpu = sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(host->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		warn(host, "cannot pin to CPU %d: samples of different CPUs are mixed", host->cpu);
}

static void check_frequency(struct host *host)
{
	char path[256], governor[32], boost[8], turbo_is_off[8];

	snprintf(path, sizeof(path), CPU_IN_SYS "cpu%d/cpufreq/scaling_governor",
		 host->cpu);
	read_line(governor, sizeof(governor), path);
	if (governor[0] && strcmp(governor, "performance"))
		warn(host, "cpufreq governor is %s, not performance: the frequency may wander",
		     governor);
	read_line(boost, sizeof(boost), CPU_IN_SYS "cpufreq/boost");
	read_line(turbo_is_off, sizeof(turbo_is_off), CPU_IN_SYS "intel_pstate/no_turbo");
	if (!strcmp(boost, "1") || !strcmp(turbo_is_off, "0"))
		warn(host, "boost is on: the frequency hangs on temperature and on neighbours");
}

static void check_load(struct host *host)
{
	char line[64];

	read_line(line, sizeof(line), PROC "loadavg");
	host->load = strtod(line, NULL);
	if (host->load > NOISY_LOAD)
		warn(host, "load average is %.2f: others use the caches and memory that are "
		     "measured", host->load);
}

/* QEMU says so where a hypervisor has its name, whatever CPU it shows. */
static bool emulates(const char *model_name)
{
	unsigned int eax, name[4] = { };

	__cpuid(0x40000000, eax, name[0], name[1], name[2]);
	return !strcmp((char *)name, "TCGTCGTCGTCG") || strstr(model_name, "TCG");
}

static struct activity look_at_activity(const struct host *host)
{
	struct activity now = { .wall = now_ns(), .own = cpu_ns() };
	FILE *file = fopen(PROC "stat", "r");
	char line[256], name[16], ours[16];
	unsigned long long user, nice, system, irq, softirq, steal;

	snprintf(ours, sizeof(ours), "cpu%d", host->cpu);
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%15s %llu %llu %llu %*u %*u %llu %llu %llu", name, &user, &nice,
			   &system, &irq, &softirq, &steal) != 7)
			continue;
		if (!strcmp(name, "cpu"))
			now.busy = user + nice + system + irq + softirq;
		if (!strcmp(name, ours))
			now.stolen = steal;
	}
	if (file)
		fclose(file);
	return now;
}

void begin_watch(struct host *host)
{
	host->start = look_at_activity(host);
}

void end_watch(struct host *host)
{
	struct activity end = look_at_activity(host);
	double wall = (end.wall - host->start.wall) / 1e9, own = (end.own - host->start.own) / 1e9;
	double ticks = sysconf(_SC_CLK_TCK) * wall;
	double stolen = (end.stolen - host->start.stolen) / ticks;
	double others = (end.busy - host->start.busy) / ticks - own / wall;

	if (1 - own / wall > MUCH_TAKEN)
		warn(host, "others had this CPU for %.0f%% of the time: samples were interrupted",
		     100 * (1 - own / wall));
	if (stolen > MUCH_TAKEN)
		warn(host, "the hypervisor gave %.0f%% of the time to other guests", 100 * stolen);
	if (others > NOISY_CPUS)
		warn(host, "noisy neighbours: other processes kept %.1f CPUs busy meanwhile",
		     others);
}

void look_at_host(struct host *host)
{
	struct utsname names;

	pin(host);
	read_cpuinfo(host);
	uname(&names);
	snprintf(host->kernel, sizeof(host->kernel), "%s", names.release);
	host->last_level_cache = last_level_cache(host->cpu);
	if (!host->last_level_cache) {
		warn(host, "size of the last level cache unknown: %lu MiB assumed",
		     UNKNOWN_CACHE >> 20);
		host->last_level_cache = UNKNOWN_CACHE;
	}
	host->available = read_kilobytes(PROC "meminfo", "MemAvailable:");
	host->emulated = emulates(host->model_name);

	if (host->hypervisor)
		warn(host, "virtual machine: neighbours are unseen, flags and cache sizes are "
		     "what the hypervisor says");
	check_load(host);
	check_frequency(host);
}
