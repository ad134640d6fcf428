// SPDX-License-Identifier: GPL-2.0
/* The facts about the machine that every program records. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "host.h"
#include "samples.h"

#define CPU_DIR	 "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *or_unknown(const char *text)
{
	return text && *text ? text : UNKNOWN;
}

static void add_cpu(int cpu)
{
	static const struct {
		const char *name, *key;
	} facts[] = {
		{ "cpu", "model name" }, { "vendor", "vendor_id" },  { "family", "cpu family" },
		{ "model", "model" },	 { "stepping", "stepping" }, { "microcode", "microcode" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		add_environment(facts[i].name, "%s", host_cpu(facts[i].key));
	add_environment("flags", "%s", host_copy_flags());
	if (host_has_flag("hypervisor"))
		add_warning(
			"virtual machine: neighbours are unseen, flags and cache sizes are what the hypervisor says");
	add_environment_number("last_level_cache", host_last_level_cache(cpu == NO_CPU ? 0 : cpu));
}

static void add_kernel(void)
{
	struct utsname names;

	uname(&names);
	add_environment("kernel", "%s", names.release);
	add_environment("version", "%s", names.version);
	if (host_is_uml())
		add_environment("machine", "User-Mode Linux");
	add_environment_number("clock_ns", host_clock_step());
}

static void add_load(void)
{
	double load = host_load();

	if (load < 0)
		add_environment("load", UNKNOWN);
	else
		add_environment_number("load", load);
	host_judge_load();
}

/* Nodes */

static unsigned long node_mebibytes(int node)
{
	char *text = host_file(NODE_DIR "/node%d/meminfo", node), *at = text ? strstr(text, "MemTotal:") : NULL;
	unsigned long kilobytes = at ? strtoul(at + strlen("MemTotal:"), NULL, 10) : 0;

	free(text);
	return kilobytes >> 10;
}

static void print_node(FILE *nodes, FILE *distances, int node, const char *separator)
{
	char *cpus = host_file(NODE_DIR "/node%d/cpulist", node);
	char *distance = host_file(NODE_DIR "/node%d/distance", node);

	fprintf(nodes, "%s%d: %s%s, %lu MiB", separator, node, cpus ? "CPUs " : "no CPU", cpus ?: "",
		node_mebibytes(node));
	fprintf(distances, "%s%s", separator, or_unknown(distance));
	free(cpus);
	free(distance);
}

/* Takes a list such as 0,2-4. */
static void print_nodes(FILE *nodes, FILE *distances, const char *list)
{
	const char *separator = "";

	while (list && *list) {
		char *end;
		int node = strtol(list, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : node;

		for (; node <= last; node++, separator = "; ")
			print_node(nodes, distances, node, separator);
		list = *end == ',' ? end + 1 : NULL;
	}
}

static void add_nodes(void)
{
	char *online = host_file(NODE_DIR "/online"), *nodes, *distances;
	size_t size;
	FILE *nodes_file = open_memstream(&nodes, &size), *distances_file = open_memstream(&distances, &size);

	print_nodes(nodes_file, distances_file, online);
	fclose(nodes_file);
	fclose(distances_file);
	add_environment("nodes", "%s", or_unknown(nodes));
	add_environment("distances", "%s", or_unknown(distances));
	free(nodes);
	free(distances);
	free(online);
}

/* The configuration */

static bool add_digest(const char *path)
{
	char command[512], digest[65] = "";
	FILE *output;

	snprintf(command, sizeof(command), "{ sha256sum <'" HOST_ROOT "%s'; } 2>/dev/null", path);
	output = popen(command, "r");
	if (output && fscanf(output, "%64[0-9a-f]", digest) == 1)
		add_environment("config", "sha256 %s of %s", digest, path);
	if (output)
		pclose(output);
	return *digest;
}

static void add_config(void)
{
	char boot[128];

	snprintf(boot, sizeof(boot), "/boot/config-%s", host_kernel());
	if (!add_digest("/proc/config.gz") && !add_digest(boot))
		add_environment("config", UNKNOWN);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Lists the vulnerabilities that the CPU has, with their mitigations. */
static void add_mitigations(void)
{
	struct dirent **found;
	int n = scandir(HOST_ROOT CPU_DIR "/vulnerabilities", &found, is_visible, alphasort);
	char *all;
	size_t size;
	FILE *file = open_memstream(&all, &size);

	for (int i = 0; i < n; i++) {
		char *state = host_file(CPU_DIR "/vulnerabilities/%s", found[i]->d_name);

		if (state && strcmp(state, "Not affected"))
			fprintf(file, "%s%s: %s", ftell(file) ? "; " : "", found[i]->d_name, state);
		free(state);
		free(found[i]);
	}
	fclose(file);
	if (n >= 0)
		free(found);
	add_environment("mitigations", "%s", n < 0 ? UNKNOWN : *all ? all : "none needed");
	free(all);
}

/* Facts that are the one line of a file. */
static const struct {
	const char *name, *path;
} files[] = {
	{ "boost", CPU_DIR "/cpufreq/boost" },
	{ "no_turbo", CPU_DIR "/intel_pstate/no_turbo" },
	{ "numa_balancing", "/proc/sys/kernel/numa_balancing" },
	{ "thp", "/sys/kernel/mm/transparent_hugepage/enabled" },
	{ "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource" },
	{ "boot", "/proc/sys/kernel/random/boot_id" },
};

static void add_files(int cpu)
{
	char *value = host_file(CPU_DIR "/cpu%d/cpufreq/scaling_governor", cpu == NO_CPU ? 0 : cpu);

	add_environment("governor", "%s", or_unknown(value));
	free(value);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		value = host_file("%s", files[i].path);
		add_environment(files[i].name, "%s", or_unknown(value));
		free(value);
	}
}

static bool is_known_other(const char *name, const char *want)
{
	const char *value = find_environment(name);

	return strcmp(value, UNKNOWN) && strcmp(value, want);
}

static void judge_files(void)
{
	if (is_known_other("governor", "performance"))
		add_warning("cpufreq governor is %s, not performance: the frequency may wander",
			    find_environment("governor"));
	if (is_known_other("boost", "0") || is_known_other("no_turbo", "1"))
		add_warning("boost is on: the frequency depends on temperature and on neighbours");
	if (is_known_other("numa_balancing", "0"))
		add_warning("numa_balancing is %s: pages may be unmapped and moved meanwhile",
			    find_environment("numa_balancing"));
}

void add_common_environment(const char *program, int cpu, uint64_t seed)
{
	add_environment("program", "%s", program);
	add_kernel();
	add_cpu(cpu);
	add_environment_flag("functional", host_is_emulated());
	add_environment("seed", "%llu", (unsigned long long)seed);
	if (cpu == NO_CPU)
		add_environment("pinned_to", UNKNOWN);
	else
		add_environment_number("pinned_to", cpu);
	add_load();
	add_nodes();
	add_files(cpu);
	judge_files();
	add_config();
	add_mitigations();
}
