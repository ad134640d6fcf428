/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies that survive memory errors in the source. They use the only means that any kernel gives a
 * module: an exception table entry of the type that the machine check handler looks up. A copy that
 * fails continues behind the instruction, with the remaining count in %rcx.
 *
 * Unlike folio_mc_copy(), these copies do not report the poisoned page.
 */
#ifndef FOLIO_COPY_BENCH_COPY_MC_H
#define FOLIO_COPY_BENCH_COPY_MC_H

#include <linux/types.h>
#include <asm/asm.h>

/* The series' copy past the caches, whose length is a multiple of 64. */
unsigned long copy_mc_nontemporal(void *to, const void *from, unsigned long len);

/* Return the number of bytes not copied. For mc_movsq(), @len is a multiple of 8. */
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
