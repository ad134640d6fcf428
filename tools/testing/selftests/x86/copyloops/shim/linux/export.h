/* SPDX-License-Identifier: GPL-2.0 */
/* No exports: user space has no modules. */
#define __DISABLE_EXPORTS
#include <include/linux/export.h>
