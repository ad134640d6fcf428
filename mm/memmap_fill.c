// SPDX-License-Identifier: GPL-2.0
/*
 * Fills memory maps with copies of one struct page.
 */
#include <linux/array_size.h>
#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/string.h>
#include <linux/unroll.h>

#include "mm_init.h"

/**
 * memmap_fill() - make struct pages copies of another one
 * @page: first struct page to store
 * @nr: number of struct pages to store; may be 0
 * @from: struct page to copy, complete
 *
 * On x86-64, the words of @from stay in registers while struct page has no more
 * than 12. A struct assignment or memcpy() would not ensure that: compilers may
 * copy by way of the stack, or call a function.
 */
void memmap_fill(struct page *page, unsigned long nr, const struct page *from)
{
	unsigned long words[sizeof(struct page) / sizeof(long)];
	const unsigned long *src = (const unsigned long *)from;
	unsigned long *to = (unsigned long *)page;
	int i;

	unrolled_full
	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = READ_ONCE(src[i]);

	for (; nr; nr--, to += ARRAY_SIZE(words)) {
		unrolled_full
		for (i = 0; i < ARRAY_SIZE(words); i++)
			WRITE_ONCE(to[i], words[i]);
	}
}

/**
 * memmap_fill_nontemporal() - memmap_fill() for memory that is not worth being
 * cached
 * @page: first struct page to store
 * @nr: number of struct pages to store; may be 0
 * @from: struct page to copy, complete
 *
 * On return, the stores are ordered like those of memmap_fill().
 */
void memmap_fill_nontemporal(struct page *page, unsigned long nr,
			     const struct page *from)
{
	/* @from may share a cache line with the first struct page. */
	struct page copy = *from;

	for (; nr; nr--)
		memcpy_nontemporal(page++, &copy, sizeof(*page));
	memcpy_nontemporal_drain();
}
