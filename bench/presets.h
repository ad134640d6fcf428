/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_PRESETS_H
#define BENCH_PRESETS_H

#include "copies.h"
#include "memmap.h"

#define MAX_MEMMAPS 3

#define PRESETS_USAGE                                                                                   \
	"  quick           the rows that matter most, in all directions; 1 to 2 min on up to 3 nodes\n" \
	"  rfc             the rows of the RFC of 2026-04-27, by its method\n"                          \
	"  regress         the rows by which scripts/regress decides whether anything is slower\n"      \
	"  full            all sizes, primitives, threads, reading, a bystander, memory maps\n"         \
	"  live            as root, with folio_copy_live loaded and without the module: what this\n"    \
	"                  machine would gain, by move-pages and cow with --ab\n"

struct preset {
	const char *name;
	void (*plan)(void);
};

/* The options of a preset, and the plan that follows from them. */
extern struct plan {
	int scale;
	unsigned long evict;
	uint64_t seed;
	struct list nodes;
	struct memmap memmaps[MAX_MEMMAPS];
	int nr_memmaps;
	char *left_out; /* parts without rows, and why, or NULL */
} plan;

const struct preset *find_preset(const char *name);
void make_plan(const struct preset *p);
int preset_live(const char *dir);

#endif
