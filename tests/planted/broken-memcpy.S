/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For "make check" only: __memcpy() that copies 8 bytes too few, in the build for CPUs with FSRM
 * (WITH_FSRM) or in the build for CPUs without it (WITHOUT_FSRM). The probe must refuse to time it.
 */
#include <linux/linkage.h>
#include <asm/cpufeatures.h>

#ifdef WITH_FSRM
#define FAULTY	1
#else
#define FAULTY	0
#endif

SYM_FUNC_START(__memcpy)
	movq	%rdi, %rax
	movq	%rdx, %rcx
#if X86_FEATURE_FSRM == FAULTY
	subq	$8, %rcx
#endif
	rep movsb
	RET
SYM_FUNC_END(__memcpy)
