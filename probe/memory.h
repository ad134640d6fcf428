/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_MEMORY_H
#define PROBE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_SIZE  4096UL
#define HUGE_PAGE  (2UL << 20)
#define CACHE_LINE 64
#define GUARD	   0x5a

/* The kernel chooses the node. */
#define ANY_NODE -1

/* The exit status of a run that was refused. */
#define EXIT_REFUSED 2

/* Prints "probe: CAUSE: CURE". */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
char *allocate(size_t bytes);
char *allocate_on(size_t bytes, int node);

/* Returns prefaulted memory, in huge pages if @huge is set and the kernel has some. */
char *map(size_t bytes, bool huge, int node);

/* The same in a memfd. Returns NULL with errno set if the kernel refuses. */
char *map_memfd(size_t bytes, bool huge);

/* Returns bytes. Dies if they are too few for any measurement. */
size_t available_memory(void);

/* Returns the size of a range whose parts are cold at every visit: from @least bytes up to @limit. */
size_t beyond_cache(size_t cache, size_t least, size_t limit, const char *what);

/*
 * The check of a way: surround() sets every byte of @to to another value than @expected, with
 * guards around. judge() compares @to with @expected and checks the guards. If a byte is wrong, it
 * names the way and the offset, and dies.
 */
void surround(char *to, const char *expected, size_t bytes);
void judge(const char *way, const char *call, const char *to, const char *expected, size_t bytes);

void read_lines(const char *at, size_t bytes);

#endif /* PROBE_MEMORY_H */
