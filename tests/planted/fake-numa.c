// SPDX-License-Identifier: GPL-2.0
/*
 * For "make check" only: takes the place of libnuma and has two nodes. Memory is on the requested
 * node. With MISPLACED all memory is on node 0. With CPU_NODE_EMPTY node 0 has CPUs only, and there is
 * a node 2, which is nearer to it than node 1. With REAL_CALLS mbind() and move_pages() go to the
 * kernel, which has at least one node.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <numa.h>
#include <numaif.h>

#define MAX_RANGES 64

static struct range {
	const char *start, *end;
	int node;
} ranges[MAX_RANGES];

static int nr_ranges;

#ifdef CPU_NODE_EMPTY
#define LAST_NODE  2
#define FIRST_SIZE 0
#else
#define LAST_NODE  1
#define FIRST_SIZE (1LL << 40)
#endif

int numa_max_node(void)
{
	return LAST_NODE;
}

int numa_node_of_cpu(int cpu)
{
	(void)cpu;
	return 0;
}

int numa_distance(int node, int other)
{
	if (node == other)
		return 10;
	return node == 2 || other == 2 ? 20 : 30;
}

long long numa_node_size64(int node, long long *free)
{
	long long size = node ? 1LL << 40 : FIRST_SIZE;

	if (free)
		*free = size;
	return size;
}

long mbind(void *start, unsigned long bytes, int mode, const unsigned long *mask, unsigned long nr_nodes,
	   unsigned int flags)
{
#ifdef REAL_CALLS
	return syscall(SYS_mbind, start, bytes, mode, mask, nr_nodes, flags);
#else
	(void)mode;
	(void)nr_nodes;
	(void)flags;
	ranges[nr_ranges++ % MAX_RANGES] = (struct range){ start, (char *)start + bytes, __builtin_ctzl(*mask) };
	return 0;
#endif
}

long move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status, int flags)
{
#ifdef REAL_CALLS
	return syscall(SYS_move_pages, pid, count, pages, nodes, status, flags);
#else
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
#endif
}
