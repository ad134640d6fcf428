/* SPDX-License-Identifier: GPL-2.0 */
/*
 * folio_copy_live: folio_copy() and folio_mc_copy() of the series in a running kernel. The livepatch is in
 * live.c, the copies are in live-copies.c.
 */
#ifndef FOLIO_COPY_LIVE_H
#define FOLIO_COPY_LIVE_H

#include <linux/mm_types.h>
#include <linux/seq_buf.h>

void series_folio_copy(struct folio *dst, struct folio *src);
int series_folio_mc_copy(struct folio *dst, struct folio *src);

/* Why folio_mc_copy() copies page by page on either side here, or NULL. */
extern const char *mc_by_page;

void choose_copies(void);
void print_copies(struct seq_buf *s);

#endif /* FOLIO_COPY_LIVE_H */
