// SPDX-License-Identifier: GPL-2.0
/* Memory to measure with. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "memory.h"
#include "nodes.h"
#include "samples.h"

/* Zeroing MAX_RANGE takes a second. MIN_RANGE overflows L2. */
#define MAX_RANGE (1UL << 30)
#define MIN_RANGE (32UL << 20)

/* The fills get a sixteenth of the memory, which must be at least MIN_RANGE. */
#define LEAST_MEMORY (16 * MIN_RANGE)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

void die(const char *format, ...)
{
	va_list arguments;

	fputs("probe: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_REFUSED);
}

/* Maps memory at a multiple of HUGE_PAGE. Returns NULL with errno set if that fails. */
static char *map_aligned(size_t bytes, int flags, int fd)
{
	char *at = mmap(NULL, bytes + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	at += -(uintptr_t)at % HUGE_PAGE;
	at = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_FIXED | flags, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* By default, tmpfs gives no huge pages on a fault. It does on MADV_COLLAPSE. */
static void populate(char *at, size_t bytes, bool huge)
{
	madvise(at, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(at, GUARD, bytes);
	if (huge)
		madvise(at, bytes, MADV_COLLAPSE);
}

char *map(size_t bytes, bool huge, int node)
{
	char *at = map_aligned(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!at)
		die("cannot allocate %zu MiB: %s: free some memory", bytes >> 20, strerror(errno));
	if (node != ANY_NODE)
		prefer_node(at, bytes, node);
	populate(at, bytes, huge);
	return at;
}

char *map_memfd(size_t bytes, bool huge)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);
	char *at;

	if (fd < 0)
		return NULL;
	at = ftruncate(fd, bytes) ? NULL : map_aligned(bytes, MAP_SHARED, fd);
	close(fd);
	if (at)
		populate(at, bytes, huge);
	return at;
}

/* Uses huge pages, as the kernel's direct map does. */
char *allocate_on(size_t bytes, int node)
{
	return map(bytes, true, node);
}

char *allocate(size_t bytes)
{
	return allocate_on(bytes, ANY_NODE);
}

/* More than twice the last level cache: before a part is visited again, everything else has been walked. */
size_t beyond_cache(size_t cache, size_t least, size_t limit, const char *what)
{
	size_t bytes = 2 * cache + HUGE_PAGE;

	if (limit > MAX_RANGE)
		limit = MAX_RANGE;
	if (bytes > limit)
		add_warning("too little memory for this cache: cold %s walk only %zu MiB", what, limit >> 20);
	if (bytes < least)
		bytes = least;
	if (bytes < MIN_RANGE)
		bytes = MIN_RANGE;
	if (bytes > limit)
		bytes = limit;
	return bytes - bytes % HUGE_PAGE;
}

size_t available_memory(void)
{
	size_t bytes = host_available_memory();

	if (bytes < LEAST_MEMORY)
		die("%s leaves %zu MiB of memory, %zu MiB are needed: free some, or raise the limit",
		    host_memory_limit(), bytes >> 20, LEAST_MEMORY >> 20);
	return bytes;
}

/* Loads each cache line once, so that the time is spent on waiting for lines, and not on arithmetic. */
void read_lines(const char *at, size_t bytes)
{
	uint64_t sum = 0;

	for (size_t line = 0; line < bytes; line += CACHE_LINE)
		sum += *(const uint64_t *)(at + line);
	asm volatile("" : : "r"(sum));
}

void surround(char *to, const char *expected, size_t bytes)
{
	memset(to - PAGE_SIZE, GUARD, bytes + 2 * PAGE_SIZE);
	for (size_t at = 0; at < bytes; at++)
		to[at] = ~expected[at];
}

void judge(const char *way, const char *call, const char *to, const char *expected, size_t bytes)
{
	for (size_t at = 0; memcmp(to, expected, bytes) && at < bytes; at++)
		if (to[at] != expected[at])
			die("%s: %s of %zu KiB is wrong from offset %zu on", way, call, bytes >> 10, at);
	for (size_t at = 1; at <= PAGE_SIZE; at++) {
		if (to[-at] != GUARD)
			die("%s: %s of %zu KiB also wrote at offset -%zu", way, call, bytes >> 10, at);
		if (to[bytes + at - 1] != GUARD)
			die("%s: %s of %zu KiB also wrote at offset %zu", way, call, bytes >> 10, bytes + at - 1);
	}
}
