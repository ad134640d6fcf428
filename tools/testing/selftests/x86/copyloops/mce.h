/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COPYLOOPS_MCE_H
#define COPYLOOPS_MCE_H

#include <stdbool.h>
#include <stddef.h>

#include <asm/mce.h>

enum primitive { FRAGILE, ENHANCED_FAST_STRING, FAST_STRING, NONTEMPORAL, NR_PRIMITIVES };

/*
 * Poison in the source. A primitive of copy_mc_64.S that would read it stops
 * @early bytes before it, rounded down to a quadword by REP MOVSQ and to a line
 * by the copy past the caches, or at once if it starts closer to it: a CPU
 * promises where the copy can be resumed, not where the poison is.
 */
struct poison {
	const char *at[2];	/* in order; NULL: none */
	bool transient[2];	/* gone after the first read */
	size_t early;
};

extern struct poison poison;

/* Calls of primitives and hooks since expect_copy(). */
struct records {
	unsigned int calls[NR_PRIMITIVES];
	size_t before, after;	/* bytes that the hooks saw */
};

extern struct records records;

/* The hooks have to be called for this copy next, page by page, in order. */
void expect_copy(void *to, const void *from);

/* The linker's --wrap leads calls to __wrap_*(). The assembly is __real_*(). */
typedef unsigned long copy_long(void *to, const void *from, unsigned long len);

unsigned long __real_copy_mc_fragile(void *to, const void *from, unsigned int len);
copy_long __real_copy_mc_enhanced_fast_string, __real_copy_mc_fast_string,
	__real_copy_mc_nontemporal;
unsigned long __wrap_copy_mc_fragile(void *to, const void *from, unsigned int len);
copy_long __wrap_copy_mc_enhanced_fast_string, __wrap_copy_mc_fast_string,
	__wrap_copy_mc_nontemporal;

#endif /* COPYLOOPS_MCE_H */
