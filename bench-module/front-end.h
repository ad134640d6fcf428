/* SPDX-License-Identifier: GPL-2.0 */
/* What all commands of the front end have in common. */
#ifndef FRONT_END_H
#define FRONT_END_H

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

#define BENCH		"/sys/kernel/debug/folio_copy_bench"
#define MISMATCH	"do module and front end belong together?"
#define MAX_ROUNDS	1001
#define MAX_LIST	1024

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct list {
	int nr;
	int v[MAX_LIST];
};

/* Options that all measurements have. */
struct common {
	int cpu;
	bool functional;	/* emulated: show no speed */
	FILE *json;
};

/* Where a command has them among its own, whose values are below these. */
enum { O_CPU = 1000, O_JSON, O_FUNCTIONAL, O_CPUINFO, O_WARNINGS };

#define CPU_OPTION	{ "cpu", required_argument, NULL, O_CPU }
#define JSON_OPTION	{ "json", required_argument, NULL, O_JSON }
#define COMMON_OPTIONS							\
	{ "functional",	no_argument,	   NULL, O_FUNCTIONAL },	\
	{ "cpuinfo",	required_argument, NULL, O_CPUINFO },		\
	{ "warnings",	required_argument, NULL, O_WARNINGS },		\
	{ }

struct stats {
	double median, q1, q3, mean;
	int nr;
};

extern struct common common;
extern struct utsname uts;
extern volatile sig_atomic_t interrupted;

/* common.c */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *grown(void *array, size_t nr, size_t size);
char *slurp(const char *path);
bool parse_list(const char *s, struct list *l);
void list_option(const char *name, struct list *l);
uint64_t parse_number(const char *name, const char *s);
uint64_t random_seed(void);
void open_json(const char *path);
void parse_common_option(int o);
void catch_signals(void);
struct stats summarize(double *v, int n);
int spread(const struct stats *s);
const char *size_name(unsigned long bytes);

/* folio-copy-bench.c */
void usage(FILE *f);

/* environment.c */
void set_cpuinfo(const char *path);
void read_warnings(const char *path);
void add_warning(char *text);
unsigned long last_level_cache(int cpu);
void add_environment(const char *name, const char *value);
void print_environment(const char *seed);
void print_warnings(void);
void write_environment(FILE *json);
const char *find_environment(const char *name);
bool is_uml(void);

/* request.c */
void check_module(void);
void read_limit(const char *key, struct list *l);
int request_run(const char *request, int len);
bool report_failure(int err);

/* run.c */
int cmd_run(int argc, char **argv);

/* presets.c */
int cmd_preset(int argc, char **argv);

/* memmap-bench.c */
int cmd_memmap(int argc, char **argv);
int cmd_rebind(int argc, char **argv);

/* move-pages-bench.c */
int cmd_move_pages(int argc, char **argv);

#endif
