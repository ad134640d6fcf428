/* SPDX-License-Identifier: GPL-2.0 */
/* Messages are counted. The compiler checks their arguments. */
#ifndef SHIM_LINUX_PRINTK_H
#define SHIM_LINUX_PRINTK_H

#include <stdio.h>

extern unsigned int messages;

#define pr_warn_ratelimited(...)	(messages += snprintf(NULL, 0, __VA_ARGS__) > 0)

#endif /* SHIM_LINUX_PRINTK_H */
