// SPDX-License-Identifier: GPL-2.0
/*
 * other_patch: somebody else's livepatch of folio_mc_copy().
 *
 * For the lab only. folio_copy_live must not be loaded over it, and has to be noticed as replaced if it comes later.
 */
#include <linux/highmem.h>
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

static int other_folio_mc_copy(struct folio *dst, struct folio *src)
{
	long i, nr = folio_nr_pages(src);

	for (i = 0; i < nr; i++) {
		if (copy_mc_highpage(folio_page(dst, i), folio_page(src, i)))
			return -EHWPOISON;
		if (nr > 1)
			cond_resched();
	}
	return 0;
}

static struct klp_func functions[] = { { .old_name = "folio_mc_copy", .new_func = other_folio_mc_copy }, {} };

static struct klp_object objects[] = { { .funcs = functions }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init other_patch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit other_patch_exit(void)
{
}

module_init(other_patch_init);
module_exit(other_patch_exit);
MODULE_DESCRIPTION("Lab only: somebody else's livepatch");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
