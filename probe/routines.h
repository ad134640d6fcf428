/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_ROUTINES_H
#define PROBE_ROUTINES_H

#include <stddef.h>

#define PAGE_SIZE	4096UL

/* Indices into routines[]; the table's columns are in this order. */
enum routine_index {
	PAGE_BY_PAGE,
	CONTROL,
	UNROLLED,
	REP_MOVSQ,
	REP_MOVSB,
	MEMCPY_ORIG,
	NR_ROUTINES
};

struct routine {
	const char *name;
	const char *what;
	void (*copy)(void *to, const void *from, size_t length);
};

extern const struct routine routines[NR_ROUTINES];

#endif /* PROBE_ROUTINES_H */
