// SPDX-License-Identifier: GPL-2.0
/*
 * claim_copy: a probe of folio_copy() that may change its instruction pointer, and does not.
 *
 * For the lab only. ftrace gives this right to one user of a function at a time.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

/* A probe with a post handler asks for the right. */
static void do_nothing(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "folio_copy",
	.post_handler = do_nothing,
};

static int __init claim_copy_init(void)
{
	return register_kprobe(&probe);
}

static void __exit claim_copy_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(claim_copy_init);
module_exit(claim_copy_exit);
MODULE_DESCRIPTION("Lab only: a probe that keeps livepatches away");
MODULE_LICENSE("GPL");
