// SPDX-License-Identifier: GPL-2.0
/* The kernel's mm/memmap_fill.c, in place, for user space. MEMMAP_FILL names the file without the #include lines. */
#ifndef STRUCT_PAGE_SIZE
#define STRUCT_PAGE_SIZE 64
#endif

#define ARRAY_SIZE(array)    (int)(sizeof(array) / sizeof(*(array)))
#define READ_ONCE(x)	     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

/* Tests define their own. */
#ifndef memcpy_nontemporal
#include "streams.h"
#define memcpy_nontemporal(to, from, size) stream_line(to, from)
#define memcpy_nontemporal_drain()	   drain()
#endif

#ifdef __clang__
#define unrolled_full _Pragma("clang loop unroll(full)")
#else
#define unrolled_full _Pragma("GCC unroll 65534")
#endif

struct page {
	unsigned long words[STRUCT_PAGE_SIZE / sizeof(unsigned long)];
};

void memmap_fill(struct page *page, unsigned long nr, const struct page *from);
void memmap_fill_nontemporal(struct page *page, unsigned long nr, const struct page *from);

#include MEMMAP_FILL
