/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_SLOW_PATH_H
#define PROBE_SLOW_PATH_H

/* Stands in for struct page: of its size, with the fields that v7.3 stores in a new memory map, at their offsets. */
struct descriptor {
	unsigned long flags;
	union {
		unsigned long info; /* bit 0: this is a tail page */
		void *next;
		const void *pgmap;
	};
	union {
		void *previous;
		void *device_data;
	};
	unsigned long mapping, index, private;
	int mapcount, refcount;
	unsigned long memcg;
};

#define RESERVED_BIT 13
#define ZONE_SHIFT   59
#define NODE_SHIFT   61
#define ZONE_DEVICE  3UL

enum pgmap_type { DEVICE_PRIVATE = 1, DEVICE_COHERENT, FS_DAX, GENERIC, PCI_P2PDMA };

struct pgmap {
	enum pgmap_type type;
};

void init_memmap(void *to, unsigned long descriptors, unsigned long zone, unsigned long node,
		 const struct pgmap *pgmap);

#endif /* PROBE_SLOW_PATH_H */
