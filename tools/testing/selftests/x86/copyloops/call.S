/* SPDX-License-Identifier: GPL-2.0 */
/*
 * call_with_registers - call a routine with all registers set, and store them
 * afterwards
 *
 * The variable "call" holds the registers before and after. The routine runs on
 * the stack that call.in names. The stack pointer of this function is kept in
 * memory, so that it survives a routine that returns with another one.
 */
#include "call.h"

	.macro FOR_EACH_REGISTER do
	\do RAX, %rax
	\do RCX, %rcx
	\do RDX, %rdx
	\do RBX, %rbx
	\do RBP, %rbp
	\do RSI, %rsi
	\do RDI, %rdi
	\do 8, %r8
	\do 9, %r9
	\do 10, %r10
	\do 11, %r11
	\do 12, %r12
	\do 13, %r13
	\do 14, %r14
	\do 15, %r15
	\do RSP, %rsp
	.endm

	.macro LOAD number, register
	movq	call + CALL_IN + 8*\number(%rip), \register
	.endm

	.macro STORE number, register
	movq	\register, call + CALL_OUT + 8*\number(%rip)
	.endm

	.text
	.globl	call_with_registers
	.type	call_with_registers, @function
call_with_registers:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, own_stack(%rip)
	pushq	call + CALL_FLAGS_IN(%rip)
	popfq
	FOR_EACH_REGISTER LOAD
	call	*call + CALL_ENTRY(%rip)
	FOR_EACH_REGISTER STORE
	movq	own_stack(%rip), %rsp
	pushfq
	popq	call + CALL_FLAGS(%rip)
	pushq	$0
	popfq
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size	call_with_registers, . - call_with_registers

	.local	own_stack
	.comm	own_stack, 8, 8
	.section .note.GNU-stack, "", @progbits
