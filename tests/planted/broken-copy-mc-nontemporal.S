/* SPDX-License-Identifier: GPL-2.0 */
/* For "make check" only: copy_mc_nontemporal() with the fault that the including file defines. */
#include <linux/linkage.h>

SYM_FUNC_START(copy_mc_nontemporal)
	movq	%rdx, %rcx
#ifdef LINE_LEFT_OUT
	subq	$64, %rcx
#endif
	rep movsb
	xorl	%eax, %eax
#ifdef FALSE_ALARM_PAST_CACHES
	movl	$64, %eax
#endif
	RET
SYM_FUNC_END(copy_mc_nontemporal)
