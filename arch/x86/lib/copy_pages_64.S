/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/linkage.h>

/* Copy the quadwords \first to \first + 3 of the current cache line. */
.macro COPY_4_QUADWORDS first
	movq	8*(\first + 0)(%rsi), %rax
	movq	8*(\first + 1)(%rsi), %rdx
	movq	8*(\first + 2)(%rsi), %r8
	movq	8*(\first + 3)(%rsi), %r9
	movq	%rax, 8*(\first + 0)(%rdi)
	movq	%rdx, 8*(\first + 1)(%rdi)
	movq	%r8,  8*(\first + 2)(%rdi)
	movq	%r9,  8*(\first + 3)(%rdi)
.endm

/* Prefetch distance in cache lines, as in copy_page() on the same CPUs. */
#define PREFETCH_LINES	5

/*
 * __copy_pages_unrolled - copy_pages() for CPUs whose REP MOVS is not trusted
 *
 * Input:
 *  rdi destination, page aligned
 *  rsi source, page aligned
 *  rcx length in bytes, a non-zero multiple of PAGE_SIZE
 *
 * Clobbers rax, rdx, rcx, rsi, rdi, r8, r9 and the flags. The inline asm of
 * copy_pages() has to list them for all of its alternatives. They are few, so
 * that they cost the REP variants next to nothing.
 *
 * The last PREFETCH_LINES lines are copied by a loop without prefetch, so that
 * nothing beyond the source is pulled into the cache.
 */
SYM_FUNC_START(__copy_pages_unrolled)
	shrq	$6, %rcx
	subq	$PREFETCH_LINES, %rcx
	.p2align 4
.L_copy_and_prefetch:
	prefetcht0 (PREFETCH_LINES * 64)(%rsi)
	COPY_4_QUADWORDS 0
	COPY_4_QUADWORDS 4
	addq	$64, %rsi
	addq	$64, %rdi
	decq	%rcx
	jnz	.L_copy_and_prefetch

	movl	$PREFETCH_LINES, %ecx
	.p2align 4
.L_copy_last_lines:
	COPY_4_QUADWORDS 0
	COPY_4_QUADWORDS 4
	addq	$64, %rsi
	addq	$64, %rdi
	decl	%ecx
	jnz	.L_copy_last_lines
	RET
SYM_FUNC_END(__copy_pages_unrolled)
