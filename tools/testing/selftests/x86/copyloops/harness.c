// SPDX-License-Identifier: GPL-2.0
/* Memory, counting of cases and reporting, for all programs in this folder. */
#include <stdarg.h>
#include <sys/mman.h>

#include "kselftest.h"
#include "harness.h"

#define MAX_COMPLAINTS	4

/* --- memory --- */

/* The output function of splitmix64. It is bijective: all words differ. */
static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

struct region map_region(size_t pages, uint64_t seed, int protection)
{
	size_t guard = GUARD_PAGES * PAGE, len = pages * PAGE, at;
	char *map = mmap(NULL, len + 2 * guard, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct region r = { .contents = malloc(len) };

	if (map == MAP_FAILED || !r.contents)
		ksft_exit_fail_msg("no memory for %zu pages\n", pages);
	r.start = map + guard;
	r.end = r.start + len;
	mprotect(r.start, len, PROT_READ | PROT_WRITE);
	for (at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t word = mix((seed << 32) + at + 1);

		memcpy(r.contents + at, &word, sizeof(word));
	}
	memcpy(r.start, r.contents, len);
	mprotect(r.start, len, protection);
	return r;
}

bool region_intact(const struct region *r)
{
	return !memcmp(r->start, r->contents, r->end - r->start);
}

/* --- distinct cases --- */

/* A hash table of the keys of all cases. Keys are odd, a free slot is 0. */
#define TABLE_SIZE	(8UL << 20)

static uint64_t *table;
static unsigned long nr_cases;

/* Addresses count modulo 256, because memcpy() compares their lowest bytes. */
void count_case(unsigned int routine, const void *to, const void *from,
		size_t len, enum fault_side side, size_t position)
{
	uint64_t key;
	size_t slot;

	key = mix(routine * 4 + side);
	key = mix(key + (uintptr_t)to % 256);
	key = mix(key + (uintptr_t)from % 256);
	key = mix(key + len);
	key = mix(key + position) | 1;
	if (!table)
		table = calloc(TABLE_SIZE, sizeof(*table));
	if (!table || nr_cases > TABLE_SIZE / 4 * 3)
		ksft_exit_fail_msg("no memory to count the cases\n");

	for (slot = mix(key) % TABLE_SIZE; table[slot]; slot = (slot + 1) % TABLE_SIZE)
		if (table[slot] == key)
			return;
	table[slot] = key;
	nr_cases++;
}

/* --- test points --- */

static unsigned long complaints;

void complain(const char *format, ...)
{
	va_list args;

	if (complaints++ >= MAX_COMPLAINTS)
		return;
	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void end_point(const char *format, ...)
{
	char name[128];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (complaints > MAX_COMPLAINTS)
		ksft_print_msg("... and %lu more\n", complaints - MAX_COMPLAINTS);
	ksft_test_result(!complaints, "%s\n", name);
	complaints = 0;
}

bool reduced;

void begin(int argc, char **argv)
{
	reduced = argc > 1 && !strcmp(argv[1], "reduced");
	ksft_print_header();
}

void plan(unsigned int points)
{
	ksft_set_plan(points);
}

int finish(void)
{
	ksft_print_msg("%lu distinct cases\n", nr_cases);
	free(table);
	ksft_finished();
}
