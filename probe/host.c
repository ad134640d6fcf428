// SPDX-License-Identifier: GPL-2.0
/* Where the measurement runs, and what about it harms the measurement. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"

#define NOISY_LOAD	0.5
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
	FILE *file = fopen("/proc/cpuinfo", "r");
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
	char path[96], line[32];

	for (int index = 0; ; index++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cache/index%d/size",
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
	char path[96], governor[32];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor",
		 host->cpu);
	read_line(governor, sizeof(governor), path);
	if (governor[0] && strcmp(governor, "performance"))
		warn(host, "cpufreq governor is %s, not performance: the frequency may wander",
		     governor);
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
	host->available = read_kilobytes("/proc/meminfo", "MemAvailable:");
	if (getloadavg(&host->load, 1) != 1)
		host->load = 0;

	if (host->hypervisor)
		warn(host, "virtual machine: neighbours are unseen, flags and cache sizes are "
		     "what the hypervisor says");
	if (host->load > NOISY_LOAD)
		warn(host, "load average is %.2f: others use the caches and memory that are "
		     "measured", host->load);
	check_frequency(host);
}
