// SPDX-License-Identifier: GPL-2.0
/*
 * memmap-fill: the kernel's mm/memmap_fill.c in user space, for one size of struct page. Prints KTAP.
 *
 * tests/memmap-fill compiles this with -DSTRUCT_PAGE_SIZE=N and -DMEMMAP_FILL=FILE.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"

static bool undrained;

static void memcpy_nontemporal(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	undrained = true;
}

static void memcpy_nontemporal_drain(void)
{
	undrained = false;
}

#define memcpy_nontemporal memcpy_nontemporal
#include "../probe/memmap_fill.c"

#define MARGIN 4
#define MOST   3000

static struct page map[MARGIN + MOST + MARGIN], template;

static const struct page *expected(long i, long nr)
{
	static struct page untouched;

	memset(&untouched, 0xee, sizeof(untouched));
	return i >= MARGIN && i < MARGIN + nr ? &template : &untouched;
}

static bool is_right(long nr, const struct page *from)
{
	for (long i = 0; i < MARGIN + nr + MARGIN; i++) {
		const struct page *wanted = &map[i] == from ? &template : expected(i, nr);

		if (memcmp(&map[i], wanted, sizeof(*map))) {
			printf("# %ld struct pages: struct page %ld is wrong\n", nr, i - MARGIN);
			return false;
		}
	}
	return true;
}

typedef void filling(struct page *page, unsigned long nr, const struct page *from);

static bool fill_from(struct page *from, long nr, filling *function)
{
	memset(map, 0xee, sizeof(map));
	*from = template;
	function(&map[MARGIN], nr, from);
	if (undrained)
		printf("# %ld struct pages: not drained\n", nr);
	return is_right(nr, from) && !undrained;
}

/* In the kernel, the struct page to copy is the one before the first copy. */
static bool fill(long nr, filling *function)
{
	return fill_from(&template, nr, function) && fill_from(&map[MARGIN - 1], nr, function);
}

int main(void)
{
	static const long numbers[] = { 0, 1, 2, 3, 63, 64, 65, MOST };
	bool right = true;

	for (unsigned int i = 0; i < sizeof(template); i++)
		((unsigned char *)&template)[i] = i + 1;
	for (int i = 0; i < ARRAY_SIZE(numbers); i++)
		right = fill(numbers[i], memmap_fill) && fill(numbers[i], memmap_fill_nontemporal) && right;
	ktap_plan(1);
	ktap_point(right, "struct pages of %d bytes", STRUCT_PAGE_SIZE);
	return ktap_failed;
}
