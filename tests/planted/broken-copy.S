/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For "make check" only: __copy_pages_unrolled() with the fault that the including file defines.
 * The probe must refuse to time it.
 */
#include <linux/linkage.h>
#include <linux/cfi_types.h>

SYM_TYPED_FUNC_START(__copy_pages_unrolled)
	movq	%rcx, %rdx
#ifdef SHORT_COPY
	subq	$8, %rcx
#endif
#ifdef LONG_COPY
	addq	$8, %rcx
#endif
	rep movsb
#ifdef WRONG_BYTE
	xorb	$1, -4096+17(%rdi)
#endif
#ifdef REPEATED_PAGE
	cmpq	$4096, %rdx
	je	.L_done
	subq	$2*4096, %rsi
	subq	$4096, %rdi
	movl	$4096, %ecx
	rep movsb
.L_done:
#endif
	RET
SYM_FUNC_END(__copy_pages_unrolled)
