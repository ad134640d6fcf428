/* SPDX-License-Identifier: GPL-2.0 */
/* User space is not built with kCFI, so a typed function is a plain one. */
#ifndef SHIM_LINUX_CFI_TYPES_H
#define SHIM_LINUX_CFI_TYPES_H

#include <linux/linkage.h>

#define SYM_TYPED_FUNC_START(name)	SYM_FUNC_START(name)

#endif /* SHIM_LINUX_CFI_TYPES_H */
