/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own asm/asm.h, for its macros for exception table entries. */
#ifndef SHIM_ASM_ASM_H
#define SHIM_ASM_ASM_H

#include <linux/compiler.h>

#define __KERNEL__
#include <arch/x86/include/asm/asm.h>
#undef __KERNEL__

#endif /* SHIM_ASM_ASM_H */
