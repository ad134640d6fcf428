/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_ASM_MCE_H
#define SHIM_ASM_MCE_H

void enable_copy_mc_fragile(void);
unsigned long copy_mc_fragile(void *to, const void *from, unsigned int len);
unsigned long copy_mc_fragile_handle_tail(char *to, char *from,
					  unsigned int len);
unsigned long copy_mc_enhanced_fast_string(void *to, const void *from,
					   unsigned long len);
unsigned long copy_mc_fast_string(void *to, const void *from,
				  unsigned long len);

#endif /* SHIM_ASM_MCE_H */
