// SPDX-License-Identifier: GPL-2.0
/* NUMA nodes, if the probe is built with libnuma. */
#include "memory.h"
#include "nodes.h"

#ifdef HAVE_LIBNUMA

#include <errno.h>
#include <netdb.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>

#include "samples.h"

#define MAX_NODES 1024
#define WORD_BITS (8 * sizeof(unsigned long))

/*
 * For libnuma, which looks up hosts that nobody names here. With the C library's functions, the
 * linker warns in a static program, and its option against warnings hides errors as well.
 */
int getaddrinfo(const char *node __attribute__((unused)), const char *service __attribute__((unused)),
		const struct addrinfo *hints __attribute__((unused)), struct addrinfo **found __attribute__((unused)))
{
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *found __attribute__((unused)))
{
}

static bool has_memory(int node)
{
	return numa_node_size64(node, NULL) > 0;
}

static bool is_nearer(const struct nodes *nodes, int node, int other)
{
	return numa_distance(nodes->local, node) < numa_distance(nodes->local, other);
}

/* Keeps the list sorted by distance. If it is full, the farthest node drops out. */
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

static int nearest_with_memory(int from)
{
	int nearest = ANY_NODE;

	for (int node = 0; node <= numa_max_node(); node++)
		if (has_memory(node) &&
		    (nearest == ANY_NODE || numa_distance(from, node) < numa_distance(from, nearest)))
			nearest = node;
	return nearest;
}

/* Copies need memory: if the node has only CPUs, the nearest node with memory replaces it. */
static int local_node(int cpu)
{
	int node = numa_node_of_cpu(cpu), nearest;

	if (node < 0)
		return ANY_NODE;
	if (has_memory(node))
		return node;
	nearest = nearest_with_memory(node);
	add_warning("node %d, of this CPU, has no memory: node %d, the nearest with memory, counts as local", node,
		    nearest);
	return nearest;
}

static long place(char *at, size_t bytes, int node)
{
	unsigned long mask[MAX_NODES / WORD_BITS] = {};

	mask[node / WORD_BITS] = 1UL << node % WORD_BITS;
	return mbind(at, bytes, MPOL_PREFERRED, mask, MAX_NODES, 0);
}

/* Returns the node of a page, or a negative error number. */
static int node_of(char *page)
{
	void *address = page;
	int node;

	return move_pages(0, 1, &address, NULL, &node, 0) ? -errno : node;
}

static const char *refusal(const char *call)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s is refused here: %s", call, strerror(errno));
	return text;
}

/* Containers often refuse these calls. */
static const char *try_calls(int node)
{
	static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	int where;

	if (place(page, sizeof(page), node))
		return refusal("mbind()");
	page[0] = 1;
	where = node_of(page);
	if (where >= 0)
		return NULL;
	errno = -where;
	return refusal("move_pages()");
}

void find_nodes(struct nodes *nodes, int cpu, size_t bytes)
{
	*nodes = (struct nodes){ .local = ANY_NODE };
	if (numa_max_node() <= 0)
		return;
	nodes->local = local_node(cpu);
	if (nodes->local == ANY_NODE)
		return;
	for (int node = 0; node <= numa_max_node(); node++) {
		long long free = 0;

		if (node != nodes->local && numa_node_size64(node, &free) > 0 && free > (long long)bytes)
			insert(nodes, node);
	}
	nodes->refused = try_calls(nodes->local);
}

void prefer_node(char *at, size_t bytes, int node)
{
	place(at, bytes, node);
}

bool is_on_node(char *at, size_t bytes, int node)
{
	for (size_t page = 0; page < bytes; page += HUGE_PAGE)
		if (node_of(at + page) != node)
			return false;
	return true;
}

#else

void find_nodes(struct nodes *nodes, int cpu __attribute__((unused)), size_t bytes __attribute__((unused)))
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
