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

#define MAX_BLOCK  (32UL << 10)
#define REPLICATED MAX_BLOCK /* for the memory map of ordinary memory */
#define STOSQ_WORD 0x1122334455667788UL

/* A way to fill memory: with copies of @block bytes, by @copy if these are copies of whole pages. */
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

/* page-fills.c */
void fill_by_registers(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_movnti_registers(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_movnti_calls(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_nontemporal(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_pages(const struct fill *this, const struct source *source, char *to, size_t bytes);
void fill_by_stosq(const struct fill *this, const struct source *source, char *to, size_t bytes);

void zero_piece(char *to, size_t bytes);

#endif /* PROBE_FILLS_H */
