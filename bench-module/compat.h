/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernels before v7.3 have under another name, or lack. The code has it as v7.3 has it.
 *
 * Built with 6.12, 7.2 and 7.3. Where a change came in between is known from its release, not tried.
 */
#ifndef FOLIO_COPY_BENCH_COMPAT_H
#define FOLIO_COPY_BENCH_COMPAT_H

#include <linux/debugfs.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/version.h>

/*
 * Files of debugfs had to have all file operations, of which .open and .llseek may be missing: nothing
 * here seeks. They are looked at again when a file is closed, so an open one has to keep the module.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define debugfs_short_fops file_operations
#define DEBUGFS_OWNER	   .owner = THIS_MODULE,
#else
#define DEBUGFS_OWNER
#endif

/* It was a member of struct page only, without a function. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
static inline struct dev_pagemap *page_pgmap(const struct page *page)
{
	return page->pgmap;
}
#endif

/* Only the number of pages had a name. */
#ifndef MAX_FOLIO_ORDER
#define MAX_FOLIO_ORDER PUD_ORDER
#endif

/* The callback got the page, and was named after it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define folio_free	  page_free
#define dev_pagemap_frees page
#else
#define dev_pagemap_frees folio
#endif

#endif /* FOLIO_COPY_BENCH_COMPAT_H */
