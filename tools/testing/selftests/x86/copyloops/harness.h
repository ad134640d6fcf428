/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COPYLOOPS_HARNESS_H
#define COPYLOOPS_HARNESS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kselftest.h"

#define PAGE		4096UL

/*
 * A region is memory between two runs of GUARD_PAGES pages without access. A
 * case may write to its part of the destination only, and never to a source.
 */
#define GUARD_PAGES	8

struct region {
	char *start;
	char *end;
	char *contents;		/* what the region has to hold */
};

struct region map_region(size_t pages, uint64_t seed, int protection);
bool region_intact(const struct region *r);

/* --- distinct cases --- */

enum fault_side { NO_FAULT, SOURCE, DESTINATION };

void count_case(unsigned int routine, const void *to, const void *from,
		size_t len, enum fault_side side, size_t position);

/* --- test points: complain() any number of times, then end_point() --- */

__printf(1, 2) void complain(const char *format, ...);
__printf(1, 2) void end_point(const char *format, ...);

/*
 * Set by the argument "reduced", for valgrind: fewer cases, no faults, and no
 * look at the stack below the stack pointer. valgrind complains about every
 * fault, and gets RCX wrong in the faults of REP MOVS.
 */
extern bool reduced;

void begin(int argc, char **argv);
void plan(unsigned int points);
int finish(void);

/* --- faults --- */

/* As in asm/extable.h. The linker defines the bounds of the table. */
struct exception_table_entry {
	int insn, fixup, data;
};

extern const struct exception_table_entry __start___ex_table[];
extern const struct exception_table_entry __stop___ex_table[];

/* Faults of the last call. A fault without an exception entry ends the call. */
struct faults {
	unsigned int count;
	unsigned int type;	/* of the first fault's entry: EX_TYPE_... */
	const char *address;	/* of the first fault */
	bool no_entry;
	const unsigned char *ip;
	bool expected;		/* in WITH_FAULTS() */
};

extern struct faults faults;
extern sigjmp_buf after_fault;

void catch_faults(void);

/* If set, called with the context that the fixup of a fault begins with. */
extern void (*before_fixup)(void *context);

/* Runs the statement. faults.no_entry says whether a fault ended it. */
#define WITH_FAULTS(statement) do {			\
	faults = (struct faults){ .expected = true };	\
	if (!sigsetjmp(after_fault, 0))			\
		statement;				\
	faults.expected = false;			\
} while (0)

#endif /* COPYLOOPS_HARNESS_H */
