/* SPDX-License-Identifier: GPL-2.0 */
/* The module folio_copy_live: loaded, switched, counted, unloaded. */
#ifndef BENCH_LIVE_H
#define BENCH_LIVE_H

#include <stdbool.h>
#include <stdint.h>

enum live_function { LIVE_FOLIO_COPY, LIVE_FOLIO_MC_COPY, LIVE_COPY_USER_LARGE_FOLIO, NR_LIVE };

/* The sides of a function. Only folio_mc_copy() has the third one. */
enum live_side { LIVE_OFF, LIVE_ON, LIVE_NONTEMPORAL, NR_LIVE_SIDES };

/* Calls since the module was loaded */
struct live_calls {
	uint64_t calls[NR_LIVE][NR_LIVE_SIDES];
};

extern const char *const live_functions[NR_LIVE];

/* In the list of what a killed run has left behind: the module was unloaded, and its file is to be loaded again. */
#define LIVE_UNLOADED "folio_copy_live"

const char *live_file(void);
char *live_load(const char *file);
char *live_unload(void);
bool live_is_loaded(void);
char *live_parameter(const char *name);
bool live_read_calls(struct live_calls *calls);
char *live_by_page(const char *function);
const char *live_tiers(void);

#endif
