// SPDX-License-Identifier: GPL-2.0
/*
 * hugetlb folios, for orders above those of the page allocator. This process maps the source and
 * destination folios, and the module copies between them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "front-end.h"
#include "hugetlb.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define MAP_HUGE_SHIFT_BITS 26
#define NODE_BITS	    1024
#define WORD_BITS	    (8 * sizeof(unsigned long))

static unsigned long huge_size(int order)
{
	return (unsigned long)sysconf(_SC_PAGESIZE) << order;
}

/* The directory of the pool of a node. The caller frees the text. */
char *pool_path(int order, int node)
{
	return format("/sys/devices/system/node/node%d/hugepages/hugepages-%lukB", node, huge_size(order) >> 10);
}

/* Reads free_hugepages, or nr_hugepages, which also counts pages in use. Returns -1 if the kernel lacks this size. */
long pages_of_pool(const char *which, int order, int node)
{
	char *pool = pool_path(order, node), *path = format("%s/%s", pool, which);
	char *text = slurp(path);
	long nr = text ? atol(text) : -1;

	free(path);
	free(pool);
	return nr;
}

static char *lack_on(int order, int node, int needed)
{
	long found = pages_of_pool("free_hugepages", order, node);
	char *pool, *why;

	if (found < 0)
		return format(
			"node %d: this kernel has no huge pages of %s there: see "
			"hugepagesz= and hugepages= of its command line",
			node, size_text(huge_size(order)));
	if (found >= needed)
		return NULL;
	pool = pool_path(order, node);
	why =
		format("node %d: %ld free huge pages of %s, %d needed: "
		       "echo %ld >%s/nr_hugepages, or boot with hugepagesz=%s hugepages=%d:%d",
		       node, found, size_text(huge_size(order)), needed,
		       pages_of_pool("nr_hugepages", order, node) + needed - found, pool, size_text(huge_size(order)),
		       node, needed);
	free(pool);
	return why;
}

/* Returns NULL if enough huge pages are free, or one line that says what to do. */
char *lack_of_hugetlb(int order, int nr, int src_node, int dst_node)
{
	if (src_node == dst_node)
		return lack_on(order, src_node, 2 * nr);
	return lack_on(order, src_node, nr) ?: lack_on(order, dst_node, nr);
}

/* Maps huge pages on a node. If this fails, returns NULL and sets @why, which the caller frees. */
void *map_huge_pages(int order, int nr, int node, char **why)
{
	int size_bits = __builtin_ctzl(huge_size(order));
	unsigned long nodes[NODE_BITS / WORD_BITS] = {};
	size_t length = nr * huge_size(order);
	void *p;

	p = mmap(NULL, length, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_bits << MAP_HUGE_SHIFT_BITS, -1, 0);
	if (p == MAP_FAILED) {
		*why = format("huge pages of %s are free, but reserved by others: %s", size_text(huge_size(order)),
			      strerror(errno));
		return NULL;
	}
	nodes[node / WORD_BITS] = 1UL << node % WORD_BITS;
	if (syscall(SYS_mbind, p, length, MPOL_BIND, nodes, NODE_BITS + 1, 0))
		*why = format("mbind(2) to node %d: %s", node, policy_error(errno, node));
	else if (madvise(p, length, MADV_POPULATE_WRITE))
		*why =
			format("node %d: the huge pages of %s there are free, but reserved by others: "
			       "%s",
			       node, size_text(huge_size(order)), strerror(errno));
	else
		return p;
	munmap(p, length);
	return NULL;
}

static size_t length(const struct hugetlb *h)
{
	return h->nr * huge_size(h->order);
}

/* Returns NULL, or why the huge pages could not be mapped. The caller frees the text. */
char *map_hugetlb(struct hugetlb *h, int src_node, int dst_node)
{
	char *why = lack_of_hugetlb(h->order, h->nr, src_node, dst_node);

	if (why)
		return why;
	h->src = map_huge_pages(h->order, h->nr, src_node, &why);
	h->dst = h->src ? map_huge_pages(h->order, h->nr, dst_node, &why) : NULL;
	if (!h->dst)
		unmap_hugetlb(h);
	return why;
}

void unmap_hugetlb(struct hugetlb *h)
{
	if (h->src)
		munmap(h->src, length(h));
	if (h->dst)
		munmap(h->dst, length(h));
	h->src = NULL;
	h->dst = NULL;
}
