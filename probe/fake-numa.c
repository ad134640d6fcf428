// SPDX-License-Identifier: GPL-2.0
/*
 * For "make check" only: a libnuma for LD_PRELOAD that knows of two nodes. Memory is where it was
 * asked for, but with MISPLACED all of it is on the first one.
 */
#include <numa.h>

#define MAX_RANGES	64

static struct range {
	const char *start, *end;
	int node;
} ranges[MAX_RANGES];

static int nr_ranges;

int numa_available(void)
{
	return 0;
}

int numa_max_node(void)
{
	return 1;
}

int numa_node_of_cpu(int cpu)
{
	(void)cpu;
	return 0;
}

int numa_distance(int node, int other)
{
	return node == other ? 10 : 20;
}

long long numa_node_size64(int node, long long *free)
{
	(void)node;
	*free = 1LL << 40;
	return *free;
}

void numa_tonode_memory(void *start, size_t bytes, int node)
{
	ranges[nr_ranges++ % MAX_RANGES] = (struct range){ start, (char *)start + bytes, node };
}

int numa_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
		    int flags)
{
	const char *page = *pages;

	(void)pid;
	(void)count;
	(void)nodes;
	(void)flags;
	*status = 0;
#ifndef MISPLACED
	for (int i = 0; i < MAX_RANGES; i++)
		if (page >= ranges[i].start && page < ranges[i].end)
			*status = ranges[i].node;
#else
	(void)page;
#endif
	return 0;
}
