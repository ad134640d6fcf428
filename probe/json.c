// SPDX-License-Identifier: GPL-2.0
/* The samples for programs. */
#include "probe.h"
#include "stores.h"
#include "verdict.h"

static void write_json_environment(const struct run *run, FILE *file)
{
	const struct host *host = &run->host;

	fprintf(file, "{\"environment\":{\"cpu\":\"%s\",\"vendor\":\"%s\",\"family\":\"%s\","
		"\"model\":\"%s\",\"stepping\":\"%s\",\"microcode\":\"%s\",\"kernel\":\"%s\","
		"\"routines_from\":\"%s\"", host->model_name, host->vendor, host->family,
		host->model, host->stepping, host->microcode, host->kernel, KERNEL_VERSION);
	fprintf(file, ",\"rep_good\":%d,\"erms\":%d,\"fsrm\":%d,\"movdir64b\":%d,\"hypervisor\":%d",
		host->rep_good, host->erms, host->fsrm, host->movdir64b, host->hypervisor);
	fprintf(file, ",\"functional\":%s", host->emulated ? "true" : "false");
	fprintf(file, ",\"last_level_cache\":%zu,\"pool_bytes\":%zu,\"huge_bytes\":%zu,"
		"\"total_bytes\":%zu,\"range_bytes\":%zu,\"pinned_to\":%d,\"load\":%.2f,"
		"\"seed\":%llu", host->last_level_cache, run->pool_bytes, run->huge_bytes,
		run->total_bytes, run->range_bytes, host->cpu, host->load,
		(unsigned long long)run->seed);
	fprintf(file, ",\"selected\":\"%s\",\"slow_path_stores\":%d,\"slow_path_bytes\":%d",
		run->copies.ways[run->copies.candidate].name, SLOW_PATH_STORES, SLOW_PATH_BYTES);
	fputs(",\"warnings\":[", file);
	for (unsigned int i = 0; i < host->nr_warnings; i++)
		fprintf(file, "%s\"%s\"", i ? "," : "", host->warnings[i]);
	fputs("]}}\n", file);
}

static void write_json_string(const char *text, FILE *file)
{
	if (text)
		fprintf(file, "\"%s\"", text);
	else
		fputs("null", file);
}

/*
 * "aside": why the candidate is not judged by this row; "without": the ways that it leaves out though
 * the CPU has them.
 */
static void write_json_row(const struct section *section, int index, FILE *file)
{
	const struct row *row = &section->rows[index];
	const char *comma = "";

	fprintf(file, "%s{\"name\":\"%s\",\"bytes\":%zu,\"calls\":%u,\"missing\":",
		index ? "," : "", row->name, row->bytes, row->calls);
	write_json_string(row->missing, file);
	fputs(",\"aside\":", file);
	write_json_string(row->aside, file);
	fputs(",\"without\":[", file);
	for (int way = 0; way < section->nr_ways; way++) {
		if (row->missing || section->ways[way].missing || is_measured(section, index, way))
			continue;
		fprintf(file, "%s\"%s\"", comma, section->ways[way].name);
		comma = ",";
	}
	fputs("]}", file);
}

static void write_json_section(const struct section *section, FILE *file)
{
	fprintf(file, "{\"section\":\"%s\",\"verdicts\":%d,\"placement_ns\":%.1f,"
		"\"candidate\":\"%s\",\"ways\":[", section->name, nr_verdicts(section),
		PLACEMENT_NS, section->ways[section->candidate].name);
	for (int i = 0; i < section->nr_ways; i++) {
		fprintf(file, "%s{\"name\":\"%s\",\"missing\":", i ? "," : "",
			section->ways[i].name);
		write_json_string(section->ways[i].missing, file);
		fputc('}', file);
	}
	fputs("],\"rows\":[", file);
	for (int row = 0; row < section->nr_rows; row++)
		write_json_row(section, row, file);
	fputs("]}\n", file);
}

/*
 * One round: "ns" in the order of "ways" above, "order" the order in which they ran. Emulation has
 * no speed.
 */
static void write_json_round(const struct section *section, int row, unsigned int round,
			     bool emulated, FILE *file)
{
	fprintf(file, "{\"section\":\"%s\",\"pass\":%u,\"first\":%s,\"row\":\"%s\",\"ns\":[",
		section->name, round, round ? "false" : "true", section->rows[row].name);
	for (int i = 0; i < section->nr_ways; i++) {
		fputs(i ? "," : "", file);
		if (emulated || !is_measured(section, row, i))
			fputs("null", file);
		else
			fprintf(file, "%.0f", section->ns[row][i][round]);
	}
	fputs("],\"order\":[", file);
	for (int i = 0; i < section->nr_ways; i++)
		fprintf(file, "%s%d", i ? "," : "", section->order[row][round][i]);
	fputs("]}\n", file);
}

static void write_json_rounds(const struct section *section, bool emulated, FILE *file)
{
	for (int row = 0; row < section->nr_rows; row++)
		for (unsigned int round = 0; round < section->rows[row].rounds; round++)
			write_json_round(section, row, round, emulated, file);
}

/* The samples are written when all are taken: writing would disturb them. */
bool write_json(const struct run *run, FILE *file)
{
	const struct section *sections[] = { &run->copies, &run->mc, &run->between, &run->fills };
	bool failed;

	write_json_environment(run, file);
	for (int i = 0; i < 4; i++)
		if (sections[i]->nr_rows)
			write_json_section(sections[i], file);
	for (int i = 0; i < 4; i++)
		write_json_rounds(sections[i], run->host.emulated, file);
	failed = ferror(file);
	return !fclose(file) && !failed;
}
