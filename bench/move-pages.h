/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MOVE_PAGES_H
#define MOVE_PAGES_H

#include "front-end.h"
#include "user-memory.h"

/* A way in which the kernel moves memory from node to node. */
struct scenario {
	const char *name, *function;	     /* on the command line; in tables and results */
	const char *(*prepare)(void);	     /* returns NULL, or why not here, and the cure */
	bool (*direction)(int src, int dst); /* is this direction measured? */
	bool (*move)(const struct region *r, int src, int dst, uint64_t *ns);
	bool (*arrived)(int node, int dst);
	bool hugetlb; /* also moves hugetlb */
	bool splits;  /* splits PTE-mapped THPs on the way */
	bool demotes; /* moves to a slower tier */
};

extern const struct scenario demotion, promotion;

#endif
