// SPDX-License-Identifier: GPL-2.0
/*
 * broken_copy: make the running kernel's folio_copy() and folio_mc_copy() copy wrongly.
 *
 * For the lab only. While the module is loaded, a copy with one fault replaces both functions, or
 * memory errors are blamed on the wrong page. Tests that claim to verify copies or blame have to fail
 * then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#define FAULTS "wrong_byte, skipped_page, swapped_pages or neighbour_blamed"

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, FAULTS);

/* The faults. Each gets a correct copy in @dst, and the number of its last page. */

/* The most easily overlooked byte: the last one. */
static void wrong_byte(struct folio *dst, struct folio *src, long last)
{
	u8 *p = kmap_local_folio(dst, last * PAGE_SIZE);

	p[PAGE_SIZE - 1] ^= 1;
	kunmap_local(p);
}

/* The state after a copy without the last page: the page has other contents. */
static void skipped_page(struct folio *dst, struct folio *src, long last)
{
	memset_page(folio_page(dst, last), 0, 0x5a, PAGE_SIZE);
}

/* All the data is there, but in the wrong place. A folio of one page is left correct. */
static void swapped_pages(struct folio *dst, struct folio *src, long last)
{
	if (!last)
		return;
	copy_highpage(folio_page(dst, last), folio_page(src, last - 1));
	copy_highpage(folio_page(dst, last - 1), folio_page(src, last));
}

static const struct {
	const char *name;
	void (*break_copy)(struct folio *dst, struct folio *src, long last);
} faults[] = {
	{ "wrong_byte", wrong_byte },
	{ "skipped_page", skipped_page },
	{ "swapped_pages", swapped_pages },
	{ "neighbour_blamed", NULL },
};

static int which;

/*
 * Only copies that a test asks for are broken. When a test allocates large folios, the kernel may
 * migrate the memory of others, PID 1 included, who would die of a wrong byte.
 */
static bool is_tested(struct folio *src)
{
	if (current->flags & PF_KTHREAD)
		return !src->mapping;
	return !(current->flags & PF_MEMALLOC);
}

static int broken_folio_mc_copy(struct folio *dst, struct folio *src)
{
	long i, nr = folio_nr_pages(src);

	for (i = 0; i < nr; i++) {
		/* Memory errors are handled correctly: they are none of the faults here. */
		if (copy_mc_highpage(folio_page(dst, i), folio_page(src, i)))
			return -EHWPOISON;
		/* folio_copy() of a single page may be called in atomic context. */
		if (nr > 1)
			cond_resched();
	}
	if (is_tested(src))
		faults[which].break_copy(dst, src, nr - 1);
	return 0;
}

/* Returns to the caller of the probed function, which has the same arguments. */
static int divert(struct kprobe *p, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)broken_folio_mc_copy);
	return 1;
}

/*
 * A probe with a post handler is not optimized to a jump. An optimized probe would ignore the new
 * instruction pointer.
 */
static void dont_optimize(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe_copy = {
	.symbol_name = "folio_copy",
	.pre_handler = divert,
	.post_handler = dont_optimize,
};

static struct kprobe probe_mc_copy = {
	.symbol_name = "folio_mc_copy",
	.pre_handler = divert,
	.post_handler = dont_optimize,
};

/*
 * Blame the other page of the aligned pair. A small folio is left out: its neighbour may belong to
 * somebody else, who would lose it.
 */
static int blame_neighbour(struct kprobe *p, struct pt_regs *regs)
{
	if (folio_test_large(page_folio(pfn_to_page(regs->di))))
		regs->di ^= 1;
	return 0;
}

static struct kprobe probe_blame = {
	.symbol_name = "memory_failure_queue",
	.pre_handler = blame_neighbour,
};

static struct kprobe *probes[] = { &probe_copy, &probe_mc_copy };

static int __init broken_copy_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name))
			break;
	if (i == ARRAY_SIZE(faults)) {
		pr_err("fault=%s: must be " FAULTS "\n", fault);
		return -EINVAL;
	}
	which = i;
	if (faults[which].break_copy)
		err = register_kprobes(probes, ARRAY_SIZE(probes));
	else
		err = register_kprobe(&probe_blame);
	if (!err)
		pr_info("folio copies are now broken: %s\n", fault);
	return err;
}

static void __exit broken_copy_exit(void)
{
	if (faults[which].break_copy)
		unregister_kprobes(probes, ARRAY_SIZE(probes));
	else
		unregister_kprobe(&probe_blame);
}

module_init(broken_copy_init);
module_exit(broken_copy_exit);
MODULE_DESCRIPTION("Lab only: break folio_copy() and folio_mc_copy()");
MODULE_LICENSE("GPL");
