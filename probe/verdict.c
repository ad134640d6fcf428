// SPDX-License-Identifier: GPL-2.0
/* What the samples of a section say. */
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

int rows_measured(const struct section *section)
{
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++)
		n += !section->rows[row].missing;
	return n;
}

/*
 * A verdict is one of many: every row compares all ways with the base, and one of them with some
 * others. Each gets its share of the 5% (Bonferroni), so that with 95% probability no verdict in
 * the whole table is wrong.
 */
int nr_verdicts(const struct section *section)
{
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++) {
		for (int way = CONTROL; way < section->nr_ways; way++)
			n += is_measured(section, row, way);
		if (!section->rows[row].missing && !section->rows[row].few)
			n += section->nr_extra;
	}
	return n;
}

/* But for the first one, which is kept apart. */
unsigned int rounds_of(const struct section *section, int row)
{
	return section->rows[row].rounds - 1;
}

double verdict_alpha(const struct section *section)
{
	return (1 - CONFIDENCE) / nr_verdicts(section);
}

struct interval compare(const struct section *section, int row, int base, int other, double alpha)
{
	return ratio_interval(&section->ns[row][base][1], &section->ns[row][other][1],
			      rounds_of(section, row), alpha);
}

double median_ns(const struct section *section, int row, int way)
{
	double ns[MAX_ROUNDS];

	memcpy(ns, &section->ns[row][way][1], rounds_of(section, row) * sizeof(*ns));
	return median(ns, rounds_of(section, row));
}

/* '?' where the control shows a difference: what else the row shows means nothing then. */
char mark(const struct section *section, int row, int base, int other)
{
	double alpha = verdict_alpha(section);
	struct interval ratio = compare(section, row, base, other, alpha);

	if (ratio_mark(compare(section, row, BASE, CONTROL, alpha)) != ' ')
		return '?';
	return placed_mark(ratio, median_ns(section, row, base) / section->rows[row].calls);
}

double ratio(const struct section *section, int row, int base, int other)
{
	return compare(section, row, base, other, 1 - CONFIDENCE).middle;
}

static bool is_loss(const struct section *section, int row, int base, int way)
{
	return is_measured(section, row, way) && mark(section, row, base, way) == '-';
}

double lower_bound(const struct section *section, int row, int base, int way)
{
	return compare(section, row, base, way, verdict_alpha(section)).low;
}

int rows_with_few_rounds(const struct section *section)
{
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++)
		n += !section->rows[row].missing &&
		     !enough_values(rounds_of(section, row), verdict_alpha(section));
	return n;
}

int control_failures(const struct section *section)
{
	int failed = 0;

	for (int row = 0; row < section->nr_rows; row++)
		if (!section->rows[row].missing)
			failed += mark(section, row, BASE, CONTROL) == '?';
	return failed;
}

static int compare_findings(const void *a, const void *b)
{
	double x = ((const struct finding *)a)->ratio, y = ((const struct finding *)b)->ratio;

	return (x > y) - (x < y);
}

int find_losses(const struct section *section, int base, int way, struct finding *losses)
{
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++)
		if (is_loss(section, row, base, way))
			losses[n++] = (struct finding){ row, way, ratio(section, row, base, way) };
	qsort(losses, n, sizeof(*losses), compare_findings);
	return n;
}

int find_better(const struct section *section, struct finding *better)
{
	int n = 0;

	for (int row = 0; row < section->nr_rows; row++)
		for (int way = section->first_choice; way <= section->last_choice; way++)
			if (is_measured(section, row, way) &&
			    mark(section, row, section->candidate, way) == '+')
				better[n++] = (struct finding){ row, way,
						ratio(section, row, section->candidate, way) };
	return n;
}
