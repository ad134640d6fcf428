// SPDX-License-Identifier: GPL-2.0
/*
 * unreadable: copies of the bench module that survive memory errors, of memory that cannot be read
 * from some byte on. That is where vmalloc() puts its guard page, and to the exception table a page
 * fault is like a machine check.
 *
 * For the lab only. Loads if each one ends exactly there and says how much is missing; otherwise it
 * does not load, or ends in an oops.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../../../bench-module/copy_mc.h"

#define READABLE (2 * PAGE_SIZE)
#define MISSING	 (PAGE_SIZE / 2)

static int check_copy(const char *name, u8 *to, u8 *from,
		      unsigned long (*copy)(void *to, const void *from, unsigned long len))
{
	u8 *start = from + MISSING;
	unsigned long left;

	memset(to, 0, READABLE);
	left = copy(to, start, READABLE);
	if (left == MISSING && !memcmp(to, start, READABLE - MISSING) &&
	    !memchr_inv(to + READABLE - MISSING, 0, MISSING))
		return 0;
	pr_err("%s: %lu bytes are said to be missing of %lu, %lu cannot be read\n", name, left, READABLE, MISSING);
	return -EIO;
}

static int __init unreadable_init(void)
{
	u8 *from = vmalloc(READABLE), *to = vmalloc(READABLE);
	int err = -ENOMEM;

	if (from && to) {
		memset(from, 0xa5, READABLE);
		err = check_copy("mc_movsq", to, from, mc_movsq) ?: check_copy("mc_movsb", to, from, mc_movsb);
	}
	vfree(from);
	vfree(to);
	return err;
}

static void __exit unreadable_exit(void)
{
}

module_init(unreadable_init);
module_exit(unreadable_exit);

MODULE_DESCRIPTION("Copies of memory that cannot be read");
MODULE_LICENSE("GPL");
