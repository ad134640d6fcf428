/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host.h"
#include "nodes.h"
#include "section.h"

struct run {
	struct host host;
	uint64_t seed;
	size_t pool_bytes;			/* copies: each of the two pools */
	size_t huge_bytes, total_bytes;		/* copies: of all memory they use */
	size_t range_bytes;			/* fills: in each kind of memory */
	int movnti;				/* fills: the way of this name */
	double seconds;				/* of the whole run */
	struct nodes nodes;
	struct section copies;
	struct section mc;			/* copies that survive memory errors */
	struct section between;			/* copies from node to node */
	struct section fills;
};

/* Before anything is measured: memory, rows and ways, and every way checked. */
void prepare_copies(struct run *run);
void prepare_fills(struct run *run);

void print_environment(const struct run *run);
void print_screen(const struct run *run);
void print_functional(const struct run *run);	/* on a CPU that has no speed */

/* They close the file; false if it did not take everything. */
bool write_details(const struct run *run, FILE *file);
bool write_json(const struct run *run, FILE *file);

#endif /* PROBE_PROBE_H */
