/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_ASM_MCE_H
#define SHIM_ASM_MCE_H

#include <stdbool.h>

void enable_copy_mc_fragile(void);

/* What the severity code would say is a variable of the test. */
extern bool recovers_kernel_reads;

#ifdef CONFIG_X86_MCE
static inline bool mce_recovers_kernel_reads(void)
{
	return recovers_kernel_reads;
}
#else
static inline bool mce_recovers_kernel_reads(void)
{
	return false;
}
#endif

unsigned long copy_mc_fragile(void *to, const void *from, unsigned int len);
unsigned long copy_mc_fragile_handle_tail(char *to, char *from,
					  unsigned int len);
unsigned long copy_mc_enhanced_fast_string(void *to, const void *from,
					   unsigned long len);
unsigned long copy_mc_fast_string(void *to, const void *from,
				  unsigned long len);
unsigned long copy_mc_nontemporal(void *to, const void *from,
				  unsigned long len);

#endif /* SHIM_ASM_MCE_H */
