/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_KMSAN_H
#define SHIM_LINUX_KMSAN_H

#include <linux/kmsan-checks.h>
#include <stddef.h>

/* copy_mc_user_highpages() calls it, and the test implements it. */
#undef kmsan_unpoison_memory

struct page;

void kmsan_copy_page_meta(struct page *to, struct page *from);
void kmsan_unpoison_memory(const void *address, size_t size);

#endif /* SHIM_LINUX_KMSAN_H */
