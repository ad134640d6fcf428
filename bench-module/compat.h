/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of v7.3 for kernels that lack them or have other names. The other files are written for v7.3.
 *
 * The module was built with 6.12, 7.2 and 7.3. A version check in between follows the release that
 * made the change; no kernel was built on either side of it.
 */
#ifndef FOLIO_COPY_BENCH_COMPAT_H
#define FOLIO_COPY_BENCH_COMPAT_H

#include <linux/debugfs.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/range.h>
#include <linux/version.h>

/*
 * debugfs took full file operations only. .open and .llseek may be missing in these: nothing here
 * seeks. A close of the file still uses the operations, so an open file has to hold the module.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define debugfs_short_fops file_operations
#define DEBUGFS_OWNER	   .owner = THIS_MODULE,
#else
#define DEBUGFS_OWNER
#endif

/* There was no page_pgmap(), only the member of struct page. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
static inline struct dev_pagemap *page_pgmap(const struct page *page)
{
	return page->pgmap;
}
#endif

/* Only the largest number of pages had a name, not the largest order. */
#ifndef MAX_FOLIO_ORDER
#define MAX_FOLIO_ORDER PUD_ORDER
#endif

/* A range had no initializer. */
#ifndef DEFINE_RANGE
#define DEFINE_RANGE(_start, _end) ((struct range){ .start = (_start), .end = (_end) })
#endif

/* The callback was named page_free and took the page. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define folio_free	  page_free
#define dev_pagemap_frees page
#else
#define dev_pagemap_frees folio
#endif

#endif /* FOLIO_COPY_BENCH_COMPAT_H */
