/* SPDX-License-Identifier: GPL-2.0 */
/* A struct page without contents. The test implements the functions. */
#ifndef SHIM_LINUX_HIGHMEM_H
#define SHIM_LINUX_HIGHMEM_H

#include <linux/compiler.h>
#include <linux/const.h>
#include <linux/uaccess.h>

#define DIV_ROUND_UP	__KERNEL_DIV_ROUND_UP

struct vm_area_struct;

struct page {
	char unused;
};

void *page_address(const struct page *page);
unsigned long page_to_pfn(const struct page *page);
void copy_highpage(struct page *to, struct page *from);
int copy_mc_highpage(struct page *to, struct page *from);
int copy_mc_user_highpage(struct page *to, struct page *from,
			  unsigned long vaddr, struct vm_area_struct *vma);

#endif /* SHIM_LINUX_HIGHMEM_H */
