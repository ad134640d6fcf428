/* SPDX-License-Identifier: GPL-2.0 */
/* --ab: both sides of the module folio_copy_live in one run, sample by sample. */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include <stdbool.h>
#include <stdint.h>

#include "samples.h"

#define NR_SIDES 3

void need_sides(void);
void plan_sides(struct planned_row *row);
bool begin_side(int side);
bool end_side(int side, uint64_t copies);
bool leave_module(void);
bool return_module(void);

#endif
