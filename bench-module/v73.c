// SPDX-License-Identifier: GPL-2.0
/*
 * folio_copy() and folio_mc_copy() of v7.3: page by page, with cond_resched() between two pages but
 * not after the last one.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "v73.h"

int v73_folio_copy(struct folio *dst, struct folio *src)
{
	long i, nr = folio_nr_pages(src);

	v73_copy_highpage(folio_page(dst, 0), folio_page(src, 0));
	for (i = 1; i < nr; i++) {
		v73_cond_resched();
		v73_copy_highpage(folio_page(dst, i), folio_page(src, i));
	}
	return 0;
}

int v73_folio_mc_copy(struct folio *dst, struct folio *src)
{
	long i, nr = folio_nr_pages(src);

	if (v73_copy_mc_highpage(folio_page(dst, 0), folio_page(src, 0)))
		return -EHWPOISON;
	for (i = 1; i < nr; i++) {
		v73_cond_resched();
		if (v73_copy_mc_highpage(folio_page(dst, i), folio_page(src, i)))
			return -EHWPOISON;
	}
	return 0;
}
