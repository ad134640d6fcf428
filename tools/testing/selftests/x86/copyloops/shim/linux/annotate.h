/* SPDX-License-Identifier: GPL-2.0 */
/* Empty: annotations are for objtool, which does not look at user space. */
