// SPDX-License-Identifier: GPL-2.0
/* NUMA nodes, where the probe is built with libnuma. */
#include "memory.h"
#include "nodes.h"

#ifdef HAVE_LIBNUMA

#include <numa.h>

static bool is_nearer(const struct nodes *nodes, int node, int other)
{
	return numa_distance(nodes->local, node) < numa_distance(nodes->local, other);
}

/* Keeps the list sorted; the last one drops out when it is full. */
static void insert(struct nodes *nodes, int node)
{
	int at = nodes->nr_far;

	nodes->nr_others++;
	if (at == MAX_FAR_NODES && !is_nearer(nodes, node, nodes->far[--at]))
		return;
	for (; at && is_nearer(nodes, node, nodes->far[at - 1]); at--)
		nodes->far[at] = nodes->far[at - 1];
	nodes->far[at] = node;
	if (nodes->nr_far < MAX_FAR_NODES)
		nodes->nr_far++;
}

void find_nodes(struct nodes *nodes, int cpu, size_t bytes)
{
	*nodes = (struct nodes){ .local = ANY_NODE };
	if (numa_available() < 0 || numa_max_node() == 0)
		return;
	nodes->local = numa_node_of_cpu(cpu);
	for (int node = 0; node <= numa_max_node(); node++) {
		long long free = 0;

		if (node != nodes->local && numa_node_size64(node, &free) > 0 &&
		    free > (long long)bytes)
			insert(nodes, node);
	}
}

void prefer_node(char *at, size_t bytes, int node)
{
	numa_tonode_memory(at, bytes, node);
}

bool is_on_node(char *at, size_t bytes, int node)
{
	for (size_t page = 0; page < bytes; page += HUGE_PAGE) {
		void *address = at + page;
		int where;

		if (numa_move_pages(0, 1, &address, NULL, &where, 0) || where != node)
			return false;
	}
	return true;
}

#else

void find_nodes(struct nodes *nodes, int cpu __attribute__((unused)),
		size_t bytes __attribute__((unused)))
{
	*nodes = (struct nodes){ .local = ANY_NODE };
}

void prefer_node(char *at __attribute__((unused)), size_t bytes __attribute__((unused)),
		 int node __attribute__((unused)))
{
}

bool is_on_node(char *at __attribute__((unused)), size_t bytes __attribute__((unused)),
		int node __attribute__((unused)))
{
	return false;
}

#endif /* HAVE_LIBNUMA */
