/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_KMSAN_H
#define SHIM_LINUX_KMSAN_H

struct page;

void kmsan_copy_page_meta(struct page *to, struct page *from);

#endif /* SHIM_LINUX_KMSAN_H */
