/* SPDX-License-Identifier: GPL-2.0 */
/* For clear_pages(), which no test calls. */
#ifndef SHIM_LINUX_KMSAN_CHECKS_H
#define SHIM_LINUX_KMSAN_CHECKS_H

#define kmsan_unpoison_memory(address, size)

#endif /* SHIM_LINUX_KMSAN_CHECKS_H */
