/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/linkage.h>
#include <asm/asm.h>

/* Copy the half of a cache line at offset \o. Its loads have the labels \label_0 to _3. */
.macro COPY_HALF_LINE o label
.L_\label\()_0:
	movq \o+0(%rsi), %rax
.L_\label\()_1:
	movq \o+8(%rsi), %rcx
.L_\label\()_2:
	movq \o+16(%rsi), %r8
.L_\label\()_3:
	movq \o+24(%rsi), %r9
	movnti %rax, \o+0(%rdi)
	movnti %rcx, \o+8(%rdi)
	movnti %r8, \o+16(%rdi)
	movnti %r9, \o+24(%rdi)

	_ASM_EXTABLE_TYPE(.L_\label\()_0, .E_\label, EX_TYPE_DEFAULT_MCE_SAFE)
	_ASM_EXTABLE_TYPE(.L_\label\()_1, .E_\label, EX_TYPE_DEFAULT_MCE_SAFE)
	_ASM_EXTABLE_TYPE(.L_\label\()_2, .E_\label, EX_TYPE_DEFAULT_MCE_SAFE)
	_ASM_EXTABLE_TYPE(.L_\label\()_3, .E_\label, EX_TYPE_DEFAULT_MCE_SAFE)
.endm

/*
 * copy_mc_nontemporal - copy past the caches with exception handling
 *
 * Input:
 *  rdi destination, 64-byte aligned
 *  rsi source, 64-byte aligned
 *  rdx length in bytes, a non-zero multiple of 64
 *
 * Output:
 *  rax number of bytes not copied
 *
 * Half a line is loaded before any of it is stored, so that nothing after the
 * bytes that count as copied has been written. No load crosses a cache line.
 *
 * SFENCE follows the last store on every way out. After a copy that succeeded,
 * it orders the contents before the stores that publish the folio. After one
 * that failed, the caller frees the destination, and a store that is still on
 * its way would damage what the next owner writes there.
 */
SYM_FUNC_START(copy_mc_nontemporal)
	.p2align 4
.L_copy_line:
	COPY_HALF_LINE 0 first_half
	COPY_HALF_LINE 32 second_half
	addq $64, %rsi
	addq $64, %rdi
	subq $64, %rdx
	jnz .L_copy_line

	sfence
	xorl %eax, %eax
	RET

.E_second_half:
	subq $32, %rdx
.E_first_half:
	sfence
	movq %rdx, %rax
	RET

SYM_FUNC_END(copy_mc_nontemporal)
