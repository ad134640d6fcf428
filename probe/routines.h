/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_ROUTINES_H
#define PROBE_ROUTINES_H

#include <stddef.h>

struct routine {
	const char *name;
	const char *what;
	void (*copy)(void *to, const void *from, size_t length);
};

/* Indices into routines[]. The ways of the copies have the same order. */
enum routine_index {
	PAGE_BY_PAGE,
	SAME_AGAIN,
	UNROLLED,
	REP_MOVSQ,
	REP_MOVSB,
	MEMCPY_FSRM,
	MEMCPY_ORIG,
	PAST_CACHES,
	MOVDIR64B,
	NR_ROUTINES
};

extern const struct routine routines[NR_ROUTINES];

/* Indices into mc_routines[], the copies that survive memory errors. Their ways have the same order. */
enum mc_routine_index {
	MC_PAGE_BY_PAGE,
	MC_SAME_AGAIN,
	MC_FRAGILE,
	MC_REP_MOVSQ,
	MC_REP_MOVSB,
	MC_MEMCPY,
	MC_PAST_CACHES,
	NR_MC_ROUTINES
};

extern struct routine mc_routines[NR_MC_ROUTINES];

/* Sets the base to the routine that v7.3 uses on this CPU. */
void select_mc_base(void);

/* Return the index of the alternative of copy_pages(), and of the branch of copy_mc_pages(), that this CPU takes. */
int selected_routine(void);
int selected_mc_routine(void);

#endif /* PROBE_ROUTINES_H */
