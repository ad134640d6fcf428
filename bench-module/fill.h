/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The series' memmap_fill() under the module's own name, for memory that looks like a memory map: its
 * struct pages are the descriptors of slow-path.c, so that all kernels fill the same bytes.
 */
#ifndef FOLIO_COPY_BENCH_FILL_H
#define FOLIO_COPY_BENCH_FILL_H

#include "slow-path.h"

void bench_memmap_fill(struct descriptor *to, unsigned long nr, const struct descriptor *from);

#endif
