/* SPDX-License-Identifier: GPL-2.0 */
/* Declarations that all commands of the front end share. */
#ifndef FRONT_END_H
#define FRONT_END_H

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH	   "/sys/kernel/debug/folio_copy_bench"
#define MISMATCH   "module and front end are of different versions"
#define MAX_ROUNDS 1001
#define MAX_LIST   1024

/* Exit codes other than success. */
#define EXIT_FAILED	 1 /* a row failed */
#define EXIT_REFUSED	 2 /* bad usage, or the program cannot run here */
#define EXIT_SKIPPED	 4
#define EXIT_INTERRUPTED 130

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct list {
	int nr;
	int v[MAX_LIST];
};

/* Options that all measurements have. */
struct common {
	int cpu;
	bool functional;  /* emulated: show no speed */
	const char *json; /* a file, or NULL */
};

/* Values of the shared options. The values of a command's own options are below these. */
enum { O_CPU = 1000, O_JSON, O_FUNCTIONAL, O_CPUINFO, O_WARNINGS };

#define CPU_OPTION                                    \
	{                                             \
		"cpu", required_argument, NULL, O_CPU \
	}
#define JSON_OPTION                                     \
	{                                               \
		"json", required_argument, NULL, O_JSON \
	}
#define COMMON_OPTIONS                                                                                        \
	{ "functional", no_argument, NULL, O_FUNCTIONAL }, { "cpuinfo", required_argument, NULL, O_CPUINFO }, \
		{ "warnings", required_argument, NULL, O_WARNINGS },                                          \
	{                                                                                                     \
	}

extern struct common common;
extern volatile sig_atomic_t interrupted;

/* common.c */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *grown(void *array, size_t nr, size_t size);
char *slurp(const char *path);
bool parse_list(const char *s, struct list *l);
bool has(const struct list *l, int n);
void list_option(const char *name, struct list *l);
uint64_t parse_number(const char *name, const char *s);
uint64_t parse_size(const char *name, const char *s);
const char *size_text(uint64_t bytes);
int parse_id(const char *name, const char *s);
int parse_samples(const char *s);
int parse_rounds(const char *s);
bool has_numa(void);
void nodes_with_memory(struct list *l);
const char *policy_error(int err, int node);
uint64_t random_seed(void);
int next_option(int argc, char **argv, const struct option *options);
void no_more_arguments(int argc, char **argv);
void parse_common_option(int o);
void pin_cpu(void);
void catch_signals(void);

/* request.c */
void check_module(void);
void read_limit(const char *key, struct list *l);
int memory_node(int cpu, unsigned long *usable);
int request_run(const char *request, int len);
char *failure_text(int err);
bool is_of_seed(const char *header, uint64_t seed);
bool read_samples(void *context, int nr, bool (*is_ours)(void *context, const char *header),
		  bool (*take)(void *context, const char *sample));

/* run.c */
int cmd_run(int argc, char **argv);

/* presets.c */
int cmd_preset(int argc, char **argv);

/* memmap.c */
int cmd_memmap(int argc, char **argv);

/* fill.c */
int cmd_fill(int argc, char **argv);

/* rebind.c */
int cmd_rebind(int argc, char **argv);

/* move-pages.c */
int cmd_move_pages(int argc, char **argv);

/* tiers.c */
char *memory_tiers(void);

/* cow.c */
int cmd_cow(int argc, char **argv);

/* live.c */
int cmd_live(int argc, char **argv);

#endif
