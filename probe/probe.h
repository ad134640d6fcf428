/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "bystander.h"
#include "nodes.h"
#include "section.h"

struct run {
	int cpu;
	bool functional;  /* this CPU is emulated: it has no speed */
	bool all;	  /* all ways are measured, and folios of 1 GiB */
	const char *ways; /* that are measured besides, or NULL */
	size_t cache;	  /* bytes of the last level cache */
	size_t available; /* bytes of available memory */
	uint64_t seed;
	size_t pool_bytes;		/* copies: each of the two pools */
	size_t huge_bytes, total_bytes; /* copies: bytes in huge pages, and all bytes */
	size_t range_bytes;		/* fills: in each kind of memory */
	struct nodes nodes;
	struct bystander bystander;
	struct section copies;
	struct section mc;	/* copies that survive memory errors */
	struct section between; /* copies from node to node */
	struct section cow;	/* copies of hugetlb pages on copy-on-write */
	struct section fills;
};

/* Call these before the measurement. They allocate memory, add rows and ways, and check every way. */
void prepare_copies(struct run *run);
void prepare_cow(struct run *run);
void prepare_fills(struct run *run);

#endif /* PROBE_PROBE_H */
