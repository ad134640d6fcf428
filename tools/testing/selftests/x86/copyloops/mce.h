/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COPYLOOPS_MCE_H
#define COPYLOOPS_MCE_H

#include <stdbool.h>
#include <stddef.h>

enum primitive { FRAGILE, ENHANCED_FAST_STRING, FAST_STRING, NR_PRIMITIVES };

/*
 * Poison in the source, which the primitives of copy_mc_64.S run into. They stop
 * @early bytes before it at the latest, as a CPU may that only promises where the
 * copy can be resumed.
 */
struct poison {
	const char *at[2];	/* in order; NULL: none */
	bool transient[2];	/* gone when it has been read once */
	size_t early;
};

extern struct poison poison;

/* What has been called since expect_copy(). */
struct records {
	unsigned int calls[NR_PRIMITIVES];
	size_t before, after;	/* bytes that the hooks saw */
};

extern struct records records;

/* The hooks are to be called for this copy, a page at a time, in order. */
void expect_copy(void *to, const void *from);

/* The names that --wrap gives to what is called, and to the assembly. */
typedef unsigned long copy_long(void *to, const void *from, unsigned long len);

unsigned long __real_copy_mc_fragile(void *to, const void *from, unsigned int len);
copy_long __real_copy_mc_enhanced_fast_string, __real_copy_mc_fast_string;
unsigned long __wrap_copy_mc_fragile(void *to, const void *from, unsigned int len);
copy_long __wrap_copy_mc_enhanced_fast_string, __wrap_copy_mc_fast_string;

#endif /* COPYLOOPS_MCE_H */
