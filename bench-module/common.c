// SPDX-License-Identifier: GPL-2.0
/* Errors, options and numbers, as all commands of the front end need them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "front-end.h"

struct common common = { .cpu = -1 };
struct utsname uts;
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
	exit(1);
}

/* The same, and goes on. */
void complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcomplain(fmt, args);
	va_end(args);
}

/* sprintf() into memory of its own */
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

/* An array of nr elements with room for one more. */
void *grown(void *array, size_t nr, size_t size)
{
	array = realloc(array, (nr + 1) * size);
	if (!array)
		die("out of memory");
	return array;
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

uint64_t random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return seed;
}

void open_json(const char *path)
{
	common.json = fopen(path, "a");
	if (!common.json)
		die("--json %s: %s", path, strerror(errno));
}

static void set_cpu(const char *s)
{
	uint64_t cpu = parse_number("cpu", s);

	if (cpu >= CPU_SETSIZE)
		die("--cpu %s: up to %d is allowed", s, CPU_SETSIZE - 1);
	common.cpu = cpu;
}

/* The last one to be asked for an option: what nobody knows, getopt_long() has complained of. */
void parse_common_option(int o)
{
	switch (o) {
	case O_CPU:
		return set_cpu(optarg);
	case O_JSON:
		return open_json(optarg);
	case O_FUNCTIONAL:
		common.functional = true;
		return;
	case O_CPUINFO:
		return set_cpuinfo(optarg);
	case O_WARNINGS:
		return read_warnings(optarg);
	}
	usage(stderr);
	exit(1);
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
	sigaction(SIGQUIT, &sa, NULL);
	/* nohup(1) ignores it. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
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

int spread(const struct stats *s)
{
	return 100 * (s->q3 - s->q1) / s->median + 0.5;
}

const char *size_name(unsigned long bytes)
{
	static char name[16];

	if (bytes >= 1UL << 30)
		snprintf(name, sizeof(name), "%luG", bytes >> 30);
	else if (bytes >= 1UL << 20)
		snprintf(name, sizeof(name), "%luM", bytes >> 20);
	else
		snprintf(name, sizeof(name), "%luK", bytes >> 10);
	return name;
}
