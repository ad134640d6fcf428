// SPDX-License-Identifier: GPL-2.0
/*
 * Let every byte of three pages fault, in the source and in the destination.
 * Check that there is an exception entry of the right type, and that residue
 * and destination agree with the fault.
 *
 * The fault of a routine without entries must not find one, and has to be at
 * the instruction that copies in this alternative.
 */
#include <asm/extable_fixup_types.h>

#include "kselftest.h"
#include "routines.h"

#define POSITIONS	(3 * PAGE)

/* Bytes still to be copied at the fault, the one that faults included. */
static const size_t rest[] = { 1, 8, 9, PAGE };
static const unsigned int offsets[] = { 0, 1, 4, 7 };

static size_t length(const struct routine *r, size_t at_least)
{
	return (at_least + r->unit - 1) / r->unit * r->unit;
}

static void fault(const struct routine *r, enum fault_side side, size_t position,
		  size_t len, unsigned int offset)
{
	if (side == SOURCE)
		run_case(r, destination.start + PAGE + offset,
			 source.end - position, len, side, position);
	else
		run_case(r, destination.end - position,
			 source.start + PAGE + offset, len, side, position);
}

/*
 * Fault at the first byte. The single bytes that copy_mc_fragile() reads until
 * the source is aligned never reach a page boundary, but they can begin in a
 * page without access. And a residue can have 33 bits.
 */
static void fault_at_once(const struct routine *r)
{
	const size_t huge = 5UL << 30;
	unsigned int i;

	for (i = 0; i < 8; i++)
		run_case(r, destination.start + PAGE, source.end + i, PAGE, SOURCE, 0);
	if (r->length_in == RDX_BYTES)
		run_case(r, destination.start, source.end, huge, SOURCE, 0);
}

static void fault_everywhere(const struct routine *r, enum fault_side side)
{
	size_t position, i, j;

	for (position = 0; position <= POSITIONS; position++)
		for (i = 0; i < ARRAY_SIZE(rest); i++)
			for (j = 0; j < ARRAY_SIZE(offsets); j++)
				fault(r, side, position,
				      length(r, position + rest[i]), offsets[j]);
	if (side == SOURCE)
		fault_at_once(r);
	if (!region_intact(&destination))
		complain("%s wrote somewhere else", r->name);
	end_point("%s: %s faults", r->name, side == SOURCE ? "read" : "write");
}

/* The kind of instruction at the address of a fault. */
static const char *code_at(const unsigned char *ip)
{
	if (ip[0] == 0xf3 && ip[1] == 0xa4)
		return "rep movsb";
	if (ip[0] == 0xf3 && ip[1] == 0x48 && ip[2] == 0xa5)
		return "rep movsq";
	return "mov";
}

static void expect_no_entry(const struct routine *r, enum fault_side side,
			    size_t position, size_t len)
{
	fault(r, side, position, len, 0);
	if (!faults.no_entry)
		complain("%s fault at %zu of %zu: %s", side == SOURCE ? "read" : "write",
			 position, len, faults.count ? "has an entry" : "none");
	else if (strcmp(code_at(faults.ip), r->code))
		complain("%s instead of %s", code_at(faults.ip), r->code);
}

static void fault_without_entry(const struct routine *r, enum fault_side side)
{
	size_t position, max = r->length_in == NOWHERE ? 0 : 3 * PAGE;

	for (position = 0; position <= max; position += PAGE)
		expect_no_entry(r, side, position, position + PAGE);
	/* The lower 32 bits of this length are one page; all 64 must count. */
	if (r->unit == PAGE && max)
		expect_no_entry(r, side, PAGE, (4UL << 30) + PAGE);
	memcpy(destination.start, destination.contents,
	       destination.end - destination.start);
}

static void check(const struct routine *r)
{
	if (!r->restart_unit) {
		fault_without_entry(r, SOURCE);
		fault_without_entry(r, DESTINATION);
		end_point("%s: no exception entry at its %s", r->name, r->code);
		return;
	}
	fault_everywhere(r, SOURCE);
	if (r->write_type == EX_TYPE_NONE) {
		fault_without_entry(r, DESTINATION);
		end_point("%s: no exception entry at its stores", r->name);
	} else {
		fault_everywhere(r, DESTINATION);
	}
	end_register_point(r, "after a fault");
}

int main(int argc, char **argv)
{
	unsigned int i, points = 0;

	for (i = 0; i < nr_routines; i++)
		points += routines[i].restart_unit ? 3 : 1;
	begin(argc, argv);
	plan(points);
	set_up_regions();
	for (i = 0; i < nr_routines; i++)
		check(&routines[i]);
	return finish();
}
