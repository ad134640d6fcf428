/* SPDX-License-Identifier: GPL-2.0 */
/* --ab: both sides of the module folio_copy_live in one run, sample by sample. */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include <stdbool.h>
#include <stdint.h>

#include "samples.h"

/* The sides that every comparison has, and the number of one more way that some have */
enum { NR_SIDES = 3, FOURTH = NR_SIDES, NR_SIDE_WAYS };

/*
 * USER_COPY: memcpy() of the same bytes in user space, without the kernel. NONTEMPORAL: the copy of the RFC, past the
 * caches.
 */
enum fourth { NO_FOURTH, USER_COPY, NONTEMPORAL };

/* The kernel is also measured without the module, before and after, which shows what the module's entry costs. */
enum stage { BEFORE, MAIN, AFTER, NR_STAGES };

extern const char *const stages[NR_STAGES];

void need_sides(const char *function);
void plan_sides(struct planned_row *row, enum fourth fourth);
bool begin_side(int side);
bool end_side(int side, uint64_t copies);
void measure_stages(const char *what, void (*measure)(enum stage stage), void (*miss)(enum stage stage));
void say_stage(enum stage stage, const char *what, uint64_t done, uint64_t total);

#endif
