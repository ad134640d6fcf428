/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USER_MEMORY_H
#define USER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_KINDS 32
#define MAX_NODES 1024
#define WHY_SIZE  256

/* A kind of memory: folios of one size. */
struct kind {
	char name[24];
	size_t size;
	bool hugetlb;
	char setting[128]; /* the file of a THP size: may it be used? */
	bool wanted;
	bool advise;		/* the enabled settings require MADV_HUGEPAGE */
	char missing[WHY_SIZE]; /* why there is no such memory, or "" */
};

/* Anonymous memory; every page has contents of its own. */
struct region {
	const struct kind *kind;
	char *mem;
	size_t len;
	uint64_t seed;
	uint64_t allocated, splits; /* the kernel's counters before the fill */
};

extern struct kind kinds[MAX_KINDS];
extern int nr_kinds;
extern char why[WHY_SIZE];

/* Stores the reason of a failure in why[], for the caller that reports it. Returns false. */
bool because(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Settings of the machine, changed until this program ends. */
bool change_setting(const char *path, const char *value);
bool write_down(const char *path, const char *value);
void restore_at_exit(void);
void put_back(void);
void forget_lock(void);

uint64_t free_memory(int node);
uint64_t free_hugetlb(const struct kind *kind, int node);

void find_kinds(void);
bool use_kind(struct kind *kind);
bool is_mapped_by_ptes(const struct kind *kind);

bool fill_region(struct region *r, struct kind *kind, size_t len, int node, uint64_t seed);
bool is_whole(const struct region *r, const char *when);
bool contents_right(const struct region *r);
bool count_pages(const struct region *r, bool (*on)(int node, int arg), int arg, size_t *count);
bool is_node(int node, int arg);
void free_region(struct region *r);

#endif
