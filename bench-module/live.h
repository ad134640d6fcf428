/* SPDX-License-Identifier: GPL-2.0 */
/*
 * folio_copy_live: the copies of the series in a running kernel. The livepatch is in live.c, the copies are in
 * live-copies.c, and those of the kernel in live-v73.c.
 */
#ifndef FOLIO_COPY_LIVE_H
#define FOLIO_COPY_LIVE_H

#include <linux/mm_types.h>
#include <linux/seq_buf.h>
#include <linux/types.h>

void series_folio_copy(struct folio *dst, struct folio *src);
int series_folio_mc_copy(struct folio *dst, struct folio *src);
int series_copy_user_large_folio(struct folio *dst, struct folio *src, unsigned long addr_hint,
				 struct vm_area_struct *vma);
int v73_copy_user_large_folio(struct folio *dst, struct folio *src, unsigned long addr_hint,
			      struct vm_area_struct *vma);

bool goes_to_slower_tier(struct folio *dst, struct folio *src);
void count_mc_copy(struct folio *src, bool nontemporal);

/* Why the copies that recover go page by page on either side here, or NULL. */
extern const char *mc_by_page;

void choose_copies(void);
void print_copies(struct seq_buf *s);

#endif /* FOLIO_COPY_LIVE_H */
