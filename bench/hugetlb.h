/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_HUGETLB_H
#define BENCH_HUGETLB_H

/* Huge pages of one order: one per thread for the source, and one per thread for the destination. */
struct hugetlb {
	int order, nr;
	void *src, *dst;
};

char *pool_path(int order, int node);
long pages_of_pool(const char *which, int order, int node);
void *map_huge_pages(int order, int nr, int node, char **why);

char *map_hugetlb(struct hugetlb *h, int src_node, int dst_node);
void unmap_hugetlb(struct hugetlb *h);
char *lack_of_hugetlb(int order, int nr, int src_node, int dst_node);

#endif
