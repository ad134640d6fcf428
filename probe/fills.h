/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_FILLS_H
#define PROBE_FILLS_H

#include <stddef.h>

#include "routines.h"
#include "slow-path.h"

/* The source of what the ways store. */
struct source {
	const struct pgmap *pgmap;
	const char *block; /* MAX_BLOCK bytes of descriptors */
};

#define MAX_BLOCK  (2UL << 20)
#define REPLICATED (32UL << 10) /* size of the block that the kernel is to use */

/* A way to fill memory. Only fill_by_block() uses copy and block. */
struct fill {
	void (*fill)(const struct fill *this, const struct source *source, char *to, size_t bytes);
	const struct routine *copy;
	size_t block;
};

void fill_by_slow_path(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_template(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_movnti(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_movdir64b(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_block(const struct fill *this, const struct source *source, char *to, size_t bytes);
void zero_piece(char *to, size_t bytes);

#endif /* PROBE_FILLS_H */
