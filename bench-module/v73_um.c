// SPDX-License-Identifier: GPL-2.0
/*
 * copy_page() and copy_mc_to_kernel() of v7.3 on x86, for User-Mode Linux.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/cpufeature.h>

#include "v73.h"

void v73_copy_page(void *to, const void *from)
{
	unsigned long quads = PAGE_SIZE / sizeof(u64);

	asm volatile("rep movsq" : "+c"(quads), "+D"(to), "+S"(from) : : "memory");
}

unsigned long v73_copy_mc(void *to, const void *from)
{
	unsigned long left = PAGE_SIZE;

	if (!boot_cpu_has(X86_FEATURE_ERMS)) {
		memcpy(to, from, PAGE_SIZE);
		return 0;
	}
	asm volatile("rep movsb" : "+c"(left), "+D"(to), "+S"(from) : : "memory");
	return left;
}
