// SPDX-License-Identifier: GPL-2.0
/*
 * memmap_equal: check that a copied memory map of device memory equals one that was built.
 *
 * For the lab only. A test writes a request to the parameter "run"; the write fails if the maps
 * differ or anything else is wrong. Reading "run" then returns the finding. A request is
 *
 *	TYPE order=N start=ADDRESS pages=N reserve=N free=N node=N
 *
 * where reserve and free, in pages, describe an altmap. Both are 0 if there is none.
 *
 * The same dev_pagemap is mapped twice: first with a probe on the page_ref_set tracepoint, which makes
 * the kernel build every struct page, then without. All struct pages are compared byte by byte.
 *
 * Parameters for the expected kernel: "size" is the size of struct page; "pointers" tells whether tail
 * pages hold the address of their head and not a mask; "copies" tells whether the second map is made
 * by copying.
 *
 * The parameter "switch" is the state of the tracepoint, on (1) or off (0), at the start of the second
 * map. Once the kernel has begun to build or to copy, the tracepoint is switched again and again until
 * the map is complete. -1: the tracepoint is left alone.
 *
 * The parameter "map" takes the same requests and maps them once, with a probe on the tracepoint, so that
 * other programs can observe how the kernel builds. Kernels without copies can do that, too.
 *
 * The parameter "plant" is the offset of a byte to spoil in one of the copied struct pages; -1: none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <trace/events/page_ref.h>

static int plant = -1;
module_param(plant, int, 0644);
MODULE_PARM_DESC(plant, "offset of a byte to spoil in one struct page, -1 for none");

static unsigned int size = 64;
module_param(size, uint, 0644);
MODULE_PARM_DESC(size, "expected size of struct page");

static bool pointers;
module_param(pointers, bool, 0644);
MODULE_PARM_DESC(pointers, "tail pages are expected to point to their heads");

static bool copies = true;
module_param(copies, bool, 0644);
MODULE_PARM_DESC(copies, "struct pages are expected to be copied, not to be built");

static int switched = -1;
module_param_named(switch, switched, int, 0644);
MODULE_PARM_DESC(switch, "tracepoint at first, and switched then: on 1, off 0; -1 to leave it alone");

static const char *const type_names[] = {
	[MEMORY_DEVICE_PRIVATE] = "private",
	[MEMORY_DEVICE_COHERENT] = "coherent",
	[MEMORY_DEVICE_FS_DAX] = "fs_dax",
	[MEMORY_DEVICE_GENERIC] = "generic",
};

static struct request {
	int type, node;
	unsigned int order;
	unsigned long long start;
	unsigned long pages, reserve, free;
} req;

/* The struct pages to compare: those of the whole range but the altmap. */
static struct page *first;
static unsigned long first_pfn, nr;

static char report[256] = "nothing was asked for\n";

#define fail(error, fmt, ...)                                               \
	({                                                                  \
		scnprintf(report, sizeof(report), fmt "\n", ##__VA_ARGS__); \
		(error);                                                    \
	})

/* memremap_pages() requires these functions. They are never called here. */
static void free_folio(struct folio *folio)
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

static struct dev_pagemap pgmap;

static int map(void)
{
	struct vmem_altmap altmap = {
		.base_pfn = PHYS_PFN(req.start),
		.end_pfn = PHYS_PFN(req.start) + req.pages - 1,
		.reserve = req.reserve,
		.free = req.free,
	};
	void *p;

	memset(&pgmap, 0, sizeof(pgmap));
	pgmap.type = req.type;
	pgmap.vmemmap_shift = req.order;
	pgmap.ops = &ops;
	pgmap.owner = &pgmap;
	pgmap.nr_range = 1;
	pgmap.range.start = req.start;
	pgmap.range.end = req.start + req.pages * PAGE_SIZE - 1;
	if (req.free) {
		pgmap.flags = PGMAP_ALTMAP_VALID;
		/* Not an assignment: some members are const. */
		memcpy(&pgmap.altmap, &altmap, sizeof(altmap));
	}
	p = memremap_pages(&pgmap, req.node);
	if (IS_ERR(p))
		return fail(PTR_ERR(p), "memremap_pages() ends with %ld", PTR_ERR(p));
	return 0;
}

/*
 * Counts of struct pages by origin. The kernel first gives each struct page that it builds a reference
 * count of one. Two functions make the copies, and their second argument is the number.
 */
static unsigned long built, copied, streamed, unpoisoned;

static void count_built(void *data, struct page *page, int v)
{
	if (page >= first && page < first + nr && v == 1)
		built++;
}

static int count_copied(struct kprobe *p, struct pt_regs *regs)
{
	copied += regs_get_kernel_argument(regs, 1);
	return 0;
}

static int count_streamed(struct kprobe *p, struct pt_regs *regs)
{
	streamed += regs_get_kernel_argument(regs, 1);
	return count_copied(p, regs);
}

/* The number of switches of the tracepoint: so far, and when the memory map was complete. */
static unsigned int switches, switches_at_last;

/*
 * The second map may get the memory of the first one, with its contents. With DEBUG_VM the kernel
 * poisons that memory first; count the struct pages that are not poisoned.
 */
static int map_begins(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unpoisoned += !PagePoisoned(first) + !PagePoisoned(first + nr - 1);
	return 0;
}

static int map_ends(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	switches_at_last = READ_ONCE(switches);
	return 0;
}

static struct kprobe probe_fill = {
	.symbol_name = "memmap_fill",
	.pre_handler = count_copied,
};

static struct kprobe probe_fill_nontemporal = {
	.symbol_name = "memmap_fill_nontemporal",
	.pre_handler = count_streamed,
};

static struct kprobe *probes[] = { &probe_fill, &probe_fill_nontemporal };

static struct kretprobe probe_init = {
	.kp.symbol_name = "memmap_init_zone_device",
	.entry_handler = map_begins,
	.handler = map_ends,
};

static bool traced;

static int trace(bool on)
{
	int err = on ? register_trace_page_ref_set(count_built, NULL)
		     : unregister_trace_page_ref_set(count_built, NULL);

	if (!err)
		traced = on;
	return err;
}

static void stop_tracing(void)
{
	if (traced)
		trace(false);
	tracepoint_synchronize_unregister();
}

/* Whether the kernel has begun, and thus decided between building and copying. */
static bool has_begun(void)
{
	return READ_ONCE(built) || READ_ONCE(copied);
}

static int switch_tracepoint(void *data)
{
	while (!has_begun() && !kthread_should_stop())
		usleep_range(20, 50);
	while (!kthread_should_stop() && !trace(!traced)) {
		WRITE_ONCE(switches, switches + 1);
		usleep_range(20, 50);
	}
	return 0;
}

/*
 * The switching thread gets the CPU of the mapping, and runs when the kernel reschedules between two
 * sections. On another CPU it might come too late: an emulator that runs one CPU after the other may
 * complete the map before that.
 */
static int map_switched(void)
{
	struct task_struct *task = kthread_create(switch_tracepoint, NULL, "switch_tracepoint");
	int err;

	if (IS_ERR(task))
		return fail(PTR_ERR(task), "no thread to switch the tracepoint");
	err = switched ? trace(true) : 0;
	migrate_disable();
	kthread_bind(task, smp_processor_id());
	wake_up_process(task);
	if (!err)
		err = map();
	migrate_enable();
	kthread_stop(task);
	stop_tracing();
	return err;
}

/* Returns a copy of the struct pages as the kernel builds them. The caller frees it with vfree(). */
static void *build(void)
{
	void *bytes = vmalloc(array_size(nr, sizeof(struct page)));
	int err;

	if (!bytes)
		return ERR_PTR(fail(-ENOMEM, "no memory for %lu struct pages", nr));
	err = trace(true);
	if (!err) {
		err = map();
		stop_tracing();
	}
	if (err) {
		vfree(bytes);
		return ERR_PTR(err);
	}
	memcpy(bytes, first, nr * sizeof(struct page));
	memunmap_pages(&pgmap);
	return bytes;
}

/* The offset of the first byte that differs from @expected, or of the end. */
static unsigned long first_difference(const u8 *expected)
{
	const u8 *found = (const u8 *)first;
	unsigned long i, byte;

	for (i = 0; i < nr * sizeof(struct page); i += sizeof(struct page)) {
		if (!memcmp(expected + i, found + i, sizeof(struct page)))
			continue;
		for (byte = i; expected[byte] == found[byte]; byte++)
			;
		return byte;
	}
	return i;
}

static int compare(const u8 *expected)
{
	unsigned long at = first_difference(expected);
	const u8 *found = (const u8 *)first;

	if (at == nr * sizeof(struct page))
		return 0;
	return fail(-EBADMSG, "pfn %#lx, offset %zu of struct page: built %#04x, copied %#04x",
		    first_pfn + at / sizeof(struct page), at % sizeof(struct page), expected[at], found[at]);
}

/*
 * The byte at @offset of some struct page, of another one for each offset. In a compound page, take
 * one in the first page of its memory map: the others may be aliases of each other.
 */
static u8 *spoiled_byte(int offset)
{
	unsigned long i = (offset + 1) * 2654435761UL % nr;
	unsigned long within = i % min(1UL << req.order, PAGE_SIZE / sizeof(struct page));

	return (u8 *)(first + round_down(i, 1UL << req.order) + within) + offset;
}

/* Check that the comparison finds a wrong byte at every offset of struct page. */
static int compare_is_exact(const u8 *expected)
{
	unsigned long at;
	int offset;
	u8 *byte;

	for (offset = 0; offset < sizeof(struct page); offset++) {
		byte = spoiled_byte(offset);
		*byte ^= 1;
		at = first_difference(expected);
		*byte ^= 1;
		if (at != byte - (u8 *)first)
			return fail(-EBADMSG, "a wrong byte %td was found at %lu", byte - (u8 *)first, at);
	}
	return 0;
}

/* Check one page by the kernel's own functions. */
static int check_page(unsigned long i)
{
	struct page *page = first + i, *head = first + round_down(i, 1UL << req.order);
	bool is_head = req.order && page == head, is_tail = page != head;
	bool is_private = req.type == MEMORY_DEVICE_PRIVATE;
	bool is_coherent = req.type == MEMORY_DEVICE_COHERENT;
	int refs = req.type == MEMORY_DEVICE_GENERIC && !is_tail;
	struct folio *folio = page_folio(page);

	if (is_tail && (page->compound_info == (unsigned long)head + 1) != pointers)
		return fail(-EPROTO, "pfn %#lx: expected %s in compound_info, and it is %#lx", first_pfn + i,
			    pointers ? "the head" : "a mask", page->compound_info);

	if (page_zonenum(page) == ZONE_DEVICE && is_zone_device_page(page) && page_to_nid(page) == req.node &&
	    PageReserved(page) && !PageLRU(page) && page_ref_count(page) == refs &&
	    atomic_read(&page->_mapcount) == -1 && page_pgmap(page) == &pgmap && folio->pgmap == &pgmap &&
	    &folio->page == head && folio_order(folio) == req.order && !!PageHead(page) == is_head &&
	    PageTail(page) == is_tail && page_to_pfn(page) == first_pfn + i &&
	    folio_is_device_private(folio) == is_private && folio_is_device_coherent(folio) == is_coherent)
		return 0;
	return fail(-EBADMSG, "pfn %#lx is wrong: flags %#lx, %d references, folio of order %u", first_pfn + i,
		    page->flags.f, page_ref_count(page), folio_order(folio));
}

static int check_samples(void)
{
	unsigned long i;
	int err = 0;

	/* Heads, the first few tails and the last tail, all over the range. */
	for (i = 0; i < nr && !err; i += i % 512 < 5 || i % 512 == 511 ? 1 : 506)
		err = check_page(i);
	return err ?: check_page(nr - 1);
}

static int check_copy(const u8 *expected)
{
	u8 *byte = plant < 0 ? NULL : spoiled_byte(plant);
	int err;

	if (byte)
		*byte ^= 1;
	err = compare(expected);
	if (byte)
		*byte ^= 1;
	if (!err)
		err = compare_is_exact(expected);
	return err ?: check_samples();
}

/*
 * Of @all struct pages, the kernel copies all but the first one of each section, or the head and the
 * first tail of each compound page.
 */
static unsigned long expected_copies(unsigned long all)
{
	if (!copies)
		return 0;
	if (req.order)
		return all - 2 * (nr >> req.order);
	return all - (pfn_to_section_nr(first_pfn + nr - 1) - pfn_to_section_nr(first_pfn) + 1);
}

/*
 * While the tracepoint is switched, only the beginning is known: a section or compound page is copied
 * if the tracepoint is off, and nothing is copied after order-0 pages have been built.
 */
static bool right_number_of_copies(unsigned long all)
{
	if (switched < 0)
		return copied == expected_copies(all);
	if (switched)
		return req.order || !copied;
	return !!copied == copies;
}

static int compare_both(void)
{
	unsigned long built_first, copied_first;
	u8 *expected;
	int err;

	if (sizeof(struct page) != size)
		return fail(-EPROTO, "struct page is of %zu bytes, expected %u", sizeof(struct page), size);
	built = 0;
	copied = 0;
	unpoisoned = 0;
	expected = build();
	if (IS_ERR(expected))
		return PTR_ERR(expected);
	built_first = built;
	copied_first = copied;

	built = 0;
	copied = 0;
	streamed = 0;
	switches = 0;
	err = switched < 0 ? map() : map_switched();
	if (!err) {
		err = check_copy(expected);
		memunmap_pages(&pgmap);
	}
	vfree(expected);
	if (err)
		return err;
	if (!built_first || copied_first || !right_number_of_copies(built_first))
		return fail(-EPROTO, "traced: %lu built, %lu copied; otherwise: %lu copied", built_first, copied_first,
			    copied);
	if (streamed != (req.free ? copied : 0))
		return fail(-EPROTO, "%lu copied, %lu of them past the caches", copied, streamed);
	if (unpoisoned)
		return fail(-EPROTO, "the memory map was not overwritten in between");
	return fail(0, "%lu struct pages of %zu bytes equal, %lu of them copied, %u switches", nr, sizeof(struct page),
		    copied, switches_at_last);
}

/* Probes are set with the first comparison, not at load: "map" needs a kernel without probes. */
static bool probed;

static int probe(void)
{
	int err;

	if (probed)
		return 0;
	/* Kernels without copies have no memmap_fill(). */
	if (IS_ENABLED(CONFIG_ZONE_DEVICE_MEMMAP_FILL)) {
		err = register_kprobes(probes, ARRAY_SIZE(probes));
		if (err)
			return err;
	}
	err = register_kretprobe(&probe_init);
	if (err)
		unregister_kprobes(probes, ARRAY_SIZE(probes));
	probed = !err;
	return err;
}

static int run(void)
{
	int err = probe();

	if (err)
		return fail(err, "cannot probe memmap_fill() and memmap_init_zone_device(): boot the series");
	return compare_both();
}

static int map_once(void)
{
	int err = trace(true) ?: map();

	stop_tracing();
	if (err)
		return err;
	memunmap_pages(&pgmap);
	return fail(0, "mapped");
}

static int parse(const char *text)
{
	char type[16];

	if (sscanf(text, "%15s order=%u start=%llx pages=%lu reserve=%lu free=%lu node=%d", type, &req.order,
		   &req.start, &req.pages, &req.reserve, &req.free, &req.node) != 7)
		return fail(-EINVAL, "the request is not of the form TYPE order= start= pages= reserve= free= node=");
	for (req.type = 0; req.type < ARRAY_SIZE(type_names); req.type++)
		if (type_names[req.type] && !strcmp(type_names[req.type], type))
			break;
	if (req.type == ARRAY_SIZE(type_names) || req.pages <= req.reserve + req.free ||
	    !node_state(req.node, N_ONLINE) || plant >= (int)sizeof(struct page) || switched < -1 || switched > 1)
		return fail(-EINVAL, "the request, plant or switch has a value that is not allowed");
	first_pfn = PHYS_PFN(req.start) + req.reserve + req.free;
	first = pfn_to_page(first_pfn);
	nr = req.pages - req.reserve - req.free;
	return 0;
}

static int set_run(const char *text, const struct kernel_param *kp)
{
	int err = parse(text);

	return err ?: run();
}

static int set_map(const char *text, const struct kernel_param *kp)
{
	int err = parse(text);

	return err ?: map_once();
}

static int get_report(char *text, const struct kernel_param *kp)
{
	return scnprintf(text, PAGE_SIZE, "%s", report);
}

static const struct kernel_param_ops run_ops = {
	.set = set_run,
	.get = get_report,
};

static const struct kernel_param_ops map_ops = {
	.set = set_map,
	.get = get_report,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "see the head of memmap_equal.c");
module_param_cb(map, &map_ops, NULL, 0600);
MODULE_PARM_DESC(map, "a request of the same form: map it once, struct page by struct page, and unmap it");

static void __exit memmap_equal_exit(void)
{
	if (!probed)
		return;
	unregister_kretprobe(&probe_init);
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_exit(memmap_equal_exit);
MODULE_DESCRIPTION("Lab only: compare copied memory maps with built ones");
MODULE_LICENSE("GPL");
