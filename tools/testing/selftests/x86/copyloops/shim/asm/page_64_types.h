/* SPDX-License-Identifier: GPL-2.0 */
/* For the inline functions of asm/page_64.h that no test calls. */
#ifndef SHIM_ASM_PAGE_64_TYPES_H
#define SHIM_ASM_PAGE_64_TYPES_H

#define PAGE_OFFSET		page_offset_base
#define __START_KERNEL_map	0xffffffff80000000UL
#define KERNEL_IMAGE_SIZE	0x40000000UL

#endif /* SHIM_ASM_PAGE_64_TYPES_H */
