// SPDX-License-Identifier: GPL-2.0
/*
 * Front end of folio_copy_bench.ko. "run" asks the module for every combination of folio order,
 * nodes and cache state, and prints one table per function, v7.3's page-by-page loop against the
 * running kernel. "memmap" and "rebind" are in memmap-bench.c, "move-pages" is in
 * move-pages-bench.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "front-end.h"
#include "stats.h"

#define DEBUGFS		"/sys/kernel/debug"
#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define NO_SECURE_BOOT	"disable Secure Boot validation (mokutil --disable-validation)"

#define MAX_SLOTS	4

/* Each function is measured in a pair of variants: v7.3's loop, then the running kernel's. */
static const char *const functions[] = { "folio_copy", "folio_mc_copy" };
#define NR_FUNCTIONS	2

struct common common = { .cpu = -1 };
struct utsname uts;
volatile sig_atomic_t interrupted;

static struct {
	bool function[NR_FUNCTIONS];
	struct list orders, src, dst;
	bool hot, cold;
	const char *samples, *bytes, *evict;
	uint64_t seed;
	bool control;
} opt = { .hot = true, .cold = true };

struct config {
	int order, src, dst;
	bool cold;
	uint64_t seed;
};

/* One line of a table. */
struct row {
	struct config c;
	unsigned long folio;
	struct stats side[2];	/* GB/s */
	struct interval ratio;
};

/* How sure to be of all rows at once, and what that leaves for one of them to be wrong. */
#define CONFIDENCE	0.95
static double alpha;

static struct row *rows[NR_FUNCTIONS];
static int nr_rows[NR_FUNCTIONS];
static int nr_failed;

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("folio-copy-bench: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* The text of a small file in static memory, without the last newline; NULL if it has none. */
char *slurp(const char *path)
{
	static char buf[65536];
	ssize_t n = 0, len = 0;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	while (len < (ssize_t)sizeof(buf) - 1 &&
	       (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	close(fd);
	if (n < 0)
		return NULL;
	buf[len] = '\0';
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return buf;
}

/* Why the module cannot be used */

static bool debugfs_mounted(void)
{
	struct statfs fs;

	return !statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC;
}

static bool kernel_has_debugfs(void)
{
	char *fs = slurp("/proc/filesystems");

	return fs && strstr(fs, "\tdebugfs\n");
}

void check_module(void)
{
	int fd;

	if (!kernel_has_debugfs())
		die("this kernel has no debugfs: boot without debugfs=off, with CONFIG_DEBUG_FS=y");
	if (!debugfs_mounted())
		die("debugfs is not mounted: mount -t debugfs none " DEBUGFS);
	if (access(DEBUGFS, X_OK))
		die("debugfs is open to root only: run this with sudo");
	if (access(BENCH, F_OK))
		die("the module is not loaded: insmod folio_copy_bench.ko (if the kernel "
		    "refuses it: sign it, or " NO_SECURE_BOOT ")");

	fd = open(BENCH "/run", O_RDWR);
	if (fd >= 0) {
		close(fd);
		return;
	}
	if (errno == EACCES)
		die("the module's files are open to root only: run this with sudo");
	if (errno == EPERM)
		die("the kernel is locked down (" LOCKDOWN ") and debugfs closed: "
		    "boot without lockdown=, or " NO_SECURE_BOOT);
	die(BENCH "/run: %s", strerror(errno));
}

/* Options */

bool parse_list(const char *s, struct list *l)
{
	l->nr = 0;
	do {
		unsigned long lo, hi;
		char *end;

		if (*s < '0' || *s > '9')
			return false;
		lo = strtoul(s, &end, 10);
		hi = lo;
		if (*end == '-') {
			s = end + 1;
			if (*s < '0' || *s > '9')
				return false;
			hi = strtoul(s, &end, 10);
		}
		for (; lo <= hi; lo++) {
			if (l->nr == MAX_LIST || lo >= MAX_LIST)
				return false;
			l->v[l->nr++] = lo;
		}
		s = end + 1;
		if (!*end)
			return l->nr > 0;
	} while (s[-1] == ',');
	return false;
}

/* What the module says it can do: the line "limits order=0-10 nodes=0-2 cpus=0-1" of its help. */
static void read_limit(const char *key, struct list *l)
{
	char *help = slurp(BENCH "/help"), *p, word[256];

	p = help ? strstr(help, "\nlimits ") : NULL;
	p = p ? strstr(p, key) : NULL;
	if (!p || sscanf(p + strlen(key), "%255[0-9,-]", word) != 1 || !parse_list(word, l))
		die("cannot read %s of the limits in " BENCH "/help: " MISMATCH, key);
}

static void parse_functions(char *s)
{
	char *name;
	int i;

	while ((name = strsep(&s, ","))) {
		for (i = 0; i < NR_FUNCTIONS && strcmp(name, functions[i]); i++)
			;
		if (i == NR_FUNCTIONS)
			die("--variant %s: folio_copy and folio_mc_copy are allowed", name);
		opt.function[i] = true;
	}
}

static void parse_cache(const char *s)
{
	opt.hot = !!strstr(s, "hot");
	opt.cold = !!strstr(s, "cold");
	if (strcmp(s, "hot") && strcmp(s, "cold") && strcmp(s, "hot,cold") && strcmp(s, "cold,hot"))
		die("--cache %s: hot, cold or hot,cold is allowed", s);
}

uint64_t parse_number(const char *name, const char *s)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno || *end || *s < '0' || *s > '9')
		die("--%s %s: a number is allowed", name, s);
	return n;
}

void open_json(const char *path)
{
	common.json = fopen(path, "a");
	if (!common.json)
		die("--json %s: %s", path, strerror(errno));
}

static const char usage_text[] =
	"folio-copy-bench list           what can be measured on this machine\n"
	"folio-copy-bench run [options]  copies: every combination of what the options name\n"
	"  --variant LIST  folio_copy, folio_mc_copy (both), each against its loop of v7.3\n"
	"  --order LIST    folio orders, for example 0,4,9 (0-9)\n"
	"  --src LIST      nodes to copy from (all that have memory)\n"
	"  --dst LIST      nodes to copy to (all that have memory)\n"
	"  --cache LIST    hot, cold (both)\n"
	"  --cpu N         the CPU that copies (the one this runs on: numactl, taskset)\n"
	"  --samples N     per variant and combination, and a first one kept apart (20)\n"
	"  --bytes SIZE    copied per sample (hot 64M, cold 2M)\n"
	"  --evict SIZE    read before a cold sample; twice the last level cache or more (128M)\n"
	"  --seed N        of the order of the samples and of the contents (random)\n"
	"  --control       v7.3's loop against itself: the ratio must be 1\n"
	"folio-copy-bench memmap [options]  memory maps of device memory: memremap_pages()\n"
	"  --type TYPE     private, or fs_dax or generic for the range that begins at --start\n"
	"  --start ADDRESS of unused Persistent Memory or Soft Reserved, see /proc/iomem\n"
	"  --size SIZE     of the range (64G); its memory map takes a 64th of that, and four\n"
	"                  times as much must be free on the node\n"
	"  --order N       of its compound pages: 0, 9 (2M) or 18 (1G) on x86 (0)\n"
	"  --overwrite     have the memory map in the range: destroys what is stored there\n"
	"  --node N        of the range and of its memory map (that of the CPU)\n"
	"  --cpu N         the CPU that works (the one this runs on)\n"
	"  --rounds N      the first of them is kept apart (10)\n"
	"folio-copy-bench rebind DRIVER DEVICE [options]  a driver's memory map, without the module\n"
	"                  DRIVER is nd_pmem, dax_pmem or device_dax, DEVICE what it is bound to;\n"
	"                  nothing may use the device, which is gone during each round\n"
	"  --rounds N      of unbinding and binding, the first is kept apart (30)\n"
	"  --root DIR      where sys, proc and dev are (/)\n"
	"folio-copy-bench move-pages [options]  move_pages(2) from end to end, without the module\n"
	"  --size LIST     of the folios: 4K, sizes of THPs such as 64K,2M, or hugetlb-2M (all)\n"
	"  --src LIST      nodes to move from (all that have memory)\n"
	"  --dst LIST      nodes to move to (all that have memory)\n"
	"  --bytes SIZE    moved per sample; more must be free on each node (1G)\n"
	"  --samples N     of each row, and a first one kept apart (20)\n"
	"  --cpu N         the CPU that moves (the one this runs on)\n"
	"  --seed N        of the order of the rows and of the contents (random)\n"
	"  --scenario NAME demotion: by reclaim, to the next memory tier, or promotion: by NUMA\n"
	"                  balancing, from there to the node of the CPU; as root (move_pages)\n"
	"all measurements:\n"
	"  --json FILE     append the raw samples, one JSON object per line\n"
	"  --functional    for emulated machines: check the contents, print no speed\n";

void usage(FILE *f)
{
	fputs(usage_text, f);
}

enum {
	O_VARIANT = 1, O_ORDER, O_SRC, O_DST, O_CACHE, O_CPU, O_SAMPLES, O_BYTES, O_EVICT, O_SEED,
	O_CONTROL, O_JSON, O_FUNCTIONAL
};

static const struct option options[] = {
	{ "variant",	required_argument, NULL, O_VARIANT },
	{ "order",	required_argument, NULL, O_ORDER },
	{ "src",	required_argument, NULL, O_SRC },
	{ "dst",	required_argument, NULL, O_DST },
	{ "cache",	required_argument, NULL, O_CACHE },
	{ "cpu",	required_argument, NULL, O_CPU },
	{ "samples",	required_argument, NULL, O_SAMPLES },
	{ "bytes",	required_argument, NULL, O_BYTES },
	{ "evict",	required_argument, NULL, O_EVICT },
	{ "seed",	required_argument, NULL, O_SEED },
	{ "control",	no_argument, NULL, O_CONTROL },
	{ "json",	required_argument, NULL, O_JSON },
	{ "functional",	no_argument, NULL, O_FUNCTIONAL },
	{ }
};

static void list_option(const char *name, struct list *l)
{
	if (!parse_list(optarg, l))
		die("--%s %s: a list such as 0,2-4 is allowed", name, optarg);
}

static void parse_option(int o)
{
	switch (o) {
	case O_VARIANT:
		return parse_functions(optarg);
	case O_ORDER:
		return list_option("order", &opt.orders);
	case O_SRC:
		return list_option("src", &opt.src);
	case O_DST:
		return list_option("dst", &opt.dst);
	case O_CACHE:
		return parse_cache(optarg);
	case O_CPU:
		common.cpu = parse_number("cpu", optarg);
		return;
	case O_SAMPLES:
		opt.samples = optarg;
		return;
	case O_BYTES:
		opt.bytes = optarg;
		return;
	case O_EVICT:
		opt.evict = optarg;
		return;
	case O_SEED:
		opt.seed = parse_number("seed", optarg);
		return;
	case O_CONTROL:
		opt.control = true;
		return;
	case O_JSON:
		return open_json(optarg);
	case O_FUNCTIONAL:
		common.functional = true;
		return;
	}
	usage(stderr);
	exit(1);
}

static void parse_options(int argc, char **argv)
{
	int o;

	if (getrandom(&opt.seed, sizeof(opt.seed), 0) != sizeof(opt.seed))
		opt.seed = getpid();
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(o);
	if (optind != argc)
		die("'%s' is not an option, see folio-copy-bench help", argv[optind]);
}

static void complete_options(void)
{
	if (!opt.function[0] && !opt.function[1]) {
		opt.function[0] = true;
		opt.function[1] = true;
	}
	if (!opt.orders.nr)
		parse_list("0-9", &opt.orders);
	if (!opt.src.nr)
		read_limit("nodes=", &opt.src);
	if (!opt.dst.nr)
		read_limit("nodes=", &opt.dst);
	if (common.cpu < 0)
		common.cpu = sched_getcpu();
}

/* Environment: what one must know to judge the numbers, and what spoils them */

static const struct {
	const char *name, *path, *want;
} environment[] = {
	{ "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance" },
	{ "boost", "/sys/devices/system/cpu/cpufreq/boost", NULL },
	{ "numa_balancing", "/proc/sys/kernel/numa_balancing", "0" },
	{ "thp", "/sys/kernel/mm/transparent_hugepage/enabled", NULL },
	{ "boot", "/proc/sys/kernel/random/boot_id", NULL },
	{ "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL },
};

static char *cpuinfo(const char *key)
{
	static char value[128];
	char *p = slurp("/proc/cpuinfo");

	p = p ? strstr(p, key) : NULL;
	if (!p || sscanf(p + strlen(key), " : %127[^\n]", value) != 1)
		snprintf(value, sizeof(value), "unknown");
	return value;
}

static bool is_uml(void)
{
	return !strcmp(cpuinfo("vendor_id"), "User Mode Linux");
}

/* Into the JSON file too: samples without their environment prove nothing. */
static void note(const char *name, const char *value)
{
	printf(", %s %s", name, value);
	if (common.json)
		fprintf(common.json, ",\"%s\":\"%s\"", name, value);
}

/* @seed: NULL if nothing is random. */
void print_environment(const char *seed)
{
	size_t i;
	char *s;

	uname(&uts);
	printf("kernel %s", uts.release);
	if (common.json)
		fprintf(common.json, "{\"environment\":\"%s\"", uts.release);
	if (is_uml())
		note("machine", "User-Mode Linux");
	note("cpu", cpuinfo("model name"));
	note("vendor", cpuinfo("vendor_id"));
	note("family", cpuinfo("cpu family"));
	note("model", cpuinfo("model\t"));
	note("microcode", cpuinfo("microcode"));
	if (seed)
		note("seed", seed);
	for (i = 0; i < ARRAY_SIZE(environment); i++) {
		s = slurp(environment[i].path);
		if (s)
			note(environment[i].name, s);
	}
	printf("\n");
	if (common.json)
		fprintf(common.json, "}\n");
}

void print_warnings(void)
{
	size_t i;
	char *s;

	for (i = 0; i < ARRAY_SIZE(environment); i++) {
		s = slurp(environment[i].path);
		if (s && environment[i].want && strcmp(s, environment[i].want))
			printf("warning: %s is %s, steady numbers want %s (%s)\n",
			       environment[i].name, s, environment[i].want, environment[i].path);
	}
}

/* Running one configuration */

static const char *size_name(unsigned long bytes)
{
	static char name[16];

	if (bytes >= 1UL << 20)
		snprintf(name, sizeof(name), "%luM", bytes >> 20);
	else
		snprintf(name, sizeof(name), "%luK", bytes >> 10);
	return name;
}

static unsigned long folio_size(int order)
{
	return (unsigned long)sysconf(_SC_PAGESIZE) << order;
}

/* Slots 2f and 2f + 1 of a request are the two sides of the f-th function that was asked for. */
static int format_request(const struct config *c, char *buf, size_t size)
{
	int n, f;

	n = snprintf(buf, size, "order=%d src=%d dst=%d cpu=%d cache=%s seed=%llu", c->order,
		     c->src, c->dst, common.cpu, c->cold ? "cold" : "hot",
		     (unsigned long long)c->seed);
	if (opt.samples)
		n += snprintf(buf + n, size - n, " samples=%s", opt.samples);
	if (opt.bytes)
		n += snprintf(buf + n, size - n, " bytes=%s", opt.bytes);
	if (opt.evict && c->cold)
		n += snprintf(buf + n, size - n, " evict=%s", opt.evict);
	n += snprintf(buf + n, size - n, " variant=");
	for (f = 0; f < NR_FUNCTIONS; f++)
		if (opt.function[f])
			n += snprintf(buf + n, size - n, "%s_v73,%s%s,", functions[f], functions[f],
				      opt.control ? "_v73" : "");
	return n - 1;
}

/* Returns 0, or the errno with which the module ended or refused the run. */
int request_run(const char *request, int len)
{
	int fd, err = 0;

	fd = open(BENCH "/run", O_WRONLY);
	if (fd < 0)
		die("the module is gone: it was unloaded");
	if (write(fd, request, len) != len)
		err = errno;
	close(fd);
	return err;
}

static int request_config(const struct config *c)
{
	char buf[512];
	int len;

	len = format_request(c, buf, sizeof(buf));
	if (len >= (int)sizeof(buf))
		die("an option is too long");
	return request_run(buf, len);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double q)
{
	double pos = q * (n - 1);
	int i = pos;

	return i + 1 < n ? sorted[i] + (pos - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

struct stats summarize(double *v, int n)
{
	double sum = 0;
	int i;

	for (i = 0; i < n; i++)
		sum += v[i];
	qsort(v, n, sizeof(*v), compare);
	return (struct stats) {
		.median = quantile(v, n, 0.5),
		.q1 = quantile(v, n, 0.25),
		.q3 = quantile(v, n, 0.75),
		.mean = sum / n,
		.nr = n,
	};
}

static void json_sample(const struct config *c, const char *variant, int slot, int round,
			unsigned long long ns, unsigned long long bytes)
{
	if (!common.json)
		return;
	fprintf(common.json, "{\"kernel\":\"%s\",\"variant\":\"%s\",\"slot\":%d,\"order\":%d,",
		uts.release, variant, slot, c->order);
	fprintf(common.json, "\"src\":%d,\"dst\":%d,\"cpu\":%d,\"cache\":\"%s\",\"seed\":%llu,",
		c->src, c->dst, common.cpu, c->cold ? "cold" : "hot", (unsigned long long)c->seed);
	fprintf(common.json, "\"round\":%d,\"first\":%s,\"bytes\":%llu,", round,
		round ? "false" : "true", bytes);
	if (common.functional)
		fprintf(common.json, "\"emulated\":\"functional, no speed\"}\n");
	else
		fprintf(common.json, "\"ns\":%llu}\n", ns);
}

static double speed[MAX_SLOTS][MAX_ROUNDS];
static int nr_speeds[MAX_SLOTS];
static bool too_short;

static bool read_sample(const struct config *c, const char *line)
{
	unsigned long long ns, bytes;
	int slot, round, first;
	char variant[32];

	if (sscanf(line, "sample slot=%d variant=%31s round=%d first=%d ns=%llu bytes=%llu", &slot,
		   variant, &round, &first, &ns, &bytes) != 6)
		return false;
	if (slot < 0 || slot >= MAX_SLOTS || round < 0 || round >= MAX_ROUNDS)
		return false;
	json_sample(c, variant, slot, round, ns, bytes);
	if (!ns)
		too_short = true;
	else if (!first)
		speed[slot][nr_speeds[slot]++] = (double)bytes / ns;
	return true;
}

/* The seed tells our results from those of another program that came in between. */
static bool read_results(const struct config *c)
{
	FILE *f = fopen(BENCH "/results", "r");
	char line[512], seed[40];
	bool ours = false, ok = true;

	if (!f)
		die("the module is gone: it was unloaded");
	memset(nr_speeds, 0, sizeof(nr_speeds));
	too_short = false;
	snprintf(seed, sizeof(seed), " seed=%llu ", (unsigned long long)c->seed);
	while (ok && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "kernel=", 7))
			ours = strstr(line, seed) && strstr(line, " verified=ok");
		else if (*line != '#')
			ok = ours && read_sample(c, line);
	}
	fclose(f);
	return ok && ours;
}

static void add_row(int f, const struct config *c, int slot)
{
	struct row *r;

	rows[f] = realloc(rows[f], (nr_rows[f] + 1) * sizeof(**rows));
	if (!rows[f])
		die("out of memory");
	r = &rows[f][nr_rows[f]++];
	r->c = *c;
	r->folio = folio_size(c->order);
	/* By the round, before summarize() sorts. */
	r->ratio = ratio_interval(speed[slot + 1], speed[slot], nr_speeds[slot], alpha);
	r->side[0] = summarize(speed[slot], nr_speeds[slot]);
	r->side[1] = summarize(speed[slot + 1], nr_speeds[slot + 1]);
}

static void add_rows(const struct config *c)
{
	int f, slot = 0;

	if (!read_results(c))
		die("the results are not those of this run: did another program use the module?");
	if (common.json)
		fflush(common.json);
	if (too_short) {
		nr_failed++;
		fprintf(stderr, "folio-copy-bench: a sample took no time, raise --bytes\n");
		return;
	}
	for (f = 0; f < NR_FUNCTIONS; f++) {
		if (!opt.function[f])
			continue;
		add_row(f, c, slot);
		slot += 2;
	}
}

/* True if the next configuration may fare better. */
bool report_failure(int err)
{
	char *why;

	if (err == EINTR)
		return false;
	if (err == EBUSY)
		die("busy: wait for the other run that is going on, see " BENCH "/run");
	why = slurp(BENCH "/run");
	if (!why)
		die("the module was unloaded during the run");
	nr_failed++;
	fprintf(stderr, "folio-copy-bench: %s, %s\n", strerror(err), why);
	return err != EINVAL;
}

static bool run_config(const struct config *c, int nr, int total)
{
	int err;

	fprintf(stderr, "[%*d/%d] order %d, node %d to %d, %s\n", total > 99 ? 3 : 2, nr, total,
		c->order, c->src, c->dst, c->cold ? "cold" : "hot");
	err = request_config(c);
	if (err)
		return report_failure(err);
	add_rows(c);
	return true;
}

static void run_all(void)
{
	int total = opt.orders.nr * opt.src.nr * opt.dst.nr * (opt.hot + opt.cold);
	int o, s, d, cold, nr = 0;

	alpha = (1 - CONFIDENCE) / (total * (opt.function[0] + opt.function[1]));
	for (o = 0; o < opt.orders.nr; o++)
		for (s = 0; s < opt.src.nr; s++)
			for (d = 0; d < opt.dst.nr; d++)
				for (cold = !opt.hot; cold <= opt.cold; cold++) {
					struct config c = {
						.order = opt.orders.v[o], .src = opt.src.v[s],
						.dst = opt.dst.v[d], .cold = cold,
						.seed = opt.seed + nr,
					};

					nr++;
					if (interrupted || !run_config(&c, nr, total))
						return;
				}
}

/* Tables */

int spread(const struct stats *s)
{
	return 100 * (s->q3 - s->q1) / s->median + 0.5;
}

static void print_ratio(const struct row *r)
{
	printf("  %5.2fx", r->ratio.middle);
	if (enough_values(r->side[0].nr, alpha))
		printf(" %5.2f..%.2f %c\n", r->ratio.low, r->ratio.high, ratio_mark(r->ratio));
	else
		printf(" too few samples\n");
}

static void print_row(const struct row *r)
{
	printf("%6s  %3d->%-3d  %-5s", size_name(r->folio), r->c.src, r->c.dst,
	       r->c.cold ? "cold" : "hot");
	if (common.functional) {
		printf("  %7d  verified ok\n", r->side[0].nr + r->side[1].nr);
		return;
	}
	printf("  %9.2f  %4d%%  %9.2f  %4d%%  %5d", r->side[0].median, spread(&r->side[0]),
	       r->side[1].median, spread(&r->side[1]), r->side[0].nr);
	print_ratio(r);
}

/* What the numbers of User-Mode Linux are, and are not. */
static void print_machine(void)
{
	if (is_uml())
		printf("User-Mode Linux: one node, no THP, no ZONE_DEVICE, 4 KiB mappings, "
		       "no copy_mc: folio_mc_copy() is folio_copy()\n");
}

/* What is to be seen first: regressions, or a control that fails. */
static bool is_alarming(const struct row *r)
{
	char mark = ratio_mark(r->ratio);

	return opt.control ? mark != ' ' : mark == '-';
}

static void print_alarms(int f)
{
	int i, nr = 0;

	printf("%s, %.0f%% sure of all rows at once:",
	       opt.control ? "control: not like itself" : "slower than v7.3's loop",
	       100 * CONFIDENCE);
	for (i = 0; i < nr_rows[f]; i++) {
		const struct row *r = &rows[f][i];

		if (!is_alarming(r))
			continue;
		printf("%s %s %d->%d %s %.2fx", nr++ ? "," : "", size_name(r->folio), r->c.src,
		       r->c.dst, r->c.cold ? "cold" : "hot", r->ratio.middle);
	}
	if (nr)
		printf("\n");
	else
		printf(" none of %d rows\n", nr_rows[f]);
}

static void print_table(int f)
{
	const char *side = opt.control ? "v7.3 loop" : "kernel";
	int i;

	if (common.functional)
		printf("\n%s (emulated: functional, no speed)\n", functions[f]);
	else
		printf("\n%s, GB/s: median and interquartile range of n samples\n", functions[f]);
	print_machine();
	if (!common.functional)
		print_alarms(f);
	printf(" folio   nodes    cache");
	if (common.functional)
		printf("  samples  contents\n");
	else
		printf("  v7.3 loop  range  %9s  range      n   ratio and its interval\n", side);
	for (i = 0; i < nr_rows[f]; i++)
		print_row(&rows[f][i]);
}

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* Without SA_RESTART: the write that waits for the module must return. */
void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static int cmd_run(int argc, char **argv)
{
	char seed[32];
	int f;

	parse_options(argc, argv);
	check_module();
	complete_options();
	catch_signals();
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)opt.seed);
	print_environment(seed);
	if (!common.functional)
		print_warnings();
	printf("copying on cpu %d\n", common.cpu);
	fflush(stdout);
	run_all();
	for (f = 0; f < NR_FUNCTIONS; f++)
		if (opt.function[f])
			print_table(f);
	if (interrupted) {
		printf("\ninterrupted: these are the configurations that were complete\n");
		return 130;
	}
	if (nr_failed)
		fprintf(stderr, "folio-copy-bench: %d of the configurations failed\n", nr_failed);
	return !!nr_failed;
}

static int cmd_list(void)
{
	char *help, *limits;

	check_module();
	printf("variants:\n%s\n", slurp(BENCH "/variants") ?: "");
	help = slurp(BENCH "/help");
	limits = help ? strstr(help, "\nlimits ") : NULL;
	if (!limits)
		die("cannot read the limits in " BENCH "/help: " MISMATCH);
	printf("%s\n", limits);
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";

	if (!strcmp(cmd, "run"))
		return cmd_run(argc - 1, argv + 1);
	if (!strcmp(cmd, "memmap"))
		return cmd_memmap(argc - 1, argv + 1);
	if (!strcmp(cmd, "rebind"))
		return cmd_rebind(argc - 1, argv + 1);
	if (!strcmp(cmd, "move-pages"))
		return cmd_move_pages(argc - 1, argv + 1);
	if (!strcmp(cmd, "list") && argc == 2)
		return cmd_list();
	if (!strcmp(cmd, "help") || !strcmp(cmd, "--help")) {
		usage(stdout);
		return 0;
	}
	usage(stderr);
	return 1;
}
