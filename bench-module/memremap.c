// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark of memremap_pages() and memunmap_pages(): the time to make the memory map of a range of
 * device memory, and to take it down. The device memory is
 *
 *	private		a range of physical addresses without memory, as the kernel uses it for
 *			device memory that the CPU cannot access
 *	fs_dax, generic	an unused range of persistent or other special purpose memory
 *
 * A kernel has only one way to fill a memory map. Unlike copies, two ways thus cannot be compared
 * within one boot.
 */
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/ktime.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/utsname.h>

#include "bench.h"
#include "compat.h"

/* The reserve in front of a memory map that is in the range itself: the same as libnvdimm's. */
#define ALTMAP_RESERVE SZ_8K

struct times {
	u64 map, unmap;
};

struct memmap_run {
	struct run run;

	/* The request. */
	enum memory_type type;
	unsigned int order;
	int nid;
	u64 start;
	u64 size;
	bool altmap;

	/* Derived from the request. */
	u64 altmap_size; /* bytes at the start of the range for the memory map, reserve included */
	u64 claimed_start;
	u64 claimed_size; /* 0: nothing is claimed */

	struct dev_pagemap pgmap;
	struct times *ns; /* [round] */
};

static struct memmap_run *to_memmap_run(struct run *run)
{
	return container_of(run, struct memmap_run, run);
}

#ifdef CONFIG_DEVICE_PRIVATE
#define TYPES "private, fs_dax or generic"
#else
#define TYPES "fs_dax or generic"
#endif

static const char *const type_names[] = {
	[MEMORY_DEVICE_PRIVATE] = "private",
	[MEMORY_DEVICE_FS_DAX] = "fs_dax",
	[MEMORY_DEVICE_GENERIC] = "generic",
};

/* memremap_pages() requires these two. They are never called: no page is ever allocated or mapped. */

static void free_folio(struct dev_pagemap_frees *unused)
{
}

static vm_fault_t migrate_to_ram(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct dev_pagemap_ops ops = {
	.folio_free = free_folio,
	.migrate_to_ram = migrate_to_ram,
};

/* Measuring */

static void describe_range(struct memmap_run *m)
{
	struct vmem_altmap altmap = {
		.base_pfn = PHYS_PFN(m->start),
		.end_pfn = PHYS_PFN(m->start + m->size) - 1,
		.reserve = PHYS_PFN(ALTMAP_RESERVE),
		.free = PHYS_PFN(m->altmap_size) - PHYS_PFN(ALTMAP_RESERVE),
	};

	memset(&m->pgmap, 0, sizeof(m->pgmap));
	m->pgmap.type = m->type;
	m->pgmap.vmemmap_shift = m->order;
	m->pgmap.ops = &ops;
	m->pgmap.owner = m;
	m->pgmap.nr_range = 1;
	m->pgmap.range.start = m->start;
	m->pgmap.range.end = m->start + m->size - 1;
	if (m->altmap) {
		m->pgmap.flags = PGMAP_ALTMAP_VALID;
		/* Not an assignment: some members are const. */
		memcpy(&m->pgmap.altmap, &altmap, sizeof(altmap));
	}
}

static bool page_is_ours(const struct memmap_run *m, u64 phys)
{
	const struct page *page = pfn_to_page(PHYS_PFN(phys));

	return is_zone_device_page(page) && page_to_nid(page) == m->nid && page_pgmap(compound_head(page)) == &m->pgmap;
}

/* Check that the memory map reaches from the first page to the last page. */
static int verify_map(const struct memmap_run *m)
{
	if (page_is_ours(m, m->start + m->altmap_size) && page_is_ours(m, m->start + m->size - PAGE_SIZE))
		return 0;
	return fail(-EIO, "the memory map of %#llx-%#llx is wrong in its first or last page", m->start,
		    m->start + m->size - 1);
}

static int measure_round(struct memmap_run *m, struct times *ns)
{
	u64 start;
	void *addr;
	int err;

	describe_range(m);
	start = ktime_get_ns();
	addr = memremap_pages(&m->pgmap, m->nid);
	ns->map = ktime_get_ns() - start;
	if (IS_ERR(addr))
		return fail(PTR_ERR(addr), "memremap_pages() ended with %pe: see the kernel log", addr);
	err = verify_map(m);
	start = ktime_get_ns();
	memunmap_pages(&m->pgmap);
	ns->unmap = ktime_get_ns() - start;
	return err;
}

static void print_results(struct memmap_run *m)
{
	struct seq_buf *s = &m->run.text;
	unsigned int i;

	seq_buf_printf(s,
		       "# folio_copy_bench 1: one line for the run, then one per round.\n"
		       "# map, unmap: ns in memremap_pages() and memunmap_pages();\n"
		       "# pages: number of pages with a struct page; first=1: warm-up, not in samples=.\n"
		       "kernel=%s memmap=%s start=%#llx size=%llu order=%u altmap=%llu",
		       init_utsname()->release, type_names[m->type], m->start, m->size, m->order, m->altmap_size);
	seq_buf_printf(s, " node=%d cpu=%u samples=%u pages=%lu struct_page=%zu verified=ok\n", m->nid, m->run.cpu,
		       m->run.samples, (unsigned long)PHYS_PFN(m->size - m->altmap_size), sizeof(struct page));
	for (i = 0; i < nr_rounds(&m->run); i++)
		seq_buf_printf(s, "sample round=%u first=%d map=%llu unmap=%llu\n", i, i < m->run.warmup, m->ns[i].map,
			       m->ns[i].unmap);
}

static int measure(struct run *run)
{
	struct memmap_run *m = to_memmap_run(run);
	unsigned int i;
	int err;

	m->ns = kvcalloc(nr_rounds(run), sizeof(*m->ns), GFP_KERNEL);
	if (!m->ns)
		return fail(-ENOMEM, "no memory for %u samples", run->samples);
	err = alloc_text(run, nr_rounds(run), 1);
	for (i = 0; i < nr_rounds(run) && !err; i++) {
		if (stopping())
			return -EINTR;
		err = start_round(run, i) ?: measure_round(m, &m->ns[i]) ?: check_cpu(run->cpu);
	}
	if (!err)
		print_results(m);
	return err;
}

static void release(struct run *run)
{
	struct memmap_run *m = to_memmap_run(run);

	if (m->claimed_size)
		release_mem_region(m->claimed_start, m->claimed_size);
	kvfree(m->ns);
}

/* The range */

/* Claim any free range. It is larger by one compound page, so that an aligned start exists in it. */
static int claim_private(struct memmap_run *m)
{
	u64 compound = PAGE_SIZE << m->order;
	struct resource *res;

	res = request_free_mem_region(&iomem_resource, m->size + compound, KBUILD_MODNAME);
	if (IS_ERR(res))
		return fail(PTR_ERR(res), "size=: no range of %llu bytes is free in /proc/iomem, ask for less",
			    m->size);
	m->claimed_start = res->start;
	m->claimed_size = resource_size(res);
	m->start = ALIGN(res->start, compound);
	return 0;
}

/*
 * Only ranges of memory are allowed: memremap_pages() maps the range as memory, and the CPU may
 * prefetch from anywhere in it.
 */
static bool is_device_memory(const struct memmap_run *m)
{
	static const unsigned long descs[] = {
		IORES_DESC_PERSISTENT_MEMORY,
		IORES_DESC_PERSISTENT_MEMORY_LEGACY,
		IORES_DESC_SOFT_RESERVED,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(descs); i++)
		if (region_intersects(m->start, m->size, IORESOURCE_MEM, descs[i]) == REGION_INTERSECTS)
			return true;
	return false;
}

/* Claim the range, so that no System RAM can be hot-added to it during the run. */
static int claim_range(struct memmap_run *m)
{
	u64 end = m->start + m->size - 1;

	if (!request_mem_region(m->start, m->size, KBUILD_MODNAME))
		return fail(-EADDRINUSE, "%#llx-%#llx is in use, see /proc/iomem: unbind the driver that has it",
			    m->start, end);
	m->claimed_start = m->start;
	m->claimed_size = m->size;
	return 0;
}

static int check_range(const struct memmap_run *m)
{
	u64 end = m->start + m->size - 1;

	if (region_intersects(m->start, m->size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT)
		return fail(-EINVAL, "%#llx-%#llx has System RAM in it, see /proc/iomem: ask for another range",
			    m->start, end);
	if (!is_device_memory(m))
		return fail(
			-EINVAL,
			"%#llx-%#llx is not all Persistent Memory or Soft Reserved, see /proc/iomem: ask for another range",
			m->start, end);
	return 0;
}

/* Requests */

static int set_type(struct memmap_run *m, const char *val)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(type_names); i++)
		if (type_names[i] && !strcmp(val, type_names[i]))
			break;
	if (i == ARRAY_SIZE(type_names))
		return fail(-EINVAL, "memmap=%.32s: " TYPES " is allowed", val);
	if (i == MEMORY_DEVICE_PRIVATE && !IS_ENABLED(CONFIG_DEVICE_PRIVATE))
		return fail(-EOPNOTSUPP,
			    "memmap=private: this kernel has no device private memory: set CONFIG_DEVICE_PRIVATE=y");
	m->type = i;
	return 0;
}

static int set_start(const char *val, u64 *start)
{
	if (kstrtoull(val, 0, start) || *start > ULLONG_MAX - MAX_BYTES)
		return fail(-EINVAL, "start=%.32s: an address such as 0x140000000 is allowed", val);
	return 0;
}

static int set_order(const char *val, unsigned int *order)
{
	if (kstrtouint(val, 10, order) || *order > MAX_FOLIO_ORDER ||
	    (*order && *order != PMD_ORDER && *order != PUD_ORDER))
		return fail(-EINVAL, "order=%.32s: 0, %d or %d is allowed", val, PMD_ORDER, PUD_ORDER);
	return 0;
}

static int set_altmap(const char *val, bool *altmap)
{
	*altmap = !strcmp(val, "overwrite");
	if (!*altmap && strcmp(val, "no"))
		return fail(-EINVAL, "altmap=%.32s: no or overwrite is allowed", val);
	return 0;
}

static int set_word(struct run *run, const char *key, char *val)
{
	struct memmap_run *m = to_memmap_run(run);

	if (!strcmp(key, "memmap"))
		return set_type(m, val);
	if (!strcmp(key, "start"))
		return set_start(val, &m->start);
	if (!strcmp(key, "size"))
		return set_size(key, val, memremap_compat_align(), &m->size);
	if (!strcmp(key, "order"))
		return set_order(val, &m->order);
	if (!strcmp(key, "altmap"))
		return set_altmap(val, &m->altmap);
	if (!strcmp(key, "node"))
		return set_node(key, val, &m->nid);
	return UNKNOWN_KEY;
}

static void defaults(struct run *run)
{
	struct memmap_run *m = to_memmap_run(run);

	m->nid = NUMA_NO_NODE;
	m->size = 64ULL * SZ_1G;
	run->samples = 9;
}

static u64 memmap_size(const struct memmap_run *m)
{
	return PHYS_PFN(m->size) * sizeof(struct page);
}

static int check_request(struct memmap_run *m)
{
	bool private = m->type == MEMORY_DEVICE_PRIVATE;
	u64 align = max_t(u64, memremap_compat_align(), PAGE_SIZE << m->order);

	if (private && (m->start || m->altmap))
		return fail(-EINVAL,
			    "memmap=private takes any free range: start= and altmap= are for fs_dax and generic");
	if (!private && !m->start)
		return fail(-EINVAL, "memmap=%s needs start= and size=, take them from /proc/iomem",
			    type_names[m->type]);
	if ((m->start | m->size) & (align - 1))
		return fail(-EINVAL, "start= and size=: multiples of %llu bytes are allowed here", align);
	if (!m->altmap)
		return check_free(m->nid, memmap_size(m), "size=");

	m->altmap_size = ALIGN(ALTMAP_RESERVE + memmap_size(m), align);
	if (m->altmap_size >= m->size)
		return fail(-EINVAL, "size=: too small to have its own memory map in it");
	return 0;
}

static int complete_request(struct run *run)
{
	struct memmap_run *m = to_memmap_run(run);
	int err;

	if (m->nid == NUMA_NO_NODE)
		m->nid = near_memory(run->cpu);
	err = check_request(m);
	if (err)
		return err;

	if (m->type == MEMORY_DEVICE_PRIVATE)
		err = claim_private(m);
	else
		err = check_range(m) ?: claim_range(m);
	snprintf(run->what, sizeof(run->what), "memmap=%s start=%#llx size=%llu order=%u altmap=%llu node=%d cpu=%u",
		 type_names[m->type], m->start, m->size, m->order, m->altmap_size, m->nid, run->cpu);
	return err;
}

static const char help_format[] =
	"Memory maps of device memory, if the first word is\n"
	"  memmap=      " TYPES
	"\n"
	"  size=SIZE    size of the range (default 64G)\n"
	"  start=N      physical address of the range, not for private: all of it has to be\n"
	"               Persistent Memory or Soft Reserved, and bound to no driver\n"
	"  order=N      order of the compound pages: 0, %d or %d (default 0)\n"
	"  altmap=      overwrite: put the memory map into the range itself, which destroys\n"
	"               the data stored there; no: into normal memory (default)\n"
	"  node=N       the node of the range and of the memory for the map, which takes\n"
	"               size / %lu (default: the node of the CPU)\n"
	"  samples=N    rounds of memremap_pages() and memunmap_pages() (default 9)\n";

void print_memmap_help(struct seq_buf *s)
{
	seq_buf_printf(s, help_format, PMD_ORDER, PUD_ORDER, PAGE_SIZE / sizeof(struct page));
}

const struct run_type memmap_run_type = {
	.size = sizeof(struct memmap_run),
	.keys = "start size order altmap node cpu samples",
	.defaults = defaults,
	.set_word = set_word,
	.complete = complete_request,
	.measure = measure,
	.release = release,
};
