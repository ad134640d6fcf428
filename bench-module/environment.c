// SPDX-License-Identifier: GPL-2.0
/*
 * The environment: what one must know to judge the numbers, and what spoils them. There is one list
 * of it, which is printed and which is what begins a file of samples, since samples without their
 * environment prove nothing. report/runs.py has the keys that programs look at.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front-end.h"
#include "stats.h"

#define CPU_DIR		"/sys/devices/system/cpu"
#define NODE_DIR	"/sys/devices/system/node"
#define LINE_WIDTH	100

/* Above this, somebody else is running, too; the probe has the same. */
#define NOISY_LOAD	0.5

struct entry {
	char *name, *value;
};

static struct entry *entries;
static size_t nr_entries;

static char **warnings;
static size_t nr_warnings;

/* User-Mode Linux has another one, and so the option to name that of its host. */
static const char *cpuinfo_path = "/proc/cpuinfo";

void add_environment(const char *name, const char *value)
{
	struct entry *e;

	entries = grown(entries, nr_entries, sizeof(*entries));
	e = &entries[nr_entries++];
	e->name = format("%s", name);
	e->value = format("%s", value);
	for (char *c = e->value; *c; c++)
		if (*c > 0 && *c < ' ')
			*c = ' ';
}

/* NULL if there is no such key. */
const char *find_environment(const char *name)
{
	for (size_t i = 0; i < nr_entries; i++)
		if (!strcmp(entries[i].name, name))
			return entries[i].value;
	return NULL;
}

/* The text is kept. */
void add_warning(char *text)
{
	warnings = grown(warnings, nr_warnings, sizeof(*warnings));
	warnings[nr_warnings++] = text;
}

/* What only the host of a virtual machine knows, a line each. */
void read_warnings(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		die("--warnings %s: %s", path, strerror(errno));
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		add_warning(format("%s", line));
	}
	free(line);
	fclose(f);
}

/* The CPU */

void set_cpuinfo(const char *path)
{
	cpuinfo_path = path;
	if (access(path, R_OK))
		die("--cpuinfo %s: %s", path, strerror(errno));
}

/* The first value of the key, to be freed. */
static char *read_cpuinfo(const char *path, const char *key)
{
	size_t len = strlen(key);
	char *line = slurp(path);

	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char *value = line + len;

		if (strncmp(line, key, len))
			continue;
		value += strspn(value, " \t");
		if (value[0] == ':' && value[1] == ' ')
			return format("%.*s", (int)strcspn(value + 2, "\n"), value + 2);
	}
	return NULL;
}

bool is_uml(void)
{
	char *vendor = read_cpuinfo("/proc/cpuinfo", "vendor_id");
	bool uml = vendor && !strcmp(vendor, "User Mode Linux");

	free(vendor);
	return uml;
}

static bool has_flag(const char *flags, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *at = flags; at && (at = strstr(at, flag)); at += len)
		if ((at == flags || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

/* Those by which kernels choose how to copy. */
static void add_flags(void)
{
	static const char *const shown[] = { "rep_good", "erms", "fsrm", "movdir64b" };
	char *flags = read_cpuinfo(cpuinfo_path, "flags");
	char value[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (!has_flag(flags, shown[i]))
			continue;
		strcat(value, *value ? " " : "");
		strcat(value, shown[i]);
	}
	add_environment("flags", *value ? value : "none");
	if (has_flag(flags, "hypervisor"))
		add_warning(format("virtual machine: neighbours are unseen, flags and cache sizes "
				   "are what the hypervisor says"));
	free(flags);
}

/* In bytes, or 0 if nobody knows. sysfs has the last one behind the others. */
unsigned long last_level_cache(int cpu)
{
	unsigned long kib = 0;

	for (int index = 0; ; index++) {
		char *path = format(CPU_DIR "/cpu%d/cache/index%d/size", cpu, index);
		char *text = slurp(path);

		free(path);
		if (!text)
			return kib << 10;
		kib = strtoul(text, NULL, 10);
	}
}

static void add_cpu(void)
{
	static const struct {
		const char *name, *key;
	} keys[] = {
		{ "cpu", "model name" },
		{ "vendor", "vendor_id" },
		{ "family", "cpu family" },
		{ "model", "model" },
		{ "stepping", "stepping" },
		{ "microcode", "microcode" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *value = read_cpuinfo(cpuinfo_path, keys[i].key);

		add_environment(keys[i].name, value ?: "unknown");
		free(value);
	}
	add_flags();
}

/* Nodes */

static char *node_memory(int node)
{
	char *path = format(NODE_DIR "/node%d/meminfo", node), *text = slurp(path);
	unsigned long kib = 0;

	text = text ? strstr(text, "MemTotal:") : NULL;
	if (text)
		sscanf(text, "MemTotal: %lu", &kib);
	free(path);
	return format("%lu MiB", kib >> 10);
}

static void add_node(char **nodes, char **distances, int node)
{
	char *path = format(NODE_DIR "/node%d/cpulist", node), *memory = node_memory(node);
	char *text = slurp(path), *before = *nodes;

	*nodes = format("%s%s%d: %s%s, %s", before, *before ? "; " : "", node,
			text && *text ? "CPUs " : "no CPU", text ?: "", memory);
	free(before);
	free(memory);
	free(path);

	path = format(NODE_DIR "/node%d/distance", node);
	text = slurp(path);
	before = *distances;
	*distances = format("%s%s%s", before, *before ? "; " : "", text ?: "?");
	free(before);
	free(path);
}

static void add_nodes(void)
{
	char *nodes = format("%s", ""), *distances = format("%s", "");
	char *online = slurp(NODE_DIR "/online");
	struct list list;

	if (!online || !parse_list(online, &list))
		return;
	for (int i = 0; i < list.nr; i++)
		add_node(&nodes, &distances, list.v[i]);
	add_environment("nodes", nodes);
	add_environment("distances", distances);
	free(nodes);
	free(distances);
}

/* The kernel */

static void add_digest(const char *path)
{
	char *command = format("sha256sum <'%s' 2>/dev/null", path), digest[65] = "";
	FILE *f = popen(command, "r");

	if (f && fscanf(f, "%64[0-9a-f]", digest) == 1) {
		char *value = format("sha256 %s of %s", digest, path);

		add_environment("config", value);
		free(value);
	}
	if (f)
		pclose(f);
	free(command);
}

static void add_config(void)
{
	char *boot = format("/boot/config-%s", uts.release);

	if (!access("/proc/config.gz", R_OK))
		add_digest("/proc/config.gz");
	else if (!access(boot, R_OK))
		add_digest(boot);
	free(boot);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Of what the CPU is not affected by there is nothing to say. */
static void add_mitigations(void)
{
	char *all = format("%s", "");
	struct dirent **found;
	int n = scandir(CPU_DIR "/vulnerabilities", &found, is_visible, alphasort);

	for (int i = 0; i < n; i++) {
		char *path = format(CPU_DIR "/vulnerabilities/%s", found[i]->d_name);
		char *state = slurp(path), *before = all;

		if (state && strcmp(state, "Not affected")) {
			all = format("%s%s%s: %s", before, *before ? "; " : "", found[i]->d_name,
				     state);
			free(before);
		}
		free(path);
		free(found[i]);
	}
	if (n >= 0) {
		add_environment("mitigations", *all ? all : "none needed");
		free(found);
	}
	free(all);
}

/* The build, as far as it can be known: the end of the note is the identifier. */
static void add_module(void)
{
	unsigned char note[128];
	char id[41] = "";
	FILE *f = fopen("/sys/module/folio_copy_bench/notes/.note.gnu.build-id", "r");
	size_t n = f ? fread(note, 1, sizeof(note), f) : 0;

	if (f)
		fclose(f);
	if (n < 20)
		return;
	for (int i = 0; i < 20; i++)
		sprintf(id + 2 * i, "%02x", note[n - 20 + i]);
	add_environment("module", id);
}

#define GOVERNOR	CPU_DIR "/cpu%d/cpufreq/scaling_governor"

/* Files that say it in a line. */
static const struct {
	const char *name, *path, *want;
} files[] = {
	{ "boost", CPU_DIR "/cpufreq/boost", NULL },
	{ "no_turbo", CPU_DIR "/intel_pstate/no_turbo", NULL },
	{ "numa_balancing", "/proc/sys/kernel/numa_balancing", "0" },
	{ "thp", "/sys/kernel/mm/transparent_hugepage/enabled", NULL },
	{ "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL },
	{ "boot", "/proc/sys/kernel/random/boot_id", NULL },
};

static void add_file(const char *name, const char *path, const char *want)
{
	char *value = slurp(path);

	if (!value)
		return;
	add_environment(name, value);
	if (want && strcmp(value, want))
		add_warning(format("%s is %s, steady numbers want %s (%s)", name, value, want,
				   path));
}

static void add_files(void)
{
	char *governor = format(GOVERNOR, common.cpu < 0 ? 0 : common.cpu);

	add_file("governor", governor, "performance");
	free(governor);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		add_file(files[i].name, files[i].path, files[i].want);
	/* That of User-Mode Linux says where its files are, and nothing else. */
	if (!is_uml())
		add_file("cmdline", "/proc/cmdline", NULL);
}

static void warn_of_load(void)
{
	double load;

	if (getloadavg(&load, 1) == 1 && load > NOISY_LOAD)
		add_warning(format("load average is %.2f: others use the caches and memory that "
				   "are measured", load));
}

static void add_number(const char *name, double number)
{
	char *value = format("%g", number);

	add_environment(name, value);
	free(value);
}

/* All of it. What a command adds before is in front. */
static void look_around(const char *seed)
{
	uname(&uts);
	add_environment("version", uts.version);
	if (is_uml())
		add_environment("machine", "User-Mode Linux");
	add_cpu();
	if (seed)
		add_environment("seed", seed);
	if (common.cpu >= 0)
		add_number("pinned_to", common.cpu);
	add_number("placement_ns", PLACEMENT_NS);
	add_nodes();
	add_files();
	add_config();
	add_mitigations();
	add_module();
	warn_of_load();
}

static void write_string(FILE *json, const char *text)
{
	fputc('"', json);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', json);
		fputc(*text, json);
	}
	fputc('"', json);
}

void write_environment(FILE *json)
{
	fprintf(json, "{\"environment\":\"%s\"", uts.release);
	for (size_t i = 0; i < nr_entries; i++) {
		fprintf(json, ",\"%s\":", entries[i].name);
		write_string(json, entries[i].value);
	}
	fprintf(json, ",\"warnings\":[");
	for (size_t i = 0; i < nr_warnings; i++) {
		fputs(i ? "," : "", json);
		write_string(json, warnings[i]);
	}
	fprintf(json, "]}\n");
}

/* @seed: NULL if nothing is random. */
void print_environment(const char *seed)
{
	int column, len;

	look_around(seed);
	column = printf("kernel %s", uts.release);
	for (size_t i = 0; i < nr_entries; i++) {
		len = 3 + strlen(entries[i].name) + strlen(entries[i].value);
		if (column + len > LINE_WIDTH) {
			printf(",\n  %s %s", entries[i].name, entries[i].value);
			column = len;
		} else {
			column += printf(", %s %s", entries[i].name, entries[i].value);
		}
	}
	printf("\n");
	if (common.json)
		write_environment(common.json);
}

void print_warnings(void)
{
	for (size_t i = 0; i < nr_warnings; i++)
		printf("warning: %s\n", warnings[i]);
}
