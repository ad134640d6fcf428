// SPDX-License-Identifier: GPL-2.0
/*
 * broken_fill: spoil a byte of what the bench module fills with memmap_fill() of the series.
 *
 * For the lab only. While the module is loaded, the first struct page that each call stores has one wrong
 * bit in its byte at the parameter "offset". A benchmark that claims to verify has to notice.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static unsigned int offset;
module_param(offset, uint, 0444);
MODULE_PARM_DESC(offset, "of the byte to spoil");

static int note_page(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(u8 **)ri->data = (u8 *)regs_get_kernel_argument(regs, 0);
	return 0;
}

static int spoil_page(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	(*(u8 **)ri->data)[offset] ^= 1;
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "bench_memmap_fill",
	.entry_handler = note_page,
	.handler = spoil_page,
	.data_size = sizeof(u8 *),
};

static int __init broken_fill_init(void)
{
	return register_kretprobe(&probe);
}

static void __exit broken_fill_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(broken_fill_init);
module_exit(broken_fill_exit);
MODULE_DESCRIPTION("Lab only: spoil what the bench module fills");
MODULE_LICENSE("GPL");
