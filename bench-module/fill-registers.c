// SPDX-License-Identifier: GPL-2.0
/*
 * An object of its own, as in the kernel, where the caller is in another file. Kbuild makes memmap_fill.inc
 * from mm/memmap_fill.c of the series, without the #include lines.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "fill.h"

/* Kernels before 6.13 have no linux/unroll.h. */
#ifndef unrolled_full
#ifdef CONFIG_CC_IS_CLANG
#define unrolled_full _Pragma("clang loop unroll(full)")
#else
#define unrolled_full _Pragma("GCC unroll 65534")
#endif
#endif

/* The other function of the file is not measured. */
#undef memcpy_nontemporal
#define memcpy_nontemporal	 memcpy
#define memcpy_nontemporal_drain barrier
#define memmap_fill_nontemporal	 unused
void unused(struct descriptor *to, unsigned long nr, const struct descriptor *from);

#define page	    descriptor
#define memmap_fill bench_memmap_fill
#include "memmap_fill.inc"
