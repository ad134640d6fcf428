// SPDX-License-Identifier: GPL-2.0
/*
 * The command "rebind", which needs no module: times a driver that calls memremap_pages() while it
 * is bound to its device. The time is that of the write to sysfs, by the clock. If the kernel has
 * dynamic debugging, the kernel's own message about memmap_init_zone_device() gives a second time,
 * in jiffies.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "rows.h"

/* The function as dynamic debugging names it, and the line that it prints. */
#define INIT_FUNCTION "memmap_init_zone_device"
#define INIT_LINE     INIT_FUNCTION " initialised %lu pages in %ums"

static struct {
	int rounds;
	const char *root;
} opt = { .rounds = 30, .root = "" };

enum { O_ROOT = 1, O_ROUNDS };

static const struct option options[] = { { "root", required_argument, NULL, O_ROOT },
					 { "rounds", required_argument, NULL, O_ROUNDS },
					 JSON_OPTION,
					 COMMON_OPTIONS };

/* The order of the rows. */
enum { UNBIND, BIND, INIT, NR_SERIES };

static struct rounds series[NR_SERIES];
static int complete; /* rounds that all rows have */

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
static unsigned long init_pages; /* pages that the kernel initialised in a round */

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
	if (snprintf(driver_dir, sizeof(driver_dir), "%s/sys/bus/%s/drivers/%s", opt.root, drivers[i].bus, driver) >=
	    (int)sizeof(driver_dir))
		die("--root: the path is too long");
	if (access(driver_dir, F_OK))
		die("there is no driver %s: modprobe %s, and check that the machine has memory for it", driver, driver);
}

/* Returns an entry of @dir for which @is() is true, in static memory; an empty string if there is none. */
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

/* The name of a device ends in two numbers with a dot in between. No other file of a driver has a dot. */
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
	    *found ? "take a device that is, such as " : "no device is, run ndctl enable-namespace all", found);
}

static void check_permission(void)
{
	char path[PATH_MAX];

	format_path(path, "%s/%s", driver_dir, "bind");
	if (access(path, W_OK))
		die("%s: %s: run this with sudo", path, strerror(errno));
}

/* Refuses a block device that is mounted or otherwise held. Nobody counts the users of character devices. */
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

/* The line that the kernel prints */

static void control_path(char *path)
{
	format_path(path, "%s%s", opt.root, "/proc/dynamic_debug/control");
}

/* Reads the flags of the call site that prints the line; "_" is silent. Returns false if there is no such call site. */
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

/*
 * Switches the line on. However the program ends, the line is then switched off again, unless it
 * was on before. Returns NULL, or why there is no such line.
 */
static const char *hear_init_line(void)
{
	char path[PATH_MAX], flags[16];

	if (!init_line_state(flags))
		return "the kernel does not print this line: it needs CONFIG_DYNAMIC_DEBUG=y";
	format_path(path, "%s%s", opt.root, "/dev/kmsg");
	kmsg = open(path, O_RDONLY | O_NONBLOCK);
	if (kmsg < 0)
		return format("%s: %s", path, strerror(errno));
	lseek(kmsg, 0, SEEK_END);
	if (strchr(flags, 'p'))
		return NULL;
	switch_init_line("+p");
	atexit(silence_init_line);
	return NULL;
}

/* Adds up the times in these lines. Returns how many pages they report. */
static unsigned long add_init_lines(const char *text)
{
	unsigned long pages, sum = 0;
	unsigned int ms;

	while ((text = strstr(text, INIT_FUNCTION " initialised"))) {
		if (sscanf(text, INIT_LINE, &pages, &ms) == 2) {
			sum += pages;
			series[INIT].ns[complete][0] += ms * 1e6;
		}
		text++;
	}
	return sum;
}

/*
 * Reads all lines since the last call: a device with several ranges has several lines. EPIPE: some
 * lines are already lost, so read on.
 */
static void read_init_lines(void)
{
	unsigned long pages = 0;
	char record[8192];
	ssize_t n;

	while (kmsg >= 0 && ((n = read(kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE))) {
		record[n > 0 ? n : 0] = '\0';
		pages += add_init_lines(record);
	}
	if (pages)
		init_pages = pages;
}

/* The lines count whole milliseconds, or jiffies: a short time is 0. */
static bool all_took_time(void)
{
	for (int i = 0; i < complete; i++)
		if (!series[INIT].ns[i][0])
			return false;
	return true;
}

/* Rounds */

/* Returns the time of the write, or 0 with errno set. */
static uint64_t write_device(const char *file, const char *device)
{
	uint64_t start, end;
	char path[PATH_MAX];
	int fd, len = strlen(device), err = 0;

	format_path(path, "%s/%s", driver_dir, file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return 0;
	start = now_ns();
	if (write(fd, device, len) != len)
		err = errno;
	end = now_ns();
	close(fd);
	errno = err;
	return err ? 0 : end - start;
}

static bool rebind(const char *driver, const char *device)
{
	series[UNBIND].ns[complete][0] = write_device("unbind", device);
	if (!series[UNBIND].ns[complete][0]) {
		fail_rows(UNBIND, format("%s/unbind: %s: %s is still bound, nothing was changed", driver_dir,
					 strerror(errno), device));
		return false;
	}
	series[BIND].ns[complete][0] = write_device("bind", device);
	if (!series[BIND].ns[complete][0]) {
		fail_rows(BIND, format("%s/bind: %s: %s is not bound to %s any more, dmesg says "
				       "why; to bind it again, write its name there",
				       driver_dir, strerror(errno), device, driver));
		return false;
	}
	read_init_lines();
	return true;
}

/* A signal must not come between unbinding and binding. */
static void rebind_all(const char *driver, const char *device)
{
	sigset_t signals, before;
	bool bound = true;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	while (bound && complete < opt.rounds && !interrupted) {
		sigprocmask(SIG_BLOCK, &signals, &before);
		bound = rebind(driver, device);
		sigprocmask(SIG_SETMASK, &before, NULL);
		complete += bound;
	}
}

/* The command */

static void plan(const char *driver, const char *device)
{
	static const char *const functions[NR_SERIES] = { "unbind", "bind", "kernel_line" };
	char *kind = format("%s %s", driver, device);

	for (int i = 0; i < NR_SERIES; i++) {
		struct planned_row row = kernel_row("rebind", functions[i]);

		row.kind = kind;
		plan_rows(&row, 1, opt.rounds);
	}
}

static void finish_rows(const char *no_line)
{
	if (!no_line && !init_pages)
		no_line = "the kernel printed no line about this device";
	else if (!no_line && !all_took_time())
		no_line = "in one of the rounds the kernel printed no line, or a time of 0 ms";
	if (no_line)
		miss_row(INIT, no_line);
	for (int i = 0; i < NR_SERIES; i++) {
		series[i].nr = complete;
		if (i != INIT || !no_line)
			finish_row(i, &series[i]);
	}
	if (no_line)
		printf("left out: kernel_line: %s\n", no_line);
	else
		printf("kernel_line: " INIT_FUNCTION "() of %lu pages, by its own line in whole jiffies\n", init_pages);
}

static void parse_options(int argc, char **argv)
{
	int o;

	while ((o = next_option(argc, argv, options)) != -1) {
		if (o == O_ROOT)
			opt.root = optarg;
		else if (o == O_ROUNDS)
			opt.rounds = parse_rounds(optarg);
		else
			parse_common_option(o);
	}
	if (argc - optind < 2)
		die("rebind needs a driver and a device, such as nd_pmem pfn0.0: see folio-copy-bench help");
}

int cmd_rebind(int argc, char **argv)
{
	const char *driver, *device, *no_line;

	parse_options(argc, argv);
	driver = argv[optind++];
	device = argv[optind++];
	no_more_arguments(argc, argv);
	find_driver(driver);
	check_device(driver, device);
	check_permission();
	check_unused(device);
	catch_signals();
	/* A closed pipe must not end the program before the kernel's line is off again. */
	signal(SIGPIPE, SIG_IGN);
	show_environment(NO_CPU, random_seed());
	plan(driver, device);
	open_samples();
	no_line = hear_init_line();
	rebind_all(driver, device);
	if (!nr_failed && complete)
		finish_rows(no_line);
	return finish_command();
}
