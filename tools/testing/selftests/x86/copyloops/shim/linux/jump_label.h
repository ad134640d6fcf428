/* SPDX-License-Identifier: GPL-2.0 */
/* A static key is a variable, which the test sets. */
#ifndef SHIM_LINUX_JUMP_LABEL_H
#define SHIM_LINUX_JUMP_LABEL_H

extern int fragile_key;

#define DEFINE_STATIC_KEY_FALSE(name)	int *const name = &fragile_key
#define static_branch_inc(key)		(++**(key))
#define static_branch_unlikely(key)	(**(key) > 0)

#endif /* SHIM_LINUX_JUMP_LABEL_H */
