/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unrolled loop of the series, under the module's own name and without the export. The module thus
 * has it on kernels without the series, and does not clash with the export of kernels that have it.
 */
#include <linux/export.h>

#undef EXPORT_SYMBOL
#define EXPORT_SYMBOL(sym)
#define __copy_pages_unrolled	bench_copy_pages_unrolled

#include "copy_pages_64.S"
