// SPDX-License-Identifier: GPL-2.0
/* Which variants of the module are measured together, and what each of them is compared with. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "copies.h"

#define V73		"_v73"

static const char *const functions[] = { "folio_copy", "folio_mc_copy" };

/* The module's list has a name and what it means in each line. */
static bool has_variant(const char *name)
{
	size_t len = strlen(name);

	for (char *line = slurp(BENCH "/variants"); line && *line; ) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

/* Primitives are what folio_copy() might copy by, those named mc_ what folio_mc_copy() might. */
static const char *function_of(const char *name)
{
	bool mc = !strncmp(name, "mc_", 3) || !strncmp(name, functions[1], strlen(functions[1]));

	return functions[mc];
}

static int find_slot(const struct method *m, const char *name)
{
	for (int i = 0; i < m->nr_slots; i++)
		if (!strcmp(m->slot[i], name))
			return i;
	return -1;
}

static int add_slot(struct method *m, const char *name)
{
	if (m->nr_slots == MAX_SLOTS)
		die("--variant: with v7.3's loops, at most %d at once are allowed", MAX_SLOTS);
	m->slot[m->nr_slots] = name;
	return m->nr_slots++;
}

void add_variant(struct method *m, const char *name)
{
	char *base = format("%s" V73, function_of(name));
	struct pair *p = &m->pair[m->nr_pairs];

	p->name = name;
	p->base = find_slot(m, base);
	if (p->base < 0)
		p->base = add_slot(m, base);
	p->other = add_slot(m, m->control ? base : name);
	m->nr_pairs++;
}

static bool is_base(const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(V73) && !strcmp(name + len - strlen(V73), V73);
}

#define LACKS		" (this CPU lacks "

/*
 * All that the module has, or those of a function, with commas in between; @lacking is told of what
 * the CPU cannot do. To be freed.
 */
char *list_variants(const char *function, void (*lacking)(const char *name, const char *why))
{
	char *text = slurp(BENCH "/variants"), *list = format("%s", ""), *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *before = list, *why = strstr(line, LACKS);

		line[strcspn(line, " ")] = '\0';
		if (is_base(line) || (function && strcmp(function_of(line), function)))
			continue;
		if (why && lacking) {
			why[strcspn(why, ")")] = '\0';
			lacking(line, why + strlen(" ("));
			continue;
		}
		list = format("%s%s%s", before, *before ? "," : "", line);
		free(before);
	}
	return list;
}

/* @names: NULL for the two functions */
void add_variants(struct method *m, char *names)
{
	char *name;

	if (!names) {
		add_variant(m, functions[0]);
		add_variant(m, functions[1]);
		return;
	}
	while ((name = strsep(&names, ","))) {
		if (is_base(name) || !has_variant(name))
			die("--variant %s: %s are allowed", name, list_variants(NULL, NULL));
		if (find_slot(m, name) >= 0)
			die("--variant %s: once is enough", name);
		add_variant(m, name);
	}
}
