// SPDX-License-Identifier: GPL-2.0
/*
 * unreadable: run the bench module's copies that survive memory errors on memory that cannot be read
 * from some byte on. The unreadable part is the guard page behind a vmalloc() area: the exception
 * table handles its page fault like a machine check.
 *
 * For the lab only. The module loads if each copy ends exactly there and returns the number of missing
 * bytes. Otherwise it does not load, or the kernel oopses.
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
	pr_err("%s: reports %lu of %lu bytes as not copied, expected %lu\n", name, left, READABLE, MISSING);
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
