/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_ROUTINES_H
#define PROBE_ROUTINES_H

#include <stddef.h>

/* Indices into routines[], and the ways of the copies in this order. */
enum routine_index {
	PAGE_BY_PAGE,
	SAME_AGAIN,
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
