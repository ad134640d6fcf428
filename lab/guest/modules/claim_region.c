// SPDX-License-Identifier: GPL-2.0
/*
 * claim_region: claim a range of physical addresses, as the driver of a device does.
 *
 * For the lab only: it proves that the bench module refuses a range that is in use.
 */
#include <linux/ioport.h>
#include <linux/module.h>

static unsigned long long start, size;
module_param(start, ullong, 0444);
MODULE_PARM_DESC(start, "first address");
module_param(size, ullong, 0444);
MODULE_PARM_DESC(size, "bytes");

static int __init claim_init(void)
{
	return request_mem_region(start, size, KBUILD_MODNAME) ? 0 : -EBUSY;
}

static void __exit claim_exit(void)
{
	release_mem_region(start, size);
}

module_init(claim_init);
module_exit(claim_exit);

MODULE_DESCRIPTION("Lab only: claims a range of physical addresses");
MODULE_LICENSE("GPL");
