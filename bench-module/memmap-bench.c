// SPDX-License-Identifier: GPL-2.0
/*
 * Front end of folio_copy_bench.ko, memory maps of device memory. "memmap" has the module time
 * memremap_pages(). "rebind" needs no module. It times a driver that calls memremap_pages() while it
 * is bound to its device: by the clock around the write to sysfs, and, where the kernel has dynamic
 * debugging, by what it says itself of memmap_init_zone_device(), in jiffies.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front-end.h"

/* The state of the dynamic debugging of this function, and what it prints. */
#define INIT_FUNCTION	"memmap_init_zone_device"
#define INIT_LINE	INIT_FUNCTION " initialised %lu pages in %ums"

/* Times of one kind, by round. The first one is kept apart. */
struct series {
	const char *name;
	uint64_t ns[MAX_ROUNDS];
};

static struct {
	const char *type, *start, *size, *order, *node;
	bool overwrite;
	int rounds;
	const char *root;
} opt;

static int complete;	/* how many rounds are */

enum { O_TYPE = 1, O_START, O_SIZE, O_ORDER, O_OVERWRITE, O_NODE, O_ROUNDS, O_ROOT };

static const struct option memmap_options[] = {
	{ "type",	required_argument, NULL, O_TYPE },
	{ "start",	required_argument, NULL, O_START },
	{ "size",	required_argument, NULL, O_SIZE },
	{ "order",	required_argument, NULL, O_ORDER },
	{ "overwrite",	no_argument, NULL, O_OVERWRITE },
	{ "node",	required_argument, NULL, O_NODE },
	{ "rounds",	required_argument, NULL, O_ROUNDS },
	CPU_OPTION,
	JSON_OPTION,
	COMMON_OPTIONS
};

static const struct option rebind_options[] = {
	{ "root",	required_argument, NULL, O_ROOT },
	{ "rounds",	required_argument, NULL, O_ROUNDS },
	JSON_OPTION,
	COMMON_OPTIONS
};

static void set_rounds(const char *s)
{
	uint64_t n = parse_number("rounds", s);

	if (n < 2 || n > MAX_ROUNDS)
		die("--rounds %s: a number from 2 to %d is allowed", s, MAX_ROUNDS);
	opt.rounds = n;
}

static void parse_option(int o)
{
	switch (o) {
	case O_TYPE:
		opt.type = optarg;
		return;
	case O_START:
		opt.start = optarg;
		return;
	case O_SIZE:
		opt.size = optarg;
		return;
	case O_ORDER:
		opt.order = optarg;
		return;
	case O_OVERWRITE:
		opt.overwrite = true;
		return;
	case O_NODE:
		opt.node = optarg;
		return;
	case O_ROUNDS:
		return set_rounds(optarg);
	case O_ROOT:
		opt.root = optarg;
		return;
	}
	parse_common_option(o);
}

/* The arguments that are no options are at argv[optind] then. */
static void parse_options(int argc, char **argv, const struct option *options, int others)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(o);
	if (argc - optind > others)
		die("'%s' is not an option, see folio-copy-bench help", argv[optind + others]);
}

/* Tables and samples */

static void print_series(const struct series *s, unsigned long pages)
{
	double ms[MAX_ROUNDS];
	struct stats st;
	int i;

	for (i = 1; i < complete; i++)
		ms[i - 1] = s->ns[i] / 1e6;
	st = summarize(ms, complete - 1);
	printf("%-12s %9.2f  %9.2f  %4d%%  %9.2f  %5d", s->name, s->ns[0] / 1e6, st.median,
	       st.median > 0 ? spread(&st) : 0, st.mean, st.nr);
	if (pages)
		printf("  %8.3f", st.median * 1e6 / pages);
	printf("\n");
}

/* @series ends with one that has no name; @pages: 0 if that is not known */
static void print_table(const char *what, const struct series *series, unsigned long pages)
{
	if (common.functional) {
		printf("\n%s (emulated: functional, no speed)\n%d rounds complete\n", what,
		       complete);
		return;
	}
	if (complete < 2) {
		printf("\n%s: no round but the first is complete\n", what);
		return;
	}
	printf("\n%s, ms: the first round, then median, interquartile range and mean of the n others\n",
	       what);
	printf("                 first     median  range       mean      n%s\n",
	       pages ? "   ns/page" : "");
	for (; series->name; series++)
		print_series(series, pages);
}

static void json_round(const char *what, int round, const struct series *series)
{
	if (!common.json)
		return;
	fprintf(common.json, "{\"kernel\":\"%s\",%s,\"round\":%d,\"first\":%s", uts.release, what,
		round, round ? "false" : "true");
	if (common.functional)
		fprintf(common.json, ",\"emulated\":\"functional, no speed\"");
	for (; series->name && !common.functional; series++)
		fprintf(common.json, ",\"%s_ns\":%" PRIu64, series->name, series->ns[round]);
	fprintf(common.json, "}\n");
	fflush(common.json);
}

static int verdict(void)
{
	if (!interrupted)
		return 0;
	printf("\ninterrupted\n");
	return 130;
}

/* memmap: by the module */

static struct series mapping[] = { { .name = "map" }, { .name = "unmap" }, { } };

static void format_word(char *buf, size_t size, const char *key, const char *val)
{
	size_t len = strlen(buf);

	if (val && snprintf(buf + len, size - len, "%s=%s ", key, val) >= (int)(size - len))
		die("an option is too long");
}

static void request_memmap(void)
{
	char buf[512] = "", number[16];
	int err;

	format_word(buf, sizeof(buf), "memmap", opt.type);
	format_word(buf, sizeof(buf), "start", opt.start);
	format_word(buf, sizeof(buf), "size", opt.size);
	format_word(buf, sizeof(buf), "order", opt.order);
	format_word(buf, sizeof(buf), "altmap", opt.overwrite ? "overwrite" : NULL);
	format_word(buf, sizeof(buf), "node", opt.node);
	snprintf(number, sizeof(number), "%d", common.cpu);
	format_word(buf, sizeof(buf), "cpu", number);
	snprintf(number, sizeof(number), "%d", opt.rounds - 1);
	format_word(buf, sizeof(buf), "samples", number);
	err = request_run(buf, strlen(buf));
	if (!err || interrupted)
		return;
	report_failure(err);
	exit(1);
}

/* What was measured, as the module understood it. */
static struct memmap_result {
	char type[16];
	unsigned long long start, size, altmap, pages;
	unsigned int order, samples, struct_page;
	int node, cpu;
} result;

static bool read_header(const char *line)
{
	struct memmap_result *r = &result;

	return sscanf(line,
		      "kernel=%*s memmap=%15s start=%llx size=%llu order=%u altmap=%llu node=%d cpu=%d samples=%u pages=%llu struct_page=%u verified=ok",
		      r->type, &r->start, &r->size, &r->order, &r->altmap, &r->node, &r->cpu,
		      &r->samples, &r->pages, &r->struct_page) == 10 &&
	       !strcmp(r->type, opt.type) && (int)r->samples == opt.rounds - 1;
}

static bool read_sample(const char *line)
{
	int round, first;

	if (sscanf(line, "sample round=%d first=%d map=%" SCNu64 " unmap=%" SCNu64, &round, &first,
		   &mapping[0].ns[complete], &mapping[1].ns[complete]) != 4 || round != complete)
		return false;
	complete++;
	return complete <= opt.rounds;
}

static void read_memmap_results(void)
{
	FILE *f = fopen(BENCH "/results", "r");
	bool ok = true, ours = false;
	char line[512];

	if (!f)
		die("the module is gone: it was unloaded");
	while (ok && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "kernel=", 7))
			ours = read_header(line);
		else if (*line != '#')
			ok = ours && read_sample(line);
	}
	fclose(f);
	if (!ok || complete != opt.rounds)
		die("the results are not those of this run: did another program use the module?");
}

static void print_memmap(void)
{
	const struct memmap_result *r = &result;
	char what[256];
	int i;

	snprintf(what, sizeof(what),
		 "\"type\":\"%s\",\"start\":%llu,\"size\":%llu,\"order\":%u,\"altmap\":%llu,\"node\":%d,\"cpu\":%d,\"pages\":%llu",
		 r->type, r->start, r->size, r->order, r->altmap, r->node, r->cpu, r->pages);
	for (i = 0; i < complete; i++)
		json_round(what, i, mapping);

	printf("%s, %llu MiB from %#llx on, node %d, cpu %d: %llu pages of order %u\n", r->type,
	       r->size >> 20, r->start, r->node, r->cpu, r->pages, r->order);
	printf("struct pages of %u bytes, %s\n", r->struct_page,
	       r->altmap ? "in the range itself" : "in normal memory");
	print_table("memremap_pages() and memunmap_pages()", mapping, r->pages);
}

int cmd_memmap(int argc, char **argv)
{
	opt.type = "private";
	opt.rounds = 10;
	parse_options(argc, argv, memmap_options, 0);
	check_module();
	if (common.cpu < 0)
		common.cpu = sched_getcpu();
	catch_signals();
	print_environment(NULL);
	if (!common.functional)
		print_warnings();
	fflush(stdout);
	request_memmap();
	if (!interrupted) {
		read_memmap_results();
		print_memmap();
	}
	return verdict();
}

/* rebind: by the driver */

enum { UNBIND, BIND, INIT, NR_SERIES };

/* The kernel's own line has no name, and is not shown, as long as there is none. */
static struct series rebinding[NR_SERIES + 1] = { { .name = "unbind" }, { .name = "bind" } };

static const struct {
	const char *driver, *bus;
} drivers[] = {
	{ "nd_pmem", "nd" },
	{ "dax_pmem", "nd" },
	{ "device_dax", "dax" },
};

/* The directory of the driver in sysfs. */
static char driver_dir[PATH_MAX / 2];

static int kmsg = -1;
static unsigned long init_pages;	/* of a round */

static void format_path(char *path, const char *fmt, const char *a, const char *b)
{
	if (snprintf(path, PATH_MAX, fmt, a, b) >= PATH_MAX)
		die("a path is too long");
}

static void find_driver(const char *driver)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(driver, drivers[i].driver))
			break;
	if (i == ARRAY_SIZE(drivers))
		die("driver '%s': nd_pmem, dax_pmem or device_dax is allowed", driver);
	if (snprintf(driver_dir, sizeof(driver_dir), "%s/sys/bus/%s/drivers/%s", opt.root,
		     drivers[i].bus, driver) >= (int)sizeof(driver_dir))
		die("--root: the path is too long");
	if (access(driver_dir, F_OK))
		die("there is no driver %s: modprobe %s, and see that the machine has such memory",
		    driver, driver);
}

/* An entry of @dir of which @is says yes, in static memory; an empty string if there is none. */
static const char *find_entry(const char *dir, bool (*is)(const char *name))
{
	static char name[NAME_MAX + 1];
	struct dirent *entry;
	DIR *d = opendir(dir);

	name[0] = '\0';
	while (d && (entry = readdir(d)))
		if (is(entry->d_name))
			snprintf(name, sizeof(name), "%s", entry->d_name);
	if (d)
		closedir(d);
	return name;
}

static bool is_visible(const char *name)
{
	return *name != '.';
}

/* Names of devices end in two numbers with a dot in between; drivers have no other such files. */
static bool is_device(const char *name)
{
	return *name != '.' && strchr(name, '.');
}

static void check_device(const char *driver, const char *device)
{
	char path[PATH_MAX];
	const char *found;

	format_path(path, "%s/%s", driver_dir, device);
	if (is_device(device) && !strchr(device, '/') && !access(path, F_OK))
		return;
	found = find_entry(driver_dir, is_device);
	die("%s is not bound to %s: %s%s", device, driver,
	    *found ? "take a device that is, such as " : "none is, ndctl enable-namespace all",
	    found);
}

static void check_permission(void)
{
	char path[PATH_MAX];

	format_path(path, "%s/%s", driver_dir, "bind");
	if (access(path, W_OK))
		die("%s: %s: run this with sudo", path, strerror(errno));
}

/* A block device that is mounted, or otherwise held. For character devices nobody keeps count. */
static void check_unused(const char *device)
{
	char path[PATH_MAX], block[PATH_MAX];
	const char *name;
	int fd;

	format_path(block, "%s/%s/block", driver_dir, device);
	name = find_entry(block, is_visible);
	if (!*name)
		return;
	format_path(path, "%s/dev/%s", opt.root, name);
	fd = open(path, O_RDONLY | O_EXCL);
	if (fd < 0 && errno == EBUSY)
		die("%s is in use: umount it first", path);
	if (fd >= 0)
		close(fd);
}

/* The kernel's own line */

static void control_path(char *path)
{
	format_path(path, "%s%s", opt.root, "/proc/dynamic_debug/control");
}

/* The flags of the line's call site: "=_" if it is silent. False if there is none. */
static bool init_line_state(char *flags)
{
	char path[PATH_MAX], line[512];
	bool found = false;
	FILE *f;

	control_path(path);
	f = fopen(path, "r");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *p = strstr(line, "]" INIT_FUNCTION " =");

		found = p && sscanf(p, "%*s =%15s", flags) == 1;
	}
	if (f)
		fclose(f);
	return found;
}

static void switch_init_line(const char *flag)
{
	char path[PATH_MAX], command[64];
	int fd, len;

	len = snprintf(command, sizeof(command), "func " INIT_FUNCTION " %s", flag);
	control_path(path);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, command, len) != len)
		fprintf(stderr, "folio-copy-bench: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void silence_init_line(void)
{
	switch_init_line("-p");
}

/* As it was found is how it is left, on every way out. */
static void hear_init_line(void)
{
	char path[PATH_MAX], flags[16];

	if (!init_line_state(flags)) {
		printf("the kernel's own line is not there: it takes CONFIG_DYNAMIC_DEBUG=y\n");
		return;
	}
	format_path(path, "%s%s", opt.root, "/dev/kmsg");
	kmsg = open(path, O_RDONLY | O_NONBLOCK);
	if (kmsg < 0) {
		printf("the kernel's own line is not there: %s: %s\n", path, strerror(errno));
		return;
	}
	lseek(kmsg, 0, SEEK_END);
	rebinding[INIT].name = "kernel_line";
	if (strchr(flags, 'p'))
		return;
	switch_init_line("+p");
	atexit(silence_init_line);
}

/* Returns how many pages the lines are about. */
static unsigned long add_init_lines(const char *text, int round)
{
	unsigned long pages, sum = 0;
	unsigned int ms;

	while ((text = strstr(text, INIT_FUNCTION " initialised"))) {
		if (sscanf(text, INIT_LINE, &pages, &ms) == 2) {
			sum += pages;
			rebinding[INIT].ns[round] += ms * 1000000ULL;
		}
		text++;
	}
	return sum;
}

/* All since the last look: a device may consist of several ranges. EPIPE: some were lost by now. */
static void read_init_lines(int round)
{
	unsigned long pages = 0;
	char record[8192];
	ssize_t n;

	while (kmsg >= 0 &&
	       ((n = read(kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE))) {
		record[n > 0 ? n : 0] = '\0';
		pages += add_init_lines(record, round);
	}
	if (pages)
		init_pages = pages;
}

/* Returns the time that it took, or 0 with an errno. */
static uint64_t write_device(const char *file, const char *device)
{
	struct timespec start, end;
	char path[PATH_MAX];
	int fd, len = strlen(device), err = 0;

	format_path(path, "%s/%s", driver_dir, file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (write(fd, device, len) != len)
		err = errno;
	clock_gettime(CLOCK_MONOTONIC, &end);
	close(fd);
	errno = err;
	return err ? 0 : (end.tv_sec - start.tv_sec) * 1000000000ULL + end.tv_nsec - start.tv_nsec;
}

static void rebind(const char *driver, const char *device, int round)
{
	rebinding[UNBIND].ns[round] = write_device("unbind", device);
	if (!rebinding[UNBIND].ns[round])
		die("%s/unbind: %s: %s is still bound, nothing was changed", driver_dir,
		    strerror(errno), device);
	rebinding[BIND].ns[round] = write_device("bind", device);
	if (!rebinding[BIND].ns[round])
		die("%s/bind: %s: %s is not bound to %s any more, dmesg says why; then write its name there",
		    driver_dir, strerror(errno), device, driver);
	read_init_lines(round);
}

/* A signal must not come between unbinding and binding. */
static void rebind_all(const char *driver, const char *device)
{
	sigset_t signals, before;
	char what[256];

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	snprintf(what, sizeof(what), "\"driver\":\"%s\",\"device\":\"%.128s\"", driver, device);
	while (complete < opt.rounds && !interrupted) {
		sigprocmask(SIG_BLOCK, &signals, &before);
		rebind(driver, device, complete);
		sigprocmask(SIG_SETMASK, &before, NULL);
		json_round(what, complete, rebinding);
		complete++;
	}
}

int cmd_rebind(int argc, char **argv)
{
	const char *driver, *device;
	char what[256];

	opt.rounds = 30;
	opt.root = "";
	parse_options(argc, argv, rebind_options, 2);
	if (argc - optind < 2)
		die("rebind needs a driver and a device, such as nd_pmem pfn0.0: see folio-copy-bench help");
	driver = argv[optind];
	device = argv[optind + 1];
	find_driver(driver);
	check_device(driver, device);
	check_permission();
	check_unused(device);
	catch_signals();
	/* The kernel's messages are to be switched off again. */
	signal(SIGPIPE, SIG_IGN);
	print_environment(NULL);
	if (!common.functional)
		print_warnings();
	hear_init_line();
	fflush(stdout);
	rebind_all(driver, device);

	if (!init_pages)
		rebinding[INIT].name = NULL;
	snprintf(what, sizeof(what), "%s %.128s", driver, device);
	print_table(what, rebinding, init_pages);
	if (init_pages)
		printf("kernel_line: " INIT_FUNCTION "() of %lu pages, by its own line in whole jiffies\n",
		       init_pages);
	return verdict();
}
