/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The symbols of a kernel or a program, sorted by address. For programs of one file, which have
 * fail() for what cannot go on.
 */
#ifndef LAB_SYMBOLS_H
#define LAB_SYMBOLS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
	uint64_t addr;
	char name[64];
};

static struct symbol *symbols;
static size_t nr_symbols;

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...);

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Adds those of a file in the format of /proc/kallsyms, System.map and nm(1). */
static void read_symbols(const char *path)
{
	static size_t max;
	FILE *f = fopen(path, "r");
	struct symbol s;
	char line[512];

	if (!f)
		fail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		/* Modules are in brackets, and have nothing to do with it. */
		if (strchr(line, '[') || sscanf(line, "%lx %*c %63s", &s.addr, s.name) != 2)
			continue;
		if (nr_symbols == max) {
			max = max ? 2 * max : 1 << 14;
			symbols = realloc(symbols, max * sizeof(*symbols));
			if (!symbols)
				fail("out of memory");
		}
		symbols[nr_symbols++] = s;
	}
	fclose(f);
	qsort(symbols, nr_symbols, sizeof(*symbols), by_address);
}

static const struct symbol *find_symbol(const char *name)
{
	for (size_t i = 0; i < nr_symbols; i++)
		if (!strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

#endif
