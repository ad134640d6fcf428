/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_MEMORY_H
#define PROBE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_SIZE  4096UL
#define HUGE_PAGE  (2UL << 20)
#define CACHE_LINE 64
#define GUARD	   0x5a

/* Wherever the kernel sees fit. */
#define ANY_NODE -1

/* The exit status of a run that was refused. */
#define EXIT_REFUSED 2

/* Prints "probe: CAUSE: CURE". */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
char *allocate(size_t bytes);
char *allocate_on(size_t bytes, int node);

/* Prefaulted memory, in huge pages if they are asked for and to be had. */
char *map(size_t bytes, bool huge, int node);

/* The same in a file; NULL and errno if the kernel refuses. */
char *map_memfd(size_t bytes, bool huge);

/* In bytes; gives up if it is too little for any measurement. */
size_t available_memory(void);

/* A part of so large a range, of least bytes or more, is cold when it is visited again. */
size_t beyond_cache(size_t cache, size_t least, size_t limit, const char *what);

/*
 * Checks of a way: surround() makes each byte of to other than it must become, with guards around;
 * judge() compares with what is expected, and says what is wrong of which way and then gives up.
 */
void surround(char *to, const char *expected, size_t bytes);
void judge(const char *way, const char *call, const char *to, const char *expected, size_t bytes);

void read_lines(const char *at, size_t bytes);

#endif /* PROBE_MEMORY_H */
