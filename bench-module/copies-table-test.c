// SPDX-License-Identifier: GPL-2.0
/* The tables of samples that are made up; scripts/test-front-end knows what they must say. */
#include <string.h>

#include "copies.h"

#define ROUNDS	20

void usage(FILE *f)
{
	(void)f;
}

static struct samples all;

static void add(const struct config *c, const double *base_ns, const double *kernel_ns)
{
	const double *ns[] = { base_ns, kernel_ns };

	memset(&all, 0, sizeof(all));
	for (int slot = 0; slot < 2; slot++)
		for (int round = 0; round <= ROUNDS; round++) {
			struct sample s = {
				.slot = slot,
				.round = round,
				.first = !round,
				.bytes = folio_size(c->order) * 1000,
				/* What is kept apart would be seen. */
				.ns = round ? 1000 * ns[slot][round % 2] : 1,
				.first_ns = c->cold ? 1500 + 500 * slot : 0,
				.bystander_ns = c->bystander < 0 ? 0 : 4000 + 4000 * slot,
				.alone_ns = c->bystander < 0 ? 0 : 2000,
			};

			keep_sample(&all, &s);
		}
	add_rows(c, &all);
}

int main(void)
{
	static struct method each, runs = { .samples_per_run = 2 };
	static struct config planned[] = {
		{ .method = &each, .dst = 0, .threads = 1, .bystander = -1 },
		{ .method = &each, .dst = 1, .threads = 1, .bystander = -1 },
		{ .method = &each, .dst = 2, .threads = 1, .bystander = -1 },
		{ .method = &each, .dst = 1, .threads = 4, .bystander = 7 },
		{ .method = &runs, .dst = 1, .threads = 1, .bystander = -1, .cold = true,
		  .order = 6 },
	};
	const double hundred[] = { 100, 100 }, ninety_seven[] = { 97, 97 };
	const double hundred_one[] = { 101, 101 }, hundred_three[] = { 103, 103 };
	/* 20 and 6.7 GB/s, so 10 when they are a run; and 40. */
	const double uneven[] = { 13107.2, 39321.6 }, even[] = { 6553.6, 6553.6 };

	configs = planned;
	nr_configs = ARRAY_SIZE(planned);
	add_variant(&each, "folio_copy");
	add_variant(&runs, "folio_copy");
	add(&planned[0], hundred, hundred_one);
	add(&planned[1], hundred, hundred_three);
	add(&planned[2], hundred, ninety_seven);
	add(&planned[3], hundred, hundred_one);
	add(&planned[4], uneven, even);
	print_tables();
	return 0;
}
