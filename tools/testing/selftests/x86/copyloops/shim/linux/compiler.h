/* SPDX-License-Identifier: GPL-2.0 */
/* Macros that the kernel's C code uses without including a header for them. */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#ifndef __ASSEMBLER__

/* For __always_inline. */
#include <sys/cdefs.h>

#define __force
#define __must_check		__attribute__((__warn_unused_result__))
#define __pure			__attribute_pure__
#define __user
#define __visible
#define notrace
#define KCFI_REFERENCE(name)

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#endif /* !__ASSEMBLER__ */

#endif /* SHIM_LINUX_COMPILER_H */
