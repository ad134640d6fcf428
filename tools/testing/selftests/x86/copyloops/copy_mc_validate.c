// SPDX-License-Identifier: GPL-2.0
/*
 * Check the C code of copy_mc.c: the primitive that copy_mc_pages() and
 * copy_mc_pages_nontemporal() select for every combination of features, the
 * residue of several pages, and the bytes for which they call the hooks of the
 * sanitizers.
 */
#include <sys/mman.h>

#include <asm/mce.h>
#include <linux/jump_label.h>
#include <linux/uaccess.h>

#include "kselftest.h"
#include "harness.h"
#include "mce.h"

#define PAGES		3
#define NR_COMBINATIONS	32
#define NONE		NR_PRIMITIVES

#ifdef CONFIG_X86_MCE
#define WITH_MCE	true
#else
#define WITH_MCE	false
#endif

static struct region source, destination;

/* The function under test is copy_mc_pages_nontemporal(). */
static bool nontemporal;

/* --- combinations of features --- */

static const char *choose(unsigned int combination)
{
	static char name[64];

	fragile_key = combination & 1;
	has_X86_FEATURE_REP_GOOD = combination & 2;
	has_X86_FEATURE_ERMS = combination & 4;
	has_X86_FEATURE_SUCCOR = combination & 8;
	recovers_kernel_reads = combination & 16;
	snprintf(name, sizeof(name), "%sfragile, %sREP_GOOD, %sERMS, %sSUCCOR, %srecovering",
		 fragile_key ? "" : "not ", has_X86_FEATURE_REP_GOOD ? "" : "no ",
		 has_X86_FEATURE_ERMS ? "" : "no ", has_X86_FEATURE_SUCCOR ? "" : "no ",
		 recovers_kernel_reads ? "" : "not ");
	return name;
}

/* Without CONFIG_X86_MCE nothing handles machine checks: no careful loop. */
static enum primitive expected_primitive(void)
{
	if (fragile_key && WITH_MCE)
		return FRAGILE;
	if (nontemporal && recovers_kernel_reads && WITH_MCE)
		return NONTEMPORAL;
	if (has_X86_FEATURE_ERMS)
		return ENHANCED_FAST_STRING;
	if (has_X86_FEATURE_REP_GOOD)
		return has_X86_FEATURE_SUCCOR ? FAST_STRING : NONE;
	return recovers_kernel_reads && WITH_MCE ? FRAGILE : NONE;
}

static void check_calls(unsigned int calls)
{
	enum primitive wanted = expected_primitive(), p;

	for (p = 0; p < NR_PRIMITIVES; p++)
		if (records.calls[p] != (p == wanted ? calls : 0))
			complain("%u calls of primitive %d, which is not as expected",
				 records.calls[p], p);
}

/* --- one copy --- */

/* copy_mc_fragile() is called once per page, the others once per copy. */
static unsigned int expected_calls(size_t len, size_t done)
{
	if (expected_primitive() != FRAGILE)
		return 1;
	return done < len ? done / PAGE + 1 : len / PAGE;
}

static void check_copy(char *to, const char *from, size_t len, size_t left,
		       size_t expected_left)
{
	const char *wanted = source.contents + (from - source.start);
	size_t at = to - destination.start, done = len - expected_left;

	if (left != expected_left)
		complain("%zu of %zu bytes left, %zu expected", left, len, expected_left);
	if (memcmp(to, wanted, done))
		complain("%zu of %zu bytes left, and not all others copied", left, len);
	memcpy(to, destination.contents + at, done);
	if (!region_intact(&destination))
		complain("%zu of %zu bytes left, and more written", left, len);
	if (records.before != len || records.after != done)
		complain("hooks saw %zu and %zu bytes instead of %zu and %zu",
			 records.before, records.after, len, done);
}

static size_t copy_pages_once(char *to, const char *from, unsigned int npages)
{
	static size_t left;	/* outlives siglongjmp() */

	left = 0;
	expect_copy(to, from);
	if (nontemporal)
		WITH_FAULTS(left = copy_mc_pages_nontemporal(to, from, npages));
	else
		WITH_FAULTS(left = copy_mc_pages(to, from, npages));
	if (faults.no_entry)
		complain("a fault without an exception entry");
	return left;
}

static void copy(unsigned int combination, char *to, const char *from,
		 unsigned int npages, enum fault_side side, size_t position)
{
	static const size_t units[NR_PRIMITIVES + 1] = {
		[FRAGILE] = 1, [ENHANCED_FAST_STRING] = 1, [FAST_STRING] = 8,
		[NONTEMPORAL] = 64, [NONE] = 1,
	};
	size_t unit = units[expected_primitive()];
	size_t len = npages * PAGE, done = len, left;

	if (side != NO_FAULT)
		done = position / unit * unit;
	count_case(combination, to, from, len, side, position);
	left = copy_pages_once(to, from, npages);
	check_copy(to, from, len, left, len - done);
}

/* --- test points --- */

static void check_success(unsigned int combination, const char *name)
{
	unsigned int n;

	for (n = 1; n <= PAGES; n++) {
		copy(combination, destination.start + PAGE, source.start, n,
		     NO_FAULT, 0);
		check_calls(expected_calls(n * PAGE, n * PAGE));
	}
	end_point("%s: the right primitive copies", name);
}

static void check_poison(unsigned int combination, const char *name)
{
	size_t position;

	for (position = 0; position < PAGES * PAGE; position += reduced ? 997 : 1) {
		poison = (struct poison){ .at[0] = source.start + position };
		copy(combination, destination.start + PAGE, source.start, PAGES,
		     SOURCE, position);
		check_calls(expected_calls(PAGES * PAGE, position));
	}
	poison = (struct poison){ 0 };
	end_point("%s: residue and hooks, poison at every byte of three pages", name);
}

/* A copy that is page aligned can have real faults at page boundaries only. */
static void check_faults(unsigned int combination, const char *name)
{
	size_t i;

	for (i = 0; i < PAGES; i++) {
		copy(combination, destination.start + PAGE, source.end - i * PAGE,
		     PAGES, SOURCE, i * PAGE);
		/* Stores past the caches have no exception entries. */
		if (expected_primitive() != NONTEMPORAL)
			copy(combination, destination.end - i * PAGE, source.start,
			     PAGES, DESTINATION, i * PAGE);
	}
	end_point("%s: residue and hooks, faults of reads and writes", name);
}

/* Existing code, which has to work for new callers as well. */
static void check_copy_mc_to_kernel(const char *name)
{
	char *to = destination.start + PAGE + 3;
	enum primitive p = expected_primitive();
	unsigned long left;
	unsigned int i;

	/* copy_mc_to_kernel() is memcpy() where copy_mc_pages() uses these. */
	if (p == FAST_STRING || (p == FRAGILE && !fragile_key))
		p = NONE;
	expect_copy(to, source.start + 5);
	left = copy_mc_to_kernel(to, source.start + 5, 1000);
	if (left || memcmp(to, source.contents + 5, 1000))
		complain("%lu bytes left, or something else copied", left);
	for (i = 0; i < NR_PRIMITIVES; i++)
		if (records.calls[i] != (i == p ? 1 : 0))
			complain("%u calls of primitive %u", records.calls[i], i);
	memcpy(to, destination.contents + (to - destination.start), 1000);
	end_point("%s: copy_mc_to_kernel()", name);
}

static void check_enabling(void)
{
	fragile_key = 0;
	enable_copy_mc_fragile();
	if (fragile_key != WITH_MCE)
		complain("the key is %d", fragile_key);
	end_point("enable_copy_mc_fragile()");
}

/*
 * The primitives are the same with and without SUCCOR, so faults of CPUs that
 * have it and recover are enough. No faults if no primitive is expected: this
 * is the unrolled copy_pages(), which has no exception entries.
 */
static bool has_faults(unsigned int combination)
{
	return combination >= 24 && expected_primitive() != NONE;
}

static void check(unsigned int combination)
{
	const char *name = choose(combination);

	check_success(combination, name);
	if (has_faults(combination)) {
		check_poison(combination, name);
		if (!reduced)
			check_faults(combination, name);
	}
	check_copy_mc_to_kernel(name);
}

/*
 * CPUs in the 'fragile' set and those whose loads do not recover copy by the
 * same primitives as in check().
 */
static void check_nontemporal(void)
{
	unsigned int i;
	char name[96];

	nontemporal = true;
	for (i = 0; i < NR_COMBINATIONS; i++) {
		snprintf(name, sizeof(name), "past the caches, %s", choose(i));
		check_success(NR_COMBINATIONS + i, name);
		if (i < NR_COMBINATIONS - 2)
			continue;
		check_poison(NR_COMBINATIONS + i, name);
		if (!reduced)
			check_faults(NR_COMBINATIONS + i, name);
	}
	nontemporal = false;
}

int main(int argc, char **argv)
{
	unsigned int i, points = 1;

	begin(argc, argv);
	/* Past the caches, for two of them more than the primitive is checked. */
	points += NR_COMBINATIONS + 2 * (reduced ? 1 : 2);
	for (i = 0; i < NR_COMBINATIONS; i++) {
		choose(i);
		points += !has_faults(i) ? 2 : reduced ? 3 : 4;
	}
	plan(points);
	source = map_region(PAGES, 1, PROT_READ);
	destination = map_region(PAGES + 2, 2, PROT_READ | PROT_WRITE);
	catch_faults();
	for (i = 0; i < NR_COMBINATIONS; i++)
		check(i);
	check_nontemporal();
	check_enabling();
	return finish();
}
