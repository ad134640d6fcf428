/* SPDX-License-Identifier: GPL-2.0 */
/* Annotations are for objtool, which does not look at user space. */
