/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MEMMAP_BENCH_H
#define MEMMAP_BENCH_H

#include "rows.h"

/* A memory map of device memory, to be made and removed several times. */
struct memmap {
	const char *type, *start, *order;
	uint64_t size; /* of the described range; 0: left to the module */
	bool overwrite;
	int node, rounds;
	int row; /* number of the row "map"; "unmap" is the next row */
};

void plan_memmap(struct memmap *m, const char *missing);
int measure_memmap(struct memmap *m);

#endif
