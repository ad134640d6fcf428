/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The symbol macros of the kernel's x86 assembly, as far as a user-space program
 * that assembles such files in place needs them.
 *
 * Every shim in this directory obeys one rule: it may decide how an instruction
 * is reached, never which instruction it is.
 */
#ifndef SHIM_LINUX_LINKAGE_H
#define SHIM_LINUX_LINKAGE_H

#define ALIGN	.balign 16, 0x90

#define SYM_FUNC_START(name)		ALIGN; .globl name; SYM_FUNC_START_LOCAL(name)
#define SYM_FUNC_START_LOCAL(name)	.type name, @function; name:
#define SYM_FUNC_END(name)		.size name, . - name

/* No alias for memcpy() and friends: it would take over the C library's. */
#define SYM_FUNC_ALIAS_MEMFUNC(alias, name)
#define SYM_PIC_ALIAS(name)

/* There is no return thunk in user space. */
#define RET	ret

#endif /* SHIM_LINUX_LINKAGE_H */
