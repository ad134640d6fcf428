/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_ASM_PAGE_H
#define SHIM_ASM_PAGE_H

#include <asm/asm.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL

/* The test may be built as for an architecture without copy_pages(). */
#ifdef ARCH_WITHOUT_COPY_PAGES
void copy_page(void *to, void *from);
#else

/* For clear_pages(), which page_64.h has as well. */
typedef __u64 u64;

#include <arch/x86/include/asm/page_64.h>

#endif /* !ARCH_WITHOUT_COPY_PAGES */

#endif /* SHIM_ASM_PAGE_H */
