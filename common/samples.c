// SPDX-License-Identifier: GPL-2.0
/* The environment, the warnings, and the only writer of JSON. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

#define LINE_WIDTH 100

struct entry {
	const char *name;
	char *value;
	bool is_text; /* in quotes in JSON */
};

static struct entry *entries;
static size_t nr_entries;

static char **warnings;
static size_t nr_warnings;
static size_t nr_written; /* warnings already in the file */

static void *must_have(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static struct entry *find_entry(const char *name)
{
	for (size_t i = 0; i < nr_entries; i++)
		if (!strcmp(entries[i].name, name))
			return &entries[i];
	return NULL;
}

static struct entry *new_entry(const char *name)
{
	entries = must_have(realloc(entries, (nr_entries + 1) * sizeof(*entries)));
	entries[nr_entries] = (struct entry){ .name = must_have(strdup(name)) };
	return &entries[nr_entries++];
}

/* Gives the name a new value, if it is there already. */
static void set_entry(const char *name, char *value, bool is_text)
{
	struct entry *entry = find_entry(name) ?: new_entry(name);

	free(entry->value);
	entry->value = value;
	entry->is_text = is_text;
}

static char *format_text(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? must_have(NULL) : text;
}

void add_environment(const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_entry(name, format_text(format, arguments), true);
	va_end(arguments);
}

static void add_bare(const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_entry(name, format_text(format, arguments), false);
	va_end(arguments);
}

void add_environment_number(const char *name, double number)
{
	add_bare(name, "%.15g", number);
}

void add_environment_flag(const char *name, bool flag)
{
	add_bare(name, "%s", flag ? "true" : "false");
}

const char *find_environment(const char *name)
{
	const struct entry *entry = find_entry(name);

	return entry ? entry->value : NULL;
}

/* Prints as many facts on a line as fit. */
void print_environment(void)
{
	int column = 0;

	for (size_t i = 0; i < nr_entries; i++) {
		int length = strlen(entries[i].name) + strlen(entries[i].value) + 3;

		if (column && column + length > LINE_WIDTH) {
			fputs(",\n  ", stdout);
			column = 0;
		}
		column += length;
		printf("%s%s %s", column > length ? ", " : "", entries[i].name, entries[i].value);
	}
	putchar('\n');
}

void add_warning(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < nr_warnings; i++) {
		if (!strcmp(warnings[i], text)) {
			free(text);
			return;
		}
	}
	warnings = must_have(realloc(warnings, (nr_warnings + 1) * sizeof(*warnings)));
	warnings[nr_warnings++] = text;
}

const char *find_warning(size_t index)
{
	return index < nr_warnings ? warnings[index] : NULL;
}

void print_warnings(void)
{
	for (size_t i = 0; i < nr_warnings; i++)
		printf("warning: %s\n", warnings[i]);
}

/* JSON */

static bool continues(const unsigned char *at, int length)
{
	for (int i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/*
 * Returns the length of a UTF-8 character; 0 if it is invalid, longer than needed, a surrogate, or beyond the last
 * code point.
 */
static int utf8_length(const unsigned char *at)
{
	unsigned int two = at[0] << 8 | at[1];

	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xc2 && at[0] < 0xe0)
		return continues(at, 2) ? 2 : 0;
	if (at[0] >= 0xe0 && at[0] < 0xf0)
		return two >= 0xe0a0 && (two < 0xeda0 || two >= 0xee00) && continues(at, 3) ? 3 : 0;
	return two >= 0xf090 && two < 0xf490 && continues(at, 4) ? 4 : 0;
}

static void write_string(FILE *file, const char *text)
{
	const unsigned char *at = (const void *)text;

	putc('"', file);
	for (int length; *at; at += length ?: 1) {
		length = utf8_length(at);
		if (!length)
			putc('?', file);
		else if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at < ' ' || *at == 0x7f)
			fprintf(file, "\\u%04x", *at);
		else
			fwrite(at, 1, length, file);
	}
	putc('"', file);
}

static void write_string_or_null(FILE *file, const char *text)
{
	if (text)
		write_string(file, text);
	else
		fputs("null", file);
}

static void write_number_or_null(FILE *file, double number, bool is_there)
{
	if (is_there)
		fprintf(file, "%.15g", number);
	else
		fputs("null", file);
}

/* Writes the warnings that are not in the file yet. */
static void write_warnings(FILE *file)
{
	const char *comma = "";

	fputs("\"warnings\":[", file);
	for (; nr_written < nr_warnings; nr_written++, comma = ",") {
		fputs(comma, file);
		write_string(file, warnings[nr_written]);
	}
	putc(']', file);
}

void write_environment(FILE *file)
{
	fputs("{\"environment\":{", file);
	for (size_t i = 0; i < nr_entries; i++) {
		write_string(file, entries[i].name);
		putc(':', file);
		if (entries[i].is_text)
			write_string(file, entries[i].value);
		else
			fputs(entries[i].value, file);
		putc(',', file);
	}
	nr_written = 0;
	write_warnings(file);
	fputs("}}\n", file);
}

static void write_text(FILE *file, const char *key, const char *text)
{
	fprintf(file, ",\"%s\":", key);
	write_string_or_null(file, text);
}

static void write_number(FILE *file, const char *key, double number, bool is_there)
{
	fprintf(file, ",\"%s\":", key);
	write_number_or_null(file, number, is_there);
}

static void write_ways(FILE *file, const struct planned_row *row)
{
	fputs(",\"ways\":[", file);
	for (int way = 0; way < row->nr_ways; way++) {
		fputs(way ? "," : "", file);
		write_string(file, row->ways[way]);
	}
	putc(']', file);
}

void write_row(FILE *file, int id, const struct planned_row *row)
{
	fprintf(file, "{\"row\":%d", id);
	write_text(file, "benchmark", row->benchmark);
	write_text(file, "function", row->function);
	write_text(file, "kind", row->kind);
	write_number(file, "src", row->src, row->src != NO_NODE);
	write_number(file, "dst", row->dst, row->dst != NO_NODE);
	write_text(file, "state", row->state);
	write_number(file, "size", row->size, row->size);
	fprintf(file, ",\"read\":%s", row->read ? "true" : "false");
	write_number(file, "threads", row->threads, true);
	write_number(file, "bystander", row->bystander, row->bystander != NO_CPU);
	write_number(file, "bytes", row->bytes, row->bytes);
	write_number(file, "calls", row->calls, row->calls);
	write_ways(file, row);
	write_text(file, "base", row->base);
	write_text(file, "control", row->control);
	write_text(file, "chosen", row->chosen);
	write_text(file, "aside", row->aside);
	write_text(file, "missing", row->missing);
	fputs("}\n", file);
}

void write_missing_way(FILE *file, const char *benchmark, const char *function, const char *way, const char *why)
{
	fputs("{\"way\":", file);
	write_string(file, way);
	write_text(file, "benchmark", benchmark);
	write_text(file, "function", function);
	write_text(file, "missing", why);
	fputs("}\n", file);
}

static void write_times(FILE *file, const char *key, const double *ns, int nr_ways)
{
	fprintf(file, ",\"%s\":[", key);
	for (int way = 0; way < nr_ways; way++)
		fprintf(file, "%s%.15g", way ? "," : "", ns[way]);
	putc(']', file);
}

static void write_order(FILE *file, const unsigned char *order, int nr_ways)
{
	fputs(",\"order\":[", file);
	for (int way = 0; way < nr_ways; way++)
		fprintf(file, "%s%u", way ? "," : "", order[way]);
	putc(']', file);
}

void write_round(FILE *file, const struct round *round)
{
	fprintf(file, "{\"row\":%d,\"round\":%d", round->row, round->round);
	if (round->ns)
		write_times(file, "ns", round->ns, round->nr_ways);
	else
		fputs(",\"ns\":null", file);
	if (round->first_ns)
		write_times(file, "first_ns", round->first_ns, round->nr_ways);
	if (round->bystander_ns)
		write_times(file, "bystander_ns", round->bystander_ns, round->nr_ways);
	if (round->alone_ns)
		write_times(file, "alone_ns", round->alone_ns, round->nr_ways);
	if (round->order)
		write_order(file, round->order, round->nr_ways);
	fputs("}\n", file);
}

void write_end(FILE *file, double seconds, const char *disturbance)
{
	fprintf(file, "{\"end\":{\"seconds\":%.1f,\"disturbed\":", seconds);
	write_string_or_null(file, disturbance);
	putc(',', file);
	write_warnings(file);
	fputs("}}\n", file);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (values[(n - 1) / 2] + values[n / 2]) / 2;
}
