// SPDX-License-Identifier: GPL-2.0
/*
 * flushcache-test: memcpy_flushcache() of constant sizes, in user space. Prints KTAP.
 *
 * tests/template compiles this with the kernel's inline functions in flushcache.inc. The functions
 * must copy exactly the requested bytes. They must store the sizes and alignments that they are made
 * for without a call, and leave all others to __memcpy_flushcache(), which flushes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ktap.h"

#define IS_ALIGNED(x, a) ((x) % (a) == 0)
#define unrolled_full	 _Pragma("GCC unroll 65534")

typedef uint32_t u32;
typedef uint64_t u64;

static unsigned int calls;

static void __memcpy_flushcache(void *dst, const void *src, size_t cnt)
{
	memcpy(dst, src, cnt);
	calls++;
}

#include "flushcache.inc"

#define MARGIN 16

static unsigned char from[128], to[MARGIN + 8 + 128 + MARGIN] __attribute__((aligned(64)));

static void spoil(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = i + 1;
	memset(to, 0xee, sizeof(to));
	calls = 0;
}

static bool right(unsigned int at, unsigned int size, bool called)
{
	unsigned int i, expected;

	memcpy_nontemporal_drain();
	for (i = 0; i < sizeof(to); i++) {
		expected = i >= at && i < at + size ? from[i - at] : 0xee;
		if (to[i] != expected) {
			printf("# %u bytes to offset %u: byte %d is wrong\n", size, at, (int)(i - at));
			return false;
		}
	}
	if (!!calls != called)
		printf("# %u bytes to offset %u: %s\n", size, at, calls ? "needless call" : "no flushing");
	return !!calls == called;
}

static bool is_inlined(unsigned int at, unsigned int size)
{
	if (size == 4 || size == 8 || size == 16)
		return true;
	return size >= 56 && size <= 96 && size % 8 == 0 && at % 8 == 0;
}

/* A macro, because the size has to be a constant. */
#define copy(size, function)                                          \
	do {                                                          \
		unsigned int at;                                      \
                                                                      \
		for (at = MARGIN; at < MARGIN + 8; at++) {            \
			spoil();                                      \
			function(to + at, from, size);                \
			ok &= right(at, size, !is_inlined(at, size)); \
		}                                                     \
	} while (0)

int main(void)
{
	bool ok = true;

	copy(4, memcpy_flushcache);
	copy(8, memcpy_flushcache);
	copy(16, memcpy_flushcache);
	copy(24, memcpy_flushcache);
	copy(48, memcpy_flushcache);
	copy(56, memcpy_flushcache);
	copy(60, memcpy_flushcache);
	copy(64, memcpy_flushcache);
	copy(72, memcpy_flushcache);
	copy(80, memcpy_flushcache);
	copy(88, memcpy_flushcache);
	copy(96, memcpy_flushcache);
	copy(104, memcpy_flushcache);
	copy(64, memcpy_nontemporal);
	ktap_plan(1);
	ktap_point(ok, "sizes that the compiler knows");
	return ktap_failed;
}
