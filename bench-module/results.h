/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "copies.h"

struct results {
	char *dir, *samples;
	char *environment;	/* the line that begins the samples, or NULL: there are none yet */
};

void open_results(struct results *r, char *dir);
char *earlier(const struct results *r, const char *key);
void check_same_run(const struct results *r);
void load_results(struct results *r);
void begin_samples(void);
void end_samples(const struct results *r);
void keep_messages(const struct results *r);

#endif
