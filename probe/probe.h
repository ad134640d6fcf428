/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "nodes.h"
#include "section.h"

struct run {
	int cpu;
	bool functional;  /* this CPU is emulated: it has no speed */
	size_t cache;	  /* the last level one, in bytes */
	size_t available; /* bytes of memory */
	uint64_t seed;
	size_t pool_bytes;		/* copies: each of the two pools */
	size_t huge_bytes, total_bytes; /* copies: of all memory they use */
	size_t range_bytes;		/* fills: in each kind of memory */
	struct nodes nodes;
	struct section copies;
	struct section mc;	/* copies that survive memory errors */
	struct section between; /* copies from node to node */
	struct section fills;
};

/* Before anything is measured: memory, rows and ways, and every way checked. */
void prepare_copies(struct run *run);
void prepare_fills(struct run *run);

#endif /* PROBE_PROBE_H */
