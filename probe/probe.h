/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host.h"
#include "routines.h"

#define NR_SIZES	6
#define NR_ROWS		(NR_SIZES * 4)		/* hot or cold, read afterwards or not */
#define MAX_PASSES	401			/* the first one is kept apart */

/* What every sample copies, whatever the size of its pieces: some 20 us hot, some 200 us cold. */
#define SAMPLE_BYTES	(2UL << 20)

struct row {
	size_t size;
	bool cold;
	bool read;
	unsigned int copies;			/* pieces per sample, at these offsets */
	uint32_t to[SAMPLE_BYTES / PAGE_SIZE];
	uint32_t from[SAMPLE_BYTES / PAGE_SIZE];
};

struct run {
	struct host host;
	uint64_t seed;
	size_t pool_bytes;
	size_t huge_bytes, total_bytes;
	double seconds;
	long preemptions;
	unsigned int passes;
	struct row rows[NR_ROWS];
	double ns[NR_ROWS][NR_ROUTINES][MAX_PASSES];
	unsigned char order[NR_ROWS][MAX_PASSES][NR_ROUTINES];
};

void print_environment(const struct run *run);
void print_table(const struct run *run);
bool write_json(const struct run *run, FILE *file);

#endif /* PROBE_PROBE_H */
