// SPDX-License-Identifier: GPL-2.0
/*
 * The stores of v7.3's memmap_init_zone_device() for pages of order 0, in its order: what
 * __init_zone_device_page() and the __init_single_page() in it do to one struct page, in an
 * x86-64 kernel with a mask in compound_info. A function of its own per struct page, as there.
 *
 * What the kernel leaves to the compiler is left to it here, and what it pins down (the atomic
 * counts, the list head, the bit, the load of compound_info) is volatile here: so the same ones of
 * the stores are merged. "make check" compares the instructions with those of a built kernel, and
 * ./stores counts them for the table.
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

	/* No loop: the compiler would make a string instruction of it. */
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
