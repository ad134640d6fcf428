/* SPDX-License-Identifier: GPL-2.0 */
/* The file of samples. It has its name when it is complete: an interrupted run leaves nothing behind. */
#ifndef PROBE_OUTPUT_H
#define PROBE_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include "section.h"

/* Also makes SIGINT and SIGTERM end the program with status 130. */
FILE *open_output(const char *name);
void finish_output(FILE *file);

/* The CPU, the kernel and where the routines come from; what a program adds comes behind. */
void add_probe_environment(int cpu, uint64_t seed);

/* Rows of several sections have different ids: they begin with the given one. */
void write_plan(FILE *file, const struct section *section, int first_id);
void write_missing_ways(FILE *file, const struct section *section);
void write_rounds(FILE *file, const struct section *section, int first_id, bool functional);

/* A line per row and a column per way, without the first round. */
void print_medians(const struct section *section);

#endif /* PROBE_OUTPUT_H */
