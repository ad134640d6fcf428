/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_MEMMAP_TEMPLATE_H
#define __MM_MEMMAP_TEMPLATE_H

#include <linux/mm_types.h>
#include <linux/types.h>

/* A struct page to copy, and a block that is full of copies of it. */
struct memmap_template {
	struct page page;
	void *block;	/* NULL: copy struct page by struct page */
	bool nontemporal;
};

void memmap_template_init(struct memmap_template *template,
			  const struct page *page, unsigned long nr,
			  bool nontemporal);
void memmap_template_fill(const struct memmap_template *template,
			  unsigned long start_pfn, unsigned long nr);
void memmap_template_free(struct memmap_template *template);

#endif /* __MM_MEMMAP_TEMPLATE_H */
