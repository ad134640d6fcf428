// SPDX-License-Identifier: GPL-2.0
/*
 * The command "memmap": the module times memremap_pages() and memunmap_pages(), which make and
 * remove memory maps of device memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "memmap.h"

enum { O_TYPE = 1, O_START, O_SIZE, O_ORDER, O_OVERWRITE, O_NODE, O_ROUNDS };

static const struct option options[] = { { "type", required_argument, NULL, O_TYPE },
					 { "start", required_argument, NULL, O_START },
					 { "size", required_argument, NULL, O_SIZE },
					 { "order", required_argument, NULL, O_ORDER },
					 { "overwrite", no_argument, NULL, O_OVERWRITE },
					 { "node", required_argument, NULL, O_NODE },
					 { "rounds", required_argument, NULL, O_ROUNDS },
					 CPU_OPTION,
					 JSON_OPTION,
					 COMMON_OPTIONS };

/* The request */

void plan_memmap(struct memmap *m, const char *missing)
{
	static const char *const functions[] = { "map", "unmap" };
	struct planned_row planned[ARRAY_SIZE(functions)];
	char *kind = format("%s %s order %s node %d%s", m->type, size_text(m->size), m->order, m->node,
			    m->overwrite ? " altmap" : "");

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		planned[i] = kernel_row("memremap", functions[i]);
		planned[i].kind = kind;
		planned[i].missing = missing;
	}
	m->row = plan_rows(planned, ARRAY_SIZE(functions), missing ? 0 : m->rounds);
}

static int request_memmap(const struct memmap *m)
{
	char *request = NULL;
	size_t size;
	FILE *f = open_memstream(&request, &size);
	int err;

	if (!f)
		die("out of memory");
	fprintf(f, "memmap=%s order=%s node=%d cpu=%d samples=%d", m->type, m->order, m->node, common.cpu,
		m->rounds - 1);
	if (m->start)
		fprintf(f, " start=%s", m->start);
	if (m->size)
		fprintf(f, " size=%" PRIu64, m->size);
	if (m->overwrite)
		fprintf(f, " altmap=overwrite");
	fclose(f);
	err = request_run(request, strlen(request));
	free(request);
	return err;
}

/* The result */

/* The header line of the results: what the module has measured. */
static struct memmap_result {
	char type[16];
	unsigned long long start, size, altmap, pages;
	unsigned int order, samples, struct_page;
	int node, cpu;
} result;

static struct rounds map, unmap;

static bool read_header(void *context, const char *line)
{
	const struct memmap *m = context;
	struct memmap_result *r = &result;

	return sscanf(line,
		      "kernel=%*s memmap=%15s start=%llx size=%llu order=%u altmap=%llu node=%d cpu=%d samples=%u pages=%llu struct_page=%u verified=ok",
		      r->type, &r->start, &r->size, &r->order, &r->altmap, &r->node, &r->cpu, &r->samples, &r->pages,
		      &r->struct_page) == 10 &&
	       !strcmp(r->type, m->type) && (int)r->samples == m->rounds - 1;
}

static bool read_sample(void *context, const char *line)
{
	const struct memmap *m = context;
	int round;

	if (map.nr == m->rounds ||
	    sscanf(line, "sample round=%d first=%*d map=%lf unmap=%lf", &round, &map.ns[map.nr][0],
		   &unmap.ns[map.nr][0]) != 3 ||
	    round != map.nr)
		return false;
	unmap.nr = ++map.nr;
	return true;
}

static void read_results(struct memmap *m)
{
	map.nr = unmap.nr = 0;
	if (!read_samples(m, m->rounds, read_header, read_sample))
		die("the results are not those of this run: another program may have used the module, run this again");
}

static void print_result(void)
{
	const struct memmap_result *r = &result;

	printf("%s, %llu MiB from %#llx on, node %d, cpu %d: %llu pages of order %u\n", r->type, r->size >> 20,
	       r->start, r->node, r->cpu, r->pages, r->order);
	printf("struct pages of %u bytes, %s\n", r->struct_page,
	       r->altmap ? "in the range itself" : "in normal memory");
}

/* Returns 0, or the errno with which the module refused or ended the request. */
int measure_memmap(struct memmap *m)
{
	int err = request_memmap(m);

	if (err)
		return err;
	read_results(m);
	print_result();
	finish_row(m->row, &map);
	finish_row(m->row + 1, &unmap);
	return 0;
}

/* The command */

static void parse_option(struct memmap *m, int o)
{
	switch (o) {
	case O_TYPE:
		m->type = optarg;
		return;
	case O_START:
		m->start = optarg;
		return;
	case O_SIZE:
		m->size = parse_size("size", optarg);
		return;
	case O_ORDER:
		m->order = optarg;
		return;
	case O_OVERWRITE:
		m->overwrite = true;
		return;
	case O_NODE:
		m->node = parse_id("node", optarg);
		return;
	case O_ROUNDS:
		m->rounds = parse_rounds(optarg);
		return;
	}
	parse_common_option(o);
}

int cmd_memmap(int argc, char **argv)
{
	struct memmap m = { .type = "private", .order = "0", .node = NO_NODE, .rounds = 10 };
	int o, err;

	while ((o = next_option(argc, argv, options)) != -1)
		parse_option(&m, o);
	no_more_arguments(argc, argv);
	check_module();
	if (common.cpu < 0)
		common.cpu = sched_getcpu();
	if (m.node == NO_NODE)
		m.node = memory_node(common.cpu, NULL);
	if (!m.size && !strcmp(m.type, "private"))
		m.size = 64ULL << 30;
	catch_signals();
	show_environment(common.cpu, random_seed());
	plan_memmap(&m, NULL);
	open_samples();
	err = measure_memmap(&m);
	if (err == EINVAL)
		die("%s", failure_text(err));
	if (err && err != EINTR)
		fail_rows(m.row, failure_text(err));
	return finish_command();
}
