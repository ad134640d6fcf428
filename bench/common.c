// SPDX-License-Identifier: GPL-2.0
/* Errors, options and numbers, shared by all commands of the front end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "front-end.h"
#include "host.h"
#include "samples.h"

struct common common = { .cpu = -1 };
volatile sig_atomic_t interrupted;

static void vcomplain(const char *fmt, va_list args)
{
	fputs("folio-copy-bench: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcomplain(fmt, args);
	va_end(args);
	exit(EXIT_REFUSED);
}

/* Like die(), but the program goes on. */
void complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcomplain(fmt, args);
	va_end(args);
}

/* sprintf() into allocated memory. */
char *format(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		die("out of memory");
	va_end(args);
	return text;
}

/* Returns the array of nr elements, resized for one more. */
void *grown(void *array, size_t nr, size_t size)
{
	array = realloc(array, (nr + 1) * size);
	if (!array)
		die("out of memory");
	return array;
}

/* Reads a small file into static memory, without the last newline. Returns NULL if it cannot be read. */
char *slurp(const char *path)
{
	static char buf[65536];
	ssize_t n = 0, len = 0;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	while (len < (ssize_t)sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	close(fd);
	if (n < 0)
		return NULL;
	buf[len] = '\0';
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return buf;
}

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

bool has(const struct list *l, int n)
{
	for (int i = 0; i < l->nr; i++)
		if (l->v[i] == n)
			return true;
	return false;
}

void list_option(const char *name, struct list *l)
{
	if (!parse_list(optarg, l))
		die("--%s %s: a list such as 0,2-4 is allowed", name, optarg);
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

uint64_t parse_size(const char *name, const char *s)
{
	static const char units[] = "KMG";
	unsigned long long n;
	const char *unit;
	char *end;

	errno = 0;
	n = strtoull(s, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && !end[1] && !errno && n < 1ULL << 30)
		n <<= 10 * (unit - units + 1);
	else if (*end || errno)
		n = 0;
	if (!n || *s < '0' || *s > '9')
		die("--%s %s: a number of bytes such as 4096, 64K, 2M or 1G is allowed", name, s);
	return n;
}

const char *size_text(uint64_t bytes)
{
	static char text[4][24];
	static int next;
	char *s = text[next++ % ARRAY_SIZE(text)];
	const char *unit = "";

	for (int i = 0; i < 3 && bytes && !(bytes % 1024); i++) {
		bytes /= 1024;
		unit = &"KMG"[i];
	}
	snprintf(s, sizeof(text[0]), "%" PRIu64 "%.1s", bytes, unit);
	return s;
}

/* Parses the number of a CPU or of a node. */
int parse_id(const char *name, const char *s)
{
	uint64_t n = parse_number(name, s);

	if (n >= MAX_LIST)
		die("--%s %s: up to %d is allowed", name, s, MAX_LIST - 1);
	return n;
}

/* Parses a number of samples. The first sample is kept apart and not counted. */
int parse_samples(const char *s)
{
	uint64_t n = parse_number("samples", s);

	if (!n || n >= MAX_ROUNDS)
		die("--samples %s: a number from 1 to %d is allowed", s, MAX_ROUNDS - 1);
	return n;
}

/* Parses a number of rounds. The first round is kept apart, but counted. */
int parse_rounds(const char *s)
{
	uint64_t n = parse_number("rounds", s);

	if (n < 2 || n > MAX_ROUNDS)
		die("--rounds %s: a number from 2 to %d is allowed", s, MAX_ROUNDS);
	return n;
}

/* A kernel with NUMA and migration has these counters. */
bool has_numa(void)
{
	const char *vmstat = slurp("/proc/vmstat");

	return vmstat && strstr(vmstat, "\nnuma_hit ") && strstr(vmstat, "\npgmigrate_success ");
}

void nodes_with_memory(struct list *l)
{
	char *s = slurp("/sys/devices/system/node/has_memory");

	if (!s || !parse_list(s, l))
		parse_list("0", l);
}

static bool has_memory(int node)
{
	struct list l = {};

	nodes_with_memory(&l);
	return has(&l, node);
}

/*
 * Returns why mbind(2), set_mempolicy(2) or move_pages(2) failed, and the cure. They are called for nodes that had memory
 * at the start; a negative @node is none.
 */
const char *policy_error(int err, int node)
{
	if ((err == EINVAL || err == ENODEV) && node >= 0 && !has_memory(node))
		return "its memory has gone offline";
	switch (err) {
	case EINVAL:
		return "Invalid argument: is the node in Mems_allowed_list of /proc/self/status?";
	case EPERM:
		return "Operation not permitted: the system call filter (seccomp) of a container, which may allow it with "
		       "CAP_SYS_NICE (docker run --cap-add SYS_NICE)";
	case ENOSYS:
		return has_numa() ? "Function not implemented: the system call filter (seccomp) of a container"
				  : "Function not implemented: it needs CONFIG_NUMA=y and CONFIG_MIGRATION=y";
	}
	return strerror(err);
}

uint64_t random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return seed;
}

static void set_cpuinfo(const char *path)
{
	if (access(path, R_OK))
		die("--cpuinfo %s: %s", path, strerror(errno));
	host_use_cpuinfo(path);
}

/*
 * Reads warnings, one per line. They come from the host of a virtual machine, which knows
 * disturbances that its guest cannot see.
 */
static void read_warnings(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		die("--warnings %s: %s", path, strerror(errno));
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		add_warning("%s", line);
	}
	free(line);
	fclose(f);
}

/* Parses a shared option. Commands call this for options that are not their own. */
void parse_common_option(int o)
{
	switch (o) {
	case O_CPU:
		common.cpu = parse_id("cpu", optarg);
		return;
	case O_JSON:
		common.json = optarg;
		return;
	case O_FUNCTIONAL:
		common.functional = true;
		return;
	case O_CPUINFO:
		return set_cpuinfo(optarg);
	case O_WARNINGS:
		return read_warnings(optarg);
	}
}

/* A bad option is in optopt only if it is a single letter: the values of long options are not printable. */
static const char *bad_option(char **argv)
{
	return optopt > ' ' && optopt < 0x7f ? format("-%c", optopt) : argv[optind - 1];
}

/* Returns the next option, or -1 after the last one. */
int next_option(int argc, char **argv, const struct option *options)
{
	int o;

	opterr = 0;
	o = getopt_long(argc, argv, ":", options, NULL);
	if (o == ':')
		die("%s needs a value, see folio-copy-bench help", argv[optind - 1]);
	if (o == '?')
		die("'%s' is not an option of %s, see folio-copy-bench help", bad_option(argv), argv[0]);
	return o;
}

/* Call this after the command has read all options and its own arguments. */
void no_more_arguments(int argc, char **argv)
{
	if (optind < argc)
		die("'%s' is not an option of %s, see folio-copy-bench help", argv[optind], argv[0]);
}

/* Runs on the CPU of --cpu, or stays on the one that it has. */
void pin_cpu(void)
{
	cpu_set_t set;

	if (common.cpu < 0)
		common.cpu = sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(common.cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("--cpu %d: %s: is it in /sys/devices/system/cpu/online, and in "
		    "Cpus_allowed_list of /proc/self/status?",
		    common.cpu, strerror(errno));
}

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* No SA_RESTART: a signal must end the write() that waits for the module. */
void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	/* Keep SIGHUP ignored under nohup(1). */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
}
