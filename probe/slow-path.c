// SPDX-License-Identifier: GPL-2.0
/*
 * The stores of v7.3's memmap_init_zone_device() for pages of order 0, in the same order: the
 * stores of __init_zone_device_page(), and of the __init_single_page() in it, to one struct page,
 * in an x86-64 kernel with a mask in compound_info. As in the kernel, a function is called for each
 * struct page.
 *
 * Stores that the kernel leaves to the compiler are plain here. Stores and loads that the kernel
 * pins down are volatile here: the atomic counts, the list head, the bit, the load of
 * compound_info. So the compiler merges the same stores as in the kernel. "make check" compares the
 * instructions with those of a built kernel, and ./stores counts them for the table.
 */
#include "slow-path.h"

#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define READ_ONCE(x)	     (*(volatile __typeof__(x) *)&(x))

static struct descriptor *head_of(struct descriptor *page)
{
	unsigned long info = READ_ONCE(page->info);

	return (struct descriptor *)((unsigned long)page & (info | ((info & 1) - 1)));
}

static void __attribute__((noinline))
init_descriptor(struct descriptor *page, unsigned long zone, unsigned long node, const struct pgmap *pgmap)
{
	unsigned long *words = (unsigned long *)page;

	/* No loop, which the compiler would turn into a string instruction. */
	words[7] = words[6] = words[5] = words[4] = 0;
	words[3] = words[2] = words[1] = words[0] = 0;
	page->flags &= ~(3UL << ZONE_SHIFT);
	page->flags |= (zone & 3) << ZONE_SHIFT;
	page->flags &= ~(7UL << NODE_SHIFT);
	page->flags |= (node & 7) << NODE_SHIFT;
	WRITE_ONCE(page->refcount, 1);
	WRITE_ONCE(page->mapcount, -1);
	WRITE_ONCE(page->next, &page->next);
	WRITE_ONCE(page->previous, &page->next);

	asm volatile("btsq %1, %0" : "+m"(page->flags) : "Ir"(RESERVED_BIT) : "memory");
	head_of(page)->pgmap = pgmap;
	page->device_data = 0;
	switch (pgmap->type) {
	case DEVICE_PRIVATE:
	case DEVICE_COHERENT:
	case FS_DAX:
	case PCI_P2PDMA:
		WRITE_ONCE(page->refcount, 0);
		break;
	case GENERIC:
		break;
	}
}

void init_memmap(void *to, unsigned long descriptors, unsigned long zone, unsigned long node, const struct pgmap *pgmap)
{
	struct descriptor *pages = to;

	for (unsigned long i = 0; i < descriptors; i++)
		init_descriptor(pages + i, zone, node, pgmap);
}
