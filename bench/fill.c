// SPDX-License-Identifier: GPL-2.0
/*
 * The command "fill": the module times the stores that fill a memory map, v7.3's and those of the series, on memory of a
 * chosen node. It needs no device memory, and any x86-64 kernel will do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

/* In the order of the module's ways. */
static const char *const ways[] = { "v7.3 stores", "same again", "registers" };

#define NR_WAYS ARRAY_SIZE(ways)

/* The memory map of a section, hot since it was zeroed; and one that no cache keeps. */
#define SIZES "2M,256M"

#define HOT_BYTES (64UL << 20) /* per sample: several maps, if they are smaller */

enum { O_SIZE = 1, O_NODE, O_READ, O_SAMPLES, O_SEED };

static const struct option options[] = { { "size", required_argument, NULL, O_SIZE },
					 { "node", required_argument, NULL, O_NODE },
					 { "read", no_argument, NULL, O_READ },
					 { "samples", required_argument, NULL, O_SAMPLES },
					 { "seed", required_argument, NULL, O_SEED },
					 CPU_OPTION,
					 JSON_OPTION,
					 COMMON_OPTIONS };

struct request {
	uint64_t size, seed;
	int node, samples;
	bool read;
};

static uint64_t maps_of(const struct request *r)
{
	return r->size < HOT_BYTES ? HOT_BYTES / r->size : 1;
}

static int plan(const struct request *r)
{
	struct planned_row row = {
		.benchmark = "bench",
		.function = "memmap",
		.kind = format("node %d", r->node),
		.src = NO_NODE,
		.dst = NO_NODE,
		.state = "map",
		.size = r->size,
		.read = r->read,
		.threads = 1,
		.bystander = NO_CPU,
		.bytes = maps_of(r) * r->size,
		.calls = maps_of(r),
		.nr_ways = NR_WAYS,
		.ways = ways,
		.base = ways[0],
		.control = ways[1],
		.chosen = ways[2],
	};

	return plan_rows(&row, 1, r->samples + 1);
}

static int send(const struct request *r)
{
	char *request = format("fill=%" PRIu64 " node=%d cpu=%d read=%d samples=%d bytes=%" PRIu64 " seed=%" PRIu64,
			       r->size, r->node, common.cpu, r->read, r->samples, maps_of(r) * r->size, r->seed);
	int err = request_run(request, strlen(request));

	free(request);
	return err;
}

static struct rounds rounds;

static bool is_ours(void *context, const char *header)
{
	return is_of_seed(header, ((struct request *)context)->seed);
}

static bool keep_sample(void *context, const char *line)
{
	const struct request *r = context;
	unsigned long long ns, bytes;
	int way, round;

	if (sscanf(line, "sample way=%d name=%*s round=%d first=%*d ns=%llu bytes=%llu", &way, &round, &ns, &bytes) !=
		    4 ||
	    way < 0 || way >= (int)NR_WAYS || round < 0 || round > r->samples || bytes != maps_of(r) * r->size)
		return false;
	rounds.nr = r->samples + 1;
	rounds.ns[round][way] = ns;
	return true;
}

static void measure(struct request *r, int row)
{
	int err = send(r);

	if (err == EINTR)
		return;
	if (err == EINVAL)
		die("%s", failure_text(err));
	if (err) {
		fail_rows(row, failure_text(err));
		return;
	}
	memset(&rounds, 0, sizeof(rounds));
	if (!read_samples(r, (r->samples + 1) * NR_WAYS, is_ours, keep_sample))
		die("the results are not those of this run: another program may have used the module, or " MISMATCH);
	finish_row(row, &rounds);
}

static char *sizes;
static struct list nodes;

static void parse_option(struct request *r, int o)
{
	switch (o) {
	case O_SIZE:
		sizes = optarg;
		return;
	case O_NODE:
		list_option("node", &nodes);
		return;
	case O_READ:
		r->read = true;
		return;
	case O_SAMPLES:
		r->samples = parse_samples(optarg);
		return;
	case O_SEED:
		r->seed = parse_number("seed", optarg);
		return;
	}
	parse_common_option(o);
}

#define MAX_REQUESTS 64

static struct request requests[MAX_REQUESTS];
static int rows[MAX_REQUESTS], nr_requests;

/* Every combination of size and node, with and without reading; the requests get consecutive seeds. */
static void add_requests(struct request r, char *size)
{
	r.size = parse_size("size", size);
	for (int i = 0; i < nodes.nr; i++)
		for (int read = r.read; read <= 1; read++) {
			struct request *added = &requests[nr_requests];

			if (nr_requests == MAX_REQUESTS)
				die("--size, --node: at most %d rows are allowed", MAX_REQUESTS);
			*added = r;
			added->node = nodes.v[i];
			added->read = read;
			added->seed += nr_requests;
			rows[nr_requests++] = plan(added);
		}
}

int cmd_fill(int argc, char **argv)
{
	struct request r = { .samples = 20, .seed = random_seed() };
	char *rest = format(SIZES), *size;
	int o;

	while ((o = next_option(argc, argv, options)) != -1)
		parse_option(&r, o);
	no_more_arguments(argc, argv);
	check_module();
	if (common.cpu < 0)
		common.cpu = sched_getcpu();
	if (!nodes.nr)
		nodes = (struct list){ .nr = 1, .v = { memory_node(common.cpu, NULL) } };
	if (sizes)
		rest = sizes;
	catch_signals();
	show_environment(common.cpu, r.seed);
	while ((size = strsep(&rest, ",")))
		add_requests(r, size);
	open_samples();
	for (int i = 0; i < nr_requests && !interrupted; i++)
		measure(&requests[i], rows[i]);
	return finish_command();
}
