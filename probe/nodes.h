/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_NODES_H
#define PROBE_NODES_H

#include <stdbool.h>
#include <stddef.h>

/* Copies go from the node of the CPU to each of these and back. */
#define MAX_FAR_NODES 4

struct nodes {
	int local; /* ANY_NODE if it is unknown */
	int far[MAX_FAR_NODES];
	int nr_far;	     /* far nodes that are measured */
	int nr_others;	     /* other nodes that have memory */
	const char *refused; /* why memory cannot be placed here, or NULL */
};

/* Finds the nodes with more than @bytes of free memory, nearest first; none if there is one node only. */
void find_nodes(struct nodes *nodes, int cpu, size_t bytes);

/* Call prefer_node() before the memory is touched. is_on_node() tells afterwards whether the memory is there. */
void prefer_node(char *at, size_t bytes, int node);
bool is_on_node(char *at, size_t bytes, int node);

#endif /* PROBE_NODES_H */
