/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FRONT_END_H
#define FRONT_END_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

#define BENCH		"/sys/kernel/debug/folio_copy_bench"
#define MISMATCH	"do module and front end belong together?"
#define MAX_ROUNDS	1001

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_LIST	1024

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

struct stats {
	double median, q1, q3, mean;
	int nr;
};

extern struct common common;
extern struct utsname uts;
extern volatile sig_atomic_t interrupted;

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
char *slurp(const char *path);
void check_module(void);
bool parse_list(const char *s, struct list *l);
uint64_t parse_number(const char *name, const char *s);
void open_json(const char *path);
void print_environment(const char *seed);
void print_warnings(void);
void catch_signals(void);
int request_run(const char *request, int len);
bool report_failure(int err);
struct stats summarize(double *v, int n);
int spread(const struct stats *s);
void usage(FILE *f);

/* memmap-bench.c */
int cmd_memmap(int argc, char **argv);
int cmd_rebind(int argc, char **argv);

/* move-pages-bench.c */
int cmd_move_pages(int argc, char **argv);

#endif
