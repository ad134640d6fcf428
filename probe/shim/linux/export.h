/* SPDX-License-Identifier: GPL-2.0 */
/* User space has no modules to export to. */
#ifndef SHIM_LINUX_EXPORT_H
#define SHIM_LINUX_EXPORT_H

#define EXPORT_SYMBOL(name)

#endif /* SHIM_LINUX_EXPORT_H */
