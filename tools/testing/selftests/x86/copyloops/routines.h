/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COPYLOOPS_ROUTINES_H
#define COPYLOOPS_ROUTINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness.h"

/* Where the length goes, and in which unit. */
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
	size_t unit;			/* of lengths, and of alignment if a page */
	bool returns_to;		/* like memcpy() */
	uint32_t changes;		/* registers, by number */
	size_t stack;			/* bytes used below the return address */

	/* For those with exception entries: */
	unsigned int read_type, write_type;
	size_t restart_unit;		/* where they can be interrupted */
};

/* By the names that the Makefile gives them, but not with their arguments. */
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

/*
 * copy_pages() with many values alive; see copy_pages.c. The last three of them
 * are the arguments, the number of pages as bytes.
 */
#define NR_BUSY_VALUES	17

typedef unsigned int busy_copy(void *to, const void *from, unsigned int npages,
			       const unsigned long *values);

busy_copy copy_pages_unrolled_busy, copy_pages_movsq_busy, copy_pages_movsb_busy;

extern const struct routine routines[];
extern const unsigned int nr_routines;

/* Copies go from anywhere in one of these to anywhere in the other. */
extern struct region source, destination;

/* What was wrong with the registers and the stack, apart from the contents. */
extern unsigned long register_complaints;

void set_up_regions(void);

/*
 * Copies once, with the case counted and everything checked. A routine whose
 * fault at @position no entry catches is to leave faults.no_entry.
 */
void run_case(const struct routine *r, char *to, const char *from, size_t len,
	      enum fault_side side, size_t position);

/* Ends a test point about the routine's registers in all cases since the last. */
void end_register_point(const struct routine *r, const char *when);

#endif /* COPYLOOPS_ROUTINES_H */
