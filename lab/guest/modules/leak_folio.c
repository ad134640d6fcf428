// SPDX-License-Identifier: GPL-2.0
/*
 * leak_folio: lose one page per load, on a given node.
 *
 * For the lab only: it proves that the comparison of free pages in the bench-lifecycle test would
 * see the smallest leak that a module can have.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>

static int node;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "node to lose a page of");

static int __init leak_init(void)
{
	if (node < 0 || node >= MAX_NUMNODES || !node_state(node, N_MEMORY)) {
		pr_err("node=%d has no memory\n", node);
		return -EINVAL;
	}
	if (!__folio_alloc_node(GFP_HIGHUSER_MOVABLE | __GFP_THISNODE, 0, node))
		return -ENOMEM;
	return 0;
}

static void __exit leak_exit(void)
{
}

module_init(leak_init);
module_exit(leak_exit);

MODULE_DESCRIPTION("Loses one page per load");
MODULE_LICENSE("GPL");
