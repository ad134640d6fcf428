/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_UM_COPY_PAGES_H
#define _ASM_X86_UM_COPY_PAGES_H

#ifdef CONFIG_X86_64
void copy_pages(void *to, const void *from, unsigned int npages);
#define copy_pages copy_pages

/*
 * The assembly takes the length in %rcx, which is the fourth argument of a C
 * function, and clobbers only registers that a C function may clobber.
 */
void __copy_pages_unrolled(void *to, const void *from, unsigned long unused,
			   unsigned long len);
#endif

#endif /* _ASM_X86_UM_COPY_PAGES_H */
