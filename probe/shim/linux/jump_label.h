/* SPDX-License-Identifier: GPL-2.0 */
/* A static key without cost: its value is FRAGILE, 1 if the Makefile says so, else 0. */
#ifndef PROBE_SHIM_JUMP_LABEL_H
#define PROBE_SHIM_JUMP_LABEL_H

#ifndef FRAGILE
#define FRAGILE 0
#endif

#define DEFINE_STATIC_KEY_FALSE(name) int name
#define static_branch_inc(key)	      (++*(key))
#define static_branch_unlikely(key)   ((void)(key), FRAGILE)

#endif /* PROBE_SHIM_JUMP_LABEL_H */
