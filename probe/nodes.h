/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_NODES_H
#define PROBE_NODES_H

#include <stdbool.h>
#include <stddef.h>

/* Copies go from the node of the CPU to each of these and back. */
#define MAX_FAR_NODES 4

struct nodes {
	int local; /* ANY_NODE if nobody can tell */
	int far[MAX_FAR_NODES];
	int nr_far;	     /* that are measured */
	int nr_others;	     /* that have memory */
	const char *refused; /* why memory cannot be placed here, or NULL */
};

/* The nodes with so many bytes of free memory, nearest first; none if there is one node. */
void find_nodes(struct nodes *nodes, int cpu, size_t bytes);

/* To be called before the memory is touched; asks again where it has come to lie. */
void prefer_node(char *at, size_t bytes, int node);
bool is_on_node(char *at, size_t bytes, int node);

#endif /* PROBE_NODES_H */
