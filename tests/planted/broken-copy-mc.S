/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For "make check" only: the routines of copy_mc_64.S, one of them with the fault that the including
 * file defines. The REP routines copy a single page correctly, because v7.3's base, which copies page
 * by page, is one of them.
 */
#include <linux/linkage.h>

/* Takes 8 bytes from the length in rcx if it is more than a page. */
.macro SHORTEN
	cmpq	$4096, %rcx
	jbe	.L_whole_\@
	subq	$8, %rcx
.L_whole_\@:
.endm

SYM_FUNC_START(copy_mc_fragile)
	movl	%edx, %ecx
#ifdef SHORT_FRAGILE
	subq	$8, %rcx
#endif
	rep movsb
	xorl	%eax, %eax
	RET
SYM_FUNC_END(copy_mc_fragile)

SYM_FUNC_START(copy_mc_enhanced_fast_string)
	movq	%rdx, %rcx
#ifdef SHORT_MOVSB
	SHORTEN
#endif
	rep movsb
	xorl	%eax, %eax
	RET
SYM_FUNC_END(copy_mc_enhanced_fast_string)

SYM_FUNC_START(copy_mc_fast_string)
	movq	%rdx, %rcx
#ifdef SHORT_MOVSQ
	SHORTEN
#endif
	rep movsb
	xorl	%eax, %eax
#ifdef FALSE_ALARM
	movl	$64, %eax
#endif
	RET
SYM_FUNC_END(copy_mc_fast_string)
