/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies that survive memory errors in the source, with what any kernel gives a module for that: an
 * entry in its exception table of the type that machine checks are looked up for. They continue
 * behind the instruction, with what is left to do in %rcx.
 *
 * Other than folio_mc_copy(), nobody looks for the page that is poisoned then.
 */
#ifndef FOLIO_COPY_BENCH_COPY_MC_H
#define FOLIO_COPY_BENCH_COPY_MC_H

#include <linux/types.h>
#include <asm/asm.h>

/* Returns the number of bytes not copied, as does the other one. @len is whole quadwords. */
static inline unsigned long mc_movsq(void *to, const void *from, unsigned long len)
{
	unsigned long quads = len / sizeof(u64);

	asm volatile("1: rep movsq\n2:\n" _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_DEFAULT_MCE_SAFE)
		     : "+c"(quads), "+D"(to), "+S"(from)
		     :
		     : "memory");
	return quads * sizeof(u64);
}

static inline unsigned long mc_movsb(void *to, const void *from, unsigned long len)
{
	asm volatile("1: rep movsb\n2:\n" _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_DEFAULT_MCE_SAFE)
		     : "+c"(len), "+D"(to), "+S"(from)
		     :
		     : "memory");
	return len;
}

#endif /* FOLIO_COPY_BENCH_COPY_MC_H */
