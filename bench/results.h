/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "rows.h"

struct results {
	char *dir, *samples;
	char *text; /* earlier samples, or NULL */
	bool ended; /* the earlier samples are complete */
};

void open_results(struct results *r, char *dir);
char *earlier(const struct results *r, const char *key);
bool continue_results(struct results *r);
void keep_messages(const struct results *r);

#endif
