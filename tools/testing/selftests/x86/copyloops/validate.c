// SPDX-License-Identifier: GPL-2.0
/*
 * Check that every routine, in every alternative, copies all of its source and
 * nothing else, and leaves registers and stack as it should.
 */
#include "kselftest.h"
#include "routines.h"

#define MAX_PAGES	48

/* Longer than any path through a routine that depends on the length. */
#define SHORT		320
#define ALIGNMENTS	16
#define LONG		(3 * PAGE + 64)

/*
 * Offsets on both sides of every boundary that a routine could depend on.
 * memcpy() compares the lowest bytes of the addresses, as signed numbers.
 */
static const unsigned int offsets[] = { 0, 1, 8, 63, 128, 255 };

static void copy(const struct routine *r, char *to, const char *from, size_t len)
{
	run_case(r, to, from, len, NO_FAULT, 0);
}

static void copy_runs_of_pages(const struct routine *r)
{
	size_t max = r->length_in == NOWHERE ? 1 : reduced ? 8 : MAX_PAGES, n;

	for (n = 1; n <= max; n++) {
		copy(r, destination.start + PAGE, source.start, n * PAGE);
		/* The same with pages without access right behind the end. */
		copy(r, destination.end - n * PAGE, source.end - n * PAGE, n * PAGE);
	}
}

static void copy_in_the_middle(const struct routine *r, size_t len)
{
	size_t step = reduced ? 5 : 1, to, from;
	char *const middle = destination.start + PAGE;

	for (from = 0; from < ALIGNMENTS; from += step * r->unit)
		for (to = 0; to < ALIGNMENTS; to += step)
			copy(r, middle + to, source.start + PAGE + from, len);
}

/* Nothing may be read or written in front of the first byte or behind the last. */
static void copy_at_the_edges(const struct routine *r, size_t len)
{
	size_t i;

	for (i = 0; i < ALIGNMENTS; i += reduced ? 5 : 1) {
		copy(r, destination.start + PAGE + i, source.end - len, len);
		copy(r, destination.start + PAGE + i, source.start, len);
		copy(r, destination.end - len, source.start + PAGE + i * r->unit, len);
		copy(r, destination.start, source.start + PAGE + i * r->unit, len);
	}
}

static void copy_long(const struct routine *r, size_t len)
{
	size_t to, from;

	for (to = 0; to < ARRAY_SIZE(offsets); to++)
		for (from = 0; from < ARRAY_SIZE(offsets); from++)
			if (offsets[from] % r->unit == 0)
				copy(r, destination.start + PAGE + offsets[to],
				     source.start + PAGE + offsets[from], len);
}

static void copy_bytes(const struct routine *r)
{
	size_t len;

	for (len = 0; len <= SHORT; len += r->unit) {
		copy_in_the_middle(r, len);
		copy_at_the_edges(r, len);
	}
	for (; len <= LONG; len += r->unit * (reduced ? 509 : 1))
		copy_long(r, len);
}

static void check_contents(const struct routine *r)
{
	if (r->unit == PAGE)
		copy_runs_of_pages(r);
	else
		copy_bytes(r);
	if (!region_intact(&destination))
		complain("%s wrote somewhere else", r->name);
	end_point("%s: contents", r->name);
}

/* --- the operands of the inline asm --- */

static void check_operands(const char *name, busy_copy *copy_pages)
{
	unsigned long values[NR_BUSY_VALUES];
	static unsigned int lost;	/* outlives siglongjmp() */
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = 0xbeef0000 + i;
	lost = 0;
	values[14] = (unsigned long)destination.start;
	values[15] = (unsigned long)source.start;
	values[16] = 2 * PAGE;
	WITH_FAULTS(lost = copy_pages(destination.start, source.start, 2, values));
	if (faults.count)
		complain("a fault");
	if (lost)
		complain("%u values lost", lost);
	memcpy(destination.start, destination.contents, 2 * PAGE);
	end_point("copy_pages, %s: what the compiler keeps around it", name);
}

int main(int argc, char **argv)
{
	unsigned int i;

	begin(argc, argv);
	plan(2 * nr_routines + 3);
	set_up_regions();
	for (i = 0; i < nr_routines; i++) {
		check_contents(&routines[i]);
		end_register_point(&routines[i], "after a copy");
	}
	check_operands("unrolled", copy_pages_unrolled_busy);
	check_operands("rep movsq", copy_pages_movsq_busy);
	check_operands("rep movsb", copy_pages_movsb_busy);
	return finish();
}
