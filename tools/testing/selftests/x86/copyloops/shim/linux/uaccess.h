/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_UACCESS_H
#define SHIM_LINUX_UACCESS_H

#include <string.h>
#include <asm/page.h>

static inline unsigned long min(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

/* For copy_mc_to_user(), which no test calls. */
#define __uaccess_begin()
#define __uaccess_end()
unsigned long copy_user_generic(void *to, const void *from, unsigned long len);

/* As in asm/uaccess.h, unless the test is built as for another architecture. */
#ifndef ARCH_WITHOUT_COPY_MC
unsigned long __must_check
copy_mc_to_kernel(void *to, const void *from, unsigned int len);
#define copy_mc_to_kernel copy_mc_to_kernel
#ifndef ARCH_WITHOUT_COPY_MC_PAGES
unsigned long __must_check
copy_mc_pages(void *to, const void *from, unsigned int npages);
#define copy_mc_pages copy_mc_pages
unsigned long __must_check
copy_mc_pages_nontemporal(void *to, const void *from, unsigned int npages);
#define copy_mc_pages_nontemporal copy_mc_pages_nontemporal
#endif
#endif

#endif /* SHIM_LINUX_UACCESS_H */
