/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COPYLOOPS_ROUTINES_H
#define COPYLOOPS_ROUTINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness.h"

/* The register for the length, and its unit. */
enum length_in {
	NOWHERE,		/* always a page */
	RCX_BYTES,
	RDX_BYTES,
	EDX_BYTES,
	EDX_PAGES,
};

struct routine {
	const char *name;
	void (*entry)(void);
	const char *code;		/* the instruction that copies */
	enum length_in length_in;
	size_t unit;			/* of lengths and source offsets */
	bool returns_to;		/* the destination, like memcpy() */
	uint32_t changes;		/* registers, a bit for each */
	size_t stack;			/* bytes used below the return address */

	/* For routines with exception entries; EX_TYPE_NONE: not for these. */
	unsigned int read_type, write_type;
	size_t restart_unit;		/* of residues; 0: without entries */
};

/* The Makefile gives these names. call.S passes the arguments in registers. */
void copy_page_unrolled(void);
void copy_page_movsq(void);
void __copy_pages_unrolled(void);
void copy_pages_unrolled(void);
void copy_pages_movsq(void);
void copy_pages_movsb(void);
void copy_pages_erms_only(void);
void memcpy_unrolled(void);
void memcpy_movsb(void);
void copy_mc_fragile(void);
void copy_mc_enhanced_fast_string(void);
void copy_mc_fast_string(void);
void copy_mc_nontemporal(void);

/*
 * copy_pages() with many live values; see copy_pages.c. The last three values
 * are the expected arguments, with the number of pages in bytes.
 */
#define NR_BUSY_VALUES	17

typedef unsigned int busy_copy(void *to, const void *from, unsigned int npages,
			       const unsigned long *values);

busy_copy copy_pages_unrolled_busy, copy_pages_movsq_busy, copy_pages_movsb_busy;

extern const struct routine routines[];
extern const unsigned int nr_routines;

/* Every copy reads from one of these and writes to the other. */
extern struct region source, destination;

/* Number of cases that damaged registers or stack, for end_register_point(). */
extern unsigned long register_complaints;

void set_up_regions(void);

/*
 * Counts the case, copies once and checks the outcome. A case that faults at
 * @position in a routine without entries is not checked: see faults.no_entry.
 */
void run_case(const struct routine *r, char *to, const char *from, size_t len,
	      enum fault_side side, size_t position);

/* Ends a test point about registers and stack in all cases since the last. */
void end_register_point(const struct routine *r, const char *when);

#endif /* COPYLOOPS_ROUTINES_H */
