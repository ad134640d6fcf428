/* SPDX-License-Identifier: GPL-2.0 */
/* User space has no modules to export to. */
#define __DISABLE_EXPORTS
#include <include/linux/export.h>
