/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host.h"
#include "section.h"

struct run {
	struct host host;
	uint64_t seed;
	size_t pool_bytes;			/* copies: each of the two pools */
	size_t huge_bytes, total_bytes;		/* copies: of all memory they use */
	size_t range_bytes;			/* fills: in each kind of memory */
	int movnti, replicated;			/* fills: the ways of these names */
	double seconds;				/* of measuring, at most */
	struct section copies;
	struct section fills;
};

/* Before anything is measured: memory, rows and ways, and every way checked. */
void prepare_copies(struct run *run);
void prepare_fills(struct run *run);

/* The instruction that the ALTERNATIVE_2 in copy_pages() becomes with this CPU's flags. */
int selected_routine(const struct host *host);

void print_environment(const struct run *run);
void print_copies(const struct run *run);
void print_fills(const struct run *run);
bool write_json(const struct run *run, FILE *file);

#endif /* PROBE_PROBE_H */
