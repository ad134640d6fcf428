// SPDX-License-Identifier: GPL-2.0
/* Which variants of the module are measured together, and what each of them is compared with. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "copies.h"

#define V73 "_v73"

static const char *const functions[MAX_FUNCTIONS] = { "folio_copy", "folio_mc_copy" };

/* Each line of the module's list has a name and a description. */
static bool has_variant(const char *name)
{
	size_t len = strlen(name);

	for (char *line = slurp(BENCH "/variants"); line && *line;) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

/*
 * The function that a variant belongs to. folio_mc_copy() could copy by the primitives named mc_*,
 * folio_copy() by the others.
 */
static const char *function_of(const char *name)
{
	bool mc = !strncmp(name, "mc_", 3) || !strncmp(name, functions[1], strlen(functions[1]));

	return functions[mc];
}

static void add_slot(struct method *m, struct function *f, const char *variant, const char *way)
{
	if (m->nr_slots == MAX_SLOTS)
		die("--variant: with v7.3's loops, at most %d at once are allowed", MAX_SLOTS);
	m->slot[m->nr_slots++] = variant;
	f->way[f->nr_ways++] = way;
}

/* The base is measured twice. Any difference between the two is chance. */
static struct function *add_function(struct method *m, const char *name)
{
	struct function *f = &m->function[m->nr_functions++];
	char *base = format("%s" V73, name);

	f->name = name;
	f->first = m->nr_slots;
	add_slot(m, f, base, "v7.3 loop");
	add_slot(m, f, base, "same again");
	return f;
}

static void add_variant(struct method *m, struct function *f, const char *variant)
{
	bool is_kernel = !strcmp(variant, f->name);

	add_slot(m, f, variant, is_kernel ? KERNEL : variant);
	f->has_kernel |= is_kernel;
}

static bool is_base(const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(V73) && !strcmp(name + len - strlen(V73), V73);
}

#define LACKS " (this CPU lacks "

/*
 * Lists the module's variants, all or those of @function, separated by commas. If @lacking is
 * given, a variant that this CPU cannot run is passed to it instead of listed. The caller frees the
 * list.
 */
char *list_variants(const char *function, void (*lacking)(const char *function, const char *name, const char *why))
{
	char *text = slurp(BENCH "/variants"), *list = format("%s", ""), *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *before = list, *why = strstr(line, LACKS);

		line[strcspn(line, " ")] = '\0';
		if (is_base(line) || (function && strcmp(function_of(line), function)))
			continue;
		if (why && lacking) {
			why[strcspn(why, ")")] = '\0';
			lacking(function, line, why + strlen(" ("));
			continue;
		}
		list = format("%s%s%s", before, *before ? "," : "", line);
		free(before);
	}
	return list;
}

static bool is_repeated(char **names, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(names[i], names[nr]))
			return true;
	return false;
}

/* Splits the list into names. Returns the number of names. */
static int split(char *list, char **names)
{
	int nr = 0;

	for (char *name; (name = strsep(&list, ",")); nr++) {
		if (is_base(name) || !has_variant(name))
			die("--variant %s: %s are allowed", name, list_variants(NULL, NULL));
		if (nr == MAX_SLOTS)
			die("--variant: at most %d at once are allowed", MAX_SLOTS);
		names[nr] = name;
		if (is_repeated(names, nr))
			die("--variant %s: once is enough", name);
	}
	return nr;
}

/* @list: NULL for the two functions of the kernel */
void add_variants(struct method *m, char *list)
{
	char *names[MAX_SLOTS];
	int nr = split(list ?: format("%s,%s", functions[0], functions[1]), names);

	for (int i = 0; i < MAX_FUNCTIONS; i++) {
		struct function *f = NULL;

		for (int j = 0; j < nr; j++) {
			if (strcmp(function_of(names[j]), functions[i]))
				continue;
			f = f ?: add_function(m, functions[i]);
			add_variant(m, f, names[j]);
		}
	}
}
