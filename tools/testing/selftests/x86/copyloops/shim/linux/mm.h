/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

void memory_failure_queue(unsigned long pfn, int flags);

#endif /* SHIM_LINUX_MM_H */
