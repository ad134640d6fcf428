/* SPDX-License-Identifier: GPL-2.0 */
/* A neighbour who uses the caches: a thread that walks through memory while a sample is taken, and sleeps otherwise. */
#ifndef PROBE_BYSTANDER_H
#define PROBE_BYSTANDER_H

#include <stdbool.h>
#include <stddef.h>

struct bystander {
	int cpu;		  /* NO_CPU if no other core shares the last level cache */
	double walk_ns, alone_ns; /* of the last sample: the mean walk during the copies, and before them */
};

/* Starts the thread, asleep. Returns NULL, or why there can be none. @bytes: a multiple of PAGE_SIZE */
const char *start_bystander(const struct bystander *b, const char *memory, size_t bytes);
void end_bystander(void);

/*
 * Call these around the copies of a sample. The first one waits until the memory is back in the caches. The second one
 * returns false if other processes had the CPU meanwhile: the sample says nothing then.
 */
void wake_bystander(struct bystander *b);
bool time_bystander(struct bystander *b);

#endif /* PROBE_BYSTANDER_H */
