/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own symbol macros, without the padding and the checks that its
 * configuration may add to functions.
 *
 * Every shim in this directory obeys one rule: it may decide how an instruction
 * is reached, never which instruction it is.
 */
#ifndef SHIM_LINUX_LINKAGE_H
#define SHIM_LINUX_LINKAGE_H

#define CONFIG_FUNCTION_ALIGNMENT	16

#include <include/linux/linkage.h>

/* No alias for memcpy() and friends: it would replace the C library's. */
#undef SYM_FUNC_ALIAS_MEMFUNC
#define SYM_FUNC_ALIAS_MEMFUNC(alias, name)
#undef SYM_PIC_ALIAS
#define SYM_PIC_ALIAS(name)

#endif /* SHIM_LINUX_LINKAGE_H */
