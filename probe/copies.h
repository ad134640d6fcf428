/* SPDX-License-Identifier: GPL-2.0 */
/* The pools of the copies on the node of the CPU, for other sections. */
#ifndef PROBE_COPIES_H
#define PROBE_COPIES_H

#include <stddef.h>
#include <stdint.h>

/* The size of a hugetlb folio of 1 GiB, in a pool of its own, for which not every machine has the memory. */
#define GIGANTIC (1UL << 30)

/* Places of @bytes to copy to and from. */
struct piece {
	char *to, *from;
};

/* The next piece that has left all caches. */
struct piece next_cold_piece(size_t bytes);

/* A random piece in a pool that is small enough for it to stay in the caches between two copies of it. */
struct piece random_hot_piece(size_t bytes, uint64_t *random);

/* The piece of GIGANTIC bytes, or NULLs. */
struct piece gigantic_piece(void);

/* A piece with guards around its destination, and a source in which every word is different. */
struct piece guarded_piece(void);

#endif /* PROBE_COPIES_H */
