/* SPDX-License-Identifier: GPL-2.0 */
/* In user space, nobody checks where an indirect branch ends. */
#define ENDBR
