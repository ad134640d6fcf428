/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <stdbool.h>

struct vm_area_struct;

static inline bool preempt_model_preemptible(void)
{
	return true;
}

void memory_failure_queue(unsigned long pfn, int flags);

#endif /* SHIM_LINUX_MM_H */
