/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unrolled loop of the series, under a name of the module's own and not exported: it is here on
 * kernels without the series, and the same one on those that have and export it.
 */
#include <linux/export.h>

#undef EXPORT_SYMBOL
#define EXPORT_SYMBOL(sym)
#define __copy_pages_unrolled	bench_copy_pages_unrolled

#include "copy_pages_64.S"
