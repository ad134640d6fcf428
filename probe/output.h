/* SPDX-License-Identifier: GPL-2.0 */
/* The file of samples. It gets its name when it is complete: an interrupted run leaves no file. */
#ifndef PROBE_OUTPUT_H
#define PROBE_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include "section.h"

/* Also makes SIGINT and SIGTERM end the program with status 130. */
FILE *open_output(const char *name);
void finish_output(FILE *file);

/* Adds the CPU, the kernel and the source of the routines. A program adds its own facts after them. */
void add_probe_environment(int cpu, uint64_t seed);

/* The rows of all sections have different ids: those of a section begin with @first_id. */
void write_plan(FILE *file, const struct section *section, int first_id);
void write_missing_ways(FILE *file, const struct section *section);
void write_rounds(FILE *file, const struct section *section, int first_id, bool functional);

/* Prints the medians, a line per row and a column per way. The first round does not count. */
void print_medians(const struct section *section);

#endif /* PROBE_OUTPUT_H */
